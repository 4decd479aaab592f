"""Segments merged, so that a lookup visits few of them however many deliveries there were.

Merging goes by size: when eight segments of about one size stand at the end, they become one. So a
record is rewritten about once for every eightfold growth of the index, and its set, by far the
largest part of it, not at all; `compact` rewrites sets too, and only it gives back their disk.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tamis.dedup.index import arrays
from tamis.dedup.index.records import BANDS, bands
from tamis.dedup.index.segment import VERDICT
from tamis.dedup.index.view import View
from tamis.io.store import Store

FAN = 8  # segments of one size that are merged
BLOCK = 65_536  # records copied at a time
KEYS = 4_000_000  # keys sorted at a time


def due(sizes: Sequence[int]) -> int:
    """How many of the last segments are to be merged; 0 for none.

    >>> due([1000, 10, 9, 11, 10, 10, 12, 10, 9]), due([1000, 10])
    (8, 0)
    """
    best = 0
    for tier in range(64):
        count = 0
        while count < len(sizes) and _tier(sizes[-1 - count]) <= tier:
            count += 1
        if count >= FAN and count > best:
            best = count
    return best


def _tier(rows: int) -> int:
    return (max(rows, 1).bit_length() - 1) // 3


@dataclass(frozen=True)
class Merged:
    """A segment on disk: its entry in a version, and the bytes of its files."""

    entry: dict[str, Any]
    files: dict[str, int]


def merged(store: Store, view: View, names: Sequence[str], sets: bool) -> Merged | None:
    """Write the segments of a view as one, without records taken out; None if none is left.

    `names` are the files of sets that the view's records number. With `sets` those are rewritten
    as well, without the sets nobody needs any more.
    """
    living = view.alive(np.arange(len(view)))
    if not len(living):
        return None
    token = uuid.uuid4().hex[:12]
    folder, files = f"segments/{token}-merged", {}

    def put(name: str, kind: Any, count: int, blocks: Iterable[np.ndarray]) -> None:
        files[name] = arrays.write(store, name, kind, count, blocks)

    moved = None
    if sets:
        names, moved = _sets(store, view, living, f"sets/{token}.npy", files)
    kind = view.segments[0].records.dtype
    put(f"{folder}/records.npy", kind, len(living), _records(view, living, moved))
    put(f"{folder}/serials.npy", np.int64, len(living), map(view.serials, _blocks(living)))
    put(f"{folder}/id_data.npy", np.uint8, sum(map(len, _ids(view, living))), _ids(view, living))
    put(f"{folder}/id_ends.npy", np.int64, len(living) + 1, _ends(view, living))
    starts, pieces = [0], -(-len(view) // KEYS)
    for table in range(BANDS + bands(kind)):
        held = sum(len(keys) for keys, _ in _slices(view, table, living, pieces))
        starts.append(starts[-1] + held)
    put(f"{folder}/keys.npy", np.uint64, starts[-1], _keys(view, living, pieces, 0))
    put(f"{folder}/rows.npy", np.int32, starts[-1], _keys(view, living, pieces, 1))
    put(f"verdicts/{token}.npy", VERDICT, len(living), map(view.verdicts, _blocks(living)))
    entry = {
        "folder": folder, "rows": len(living), "serials": f"{folder}/serials.npy",
        "starts": starts, "sets": list(names), "verdicts": f"verdicts/{token}.npy",
    }  # fmt: skip
    return Merged(entry, files)


def _blocks(positions: np.ndarray) -> Iterator[np.ndarray]:
    for start in range(0, len(positions), BLOCK):
        yield positions[start : start + BLOCK]


def _records(view: View, living: np.ndarray, moved: Any) -> Iterator[np.ndarray]:
    """The records; `moved` says where the sets of each are now."""
    for number, block in enumerate(_blocks(living)):
        records = view.records(block)
        if moved is not None:
            part = slice(number * BLOCK, number * BLOCK + len(block))
            records["set_at"], records["set_file"] = moved[part], np.where(moved[part] < 0, -1, 0)
        yield records


def _ids(view: View, living: np.ndarray) -> Iterator[np.ndarray]:
    for block in _blocks(living):
        ids = view.ids(block)
        data = ids.buffers()[2]
        yield np.frombuffer(data, np.uint8) if data is not None else np.empty(0, np.uint8)


def _ends(view: View, living: np.ndarray) -> Iterator[np.ndarray]:
    end = 0
    yield np.zeros(1, np.int64)
    for block in _blocks(living):
        offsets = np.frombuffer(view.ids(block).buffers()[1], np.int64)[: len(block) + 1]
        yield end + offsets[1:]
        end += int(offsets[-1])


def _keys(view: View, living: np.ndarray, pieces: int, which: int) -> Iterator[np.ndarray]:
    """The merged key tables, range after range of keys; or the rows beside them."""
    for table in range(BANDS + bands(view.segments[0].records.dtype)):
        for pair in _slices(view, table, living, pieces):
            yield pair[which]


def _slices(
    view: View, table: int, living: np.ndarray, pieces: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The keys of one table in ascending order with the rows they get, range after range."""
    limits = [(2**64 * k) // pieces for k in range(1, pieces)]
    tables = []
    for segment in view.segments:
        part = slice(segment.starts[table], segment.starts[table + 1])
        inner = np.searchsorted(segment.keys[part], np.array(limits, np.uint64)).tolist()
        ends = [0, *inner, part.stop - part.start]
        tables.append((segment.keys[part], segment.rows[part], ends))
    for piece in range(pieces):
        keys, positions = [], []
        for (have, rows, ends), first in zip(tables, view.first.tolist(), strict=False):
            keys.append(have[ends[piece] : ends[piece + 1]])
            positions.append(rows[ends[piece] : ends[piece + 1]].astype(np.int64) + first)
        found, at = np.concatenate(keys), np.concatenate(positions)
        place = np.searchsorted(living, at)
        held = place < len(living)
        held[held] = living[place[held]] == at[held]
        found, place = found[held], place[held]
        order = np.argsort(found, kind="stable")
        yield found[order], place[order].astype(np.int32)


def _sets(
    store: Store, view: View, living: np.ndarray, name: str, files: dict[str, int]
) -> tuple[list[str], np.ndarray]:
    """Write the sets of living records into one file; where that of each record is, or -1."""
    moved = np.full(len(living), -1, np.int64)
    file, at = np.full(len(living), -1, np.int32), np.zeros(len(living), np.int64)
    size = np.zeros(len(living), np.int64)
    for number, block in enumerate(_blocks(living)):
        part = slice(number * BLOCK, number * BLOCK + len(block))
        records = view.records(block)
        file[part], at[part] = records["set_file"], records["set_at"]
        size[part] = records["set_size"]
    having = np.flatnonzero(file >= 0)
    if not len(having):
        return [], moved
    order = having[np.lexsort((at[having], file[having]))]
    new = np.ones(len(order), np.bool_)  # copies share a set, and go on sharing it
    new[1:] = (file[order][1:] != file[order][:-1]) | (at[order][1:] != at[order][:-1])
    kept = order[new]
    begins = np.concatenate([[0], np.cumsum(size[kept])])
    moved[order] = begins[np.cumsum(new) - 1]

    def blocks() -> Iterator[np.ndarray]:
        for number in np.unique(file[kept]).tolist():
            values = view.sets(number)
            mine = kept[file[kept] == number]
            for k in range(0, len(mine), 1024):
                some = mine[k : k + 1024]
                spans = zip(at[some].tolist(), size[some].tolist(), strict=True)
                yield np.concatenate([values[start : start + n] for start, n in spans])

    files[name] = arrays.write(store, name, np.uint64, int(begins[-1]), blocks())
    return [name], moved
