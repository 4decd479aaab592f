"""Tiny random models saved to disk, in the layouts of published classifiers."""

import json
from pathlib import Path

import numpy as np
import torch

from tamis.torchvision import mend_torchvision

mend_torchvision(torch)  # before transformers is imported

WORDS = """the a of and to in is it that was for on with as by at from this be are or an not have
cat sat mat dog ran market rose fell stock page school water energy proof theorem sum number line
buy now cheap free click here ##s ##ing ##ed ##er safe unsafe . , ! ? ( ) 1 2 3""".split()  # noqa: SIM905


def tokenizer(folder, most=64):
    """A WordPiece tokenizer of few words; what it does not know is spelled by letters."""
    from transformers import BertTokenizerFast

    letters = "abcdefghijklmnopqrstuvwxyz"
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *dict.fromkeys(
        [*WORDS, *letters, *(f"##{c}" for c in letters)])]  # fmt: skip
    file = Path(folder) / "vocab.txt"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join(words) + "\n")
    made = BertTokenizerFast(str(file), model_max_length=most)
    made.save_pretrained(folder)
    return len(words)


def bert(words, **more):
    from transformers import BertConfig

    return BertConfig(
        vocab_size=words, hidden_size=32, num_hidden_layers=2, num_attention_heads=4,
        intermediate_size=64, max_position_embeddings=64, initializer_range=0.3, **more,
    )  # fmt: skip


def sequence_classifier(folder, labels=("bad", "good", "odd"), seed=1, **more):
    """What transformers saves of BertForSequenceClassification."""
    from transformers import BertForSequenceClassification

    words = tokenizer(folder)
    torch.manual_seed(seed)
    config = bert(words, id2label=dict(enumerate(labels)),
                  label2id={v: k for k, v in enumerate(labels)}, **more)  # fmt: skip
    model = BertForSequenceClassification(config).eval()
    model.save_pretrained(folder)
    return model


def deberta(words):
    from transformers import DebertaV2Config

    return DebertaV2Config(
        vocab_size=words, hidden_size=32, num_hidden_layers=2, num_attention_heads=4,
        intermediate_size=64, max_position_embeddings=64, type_vocab_size=0,
        relative_attention=True, position_buckets=16, norm_rel_ebd="layer_norm",
        share_att_key=True, pos_att_type=["p2c", "c2p"], position_biased_input=False,
        initializer_range=0.3,
    )  # fmt: skip


def save(folder, state, config):
    from safetensors.torch import save_file

    save_file(
        {k: v.contiguous() for k, v in state.items()}, str(Path(folder) / "model.safetensors")
    )
    (Path(folder) / "config.json").write_text(json.dumps(config))


def linear_head(folder, labels=("Finance", "Games", "Science"), seed=2):
    """The layout of nvidia/domain-classifier and its kin: backbone, dropout, linear layer."""
    from transformers import DebertaV2Model

    words = tokenizer(folder)
    torch.manual_seed(seed)
    base = Path(folder).parent / "base"
    config = deberta(words)
    config.save_pretrained(base)
    backbone, fc = DebertaV2Model(config).eval(), torch.nn.Linear(32, len(labels))
    state = {f"model.{k}": v for k, v in backbone.state_dict().items()}
    state |= {f"fc.{k}": v for k, v in fc.state_dict().items()}
    names = {str(k): v for k, v in enumerate(labels)}
    save(folder, state, {"base_model": str(base), "fc_dropout": 0.2, "id2label": names,
                         "label2id": {v: int(k) for k, v in names.items()}})  # fmt: skip
    return backbone, fc


SIZES = {
    "task_type": 4, "creativity_scope": 3, "reasoning": 2, "contextual_knowledge": 2,
    "number_of_few_shots": 6, "domain_knowledge": 4, "no_label_reason": 1, "constraint_ct": 2,
}  # fmt: skip
TASKS = ("Brainstorming", "Classification", "Extraction", "Other")


