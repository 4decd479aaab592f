"""Token sequences computed in batches of like length; a batch that memory has no room for, halved.

Nothing here imports torch: a forward pass is a function from arrays to an array.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from tamis.errors import DataError
from tamis.media.ahead import beside
from tamis.media.memory import tried

log = logging.getLogger(__name__)
CACHED = 512  # tokens computed together on a processor: more of them leave its cache
STEP = 64  # of widths, where batches are large
_LARGE = 8192  # tokens of a batch
_LEAST = 4  # a step of widths where batches are small
_EDGE = 8  # rows: products of matrices sum the last few rows in another way than the others

Forward = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""From ids and mask, int64 of [rows, width], to values, [rows, outputs]."""


class Batches:
    """How sequences of tokens go through a model: the longest first, some `tokens` at a time.

    What a library sums in which order depends on the shape of a batch, and shows in the sixth digit
    of float32, in the third of bfloat16. So a sequence's own length alone decides on the shape that
    it is computed in: a width of a few (`wide`), and for each of them one number of rows, of which
    those left over are computed for nothing. What a model says of a text then does not depend on
    its neighbours. Sequences that are equal are computed once.
    """

    def __init__(self, tokens: int, pad: int = 0, left: bool = False) -> None:
        self.tokens, self.pad, self.left = tokens, pad, left
        self._large = tokens >= _LARGE

    def run(self, sequences: Sequence[Sequence[int]], forward: Forward, limit: int) -> np.ndarray:
        """The values of all sequences, in their order. None is longer than `limit`."""
        first: dict[tuple[int, ...], int] = {}
        places = [first.setdefault(tuple(one), len(first)) for one in sequences]
        single = list(first)
        lengths = np.fromiter(map(len, single), np.int64, len(single))
        found: np.ndarray | None = None
        filled = self._filled(single, lengths, limit)
        for rows, width, given in beside(filled) if self._large else filled:
            values = self._computed([single[row] for row in rows], width, forward, given)
            if found is None:
                found = np.empty((len(single), values.shape[1]), values.dtype)
            found[rows] = values
        return np.empty((0, 0), np.float32) if found is None else found[places]

    def _filled(
        self, single: Sequence[Sequence[int]], lengths: np.ndarray, limit: int
    ) -> Iterator[tuple[np.ndarray, int, tuple[np.ndarray, np.ndarray]]]:
        """The batches of `plan` with their ids and masks: where they are large, made one ahead."""
        for rows, width in self.plan(lengths, limit):
            yield rows, width, self.padded([single[row] for row in rows], width)

    def plan(self, lengths: np.ndarray, limit: int) -> Iterator[tuple[np.ndarray, int]]:
        """The rows of each batch and its width."""
        widths = np.minimum(self.wide(lengths), max(limit, int(lengths.max(initial=1))))
        order = np.lexsort((-lengths, -widths))
        at = 0
        while at < order.size:
            width = int(widths[order[at]])
            count = self.rows(width)
            rows = order[at : at + count]
            rows = rows[widths[rows] == width]
            yield rows, max(int(lengths[rows[0]]), 1) if count == 1 else width
            at += rows.size

    def wide(self, lengths: np.ndarray) -> np.ndarray:
        """The widths for sequences of these lengths: in steps of an eighth, of 4 tokens at least.

        Where batches are large, in steps of `STEP`: fewer of them are left half full.
        """
        lengths = np.maximum(lengths, 1)
        if self._large:
            return np.asarray(-(-lengths // STEP) * STEP)
        step = np.maximum(_LEAST, 2 ** np.ceil(np.log2(lengths)).astype(np.int64) // 8)
        return np.asarray(-(-lengths // step) * step)

    def rows(self, width: int) -> int:
        """How many sequences of a width are computed together: eights of them, 4, 2 or 1."""
        most = max(1, self.tokens // int(self.wide(np.array([width]))[0]))
        return most - most % _EDGE if most >= _EDGE else 1 << (most.bit_length() - 1)

    def padded(self, some: Sequence[Sequence[int]], width: int) -> tuple[np.ndarray, np.ndarray]:
        """Ids and mask of some sequences, each filled up to `width`; the last one repeated."""
        rows = max(self.rows(width), len(some))
        ids = np.full((rows, width), self.pad, np.int64)
        mask = np.zeros((rows, width), np.int64)
        for row in range(rows):
            one = some[min(row, len(some) - 1)]
            place = slice(width - len(one), width) if self.left else slice(0, len(one))
            ids[row, place] = one
            mask[row, place] = 1
        return ids, mask

    def _computed(
        self, some: Sequence[Sequence[int]], width: int, forward: Forward,
        filled: tuple[np.ndarray, np.ndarray] | None = None,
    ) -> np.ndarray:  # fmt: skip
        """The values of some sequences: at once, or in parts if there is no room for all."""
        most = self.rows(width)
        if len(some) > most:
            parts = [some[at : at + most] for at in range(0, len(some), most)]
            return np.concatenate([self._computed(part, width, forward) for part in parts])
        if filled is None or len(filled[0]) != max(most, len(some)):  # memory ended since
            filled = self.padded(some, width)
        ids, mask = filled
        values, why = tried(lambda: forward(ids, mask)[: len(some)])
        if values is not None:
            return values
        if len(ids) == 1:
            raise DataError(
                f"one text of {width} tokens is too much for the memory of the device: {why}; "
                "pass tokens= to read less of a text"
            )
        self.tokens = min(self.tokens, len(ids) // 2 * width)
        log.warning("out of memory: batches of at most %d tokens from now on", self.tokens)
        return self._computed(some, width, forward)
