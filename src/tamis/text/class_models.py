"""Classifiers of text, each loaded at most once per process: three layouts of their files.

Sequence classifiers as transformers saves them; NVIDIA's (a backbone and a linear layer on the
first token, `base_model` in config.json); NVIDIA's of prompts (a mean of the tokens, several
linear layers, `target_sizes`). The last two are as NeMo Curator reads them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tamis.checkpoints import knows_words, packages, pinned, state_dict, understood
from tamis.errors import DataError, SettingError
from tamis.media.placing import place, sent
from tamis.media.turns import turns_on
from tamis.own_code import allowed
from tamis.processor import has_bfloat16
from tamis.resources import resource
from tamis.text.class_presets import BACKBONES, heads_labels, labels_of
from tamis.text.length_batches import CACHED, Batches
from tamis.text.text_classifier import Head, Output, TextClassifier, sound
from tamis.torchvision import mend_torchvision

EXTRA = "pip install 'tamis[text-models]'"
TOKENS = {"cpu": CACHED, "cuda": 65_536}  # computed together, padding included
_PADDED = {"roberta", "xlm-roberta", "camembert", "longformer", "mpnet"}  # places begin behind it
_RELATIVE = {"deberta", "deberta-v2", "t5", "mt5", "xlnet"}


@resource
def text_classifier(
    model: str, revision: str | None, base: str | None, device: str | None, precision: str,
    batch: int | None, files: tuple[Any, ...], trusted: bool = False,
) -> TextClassifier:  # fmt: skip
    """A classifier in a folder, or on the Hugging Face hub at a pinned `revision`.

    `base` is the folder of a backbone's config.json where a file names one that is not known here.
    `files` are the state of those named, so that what has changed is loaded anew. Weights are read
    as safetensors or as weights only; code that a model brings along is run only if `trusted`.
    """
    pinned(model, revision)
    with packages(model, EXTRA), understood(model, None, revision):
        import torch

        mend_torchvision(torch)
        from transformers import AutoTokenizer
        from transformers.utils import logging

        logging.disable_progress_bar()  # of weights; a run has a bar of its own
        given = _config(model, revision)
        code = allowed(model, revision, trusted)
        network, heads = _opened(torch, given, model, revision, base, code)
        tokenizer = AutoTokenizer.from_pretrained(model, revision=revision, trust_remote_code=code)
        knows_words(tokenizer, model)
    own = getattr(getattr(network, "loaded", None), "config", None)
    if own is not None and getattr(own, "pad_token_id", None) is None:
        # decoders find their last token by it
        pad = tokenizer.pad_token_id
        own.pad_token_id = tokenizer.eos_token_id if pad is None else pad
    return put_together(
        torch, network, heads, tokenizer, device, precision, batch, _positions(given, network)
    )


def put_together(
    torch: Any, network: Any, heads: list[Head], tokenizer: Any, device: str | None,
    precision: str, batch: int | None, positions: int | None,
) -> TextClassifier:  # fmt: skip
    """A network on its device, in the numbers that are sound there."""
    where = torch.device(place(torch, device))
    network = network.to(where).float().eval()
    queue = turns_on(torch, where.type)
    half = {"on": precision == "bfloat16"}

    def forward(ids: np.ndarray, mask: np.ndarray) -> np.ndarray:
        given = (sent(torch, one, where) for one in (ids, mask))
        kind = torch.autocast(where.type, dtype=torch.bfloat16, enabled=half["on"])
        with queue, torch.inference_mode(), kind:
            return np.asarray(network(*given).float().cpu().numpy())

    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    size = batch or TOKENS["cuda" if where.type == "cuda" else "cpu"]
    batches = Batches(size, tokenizer.pad_token_id or 0, tokenizer.padding_side == "left")
    made = TextClassifier(tokenizer, forward, heads, batches, positions, network.told)
    if precision == "auto":
        able = torch.cuda.is_bf16_supported() if where.type == "cuda" else has_bfloat16()
        half["on"] = bool(able) and sound(made, lambda on: half.update(on=on))
    return made


def _config(model: str, revision: str | None) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path(_file(model, "config.json", revision)).read_bytes())
    if not isinstance(found, dict):
        raise DataError(f"the config.json of {model!r} is no mapping")
    return found


def _file(model: str, name: str, revision: str | None) -> str:
    from transformers.utils import cached_file

    found = cached_file(model, name, revision=revision)
    if found is None:
        raise DataError(f"the model {model!r} has no {name}")
    return str(found)


def _opened(
    torch: Any, given: dict[str, Any], model: str, revision: str | None, base: str | None,
    code: bool,
) -> tuple[Any, list[Head]]:  # fmt: skip
    """The network, from ids and mask to the last layers side by side, and what these are."""
    if "target_sizes" in given:
        return _prompt_heads(torch, given, model, revision, base)
    if "base_model" in given and "fc_dropout" in given:
        return _linear_head(torch, given, model, revision, base)
    from transformers import AutoModelForSequenceClassification

    loaded, told = AutoModelForSequenceClassification.from_pretrained(
        model, revision=revision, output_loading_info=True, trust_remote_code=code
    )
    if told["missing_keys"]:
        lacking = ", ".join(sorted(told["missing_keys"])[:4])
        raise DataError(f"the model {model!r} is no trained classifier: it lacks {lacking}")
    labels = labels_of(loaded.config.to_dict())
    made = _network(torch, lambda ids, mask: loaded(input_ids=ids, attention_mask=mask).logits)
    made.loaded = loaded
    return made, [Head("", labels, output_of(given, len(labels)))]


def _linear_head(
    torch: Any, given: dict[str, Any], model: str, revision: str | None, base: str | None
) -> tuple[Any, list[Head]]:
    labels = labels_of(given)
    backbone = _backbone(given["base_model"], base)
    fc = torch.nn.Linear(backbone.config.hidden_size, len(labels))

    def run(ids: Any, mask: Any) -> Any:
        return fc(backbone(ids, mask).last_hidden_state[:, 0])

    made = _network(torch, run)
    made.model, made.fc = backbone, fc
    _filled(torch, made, model, revision)
    return made, [Head("", labels, "softmax")]


def _prompt_heads(
    torch: Any, given: dict[str, Any], model: str, revision: str | None, base: str | None
) -> tuple[Any, list[Head]]:
    backbone = _backbone(given["base_model"], base)
    width, sizes = backbone.config.hidden_size, given["target_sizes"]
    layers = [torch.nn.ModuleDict({"fc": torch.nn.Linear(width, n)}) for n in sizes.values()]

    def run(ids: Any, mask: Any) -> Any:
        states = backbone(ids, mask).last_hidden_state.float()
        there = mask[:, :, None].float()
        mean = (states * there).sum(1) / there.sum(1).clamp_min(1e-9)
        return torch.cat([layer["fc"](mean) for layer in layers], dim=1)

    made = _network(torch, run)
    made.backbone = backbone
    for number, layer in enumerate(layers):
        setattr(made, f"head_{number}", layer)
    _filled(torch, made, model, revision)
    made.told = {key: given[key] for key in ("weights_map", "divisor_map") if key in given}
    heads = [Head(name, _names(given, name, size), "softmax") for name, size in sizes.items()]
    return made, heads


def _names(given: dict[str, Any], head: str, size: int) -> tuple[str, ...]:
    """The labels of a head: listed under its name, or NVIDIA's map of tasks, or numbers."""
    found = heads_labels(given).get(head) or tuple(map(str, range(size)))
    if len(found) != size:
        raise DataError(f"config.json names {len(found)} labels for {size} outputs of {head!r}")
    return found