def prompt_heads(folder, seed=3):
    """The layout of nvidia/prompt-task-and-complexity-classifier: a mean, eight linear layers."""
    from transformers import DebertaV2Model

    words = tokenizer(folder)
    torch.manual_seed(seed)
    base = Path(folder).parent / "base"
    config = deberta(words)
    config.save_pretrained(base)
    backbone = DebertaV2Model(config).eval()
    heads = [torch.nn.Linear(32, n) for n in SIZES.values()]
    with torch.no_grad():
        heads[0].weight *= 6  # some prompts are clearly one task
    state = {f"backbone.{k}": v for k, v in backbone.state_dict().items()}
    for number, head in enumerate(heads):
        state |= {f"head_{number}.fc.{k}": v for k, v in head.state_dict().items()}
    choice = np.random.default_rng(seed)
    maps = {
        "weights_map": {k: choice.integers(0, 4, n).tolist() for k, n in SIZES.items()},
        "divisor_map": {k: int(choice.integers(1, 4)) for k in SIZES},
    }
    names = {str(k): v for k, v in enumerate(TASKS)}
    told = {"base_model": str(base), "target_sizes": SIZES, "task_type_map": names}
    save(folder, state, told | maps)
    return backbone, heads, maps


def byte_tokenizer(folder):
    """A tokenizer of which each byte is a token; it has no token for padding, as Llama's."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    words = {word: k for k, word in enumerate(["<unk>", "<s>", "</s>", *letters])}
    own = Tokenizer(models.BPE(words, [], unk_token="<unk>"))
    own.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    own.decoder = decoders.ByteLevel()
    own.post_processor = processors.TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", words["<s>"])]
    )
    made = PreTrainedTokenizerFast(
        tokenizer_object=own, unk_token="<unk>", bos_token="<s>", eos_token="</s>"
    )
    made.save_pretrained(folder)
    return made


def guard(folder, answers, prompt, steps=0, seed=7):
    """A tiny Llama in `base`, taught to answer some texts, and an adapter of LoRA in `adapter`."""
    from peft import LoraConfig, get_peft_model
    from transformers import LlamaConfig, LlamaForCausalLM

    own = byte_tokenizer(folder / "base")
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=len(own), hidden_size=64, num_hidden_layers=2, num_attention_heads=4,
        intermediate_size=96, max_position_embeddings=256, bos_token_id=1, eos_token_id=2,
    )  # fmt: skip
    model = LlamaForCausalLM(config)
    asked = [own(prompt.replace("{text}", text))["input_ids"] for text in answers]
    told = [own(answer, add_special_tokens=False)["input_ids"] + [2] for answer in answers.values()]
    width = max(len(a) + len(b) for a, b in zip(asked, told, strict=True))
    ids, target = (torch.full((len(told), width), fill) for fill in (0, -100))
    for row, (a, b) in enumerate(zip(asked, told, strict=True)):
        ids[row, : len(a) + len(b)] = torch.tensor(a + b)
        target[row, len(a) : len(a) + len(b)] = torch.tensor(b)
    taught = torch.optim.Adam(model.parameters(), 3e-3)
    for _ in range(steps):
        taught.zero_grad()
        model(input_ids=ids, labels=target).loss.backward()
        taught.step()
    model.eval().save_pretrained(folder / "base")
    lora = LoraConfig(r=4, lora_alpha=8, target_modules=["q_proj", "v_proj"], task_type="CAUSAL_LM",
                      init_lora_weights=bool(steps))  # fmt: skip
    adapted = get_peft_model(model, lora).eval()
    adapted.save_pretrained(folder / "adapter")
    return adapted, own


def poisoning_head(folder, width=64, seed=8):
    """The layout of nvidia/instruction-data-guard, smaller."""
    torch.manual_seed(seed)
    sizes = {"input_layer": (width, width), "hidden_layer_0": (width, 20),
             "hidden_layer_1": (20, 5), "hidden_layer_2": (5, 1)}  # fmt: skip
    layers = {name: torch.nn.Linear(*size) for name, size in sizes.items()}
    state = {
        f"{n}.{k}": 3 * v for n, layer in layers.items() for k, v in layer.state_dict().items()
    }
    folder.mkdir(parents=True, exist_ok=True)
    save(folder, state, {"input_dim": width})
    return {name: (state[f"{name}.weight"], state[f"{name}.bias"]) for name in sizes}
