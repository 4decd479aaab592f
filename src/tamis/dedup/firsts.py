"""The first row of each content, told while partitions come one after another."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from tamis.dedup.guards import tally
from tamis.dedup.verdicts import told
from tamis.errors import DataError
from tamis.frame import text_buffers
from tamis.kernels.content import hash_texts
from tamis.kernels.links import enter

_LEAST = 1 << 16


class Keys:
    """128-bit keys in the order they come; for each the number of the first that is equal."""

    def __init__(self) -> None:
        self.count = 0
        self._low, self._high = np.empty((2, _LEAST), np.uint64)
        self._valid, self._first = np.empty(_LEAST, np.bool_), np.empty(_LEAST, np.int32)
        self._table = np.full(2 * _LEAST, -1, np.int32)

    def add(self, low: np.ndarray, high: np.ndarray, valid: np.ndarray) -> np.ndarray:
        """The first of each; a key that is not `valid` is equal to none."""
        start, end = self.count, self.count + low.size
        if end >= 2**31 - 1:
            raise DataError(
                f"{end:,} rows at once; in memory it is 2**31 - 2 at most, `Pipeline.run` "
                "compares more"
            )
        entered = start
        if end > self._low.size:
            self._grow(1 << (2 * end - 1).bit_length())
            entered = 0  # the table is a new one
        self._low[start:end], self._high[start:end], self._valid[start:end] = low, high, valid
        self.count = end
        enter(
            self._low[:end], self._high[:end], self._valid[:end], self._table, self.first, entered
        )
        return self.first[start:]

    @property
    def first(self) -> np.ndarray:
        """Of every key so far."""
        return self._first[: self.count]

    def _grow(self, room: int) -> None:
        for name in ("_low", "_high", "_valid", "_first"):
            old = getattr(self, name)
            new = np.empty(room, old.dtype)
            new[: self.count] = old[: self.count]
            setattr(self, name, new)
        self._table = np.full(2 * room, -1, np.int32)


class Firsts:
    """Of each content the first record stays; partitions are taken in their order.

    A partition that was taken before changes nothing: its verdicts are told again.
    """

    def __init__(self, judged: bool) -> None:
        self.ids, self.contents = Keys(), Keys()
        self.names: list[pa.ChunkedArray] = []
        self.offsets = [0]
        self.judged = judged  # whether sources are counted for a guard
        self.tallies: list[Mapping[str, tuple[int, int]]] = []

    def take(self, which: int, sketch: pa.Table) -> pa.Table:
        """The verdicts on the rows of partition number `which` that go."""
        if which == len(self.names):
            self._take(sketch)
        start, end = self.offsets[which : which + 2]
        first = self.contents.first[start:end]
        rows = np.arange(start, end)
        gone = first != rows
        kept = first[gone].astype(np.int64)
        return told(
            rows[gone], self.names[which].filter(pa.array(gone)), self._named(kept),
            np.zeros(kept.size, np.bool_), np.ones(kept.size),
        )  # fmt: skip

    def largest(self) -> tuple[str, int]:
        """The id of the record that most others go for, and how many; ("", 0) where none go."""
        first = self.contents.first
        going = first[first != np.arange(first.size)]
        if not going.size:
            return "", 0
        sizes = np.bincount(going)
        where = int(sizes.argmax())
        return self._named(np.array([where]))[0].as_py(), int(sizes[where])

    def gone(self) -> int:
        """How many records go."""
        first = self.contents.first
        return int(np.count_nonzero(first != np.arange(first.size)))

    def _take(self, sketch: pa.Table) -> None:
        start, count = self.offsets[-1], sketch.num_rows
        self._check_ids(sketch["id"])
        self.names.append(sketch["id"].cast(pa.large_string()))
        self.offsets.append(start + count)
        column = (sketch[name].to_numpy() for name in ("hash_lo", "hash_hi", "valid"))
        first = self.contents.add(*column)
        if self.judged:
            going = np.flatnonzero(first != np.arange(start, start + count))
            self.tallies.append(tally(sketch, going))

    def _check_ids(self, ids: pa.ChunkedArray) -> None:
        texts = text_buffers(ids)
        start = self.ids.count
        if not texts.valid.all():
            row = int(np.flatnonzero(~texts.valid)[0])
            raise DataError(f"the id of row {start + row:,} is null; every record needs one")
        low, high = np.empty((2, len(ids)), np.uint64)
        hash_texts(texts.data, texts.offsets, low, high)
        first = self.ids.add(low, high, texts.valid)
        again = np.flatnonzero(first != np.arange(start, start + len(ids)))
        if again.size:
            own, part = int(again[0]), len(self.names)
            other = int(first[own])
            at = int(np.searchsorted(self.offsets, other, side="right")) - 1
            raise DataError(
                f"id {ids[own].as_py()!r} occurs twice: row {other - self.offsets[at]:,} of "
                f"partition {at} and row {own:,} of partition {part} ({again.size:,} such rows); "
                "ids must be unique"
            )

    def _named(self, rows: np.ndarray) -> pa.ChunkedArray:
        """The ids of rows of whatever partition."""
        parts = np.searchsorted(self.offsets, rows, side="right") - 1
        order = np.argsort(parts, kind="stable")
        cuts = np.searchsorted(parts[order], np.arange(len(self.names) + 1))
        chunks = [
            chunk
            for part in np.unique(parts).tolist()
            for chunk in self.names[part]
            .take(pa.array(rows[order[cuts[part] : cuts[part + 1]]] - self.offsets[part]))
            .chunks
        ]
        back = np.empty(order.size, np.int64)
        back[order] = np.arange(order.size)
        return pa.chunked_array(chunks, pa.large_string()).take(pa.array(back))
