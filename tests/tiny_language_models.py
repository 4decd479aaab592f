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


def shape(words, **more):
    from transformers import LlamaConfig

    return LlamaConfig(
        vocab_size=words, hidden_size=32, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, intermediate_size=48, max_position_embeddings=64,
        initializer_range=0.4, bos_token_id=None, eos_token_id=None, pad_token_id=None, **more,
    )  # fmt: skip


def causal(folder, seed=2, **more):
    """A Llama of two layers, and its tokenizer."""
    from transformers import LlamaForCausalLM

    words = tokenizer(folder, **more)
    torch.manual_seed(seed)
    model = LlamaForCausalLM(shape(words)).eval()
    model.save_pretrained(folder)
    return model


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
    {"causal_perplexity": causal, "reward": reward}[kind](folder)
    return str(folder)
