"""Sketches of units, read as arrays; units that were cut are left out of later comparisons."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from tamis.kernels.windows import span_hashes


class Partition:
    """The units of one partition that are still there, of records one after another."""

    def __init__(self, sketch: pa.Table, length: int, min_length: int) -> None:
        self.length, self.min_length = length, min_length
        lists = [one(sketch[name]) for name in ("hash_lo", "hash_hi", "size")]
        self.all_offsets = np.asarray(lists[0].offsets, np.int64)
        self.all_offsets = self.all_offsets - self.all_offsets[0]
        self.low, self.high, self.size = (np.asarray(column.flatten()) for column in lists)
        self.alive: np.ndarray | None = None

    @property
    def totals(self) -> np.ndarray:
        """Characters in the units of each record, whether they are still there or not."""
        before = np.concatenate([[0], np.cumsum(self.size, dtype=np.int64)])
        return np.diff(before[self.all_offsets])

    @property
    def offsets(self) -> np.ndarray:
        """The first unit of each record, and the end."""
        if self.alive is None:
            return self.all_offsets
        before = np.concatenate([[0], np.cumsum(self.alive)])
        return before[self.all_offsets]

    @property
    def count(self) -> int:
        """How many units are there."""
        return len(self.size) if self.alive is None else int(np.count_nonzero(self.alive))

    def keys(self) -> tuple[np.ndarray, np.ndarray]:
        """The hash of the run that begins at each unit; 0 where none, or a short one, does."""
        low, high, size = self._left(self.low), self._left(self.high), self.sizes()
        if self.length > 1:
            offsets, units = self.offsets, (low, high)
            low, high = np.empty((2, len(low)), np.uint64)
            span_hashes(*units, offsets, self.length, low, high)
            before = np.concatenate([[0], np.cumsum(size, dtype=np.int64)])
            ends = np.minimum(np.arange(len(size)) + self.length, len(size))
            size = before[ends] - before[:-1]
        short = size < self.min_length
        return np.where(short, np.uint64(0), low), np.where(short, np.uint64(0), high)

    def sizes(self) -> np.ndarray:
        """Characters of each unit."""
        return self._left(self.size)

    def cut(self, units: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Take some units away: the record of each, and its number among all units of that."""
        if self.alive is not None:
            units = np.flatnonzero(self.alive)[units]
        rows = np.searchsorted(self.all_offsets, units, side="right") - 1
        if self.length > 1 and len(units):
            self.alive = np.ones(len(self.size), bool) if self.alive is None else self.alive
            self.alive[units] = False
        return rows, units - self.all_offsets[rows]

    def forget(self, gone: np.ndarray) -> None:
        """Take all units of some records away."""
        if gone.any():
            self.alive = np.ones(len(self.size), bool) if self.alive is None else self.alive
            self.alive &= ~np.repeat(gone, np.diff(self.all_offsets))

    def _left(self, values: np.ndarray) -> np.ndarray:
        return values if self.alive is None else values[self.alive]


class Sizes:
    """Characters of units, which are numbered from one partition to the next."""

    def __init__(self, parts: Sequence[Partition], firsts: np.ndarray) -> None:
        self.parts, self.firsts = parts, firsts

    def __call__(self, units: np.ndarray) -> np.ndarray:
        """Of some units, ascending."""
        cuts = np.searchsorted(units, self.firsts)
        made = np.empty(len(units), np.int32)
        for k, part in enumerate(self.parts):
            if cuts[k + 1] > cuts[k]:
                own = slice(cuts[k], cuts[k + 1])
                made[own] = part.sizes()[units[own] - self.firsts[k]]
        return made


def one(column: pa.ChunkedArray) -> Any:
    """A column as one array, uncopied where it is one."""
    if column.num_chunks == 1:
        return column.chunk(0)
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
