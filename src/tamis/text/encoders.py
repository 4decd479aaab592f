"""How encoders turn texts into vectors: batches of like length, the precision that is sound."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from tamis.kernels.pooling import mean_rows

BATCH = 8192  # tokens computed together, padding included
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
        if precision == "auto" and able:
            whole = self.encode(CHECK, None)
            self.half = True
            again = self.encode(CHECK, None)
            lengths = np.linalg.norm(whole, axis=1) * np.linalg.norm(again, axis=1)
            self.half = bool(((whole * again).sum(axis=1) >= SOUND * lengths).all())

    def encode(self, texts: Sequence[str], tokens: int | None) -> np.ndarray:
        """The embeddings, float32[texts, width], in the order of the texts."""
        torch, tokenizer = self.torch, self.model.tokenizer
        limit = min(tokens or self.model.max_seq_length, self.model.max_seq_length)
        coded = tokenizer(list(texts), truncation=True, max_length=limit)
        names = [name for name in tokenizer.model_input_names if name in coded]
        lengths = np.array([len(ids) for ids in coded["input_ids"]])
        found = np.empty((len(texts), self.width), np.float32)
        device = self.model.device
        with torch.inference_mode(), self._precision():
            for rows in batches(lengths):
                chosen = {name: [coded[name][row] for row in rows] for name in names}
                inputs = tokenizer.pad(chosen, return_tensors="pt")
                inputs = {name: inputs[name].to(device) for name in names}
                found[rows] = self._forward(inputs).float().cpu().numpy()
        return found

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


def batches(lengths: np.ndarray, most: int = BATCH) -> Iterator[np.ndarray]:
    """Rows computed together: of like length, the longest first, of at most `most` tokens."""
    order = np.argsort(-lengths, kind="stable")
    start = 0
    while start < order.size:
        count = max(1, most // max(int(lengths[order[start]]), 1))
        yield order[start : start + count]
        start += count
