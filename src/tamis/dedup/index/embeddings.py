"""Vectors as an index holds and compares them: all with all, exactly.

They lie where the sets of shingles of other kinds lie: in files that are mapped, float32, each
filled up to an even number of numbers. A record says where its vector is, and in `shingles` how
many numbers it has. Nothing is looked up: a delivery is compared with every vector that stays,
block by block, so it costs its size times theirs, and memory stays bounded.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from tamis.dedup.devices import arithmetic
from tamis.dedup.embeddings import Embeddings
from tamis.dedup.index.segment import REMOVED, STAYS
from tamis.dedup.index.standing import Witnesses
from tamis.dedup.index.view import View
from tamis.dedup.near import TIE, Search
from tamis.dedup.nearest import Nearest
from tamis.errors import DataError
from tamis.kernels.content import hash_texts
from tamis.vectors import GOOD, NULL, to_column, view

BYTES = 1 << 26  # of held vectors, read at a time


def told(sketch: pa.Table) -> pa.Table:
    """A sketch of vectors as records are made of it: without the vectors, with their hashes."""
    valid = np.asarray(sketch["state"]) == GOOD
    vectors = _float32(sketch)
    width = 4 * vectors.shape[1]
    low, high = np.empty((2, len(vectors)), np.uint64)
    offsets = np.arange(len(vectors) + 1, dtype=np.int64) * width
    hash_texts(vectors.reshape(-1).view(np.uint8), offsets, low, high)
    names = [name for name in ("id", "priority") if name in sketch.schema.names]
    made: dict[str, Any] = {name: sketch[name] for name in names}
    made |= {"valid": valid, "hash_lo": low, "hash_hi": high}
    return pa.table(made | {"shingles": np.where(valid, vectors.shape[1], 0)})


def placed(records: np.ndarray, sketch: pa.Table) -> np.ndarray:
    """The vectors of a sketch as one array of words; notes in the records where each begins."""
    rows = np.flatnonzero(records["valid"])
    vectors = _float32(sketch)[rows]
    words = -(-vectors.shape[1] // 2)
    records["set_at"][rows] = np.arange(len(rows)) * words
    records["set_size"][rows], records["set_file"][rows] = words, 0
    even = np.zeros((len(rows), 2 * words), np.float32)
    even[:, : vectors.shape[1]] = vectors
    return even.reshape(-1).view(np.uint64)


def sketch_of(view: View, records: np.ndarray, ids: pa.Array) -> pa.Table:
    """The sketch that records of a view were made of."""
    made: dict[str, Any] = {"id": ids}
    if "priority" in (records.dtype.names or ()):
        made["priority"] = np.ascontiguousarray(records["priority"])
    made["state"] = np.where(records["valid"], np.uint8(GOOD), np.uint8(NULL))
    return pa.table(made | {"embedding": to_column(_read(view, records))})


def near(found: View, records: np.ndarray, threshold: float) -> np.ndarray:
    """The positions, ascending, of held records that reach the threshold with some of these."""
    given = _of_records(found, records)
    hit = [np.empty(0, np.int64)]
    for positions, held in _blocks(found, None):
        nearest = Nearest(held, threshold - TIE, _products(given.count, len(found), given.width))
        nearest.show(given, np.arange(given.count))
        hit.append(positions[nearest.witness >= 0])
    return np.concatenate(hit)


def among_held(
    found: View, asked: Embeddings, threshold: float, stays: bool
) -> tuple[np.ndarray, np.ndarray]:
    """The nearest held record (a position, -1) of each vector, and the cosine.

    `stays`: of those that stay; else of all but those taken out.
    """
    products = _products(asked.count, len(found), asked.width)
    nearest = Nearest(asked, threshold - TIE, products)
    for positions, held in _blocks(found, stays):
        nearest.show(held, positions)
    return nearest.witness, np.where(nearest.witness >= 0, nearest.similarity, 0.0)


def settle(found: View, base: View, threshold: float) -> Witnesses:
    """What each new record gives way to, of those that stay: the nearest, of equals the first.

    `base` holds the new records alone; what is held stands before them.
    """
    rows = np.flatnonzero(base.segments[0].records["valid"])

    def vectors(places: np.ndarray) -> Embeddings:
        return _of_records(base, base.records(rows[places]))

    asked = vectors(np.arange(len(rows)))
    of_held, similarity = among_held(found, asked, threshold, True)
    met, left = np.flatnonzero(of_held >= 0), np.flatnonzero(of_held < 0)
    products = _products(len(left), len(rows), asked.width)
    everywhere, one = np.arange(len(left)), np.zeros((len(left), 1), np.int32)
    own = Search(vectors(left), everywhere, one, 1, threshold, threshold, products).run()
    gone = own.witness >= 0
    of_new = np.full(len(rows), -1)
    of_new[left[gone]], similarity[left[gone]] = left[own.witness[gone]], own.similarity[gone]
    # what a held record suppresses may be nearer to a new one before it that stays
    nearer = Nearest(vectors(met), threshold - TIE, products)
    nearer.similarity[:] = similarity[met]
    nearer.show(vectors(left[~gone]), left[~gone], above=met)
    better = met[nearer.witness >= 0]
    of_new[better], of_held[better] = nearer.witness[nearer.witness >= 0], -1
    similarity[met] = nearer.similarity
    made = Witnesses.none(len(base))
    made.held[rows], made.similarity[rows] = of_held, similarity
    made.new[rows] = np.where(of_new >= 0, rows[of_new], -1)
    return made


def _products(left: int, right: int, width: int) -> Any:
    return arithmetic(None, 2.0 * width * left * right)


def _blocks(found: View, stays: bool | None) -> Iterator[tuple[np.ndarray, Embeddings]]:
    """The held vectors, some at a time, with the positions of their records.

    `stays`: of records that stay; else of all but those taken out; None for all.
    """
    for segment, first in zip(found.segments, found.first.tolist(), strict=False):
        widest = int(segment.records["shingles"].max(initial=0))
        several = max(1, BYTES // (4 * max(widest, 1)))
        for start in range(0, len(segment), several):
            positions = first + np.arange(start, min(start + several, len(segment)))
            witness = found.verdicts(positions)["witness"]
            if stays is not None:
                positions = positions[witness == STAYS if stays else witness != REMOVED]
            records = found.records(positions)
            yield positions[records["valid"]], _of_records(found, records)


def _of_records(found: View, records: np.ndarray) -> Embeddings:
    """The vectors of those records that have one, numbered from 0."""
    records = records[records["valid"]]
    sketch = pa.table(
        {
            "state": np.full(len(records), GOOD, np.uint8),
            "embedding": to_column(_read(found, records)),
        }
    )
    return Embeddings([sketch], np.array([0, len(records)]))


def _read(found: View, records: np.ndarray) -> np.ndarray:
    """The vectors of records, float32[n, width]; zeros where there is none."""
    width = _alike(records["shingles"])
    values = np.zeros((len(records), width), np.float32)
    for number in np.unique(records["set_file"]).tolist():
        if number < 0:
            continue
        here = np.flatnonzero(records["set_file"] == number)
        words = -(-width // 2)
        whole = found.sets(number).view(np.float32).reshape(-1, 2 * words)
        values[here] = whole[records["set_at"][here] // words, :width]
    return values


def _alike(widths: np.ndarray) -> int:
    """The one width there is among vectors, of which 0 are none; 1 where all are."""
    kinds = np.unique(widths[widths > 0]).tolist()
    if len(kinds) > 1:
        one, other = kinds[:2]
        raise DataError(f"vectors of {one} numbers and of {other}; an index holds those of one")
    return int(kinds[0]) if kinds else 1


def _float32(sketch: pa.Table) -> np.ndarray:
    """The vectors of a sketch, zeros where there is none."""
    parts = [part.astype(np.float32, copy=False) for part in view(sketch["embedding"])]
    width = sketch.schema.field("embedding").type.list_size
    whole = np.concatenate(parts) if parts else np.empty((0, width), np.float32)
    return np.ascontiguousarray(whole)
