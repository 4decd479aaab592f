"""Samples of records: the first few in some order, however the records are spread over parts."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tamis.frame import text_buffers
from tamis.kernels.content import hash_texts


class Found(NamedTuple):
    """A record that serves as a sample. `order` ranks it among its like; ties go by id."""

    order: float
    id: str
    value: Any
    taken: int  # position of the step that dropped it; the number of steps if it was kept
    part: str  # the ledger's part that has it
    why: str | None
    other: str | None  # what it duplicates


class Rows(NamedTuple):
    """Rows of one part of the ledger, and the position of the step that dropped each."""

    table: pa.Table
    taken: np.ndarray
    part: str

    def take(self, which: np.ndarray) -> Rows:
        """The rows where `which` is true."""
        return Rows(self.table.filter(pa.array(which)), self.taken[which], self.part)

    def first(
        self, most: int, which: np.ndarray, order: np.ndarray, values: Any = None
    ) -> list[Found]:
        """The first few of the rows where `which` is true in this order, ties by id."""
        at = np.flatnonzero(which)
        if not len(at):
            return []
        if len(at) > most:
            cut = np.partition(order[at], most - 1)[most - 1]
            at = at[order[at] <= cut]
        ids = self.table["id"].take(pa.array(at)).cast(pa.string())
        ranked = pa.table({"order": order[at], "id": ids, "row": at})
        keys = [("order", "ascending"), ("id", "ascending")]
        chosen = ranked.take(pc.select_k_unstable(ranked, most, keys)).to_pylist()
        return [self._found(row["row"], row["order"], values) for row in chosen]

    def _found(self, row: int, order: float, values: Any) -> Found:
        value = None if values is None else values[row]
        if isinstance(value, pa.Scalar):
            value = value.as_py()
        elif isinstance(value, np.generic):
            value = value.item()
        cell = {
            name: self.table[name][row].as_py()
            for name in ("id", "dropped_why", "duplicate_of")
            if name in self.table.column_names
        }
        return Found(
            order, cell["id"], value, int(self.taken[row]), self.part, cell.get("dropped_why"),
            cell.get("duplicate_of"),
        )  # fmt: skip


def hashes(texts: Any) -> np.ndarray:
    """A 64-bit hash of each text."""
    buffers = text_buffers(texts)
    low, high = np.empty((2, len(texts)), np.uint64)
    hash_texts(buffers.data, buffers.offsets, low, high)
    return low


def lots(ids: Any) -> np.ndarray:
    """A number per id, as good as drawn by lot, and the same in every run."""
    return (hashes(ids) >> np.uint64(11)).astype(np.float64)
