"""Language models of random weights, as transformers saves them, for tests."""

import functools
import tempfile
from pathlib import Path

import torch

import tiny_classifiers

CHAT = "{% for m in messages %}[CLS] {{ m['role'] }} : {{ m['content'] }} [SEP] {% endfor %}"


def tokenizer(folder, **more):
    from transformers import AutoTokenizer

    count = tiny_classifiers.tokenizer(folder)
    made = AutoTokenizer.from_pretrained(folder)
    for name, value in more.items():
        setattr(made, name, value)
    made.save_pretrained(folder)
    return count


def shape(words, positions=64, **more):
    from transformers import LlamaConfig

    return LlamaConfig(
        vocab_size=words, hidden_size=32, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, intermediate_size=48, max_position_embeddings=positions,
        initializer_range=0.4, bos_token_id=None, eos_token_id=None, pad_token_id=None, **more,
    )  # fmt: skip


def causal(folder, seed=2, positions=64, **more):
    """A Llama of two layers, and its tokenizer."""
    from transformers import LlamaForCausalLM

    words = tokenizer(folder, **more)
    torch.manual_seed(seed)
    model = LlamaForCausalLM(shape(words, positions)).eval()
    model.save_pretrained(folder)
    return model


def writing(folder, positions=320, chat=CHAT, ends=(), **more):
    """A Llama that answers, by a template for chats, and ends with [SEP] or one of `ends`."""
    model = causal(folder, positions=positions, chat_template=chat, **more)
    end = [_number(folder, "[SEP]"), *ends]
    model.generation_config.update(
        eos_token_id=end, pad_token_id=0, do_sample=True, temperature=2.0
    )
    model.save_pretrained(folder)
    return model


def brief(folder):
    """One that comes to an end soon."""
    return writing(folder, ends=range(5, 60))


def _number(folder, word):
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(folder).convert_tokens_to_ids(word)


def reward(folder, seed=3, outputs=1, **more):
    """A Llama that gives one number for a sequence, and its tokenizer."""
    from transformers import LlamaForSequenceClassification

    words = tokenizer(folder, **more)
    torch.manual_seed(seed)
    model = LlamaForSequenceClassification(shape(words, num_labels=outputs)).eval()
    model.save_pretrained(folder)
    return model


@functools.cache
def small(kind):
    """The folder of a model of a kind, made once in a process."""
    folder = Path(tempfile.mkdtemp()) / kind
    made = {"causal_perplexity": causal, "reward": reward, "rewrite": brief}
    made[kind](folder)
    return str(folder)
