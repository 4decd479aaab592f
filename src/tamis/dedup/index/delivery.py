"""A delivery on its way into an index: sketched part by part, written before it counts."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import dask
import numpy as np
import pandas as pd
import pyarrow as pa

from tamis import processes
from tamis.dedup.index import arrays, embeddings, hashes
from tamis.dedup.index.records import bands, chunk, from_sketch, has_nulls
from tamis.dedup.index.segment import ARRAYS, Segment, Sets, in_memory, write
from tamis.dedup.removal import alive
from tamis.errors import DataError
from tamis.execute import execute
from tamis.frame import library
from tamis.io.store import Store
from tamis.kernels.links import first_equal
from tamis.source import sources

PIECE = 16_384  # rows of a pandas frame that are sketched at a time
SEGMENT = 500_000  # records after which a delivery goes on in another segment


@dataclass
class Written:
    """A segment whose unchanging files are in place, of no version yet."""

    folder: str
    segment: Segment
    files: dict[str, int] = field(default_factory=dict)


class Sketched(NamedTuple):
    """A partition: its records, their ids, and their sets, in memory or in a file already."""

    records: np.ndarray
    ids: pa.Array
    passed: int  # rows that somebody had dropped already
    sets: np.ndarray | None = None
    file: str | None = None
    bytes: int = 0


@dataclass
class Delivered:
    """A delivery whose files are in place."""

    segments: list[Written] = field(default_factory=list)
    passed: int = 0


@processes.kept()
def deliver(store: Store, step: Any, frame: Any) -> Delivered:
    """Sketch a frame and write the segments it makes; the index does not list them yet."""
    token = uuid.uuid4().hex[:12]
    return _put(store, token, _sketched(store, step, frame, token))


def deliver_sketched(store: Store, parts: Iterable[Sketched]) -> Delivered:
    """As `deliver`, of partitions that have been sketched, given one after another."""
    token = uuid.uuid4().hex[:12]
    numbered = enumerate(parts)
    return _put(
        store, token, (_filed(part, store, f"sets/{token}-{k:05d}.npy") for k, part in numbered)
    )


def _put(store: Store, token: str, sketched: Iterable[Sketched]) -> Delivered:
    """Write segments of many partitions each."""
    os.makedirs(store.root, exist_ok=True)
    made = Delivered()
    parts: list[Sketched] = []

    def flush() -> None:
        if any(len(part.records) for part in parts):
            folder = f"segments/{token}-{len(made.segments):04d}"
            made.segments.append(_written(store, folder, parts))
        parts.clear()

    for found in sketched:
        made.passed += found.passed
        parts.append(found)
        if sum(len(part.records) for part in parts) >= SEGMENT:
            flush()
    flush()
    return made


def withdraw(store: Store, delivered: Delivered) -> None:
    """Delete the files of a delivery that no version will list."""
    for written in delivered.segments:
        for name in written.files:
            store.remove(name)
        with contextlib.suppress(OSError):
            os.rmdir(store.path(written.folder))


def sketched(part: Any, step: Any) -> Sketched:
    """One partition, with the sets (or vectors) of its records where they are needed.

    Copies share a set.
    """
    whole = part() if callable(part) else part
    frame = alive(whole if isinstance(whole, pd.DataFrame) else whole.to_pandas())
    passed = len(whole) - len(frame)
    sketch = step.sketch(frame)
    of_vectors = step.kind == "semantic"
    records, ids = from_sketch(
        embeddings.told(sketch) if of_vectors else hashes.banded(step, sketch)
    )
    null = has_nulls(ids)
    if null is not None:
        raise DataError(f"the id of row {null:,} is null; every record needs one")
    if of_vectors:
        return Sketched(records, ids, passed, embeddings.placed(records, sketch))
    if not bands(records.dtype) or "signature" in (records.dtype.names or ()):
        return Sketched(records, ids, passed)
    first = np.empty(len(records), np.int32)
    table = np.empty(1 << (2 * len(records) + 1).bit_length(), np.int32)
    fields = (np.ascontiguousarray(records[name]) for name in ("hash_lo", "hash_hi", "valid"))
    first_equal(*fields, table, first)
    needed = records["valid"] & (records["shingles"] > 0)
    rows = np.flatnonzero(needed & (first == np.arange(len(records))))
    sets = chunk(step.evidence(frame, rows)["shingles"])
    ends = np.asarray(sets.offsets).astype(np.int64)
    records["set_at"][rows], records["set_size"][rows] = ends[:-1] - ends[:1], np.diff(ends)
    records["set_file"][rows] = 0
    for name in ("set_at", "set_size", "set_file"):
        records[name] = np.where(needed, records[name][first], records[name])
    values = np.asarray(sets.values)[ends[0] : ends[-1]] if len(rows) else np.empty(0, np.uint64)
    return Sketched(records, ids, passed, values)


def held(frame: Any, step: Any) -> list[Segment]:
    """The segments a frame makes, in memory."""
    parts, alone = _parts(frame)
    return together([sketched(p, step) for p in (parts if alone else dask.compute(*parts))])


def together(found: Iterable[Sketched]) -> list[Segment]:
    """The segments that sketched partitions make, in memory."""
    return [
        in_memory(part.records, part.ids, [] if part.sets is None else [Sets(None, "", part.sets)])
        for part in found
        if len(part.records)
    ]


def _task(part: Any, step: Any, store: Store, name: str) -> Sketched:
    """Sketch a partition, and put its sets in place."""
    return _filed(sketched(part, step), store, name)


def _filed(found: Sketched, store: Store, name: str) -> Sketched:
    """A partition whose sets are in place."""
    if found.sets is None or not found.sets.size:
        return found._replace(sets=None)
    size = arrays.write(store, name, np.uint64, len(found.sets), [found.sets])
    return found._replace(sets=None, file=name, bytes=size)


def _sketched(store: Store, step: Any, frame: Any, token: str) -> Iterator[Sketched]:
    """The partitions of a frame, in order; a few at a time."""
    parts, alone = _parts(frame)
    calls = [
        (part, step, store, f"sets/{token}-{number:05d}.npy") for number, part in enumerate(parts)
    ]
    if not alone:  # partitions share work: all in one go
        yield from dask.compute(*(dask.delayed(_task)(*call) for call in calls))
        return
    several = 4 * (os.cpu_count() or 1)
    for start in range(0, len(calls), several):
        found: dict[int, Any] = {}
        execute(_task, calls[start : start + several], found.__setitem__)
        yield from (found[k] for k in sorted(found))


def _parts(frame: Any) -> tuple[Sequence[Any], bool]:
    """The partitions: what computes each by itself, or (False) tasks to be computed together."""
    if library(frame) == "dask":
        found = sources(frame)
        return (found, True) if found is not None else (frame.to_delayed(), False)
    rows = frame if library(frame) == "pandas" else frame.to_pandas()
    return [Rows(rows.iloc[k : k + PIECE]) for k in range(0, max(1, len(rows)), PIECE)], True


class Rows:
    """Rows of a pandas frame, as what computes them."""

    def __init__(self, rows: pd.DataFrame) -> None:
        self.rows = rows

    def __call__(self) -> pd.DataFrame:
        """The rows."""
        return self.rows


def _written(store: Store, folder: str, parts: Sequence[Sketched]) -> Written:
    names: list[str] = []
    files: dict[str, int] = {}
    for part in parts:
        if part.file is not None:
            file = part.records["set_file"]
            file[file >= 0] += len(names)
            names.append(part.file)
            files[part.file] = part.bytes
    records = np.concatenate([part.records for part in parts])
    sets = [Sets(store, name) for name in names]
    segment = in_memory(records, pa.concat_arrays([part.ids for part in parts]), sets)
    files |= write(store, folder, segment)
    mapped: dict[str, Any] = {n: arrays.read(store, f"{folder}/{n}.npy") for n in ARRAYS}
    return Written(folder, dataclasses.replace(segment, **mapped), files)
