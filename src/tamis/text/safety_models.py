"""Llama Guard with an adapter, loaded at most once per process: its answers and hidden states."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tamis.checkpoints import knows_words, packages, pinned, state_dict, understood
from tamis.errors import DataError, SettingError
from tamis.media.placing import place, sent
from tamis.media.turns import turns_on
from tamis.resources import resource
from tamis.text.length_batches import CACHED, Batches
from tamis.torchvision import mend_torchvision

EXTRA = "pip install 'tamis[text-models]'"
TOKENS = {"cpu": CACHED, "cuda": 32_768}  # computed together, padding included
LONGEST = 4096  # tokens of a prompt
ANSWER = 24  # tokens: "unsafe", a new line, and a category with room to see that it is none

Guarded = Callable[[np.ndarray], np.ndarray]


class GuardModel:
    """A causal language model that is asked about texts; `device` and numbers are settled."""

    def __init__(self, torch: Any, model: Any, tokenizer: Any, batch: int | None) -> None:
        from transformers import GenerationConfig

        self.torch, self.model, self.tokenizer = torch, model, tokenizer
        kind = model.device.type
        self.queue = turns_on(torch, kind)
        if tokenizer.pad_token_id is None:
            tokenizer.pad_token = tokenizer.unk_token or tokenizer.eos_token
        self.pad = int(tokenizer.pad_token_id)
        size = batch or TOKENS["cuda" if kind == "cuda" else "cpu"]
        self.batches = Batches(size, self.pad, left=True)
        places = int(getattr(model.config, "max_position_embeddings", LONGEST))
        self.limit = min(LONGEST, places)
        self.settings = GenerationConfig(
            max_new_tokens=ANSWER, do_sample=False, pad_token_id=self.pad,
            bos_token_id=model.generation_config.bos_token_id,
            eos_token_id=model.generation_config.eos_token_id,
        )  # fmt: skip
        self._one = threading.Lock()

    def answers(self, prompt: str, texts: Sequence[str]) -> list[str]:
        """What is said first of each text in a prompt, in which `{text}` stands for it."""
        before, _, after = prompt.partition("{text}")
        limit = self.limit - ANSWER
        coded = [self._fitting(before, text, after, limit) for text in texts]
        found = self.batches.run(coded, self._generate, limit)
        with self._one:
            said: list[str] = self.tokenizer.batch_decode(found, skip_special_tokens=True)
        return said

    def states(self, texts: Sequence[str]) -> np.ndarray:
        """The last hidden state of the last token of each text, float32 of [texts, width]."""
        with self._one:
            coded = self.tokenizer(
                list(texts), truncation=True, max_length=self.limit, verbose=False
            )["input_ids"]
        return self.batches.run(coded, self._hidden, self.limit)

    def _fitting(self, before: str, text: str, after: str, limit: int) -> list[int]:
        """The tokens of a prompt; of a text too long for it, its end goes and not the prompt's."""
        found = self._coded(before + text + after)
        if len(found) <= limit:
            return found
        low, high = 0, len(text)
        while low < high:
            middle = (low + high + 1) // 2
            if len(self._coded(before + text[:middle] + after)) <= limit:
                low = middle
            else:
                high = middle - 1
        found = self._coded(before + text[:low] + after)
        if len(found) > limit:
            raise SettingError(
                f"the prompt alone has {len(found)} tokens; the model has places for {limit}"
            )
        return found

    def _coded(self, text: str) -> list[int]:
        with self._one:
            ids: list[int] = self.tokenizer(text, verbose=False)["input_ids"]
        return ids

    def _generate(self, ids: np.ndarray, mask: np.ndarray) -> np.ndarray:
        with self.queue, self.torch.inference_mode():
            given, there = self._given(ids, mask)
            found = self.model.generate(
                input_ids=given, attention_mask=there, generation_config=self.settings
            )
            new = found[:, ids.shape[1] :].cpu().numpy()
        answer = np.full((len(ids), ANSWER), self.pad, np.int64)
        answer[:, : new.shape[1]] = new
        return answer

    def _hidden(self, ids: np.ndarray, mask: np.ndarray) -> np.ndarray:
        with self.queue, self.torch.inference_mode():
            given, there = self._given(ids, mask)
            places = (there.cumsum(1) - 1).clamp_min(0)
            body = self.model.get_base_model().model
            found = body(input_ids=given, attention_mask=there, position_ids=places)
            return np.asarray(found.last_hidden_state[:, -1].float().cpu().numpy())

    def _given(self, ids: np.ndarray, mask: np.ndarray) -> tuple[Any, Any]:
        there = self.model.device
        return sent(self.torch, ids, there), sent(self.torch, mask, there)