def _network(torch: Any, run: Callable[[Any, Any], Any]) -> Any:
    """A module of torch's whose forward pass is `run`; parts are put into it by name."""

    class Network(torch.nn.Module):
        told: Any = None

        def forward(self, ids: Any, mask: Any) -> Any:
            return run(ids, mask)

    return Network()


def _backbone(name: str, base: str | None) -> Any:
    """A transformer without weights, of the shape that `base` or a name says."""
    from transformers import AutoConfig, AutoModel

    if base is not None:
        config = AutoConfig.from_pretrained(base, trust_remote_code=False)
    elif name in BACKBONES:
        shape = dict(BACKBONES[name])
        config = AutoConfig.for_model(str(shape.pop("model_type")), **shape)
    elif Path(name).is_dir():
        config = AutoConfig.from_pretrained(name, trust_remote_code=False)
    else:
        raise SettingError(
            f"the model is built on {name!r}, whose shape is not known here; pass base=, a folder "
            "that holds its config.json"
        )
    return AutoModel.from_config(config)


def _filled(torch: Any, network: Any, model: str, revision: str | None) -> None:
    """The weights of a file, all of them and no others."""
    state = state_dict(torch, _file(model, "model.safetensors", revision))
    spare = {name for name in state if name.endswith("position_ids")}
    told = network.load_state_dict(
        {name: value for name, value in state.items() if name not in spare}, strict=False
    )
    if told.missing_keys or told.unexpected_keys:
        lacking, other = (", ".join(sorted(keys)[:3]) or "nothing" for keys in told)
        raise DataError(
            f"the weights of {model!r} do not fit its config.json: without {lacking}; "
            f"of no use {other}"
        )


def output_of(config: dict[str, Any], count: int) -> Output:
    """What the numbers of a last layer are, as its config.json says."""
    kind = config.get("problem_type")
    if kind == "regression" or (kind is None and count == 1):
        return "raw"
    return "sigmoid" if kind == "multi_label_classification" else "softmax"


def _positions(config: dict[str, Any], network: Any) -> int | None:
    """How many tokens a model has places for, None where it counts distances instead."""
    inner = getattr(network, "loaded", None) or getattr(
        network, "backbone", getattr(network, "model", None)
    )
    own = getattr(inner, "config", None)
    kind = getattr(own, "model_type", config.get("model_type"))
    most = getattr(own, "max_position_embeddings", None)
    if most is None or (kind in _RELATIVE and not getattr(own, "position_biased_input", False)):
        return None
    return int(most) - (2 if kind in _PADDED else 0)
