"""A segment: the records of a delivery, or of several merged ones, which never change.

Beside the records stand their key tables: for ids, contents and every band the keys in ascending
order with the rows that have them, so that a few keys are found by looking at a few places.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa

from tamis.dedup.index import arrays
from tamis.dedup.index.records import keyed
from tamis.frame import text_buffers
from tamis.io.store import Store

VERDICT = np.dtype([("witness", "<i8"), ("similarity", "<f8")], align=True)
ARRAYS = ("records", "id_data", "id_ends", "keys", "rows")
STAYS, REMOVED = -1, -2
"""In place of a witness: nobody, the record stays; or the record has been taken out."""


class Sets:
    """A file of shingle sets, mapped when the first of them is looked at; or an array of them."""

    def __init__(self, store: Store | None, name: str, values: np.ndarray | None = None) -> None:
        self.store, self.name = store, name
        if values is not None:
            self.values = values

    @cached_property
    def values(self) -> np.ndarray:
        """All sets, one after another: uint64."""
        assert self.store is not None
        return arrays.read(self.store, self.name)


@dataclass
class Segment:
    """Records in the order in which they came; the arrays are mapped files, or lie in memory."""

    records: np.ndarray
    id_data: np.ndarray  # uint8
    id_ends: np.ndarray  # int64, one more than records
    keys: np.ndarray  # uint64: all key tables, one after another
    rows: np.ndarray  # int32: the row that has each key
    starts: Sequence[int]  # where each key table starts, and where the last ends
    serials: np.ndarray  # int64, ascending: the number each record was given when it came
    verdicts: np.ndarray  # of `VERDICT`
    sets: Sequence[Sets] = ()  # the files that `set_file` of the records numbers

    def __len__(self) -> int:
        return len(self.records)

    def ids(self, rows: np.ndarray) -> pa.Array:
        """The ids of some rows."""
        begins, ends = self.id_ends[rows], self.id_ends[rows + 1]
        sizes = ends - begins
        offsets = np.zeros(len(rows) + 1, np.int64)
        np.cumsum(sizes, out=offsets[1:])
        places = np.repeat(begins - offsets[:-1], sizes) + np.arange(offsets[-1])
        buffers = [None, pa.py_buffer(offsets), pa.py_buffer(self.id_data[places])]
        return pa.Array.from_buffers(pa.large_string(), len(rows), buffers)

    def lookup(self, table: int, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Which of the keys (ascending) are held by which rows: pairs of places and rows."""
        part = slice(self.starts[table], self.starts[table + 1])
        have = self.keys[part]
        low, high = (np.searchsorted(have, keys, side) for side in ("left", "right"))
        return spread(low, high, self.rows[part])

    @cached_property
    def largest(self) -> int:
        """The highest serial number."""
        return int(self.serials[-1]) if len(self) else -1


def spread(low: np.ndarray, high: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The values at the places low to high of each entry, with the number of the entry."""
    sizes = high - low
    which = np.repeat(np.arange(len(low)), sizes)
    ends = np.cumsum(sizes)
    places = np.repeat(low - (ends - sizes), sizes) + np.arange(ends[-1] if len(ends) else 0)
    return which, values[places].astype(np.int64)


def tables(records: np.ndarray) -> tuple[np.ndarray, np.ndarray, list[int]]:
    """The key tables of records: keys, rows, starts."""
    found_keys, found_rows, starts = [], [], [0]
    for keys, rows in keyed(records):
        order = np.argsort(keys, kind="stable")
        found_keys.append(keys[order])
        found_rows.append(rows[order].astype(np.int32))
        starts.append(starts[-1] + len(keys))
    return np.concatenate(found_keys), np.concatenate(found_rows), starts


def in_memory(records: np.ndarray, ids: pa.Array, sets: Sequence[Sets] = ()) -> Segment:
    """A segment that is not on disk, of records numbered from 0, all staying."""
    texts = text_buffers(ids)
    start = int(texts.offsets[0])
    keys, rows, starts = tables(records)
    verdicts = np.zeros(len(records), VERDICT)
    verdicts["witness"] = STAYS
    return Segment(
        records,
        texts.data[start : texts.offsets[-1]],
        texts.offsets - start,
        keys,
        rows,
        starts,
        np.arange(len(records)),
        verdicts,
        sets,
    )


def write(store: Store, folder: str, segment: Segment) -> dict[str, int]:
    """Put the unchanging arrays of a segment into a folder of the store; bytes by name."""
    written = {}
    for name in ARRAYS:
        array, path = getattr(segment, name), f"{folder}/{name}.npy"
        written[path] = arrays.write(store, path, array.dtype, len(array), [array])
    return written
