"""What stands twice, and which of it goes: grouped by keys, then settled in the order of records.

Keys are read range by range, so that grouping needs memory for one range and for what was found.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tamis.dedup import verdicts
from tamis.dedup.survivors import ranks
from tamis.kernels import backing
from tamis.kernels.links import first_equal

CHUNK = 8_000_000  # keys compared at a time, about
ACTIONS = {"unit": backing.CUT, "record": backing.DROP, "score": backing.SCORE}
"""What can be done about duplicated units: cut them, drop the record, only give their share."""
SCHEMA = verdicts.SCHEMA.append(pa.field("cut", pa.large_list(pa.int32())))
"""Verdicts that may cut: `cut` holds runs of units (first, and the one after the last)."""
Keys = Callable[[int], tuple[np.ndarray, np.ndarray]]


class Groups(NamedTuple):
    """Members of groups of equal keys: where they stand, ascending, and their groups."""

    positions: np.ndarray
    groups: np.ndarray
    number: int


class Rules(NamedTuple):
    """What `backing.settle` goes by."""

    action: int
    within: bool
    min_left: int
    threshold: float


class Settled(NamedTuple):
    """Rows with members, ascending, and what was decided on them; units that are duplicated.

    `shared` is in characters, `witness` a row or -1.
    """

    rows: np.ndarray
    gone: np.ndarray
    shared: np.ndarray
    witness: np.ndarray
    units: np.ndarray


@dataclass(frozen=True, eq=False)
class Decided:
    """A proposal that is already decided: the verdicts, and no evidence wanted."""

    offsets: np.ndarray
    evidence: tuple[np.ndarray, ...]
    verdicts: pa.Table


class Records:
    """The records behind the sketches of all partitions, given in the order of their rows."""

    def __init__(self, sketches: Sequence[pa.Table]) -> None:
        self.sketches = sketches
        self.offsets = np.cumsum([0, *(sketch.num_rows for sketch in sketches)])

    def column(self, name: str) -> np.ndarray:
        """A column of all records."""
        parts = [sketch[name].to_numpy() for sketch in self.sketches]
        return np.concatenate(parts) if parts else np.empty(0)

    def ids(self, rows: np.ndarray) -> pa.ChunkedArray:
        """The ids of some rows, in the order asked for."""
        order = np.argsort(rows, kind="stable")
        cuts = np.searchsorted(rows[order], self.offsets)
        parts = [
            sketch["id"].take(pa.array(rows[order[a:b]] - first)).combine_chunks()
            for sketch, first, a, b in zip(
                self.sketches, self.offsets.tolist(), cuts[:-1], cuts[1:], strict=False
            )
            if b > a
        ]
        chunks = [c for p in parts for c in (p.chunks if isinstance(p, pa.ChunkedArray) else [p])]
        found = pa.chunked_array([pa.concat_arrays(chunks)] if chunks else [], pa.large_string())
        back = np.empty(len(rows), np.int64)
        back[order] = np.arange(len(rows))
        return found.take(pa.array(back))

    def places(self, rows: np.ndarray) -> np.ndarray:
        """The place of each of some rows in the order of survivors."""
        priorities = None
        if self.sketches and "priority" in self.sketches[0].schema.names:
            priorities = self.column("priority")[rows]
            return ranks(rows, priorities, self.ids(rows))
        return ranks(rows, None, pa.chunked_array([], pa.large_string()))


def grouped(keys: Keys, counts: Sequence[int], least: int = 2) -> Groups:
    """Groups of at least `least` equal keys.

    `keys(k)` gives the 128-bit keys of partition k as two arrays, of which there are `counts[k]`;
    a key of 0 is in no group.
    """
    total = sum(counts)
    ranges = max(1, -(-total // CHUNK))
    width, found, number = 2**64 // ranges, [], 0
    for which in range(ranges):
        end = (which + 1) * width if which + 1 < ranges else 2**64
        places, low, high = _between(keys, counts, which * width, end - 1)
        table = np.empty(1 << (2 * len(low) + 1).bit_length(), np.int32)
        valid, first = np.ones(len(low), np.bool_), np.empty(len(low), np.int32)
        first_equal(low, high, valid, table, first)
        group = np.empty(len(low), np.int64)
        number = backing.number_groups(first, valid, max(2, least), number, group)
        member = group >= 0
        found.append((places[member], group[member]))
    positions = np.concatenate([pair[0] for pair in found])
    groups = np.concatenate([pair[1] for pair in found])
    if ranges > 1:
        order = np.argsort(positions, kind="stable")
        positions, groups = positions[order], groups[order]
    return Groups(positions, groups, number)


def _between(keys: Keys, counts: Sequence[int], least: int, most: int) -> tuple[np.ndarray, ...]:
    """Position and key of those keys whose lower half lies in a range."""
    parts, first = [(np.empty(0, np.int64), *np.empty((2, 0), np.uint64))], 0
    for which, count in enumerate(counts):
        if count:
            low, high = keys(which)
            at = np.empty(count + 1, np.int64)
            at = at[: backing.within_range(low, high, np.uint64(least), np.uint64(most), at)]
            parts.append((at + first, low[at], high[at]))
        first += count
    return tuple(np.concatenate(column) for column in zip(*parts, strict=True))


def settle(
    found: Groups,
    length: int,
    offsets: np.ndarray,
    sizes: Callable[[np.ndarray], np.ndarray],
    records: Records,
    totals: np.ndarray,
    before: np.ndarray,
    rules: Rules,
) -> Settled:
    """Decide on all records that hold a member of a group.

    A member takes `length` units. `offsets` are the first units of each record (row), and the end;
    `sizes` gives the characters of some units, `totals` and `before` those of each row and how many
    it has lost.
    """
    positions = found.positions
    if not len(positions):
        nothing = np.empty(0, np.int64)
        return Settled(nothing, np.empty(0, bool), nothing, nothing, nothing)
    rows = np.searchsorted(offsets, positions, side="right") - 1
    touched, starts = np.unique(rows, return_index=True)
    starts = np.append(starts, len(rows))
    owner = np.repeat(np.arange(len(touched)), np.diff(starts))
    ahead = np.append(np.minimum(np.diff(positions), length), length)
    at = np.cumsum(ahead) - ahead
    units = np.arange(int(ahead.sum())) + np.repeat(positions - at, ahead)
    place = records.places(touched)
    gone, cut = np.zeros(len(touched), bool), np.zeros(len(units), bool)
    shared, witness = np.zeros(len(touched), np.int64), np.full(len(touched), -1, np.int64)
    seen = np.full(found.number, -1, np.int64)
    backing.settle(
        np.argsort(place), starts, found.groups, at, owner, place, length, sizes(units),
        totals[touched], before[touched], tuple(rules), seen, cut, gone, shared, witness,
    )  # fmt: skip
    named = witness >= 0
    witness[named] = touched[witness[named]]
    return Settled(touched, gone, shared, witness, units[cut])


class Losses:
    """What every row lost, whether it is gone, and the row that most of it stands in; by `totals`.

    All in characters.
    """

    def __init__(self, records: Records, totals: np.ndarray) -> None:
        self.records, self.totals = records, totals
        self.lost, self.gone = np.zeros(len(totals), np.int64), np.zeros(len(totals), bool)
        self.witness = np.full(len(totals), -1, np.int64)
        self.cuts: list[tuple[np.ndarray, np.ndarray]] = []

    def add(self, settled: Settled) -> None:
        """Take in what was decided."""
        new = self.witness[settled.rows] < 0
        self.witness[settled.rows[new]] = settled.witness[new]
        self.lost[settled.rows] += settled.shared
        self.gone[settled.rows] |= settled.gone

    def cut(self, partition: int, rows: np.ndarray, units: np.ndarray) -> None:
        """Note units (counted in their record) that are to be cut out of rows of a partition."""
        self.cuts.append((rows + self.records.offsets[partition], units))

    def verdicts(self) -> pa.Table:
        """The verdicts on the rows that lost anything; in the metadata, how many characters."""
        rows = np.flatnonzero(self.lost)
        of, units = joined([pair[0] for pair in self.cuts]), joined([pair[1] for pair in self.cuts])
        staying = ~self.gone[of]
        of, units = of[staying], units[staying]
        if ((np.diff(of) < 0) | ((np.diff(of) == 0) & (np.diff(units) < 0))).any():
            order = np.lexsort((units, of))
            of, units = of[order], units[order]
        runs, offsets = _runs(rows, of, units)
        ids = self.records.ids(rows)
        named = np.flatnonzero(self.witness[rows] >= 0)
        at = np.full(len(rows), -1)
        at[named] = np.arange(len(named))
        others = self.records.ids(self.witness[rows[named]]).take(pa.array(at, mask=at < 0))
        made: dict[str, Any] = {
            "row": pa.array(rows, pa.int64()),
            "id": ids,
            "cluster": pc.coalesce(others, ids),
            "keep": pa.array(~self.gone[rows]),
            "duplicate_of": others,
            "similarity": pa.array(self.lost[rows] / self.totals[rows], pa.float64()),
            "cut": pa.LargeListArray.from_arrays(pa.array(offsets), pa.array(runs, pa.int32())),
        }
        cut = self.lost[rows][~self.gone[rows]].sum() if len(of) else 0
        noted = {
            "characters": str(self.totals.sum()),
            "characters_duplicated": str(self.lost.sum()),
            "characters_cut": str(cut),
        }
        return pa.table(made, schema=SCHEMA).replace_schema_metadata(noted)


def joined(parts: Sequence[np.ndarray]) -> np.ndarray:
    """Arrays of int64 one after another."""
    return np.concatenate([np.empty(0, np.int64), *parts])


def _runs(rows: np.ndarray, of: np.ndarray, units: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Units in runs (first, one after the last), one after another, and where each row's begin."""
    begins = np.ones(len(units), bool)
    begins[1:] = (np.diff(of) != 0) | (np.diff(units) != 1)
    first = np.flatnonzero(begins)
    last = np.append(first[1:], len(units)) - 1 if len(first) else first
    runs = np.stack([units[first], units[last] + 1], axis=1).reshape(-1)
    return runs, 2 * np.append(np.searchsorted(of[first], rows), len(first))
