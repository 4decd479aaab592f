"""Texts in windows of tokens, of which a causal language model gives the losses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tamis.text.length_batches import Batches, Forward


class CausalModel:
    """A network with its tokenizer.

    `forward` takes ids and mask whose first column says how many tokens of the window are known
    already, and gives the sum of the losses of the others, float64 of [rows, 1]. `first` is the
    token that texts begin behind; `positions` the most tokens that the network has places for.
    """

    def __init__(
        self, tokenizer: Any, forward: Forward, batches: Batches, first: int | None,
        positions: int | None,
    ) -> None:  # fmt: skip
        self.tokenizer, self.forward, self.batches = tokenizer, forward, batches
        self.first, self.positions = first, positions

    def loss(
        self, texts: Sequence[str], window: int, stride: int, tokens: int | None
    ) -> np.ndarray:
        """The mean loss of each text's tokens; NaN where there are none to be told."""
        window = min(window, self.positions or window)
        sequences, whose = [], []
        counts = np.zeros(len(texts))
        for row, ids in enumerate(self._coded(texts, tokens)):
            counts[row] = max(len(ids) - 1, 0)
            for known, some in windows(ids, window, min(stride, window - 1)):
                sequences.append([known, *some])
                whose.append(row)
        values = self.batches.run(sequences, self.forward, window + 1)
        sums = np.bincount(whose, values[:, 0] if len(values) else [], minlength=len(texts))
        with np.errstate(invalid="ignore"):
            return np.asarray(sums / np.where(counts == 0, np.nan, counts))

    def _coded(self, texts: Sequence[str], tokens: int | None) -> list[list[int]]:
        """The tokens of texts, behind the first one."""
        coded = self.tokenizer(list(texts), add_special_tokens=False, verbose=False)["input_ids"]
        start = [] if self.first is None else [self.first]
        return [[*start, *(ids if tokens is None else ids[:tokens])] for ids in coded]


def windows(ids: Sequence[int], window: int, stride: int) -> list[tuple[int, Sequence[int]]]:
    """Parts of a sequence, and how many tokens of each are known before: at least the first one.

    >>> windows([0, 1, 2, 3, 4, 5], 4, 2)
    [(1, [0, 1, 2, 3]), (2, [2, 3, 4, 5])]
    >>> windows([7], 4, 2)
    []
    """
    found, end = [], 1
    for begin in range(0, len(ids), stride):
        if end >= len(ids):
            break
        start, stop = begin, min(begin + window, len(ids))
        found.append((max(end - start, 1), ids[start:stop]))
        end = stop
    return found
