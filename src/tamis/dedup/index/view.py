"""All segments of an index as one numbered sequence of records, in the order in which they came.

A position numbers records of one view; a serial number stays with a record as long as the index
holds it. Both ascend together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa

from tamis.dedup.index.records import CONTENT
from tamis.dedup.index.segment import REMOVED, VERDICT, Segment

CHANGE = np.dtype([("serial", "<i8"), ("witness", "<i8"), ("similarity", "<f8")], align=True)


@dataclass
class View:
    """Segments, and the changes made to their verdicts since, oldest first."""

    segments: Sequence[Segment]
    changes: Sequence[np.ndarray] = ()

    @cached_property
    def first(self) -> np.ndarray:
        """The position of each segment's first record, and the number of all."""
        return np.cumsum([0, *map(len, self.segments)])

    def __len__(self) -> int:
        return int(self.first[-1])

    def with_segment(self, segment: Segment) -> View:
        """This view and one segment more."""
        return View([*self.segments, segment], self.changes)

    def with_changes(self, changes: np.ndarray) -> View:
        """This view with verdicts changed."""
        return View(self.segments, [*self.changes, changes])

    def records(self, positions: np.ndarray) -> np.ndarray:
        """The records at ascending positions; `set_file` counts the files of all segments."""
        base = np.cumsum([0, *(len(segment.sets) for segment in self.segments)])
        parts = [np.empty(0, self.segments[0].records.dtype)] if self.segments else []
        for segment, rows, number in self._parts(positions):
            found = segment.records[rows]
            found["set_file"][found["set_file"] >= 0] += np.int32(base[number])
            parts.append(found)
        return np.concatenate(parts)

    def sets(self, number: int) -> np.ndarray:
        """The sets in one of the files of all segments."""
        for segment in self.segments:
            if number < len(segment.sets):
                return segment.sets[number].values
            number -= len(segment.sets)
        raise IndexError(f"no file of sets {number}")

    def serials(self, positions: np.ndarray) -> np.ndarray:
        """The serial numbers of the records at some positions, in any order."""
        found = np.empty(len(positions), np.int64)
        order = np.argsort(positions, kind="stable")
        parts = [segment.serials[rows] for segment, rows, _ in self._parts(positions[order])]
        found[order] = np.concatenate([np.empty(0, np.int64), *parts])
        return found

    def ids(self, positions: np.ndarray) -> pa.Array:
        """The ids of the records at some positions, in any order."""
        order = np.argsort(positions, kind="stable")
        found = [segment.ids(rows) for segment, rows, _ in self._parts(positions[order])]
        if not found:
            return pa.array([], pa.large_string())
        back = np.empty(len(order), np.int64)
        back[order] = np.arange(len(order))
        joined = pa.concat_arrays(found)
        ordered = (order == np.arange(len(order))).all()
        return joined if ordered else joined.take(pa.array(back))

    def between(self, first: int, stop: int) -> np.ndarray:
        """The positions of the records with serial numbers from `first` up to `stop`."""
        found = [np.empty(0, np.int64)]
        for segment, start in zip(self.segments, self.first.tolist(), strict=False):
            found.append(start + np.arange(*np.searchsorted(segment.serials, [first, stop])))
        return np.concatenate(found)

    def positions(self, serials: np.ndarray) -> np.ndarray:
        """The positions of the records with these serial numbers, which are held, in any order."""
        largest = np.array([segment.largest for segment in self.segments], np.int64)
        which = np.searchsorted(np.maximum.accumulate(largest), serials)
        found = np.empty(len(serials), np.int64)
        for number in np.unique(which):
            here = which == number
            segment = self.segments[number]
            found[here] = self.first[number] + np.searchsorted(segment.serials, serials[here])
        return found

    def verdicts(self, positions: np.ndarray) -> np.ndarray:
        """The verdicts on the records at ascending positions, as they stand now."""
        parts = [segment.verdicts[rows] for segment, rows, _ in self._parts(positions)]
        found = np.concatenate([np.empty(0, VERDICT), *parts])
        serials = self.serials(positions) if self.changes else np.empty(0, np.int64)
        for changed in self.changes:
            have = np.ascontiguousarray(changed["serial"])
            at = np.searchsorted(have, serials)
            hit = at < len(have)
            hit[hit] = have[at[hit]] == serials[hit]
            for name in ("witness", "similarity"):
                found[name][hit] = changed[name][at[hit]]
        return found

    def alive(self, positions: np.ndarray) -> np.ndarray:
        """Those of the ascending positions whose records have not been taken out."""
        return positions[self.verdicts(positions)["witness"] != REMOVED]

    def lookup(self, table: int, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Which of the keys (ascending) are held at which positions, removed records included.

        Pairs of a place in `keys` and a position, ordered by place and position.
        """
        which, positions = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
        for segment, first in zip(self.segments, self.first.tolist(), strict=False):
            places, rows = segment.lookup(table, keys)
            which.append(places)
            positions.append(rows + first)
        places, found = np.concatenate(which), np.concatenate(positions)
        if len(self.segments) > 1:
            order = np.argsort(places, kind="stable")  # segments come in the order of positions
            places, found = places[order], found[order]
        return places, found

    def same_content(self, records: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Which records have the content of which others held: pairs of a row and a position."""
        rows = np.flatnonzero(records["valid"])
        low, back = np.unique(records["hash_lo"][rows], return_inverse=True)
        which, positions = self.lookup(CONTENT, low)
        if not len(which):
            return which, positions
        order = np.argsort(back, kind="stable")
        starts = np.searchsorted(back[order], np.arange(len(low) + 1))
        pair, mine = _pairs(starts, which, rows[order])
        positions = positions[pair]
        unique, again = np.unique(positions, return_inverse=True)
        same = self.records(unique)["hash_hi"][again] == records["hash_hi"][mine]
        return mine[same], positions[same]

    def addresses(self, records: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Where the sets of records lie in memory, and how large they are."""
        at, size = np.zeros(len(records), np.uint64), np.array(records["set_size"], np.int64)
        for number in np.unique(records["set_file"]).tolist():
            if number >= 0:
                here = records["set_file"] == number
                base = self.sets(number).__array_interface__["data"][0]
                at[here] = (base + 8 * records["set_at"][here]).astype(np.uint64)
        return at, size

    def _parts(self, positions: np.ndarray) -> Iterator[tuple[Segment, np.ndarray, int]]:
        """Of each segment that ascending positions lie in: the rows, and its number."""
        cuts = np.searchsorted(positions, self.first)
        for number, segment in enumerate(self.segments):
            rows = positions[cuts[number] : cuts[number + 1]] - self.first[number]
            if len(rows):
                yield segment, rows, number


def _pairs(
    starts: np.ndarray, which: np.ndarray, members: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Every pair (n, m) of an entry n and a member m of the group `which[n]`."""
    low, high = starts[which], starts[which + 1]
    sizes = high - low
    pair = np.repeat(np.arange(len(which)), sizes)
    ends = np.cumsum(sizes)
    places = np.repeat(low - (ends - sizes), sizes) + np.arange(ends[-1] if len(ends) else 0)
    return pair, members[places]
