"""New records beside those an index holds, where what is held stands before what is new.

Nothing held can then change: a new record is compared with the held records that stay in its own
buckets, the first few of each, and (unless only asked about) with the new ones before it that stay.
So a delivery costs what it touches, however large the components are that it falls into.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from tamis.dedup.candidates import WITNESSES
from tamis.dedup.index import hashes
from tamis.dedup.index.records import BANDS, bands
from tamis.dedup.index.segment import REMOVED, STAYS
from tamis.dedup.index.view import View
from tamis.dedup.shared import nothing
from tamis.kernels.links import first_equal
from tamis.kernels.survivors import settle

Sets = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
"""Of some rows: where their sorted sets of shingles lie in memory, and their sizes."""


class Witnesses(NamedTuple):
    """For each new record the one it gives way to; both -1 where it stays."""

    held: np.ndarray  # int64: its position in the view
    new: np.ndarray  # int64: its row among the new records
    similarity: np.ndarray

    @classmethod
    def none(cls, count: int) -> Witnesses:
        """Of so many records, all of which stay."""
        return cls(np.full(count, -1), np.full(count, -1), np.zeros(count, np.float64))


class _Buckets(NamedTuple):
    """Who shares a key of a band with a new record."""

    held: np.ndarray  # int64, ascending: positions of the held records that are compared with
    matrix: np.ndarray  # int32[held and new, bands]
    starts: np.ndarray


class Measure(NamedTuple):
    """How a step compares: from which similarity, exactly or not, and by containment or Jaccard."""

    threshold: float
    verify: bool
    contained: bool
    radius: int | None = None  # of hashes

    @classmethod
    def of(cls, step: Any) -> Measure:
        """What the step says; equality is similarity 1."""
        return cls(
            float(getattr(step, "threshold", 1.0)),
            bool(getattr(step, "verify", True)),
            getattr(step, "measure", "jaccard") == "containment",
            getattr(step, "radius", None),
        )


def compare(view: View, new: np.ndarray, sets: Sets, *, measure: Measure, among: bool) -> Witnesses:
    """Find for each new record a held one to which it gives way, or a new one before it.

    `among=False` asks what of the new is in the index: new records are not compared with one
    another, and records that were suppressed in the index count as those that stay do.
    """
    found = Witnesses.none(len(new))
    if not len(new):
        return found
    first = np.empty(len(new), np.int32)
    table = np.empty(1 << (2 * len(new) + 1).bit_length(), np.int32)
    fields = (np.ascontiguousarray(new[name]) for name in ("hash_lo", "hash_hi", "valid"))
    first_equal(*fields, table, first)
    heads = np.flatnonzero((first == np.arange(len(new))) & new["valid"])
    heads = heads[~_of_equal_content(view, new, heads, found, among)]
    if measure.radius is not None and len(heads):
        parts = hashes.settle(view, new, heads, measure.radius, among)
        for column, part in zip(found, parts, strict=True):
            column[heads] = part
    elif bands(new.dtype) and len(heads):
        heads = heads[new["shingles"][heads] > 0]
        _of_similar_content(view, new, heads, sets, found, measure, among)
    copies = np.flatnonzero(new["valid"] & (first != np.arange(len(new))))
    origin = first[copies].astype(np.int64)
    for column in found:
        column[copies] = column[origin]
    if among:
        stays = (found.held[origin] < 0) & (found.new[origin] < 0)
        found.new[copies[stays]] = origin[stays]
        found.similarity[copies[stays]] = 1.0
    return found


def _of_equal_content(
    view: View, new: np.ndarray, heads: np.ndarray, found: Witnesses, among: bool
) -> np.ndarray:
    """Which of the heads have the content of a held record; notes what they give way to."""
    rows, positions = view.same_content(new[heads])
    places = np.unique(positions)
    verdicts = view.verdicts(places)
    witness = verdicts["witness"]
    living = witness[np.searchsorted(places, positions)] != REMOVED
    rows, positions = rows[living], positions[living]
    order = np.lexsort((positions, rows))
    known, lowest = np.unique(rows[order], return_index=True)
    positions = positions[order][lowest]
    at = np.searchsorted(places, positions)
    similarity = np.ones(len(known))
    if among:  # as the record of this content did
        gone = witness[at] >= 0
        positions[gone] = view.positions(witness[at][gone])
        similarity[gone] = verdicts["similarity"][at][gone]
    found.held[heads[known]] = positions
    found.similarity[heads[known]] = similarity
    hit = np.zeros(len(heads), np.bool_)
    hit[known] = True
    return hit


def _of_similar_content(
    view: View, new: np.ndarray, heads: np.ndarray, sets: Sets, found: Witnesses,
    measure: Measure, among: bool,
) -> None:  # fmt: skip
    """Compare heads with those that stay in their buckets."""
    met = _buckets(view, new["keys"][heads], among)
    asked = np.flatnonzero((met.matrix[len(met.held) :] >= 0).any(axis=1))
    if not len(asked):
        return
    matrix = np.concatenate([met.matrix[: len(met.held)], met.matrix[len(met.held) + asked]])
    held = view.records(met.held) if len(met.held) else new[:0]
    addresses, sizes = np.empty(0, np.uint64), np.empty(0, np.int64)
    signatures = np.empty((len(matrix), 0), np.uint8)
    if measure.verify:
        pairs = zip(view.addresses(held), sets(heads[asked]), strict=True)
        addresses, sizes = (np.concatenate(pair) for pair in pairs)
    else:
        signatures = np.concatenate([held["signature"], new["signature"][heads[asked]]])
    witness = np.full(len(matrix), -1, np.int32)
    similarity = np.zeros(len(matrix), np.float64)
    settle(
        matrix, met.starts, addresses, sizes, signatures, measure.threshold, witness, similarity,
        measure.contained, len(met.held), nothing(),
    )  # fmt: skip
    witness, similarity = witness[len(met.held) :], similarity[len(met.held) :]
    gone = np.flatnonzero(witness >= 0)
    of_held = gone[witness[gone] < len(met.held)]
    found.held[heads[asked[of_held]]] = met.held[witness[of_held]]
    of_new = gone[witness[gone] >= len(met.held)]
    found.new[heads[asked[of_new]]] = heads[asked[witness[of_new] - len(met.held)]]
    found.similarity[heads[asked[gone]]] = similarity[gone]


def _buckets(view: View, keys: np.ndarray, among: bool) -> _Buckets:
    """The buckets of new records (uint64[records, bands]) with the held records in them."""
    count = keys.shape[1]
    members, columns, sizes = [], [], []
    for band in range(count):
        unique, column, mine = np.unique(keys[:, band], return_inverse=True, return_counts=True)
        which, positions = _compared(view, BANDS + band, unique, among)
        theirs = np.bincount(which, minlength=len(unique))
        if among:
            room = np.where(mine + theirs > 1, np.minimum(mine + theirs, WITNESSES), 0)
        else:  # with room for the held only, no new one is ever noted
            room = theirs
        members.append((which, positions))
        columns.append(column)
        sizes.append(room)
    held = np.unique(np.concatenate([positions for _, positions in members]))
    matrix = np.full((len(held) + len(keys), count), -1, np.int32)
    start, rooms = 0, []
    for band, ((which, positions), column, room) in enumerate(
        zip(members, columns, sizes, strict=True)
    ):
        number = np.full(len(room), -1, np.int64)
        used = np.flatnonzero(room)
        number[used] = start + np.arange(len(used))
        matrix[len(held) :, band] = number[column]
        matrix[np.searchsorted(held, positions), band] = number[which]
        rooms.append(room[used])
        start += len(used)
    starts = np.cumsum(np.concatenate([[0], *rooms]).astype(np.int64))
    return _Buckets(held, matrix, starts)


def _compared(
    view: View, table: int, keys: np.ndarray, among: bool
) -> tuple[np.ndarray, np.ndarray]:
    """The held records in each key's bucket that new ones are compared with."""
    which, positions = view.lookup(table, keys)
    places, back = np.unique(positions, return_inverse=True)
    witness = view.verdicts(places)["witness"][back]
    stays = _first(which, positions, witness == STAYS)
    if among:
        return stays
    gone = _first(which, positions, witness >= 0)
    which, positions = (np.concatenate(pair) for pair in zip(stays, gone, strict=True))
    order = np.lexsort((positions, which))
    return which[order], positions[order]


def _first(
    which: np.ndarray, positions: np.ndarray, chosen: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The first few of the chosen in each bucket; `which` ascends."""
    which, positions = which[chosen], positions[chosen]
    rank = np.arange(len(which)) - np.searchsorted(which, which)
    few = rank < WITNESSES
    return which[few], positions[few]
