"""How encoders turn texts into vectors: batches of like length, the precision that is sound."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tamis.errors import DataError
from tamis.kernels.pooling import mean_rows
from tamis.media.ahead import beside
from tamis.media.placing import sent
from tamis.text.length_batches import CACHED, Batches

TOKENS = (CACHED, 65_536)  # computed together, padding included: on a processor, on a GPU
PART = 65_536  # texts whose tokens are made while a GPU computes those before them
SOUND = 0.99  # cosine of a bfloat16 embedding to the float32 one, below which it is not used
CHECK = (
    "A short line.",
    "The committee met on Tuesday to discuss the budget for the coming year.",
    "def area(radius):\n    return 3.14159 * radius ** 2",
    "Der schnelle braune Fuchs springt über den faulen Hund.",
    "In 1912 the ship left Southampton; of the 2,224 people aboard about 1,500 died. " * 8,
)


class SentenceEncoder:
    """A sentence transformer, and how it is called; `modules` are what it is made of, in order."""

    def __init__(
        self, model: Any, modules: Sequence[Any], torch: Any, precision: str, able: bool
    ) -> None:
        self.model, self.modules, self.torch = model, modules, torch
        self.width = int(model.get_embedding_dimension())
        self.half = precision == "bfloat16"
        tokenizer, large = model.tokenizer, model.device.type == "cuda"
        left = tokenizer.padding_side == "left"
        self.batches = Batches(TOKENS[large], tokenizer.pad_token_id or 0, left)
        self.part = PART if large else None
        if precision == "auto" and able:
            whole = self.encode(CHECK, None)
            self.half = True
            again = self.encode(CHECK, None)
            lengths = np.linalg.norm(whole, axis=1) * np.linalg.norm(again, axis=1)
            self.half = bool(((whole * again).sum(axis=1) >= SOUND * lengths).all())

    def encode(self, texts: Sequence[str], tokens: int | None) -> np.ndarray:
        """The embeddings, float32[texts, width], in the order of the texts."""
        torch, tokenizer, device = self.torch, self.model.tokenizer, self.model.device
        limit = min(tokens or self.model.max_seq_length, self.model.max_seq_length)

        def forward(ids: np.ndarray, mask: np.ndarray) -> np.ndarray:
            given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
            inputs = {
                name: sent(torch, given[name], device)
                for name in tokenizer.model_input_names
                if name in given
            }
            return np.asarray(self._forward(inputs).float().cpu().numpy())

        size = self.part or max(len(texts), 1)
        coded = (self._coded(texts[at : at + size], limit) for at in range(0, len(texts), size))
        with torch.inference_mode(), self._precision():
            made = [
                self.batches.run(one, forward, limit)
                for one in (beside(coded) if self.part else coded)
            ]
        return np.concatenate([np.empty((0, self.width), np.float32), *made])

    def _coded(self, texts: Sequence[str], limit: int) -> list[list[int]]:
        """The tokens of texts."""
        found = self.model.tokenizer(list(texts), truncation=True, max_length=limit)
        if any(map(any, found.get("token_type_ids", ()))):
            raise DataError("the model tells kinds of tokens within a text apart (as XLNet does)")
        ids: list[list[int]] = found["input_ids"]
        return ids

    def _forward(self, features: dict[str, Any]) -> Any:
        """All modules one after the other; what comes after the first in float32."""
        for number, module in enumerate(self.modules):
            features = module(features)
            if number == 0:
                features = {
                    name: value.float() if value.is_floating_point() else value
                    for name, value in features.items()
                    if self.torch.is_tensor(value)
                }
        return features["sentence_embedding"]

    def _precision(self) -> Any:
        kind = self.model.device.type
        return self.torch.autocast(kind, dtype=self.torch.bfloat16, enabled=self.half)


class StaticEncoder:
    """A table of token vectors (float32[tokens, width]) and the tokenizer to it."""

    def __init__(self, tokenizer: Any, table: np.ndarray) -> None:
        self.tokenizer, self.table = tokenizer, table

    def encode(self, texts: Sequence[str], tokens: int) -> np.ndarray:
        """The mean vector of the first `tokens` tokens of each text; 0 where there are none."""
        coded = [
            np.asarray(one.ids[:tokens], np.int64)
            for one in self.tokenizer.encode_batch(list(texts), add_special_tokens=False)
        ]
        offsets = np.cumsum([0, *(ids.size for ids in coded)])
        found = np.zeros((len(texts), self.table.shape[1]), np.float32)
        ids = np.concatenate([np.empty(0, np.int64), *coded])
        mean_rows(self.table, np.minimum(ids, len(self.table) - 1), offsets, found)
        return found