@resource
def guard_model(
    model: str, revision: str | None, adapter: str, adapter_revision: str | None,
    device: str | None, precision: str, batch: int | None, files: tuple[Any, ...],
) -> GuardModel:  # fmt: skip
    """A causal language model and an adapter of PEFT for it: folders, or names at pinned commits.

    bfloat16 on a GPU and float32 on a CPU unless told otherwise.
    """
    pinned(model, revision)
    pinned(adapter, adapter_revision)
    with packages(model, EXTRA):
        import torch

        mend_torchvision(torch)
        from peft import PeftModel
        from transformers import AutoModelForCausalLM, AutoTokenizer
        from transformers.utils import logging

    logging.disable_progress_bar()
    where = place(torch, device)
    half = precision == "bfloat16" or (precision == "auto" and where.startswith("cuda"))
    numbers = torch.bfloat16 if half else torch.float32
    with understood(model, None, revision):
        base = AutoModelForCausalLM.from_pretrained(
            model, revision=revision, dtype=numbers, trust_remote_code=False
        )
        tokenizer = AutoTokenizer.from_pretrained(model, revision=revision, trust_remote_code=False)
        knows_words(tokenizer, model)
    with understood(model, adapter, adapter_revision):
        told: dict[str, Any] = {} if adapter_revision is None else {"revision": adapter_revision}
        loaded = PeftModel.from_pretrained(base, adapter, autocast_adapter_dtype=False, **told)
    return GuardModel(torch, loaded.to(where, numbers).eval(), tokenizer, batch)


@resource
def poisoning_head(head: str, revision: str | None, files: tuple[Any, ...]) -> Guarded:
    """NVIDIA's Instruction Data Guard: four layers on a hidden state of length 1."""
    pinned(head, revision)
    with packages(head, EXTRA), understood(head, None, revision):
        import torch
        from transformers.utils import cached_file

        file = cached_file(head, "model.safetensors", revision=revision)
        state = {k: v.float().numpy() for k, v in state_dict(torch, str(file)).items()}
    names = ("input_layer", "hidden_layer_0", "hidden_layer_1", "hidden_layer_2")
    lacking = [f"{name}.{end}" for name in names for end in ("weight", "bias")
               if f"{name}.{end}" not in state]  # fmt: skip
    if lacking:
        raise DataError(f"{Path(head).name} is no head of Instruction Data Guard: no {lacking[0]}")
    layers = [(state[f"{name}.weight"].T, state[f"{name}.bias"]) for name in names]

    def run(states: np.ndarray) -> np.ndarray:
        if states.shape[1] != layers[0][0].shape[0]:
            raise SettingError(
                f"head={head!r} is for states of {layers[0][0].shape[0]} numbers; "
                f"the model gives {states.shape[1]}"
            )
        length = np.linalg.norm(states, axis=1, keepdims=True)
        values = states / np.maximum(length, 1e-12)
        for weight, bias in layers[:-1]:
            values = np.maximum(values @ weight + bias, 0)
        weight, bias = layers[-1]
        return np.asarray(1 / (1 + np.exp(-(values @ weight + bias)[:, 0].astype(np.float64))))

    return run
