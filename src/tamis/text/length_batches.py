"""Token sequences computed in batches of like length; a batch that memory has no room for, halved.

Nothing here imports torch: a forward pass is a function from arrays to an array.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from tamis.errors import DataError
from tamis.media.memory import out_of_memory

log = logging.getLogger(__name__)
STEP = 64  # of lengths, where the shape of a batch must not depend on its rows

Forward = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""From ids and mask, int64 of [rows, width], to values, [rows, outputs]."""


class Batches:
    """How sequences of tokens go through a model: the longest first, some `tokens` at a time.

    `fixed` is for numbers so coarse (bfloat16) that a sum taken in another order shows: widths are
    then multiples of `STEP` and every batch of a width has as many rows, the last ones repeated, so
    that what a model says of a text does not depend on its neighbours.
    """

    def __init__(self, tokens: int, pad: int = 0, left: bool = False, fixed: bool = False) -> None:
        self.tokens, self.pad, self.left, self.fixed = tokens, pad, left, fixed

    def run(self, sequences: Sequence[Sequence[int]], forward: Forward, limit: int) -> np.ndarray:
        """The values of all sequences, in their order. None is longer than `limit`."""
        lengths = np.fromiter(map(len, sequences), np.int64, len(sequences))
        found: np.ndarray | None = None
        for rows, width in self.plan(lengths, limit):
            values = self._computed([sequences[row] for row in rows], width, forward)
            if found is None:
                found = np.empty((len(sequences), values.shape[1]), values.dtype)
            found[rows] = values
        return np.empty((0, 0), np.float32) if found is None else found

    def plan(self, lengths: np.ndarray, limit: int) -> Iterator[tuple[np.ndarray, int]]:
        """The rows of each batch and its width."""
        widths = np.maximum(lengths, 1)
        if self.fixed:
            widths = np.minimum(-(-widths // STEP) * STEP, max(limit, int(widths.max(initial=1))))
        order = np.argsort(-lengths, kind="stable")
        at = 0
        while at < order.size:
            width = int(widths[order[at]])
            rows = order[at : at + max(1, self.tokens // width)]
            if self.fixed:
                rows = rows[widths[rows] == width]
            yield rows, width
            at += rows.size

    def padded(self, some: Sequence[Sequence[int]], width: int) -> tuple[np.ndarray, np.ndarray]:
        """Ids and mask of some sequences, each filled up to `width`."""
        rows = max(1, self.tokens // width) if self.fixed else len(some)
        rows = max(rows, len(some))
        ids = np.full((rows, width), self.pad, np.int64)
        mask = np.zeros((rows, width), np.int64)
        for row in range(rows):
            one = some[min(row, len(some) - 1)]
            place = slice(width - len(one), width) if self.left else slice(0, len(one))
            ids[row, place] = one
            mask[row, place] = 1
        return ids, mask

    def _computed(self, some: Sequence[Sequence[int]], width: int, forward: Forward) -> np.ndarray:
        """The values of some sequences: at once, or in parts if there is no room for all."""
        most = max(1, self.tokens // width)
        if len(some) > most:
            parts = [some[at : at + most] for at in range(0, len(some), most)]
            return np.concatenate([self._computed(part, width, forward) for part in parts])
        ids, mask = self.padded(some, width)
        try:
            return forward(ids, mask)[: len(some)]
        except (RuntimeError, MemoryError) as error:
            if not out_of_memory(error):
                raise
            why = str(error).split("\n")[0][:200]
        # outside of the handler: the failed pass, and what it held, is gone by now
        if len(ids) == 1:
            raise DataError(
                f"one text of {width} tokens is too much for the memory of the device: {why}; "
                "pass tokens= to read less of a text"
            )
        self.tokens = min(self.tokens, len(ids) // 2 * width)
        log.warning("out of memory: batches of at most %d tokens from now on", self.tokens)
        return self._computed(some, width, forward)
