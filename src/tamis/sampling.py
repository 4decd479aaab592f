"""The tasks of a certificate: samples drawn, texts fetched, the neighbours of canaries."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from tamis.dedup import canaries
from tamis.frame import from_arrow, text_buffers
from tamis.io.store import Store
from tamis.kernels.content import hash_texts
from tamis.stages import read_table
from tamis.vectors import GOOD

_LARGE = 65_536  # bytes above which a text is compared by its SHA-512


class Surveyed(NamedTuple):
    """What a pass over a partition's sketch tells."""

    kept: int  # records that stay and could have been duplicates
    shingles: int  # of all records
    sample: pa.Table  # drawn, row, shingles, priority, id of some that stay
    asked: np.ndarray  # shingles of the rows that were asked about


def survey(
    store: Store, name: str, seed: int, first: int, gone: np.ndarray, asked: np.ndarray, most: int
) -> Surveyed:
    """The `most` staying rows that are drawn first, and how large some rows are."""
    sketch = read_table(store, name)
    count = sketch.num_rows
    has = "shingles" in sketch.schema.names
    sizes = sketch["shingles"].to_numpy() if has else np.ones(count, np.int64)
    staying = staying_rows(sketch, gone)
    rows = np.flatnonzero(staying)
    lot = drawn(sketch["id"], seed)[rows]
    if rows.size > most:
        few = np.argpartition(lot, most)[:most]
        rows, lot = rows[few], lot[few]
    priority = sketch["priority"].to_numpy()[rows] if "priority" in sketch.schema.names else None
    sample = pa.table(
        {
            "drawn": lot,
            "row": rows + first,
            "shingles": sizes[rows],
            "priority": pa.nulls(rows.size, pa.float64()) if priority is None else priority,
            "id": sketch["id"].take(pa.array(rows)).cast(pa.large_string()),
        }
    )
    return Surveyed(int(staying.sum()), int(sizes.sum()), sample, sizes[asked])


def fetch(
    store: Store, name: str, columns: dict[str, Any], rows: np.ndarray, whole: bool
) -> list[Any]:
    """The texts at some rows of a partition; not `whole`, their 128-bit BLAKE2 digests."""
    table = read_table(store, name, list(columns)).take(pa.array(rows))
    cells = [table[column].to_pylist() for column in columns]
    if whole and len(cells) == 1:
        return cells[0]
    return [content(row, whole) for row in zip(*cells, strict=True)]


def content(cells: Sequence[Any], whole: bool) -> bytes:
    """The cells of a record as bytes; of long ones, or not `whole`, a digest."""
    parts = [b"-" if cell is None else b"+%s" % str(cell).encode() for cell in cells]
    joined = b"".join(len(part).to_bytes(8, "little") + part for part in parts)
    if not whole:
        return hashlib.blake2b(joined, digest_size=16).digest()
    return joined if len(joined) <= _LARGE else hashlib.sha512(joined).digest()


def meet(store: Store, name: str, gone: np.ndarray, keys: np.ndarray, first: int) -> pa.Table:
    """The staying rows of a partition that canaries meet."""
    sketch = read_table(store, name)
    return canaries.met(sketch, staying_rows(sketch, gone), keys, first)


def neighbours(
    store: Store, names: tuple[str, str], columns: dict[str, Any], rows: np.ndarray, step: Any
) -> tuple[pa.Table, pa.Table]:
    """The sketches and the evidence of some rows of a partition."""
    sketch = read_table(store, names[0]).take(pa.array(rows))
    frame = from_arrow(read_table(store, names[1], list(columns)), columns)
    verify = getattr(step, "verify", True)
    return sketch, step.evidence(frame, rows if verify else rows[:0])


def sketched(store: Store, name: str, rows: np.ndarray, columns: Sequence[str]) -> pa.Table:
    """The sketches of some rows of a partition."""
    return read_table(store, name, columns).select(list(columns)).take(pa.array(rows))


def drawn(ids: pa.ChunkedArray, seed: int) -> np.ndarray:
    """A lot for each id, uint64: whoever draws lowest is in a sample."""
    texts = text_buffers(ids)
    low, high = np.empty((2, len(ids)), np.uint64)
    hash_texts(texts.data, texts.offsets, low, high)
    lot = low ^ np.uint64((seed * 0x9E3779B97F4A7C15 + 0x2545F4914F6CDD1D) % 2**64)
    for shift, factor in ((33, 0xFF51AFD7ED558CCD), (29, 0xC4CEB9FE1A85EC53)):
        lot = (lot ^ (lot >> np.uint64(shift))) * np.uint64(factor)
    return lot ^ (lot >> np.uint64(32))


def staying_rows(sketch: pa.Table, gone: np.ndarray) -> np.ndarray:
    """Which rows of a partition stay and could have been duplicates."""
    if "state" in sketch.schema.names:  # of vectors
        staying = np.asarray(sketch["state"]) == GOOD
    else:
        staying = np.asarray(sketch["valid"].combine_chunks()).astype(bool)
    if "shingles" in sketch.schema.names:
        staying &= sketch["shingles"].to_numpy() > 0
    staying[gone] = False
    return staying
