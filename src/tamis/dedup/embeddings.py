"""The vectors of all partitions where they lie, in mapped files or memory, read row by row."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from tamis.errors import DataError
from tamis.kernels import vectors as kernel
from tamis.vectors import GOOD, STATES, view


class Embeddings:
    """The good vectors of all partitions, numbered from 0; `rows` has their global row numbers."""

    def __init__(self, sketches: Sequence[pa.Table], offsets: np.ndarray) -> None:
        states = [np.asarray(c) for s in sketches for c in s["state"].chunks]
        state = np.concatenate(states) if states else np.empty(0, np.uint8)
        self.rows = np.flatnonzero(state == GOOD)
        self.count = self.rows.size
        self.missing = {
            name: int(np.count_nonzero(state == k)) for k, name in enumerate(STATES) if k != GOOD
        }
        self._parts = [part for s in sketches for part in view(s["embedding"])]
        self.width = self._width(sketches, offsets)
        starts = np.cumsum([0, *(len(part) for part in self._parts)])
        whole = np.searchsorted(starts, self.rows, side="right") - 1
        self._part, self._local = whole.astype(np.int32), self.rows - starts[whole]

    def take(self, which: np.ndarray) -> np.ndarray:
        """Some vectors as float32[n, width], in the order asked for."""
        found = np.empty((which.size, self.width), np.float32)
        part = self._part[which]
        for k in np.unique(part):
            here = part == k
            found[here] = self._parts[k][self._local[which[here]]]
        return found

    def units(self, which: np.ndarray) -> np.ndarray:
        """Some vectors, each divided by its length."""
        return units(self.take(which))[0]

    def _width(self, sketches: Sequence[pa.Table], offsets: np.ndarray) -> int:
        """The width that all partitions with good vectors have."""
        known: dict[int, int] = {}
        for part, sketch in enumerate(sketches):
            good = np.asarray(sketch["state"]) == GOOD
            if good.any():
                known.setdefault(sketch.schema.field("embedding").type.list_size, part)
        if len(known) > 1:
            (one, first), (two, second) = list(known.items())[:2]
            raise DataError(
                f"vectors are of one width; partition {first} has {one} numbers a vector, "
                f"partition {second} has {two}"
            )
        return next(iter(known), 0)


def units(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Vectors divided by their lengths (float32), and the lengths (float64)."""
    length, unit = np.empty(len(vectors)), np.empty(vectors.shape, np.float32)
    kernel.lengths(vectors, length)
    kernel.scale(vectors, length, unit)
    return unit, length
