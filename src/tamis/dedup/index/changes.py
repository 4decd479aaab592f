"""What an addition or a removal does to an index, worked out on one version of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from tamis.dedup.index import components, embeddings, standing
from tamis.dedup.index.delivery import Written
from tamis.dedup.index.ledger import State
from tamis.dedup.index.records import ID, hashes
from tamis.dedup.index.segment import REMOVED, STAYS, Segment
from tamis.dedup.index.view import CHANGE, View
from tamis.errors import DataError


def added(
    view: View, state: State, segments: Sequence[Written], step: Any, source: str,
    asking: bool = False,
) -> tuple[View, np.ndarray]:  # fmt: skip
    """The view with segments added and settled, and the serial numbers that may have changed.

    Raises `DataError` for an id that is held already, unless only `asking`, or stands twice among
    the new.
    """
    touched = [np.empty(0, np.int64)]
    serial = state.next
    for written in segments:
        segment = numbered(written.segment, serial)
        _check_ids(view, segment, state, source, asking)
        serial += len(segment)
        if step.keep == "first":
            view = view.with_segment(_stood(view, segment, step))
            continue
        start = len(view)
        view = view.with_segment(segment)
        known = np.arange(start, len(view))
        if start:  # else there is nothing that they could meet
            known = components.closed(view, known, step)
        changes = components.changed(view, components.settled(view, known, step))
        touched.append(changes["serial"])
        view = view.with_changes(changes)
    return view, np.unique(np.concatenate(touched))


def removed(view: View, positions: np.ndarray, step: Any) -> np.ndarray:
    """The changes (an array of `CHANGE`, by serial number) that taking records out makes."""
    gone = np.zeros(len(positions), CHANGE)
    gone["serial"], gone["witness"] = view.serials(positions), REMOVED
    known = components.closed(view, _mattering(view, positions), step)
    left = np.setdiff1d(known, positions, assume_unique=True)
    if not len(left):
        return gone
    changes = components.changed(view, components.settled(view, left, step))
    joined = np.concatenate([gone, changes])
    return joined[np.argsort(joined["serial"], kind="stable")]


def numbered(segment: Segment, first: int) -> Segment:
    """A fresh segment with serial numbers from `first`, and every record staying for now."""
    verdicts = np.zeros_like(segment.verdicts)
    verdicts["witness"] = STAYS
    serials = first + np.arange(len(segment))
    return dataclasses.replace(segment, serials=serials, verdicts=verdicts)


def by_id(view: View, ids: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """Which of the ids are held by which records not taken out: pairs of a row and a position."""
    found = hashes(ids)
    order = np.argsort(found, kind="stable")
    which, positions = view.lookup(ID, found[order])
    rows = order[which]
    sort = np.argsort(positions, kind="stable")
    rows, positions = rows[sort], positions[sort]
    same = np.asarray(view.ids(positions).to_numpy(zero_copy_only=False)) == np.asarray(
        ids.take(pa.array(rows)).to_numpy(zero_copy_only=False)
    )
    same &= view.verdicts(positions)["witness"] != REMOVED
    return rows[same], positions[same]


def place(state: State, serial: int) -> str:
    """Where a record came from, in words."""
    for delivery in state.deliveries:
        if delivery["first"] <= serial < delivery["first"] + delivery["rows"]:
            return f"row {serial - delivery['first']:,} of source {delivery['source']!r}"
    raise DataError(f"no delivery brought record {serial}")


def _stood(view: View, segment: Segment, step: Any) -> Segment:
    """A segment with its verdicts, where what is held stands before it."""
    base = View([segment])

    def sets(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return base.addresses(base.records(rows))

    if step.kind == "semantic":
        found = embeddings.settle(view, base, step.threshold)
    else:
        found = standing.compare(
            view, segment.records, sets, measure=standing.Measure.of(step), among=True
        )
    verdicts = segment.verdicts.copy()
    of_held, of_new = np.flatnonzero(found.held >= 0), np.flatnonzero(found.new >= 0)
    verdicts["witness"][of_held] = view.serials(found.held[of_held])
    verdicts["witness"][of_new] = segment.serials[found.new[of_new]]
    verdicts["similarity"] = found.similarity
    return dataclasses.replace(segment, verdicts=verdicts)


def verified(step: Any) -> bool:
    """Whether similarities are exact, and not estimated from signatures."""
    return bool(getattr(step, "verify", True))


def _mattering(view: View, positions: np.ndarray) -> np.ndarray:
    """Those of the records to be taken out without which another verdict could be different.

    Records that stay, and those whose content another record has: with the best of its copies a
    content loses its place in the order.
    """
    stays = view.verdicts(positions)["witness"] == STAYS
    suppressed = positions[~stays]
    rows, same = view.same_content(view.records(suppressed)) if len(suppressed) else ([], [])
    copied = np.unique(np.asarray(rows, np.int64)[suppressed[rows] != same])
    return np.sort(np.concatenate([positions[stays], suppressed[copied]]))


def _check_ids(view: View, segment: Segment, state: State, source: str, asking: bool) -> None:
    """Raise `DataError` where an id of new records is held already or stands twice among them."""
    ids = segment.ids(np.arange(len(segment)))
    own = View([segment])
    rows, positions = by_id(own, ids)
    again = rows < positions
    if again.any():
        pair = (rows[again][0], positions[again][0])
        _twice(ids[int(pair[0])], int(again.sum()), *(
            f"row {segment.serials[row] - state.next:,} of this delivery ({source!r})"
            for row in pair
        ))  # fmt: skip
    rows, positions = by_id(view, ids)
    if asking and len(rows):
        new = view.serials(positions) >= state.next
        rows, positions = rows[new], positions[new]
    if len(rows):
        at = int(np.argmin(rows))
        before = int(view.serials(positions[at : at + 1])[0])
        mine = segment.serials[rows[at]] - state.next
        here = f"row {mine:,} of this delivery ({source!r})"
        if before >= state.next:
            there = f"row {before - state.next:,} of this delivery"
        else:
            there = place(state, before)
        _twice(ids[int(rows[at])], len(rows), there, here)


class TwiceError(DataError):
    """An id that stands twice."""

    def __init__(self, message: str, id: str) -> None:
        super().__init__(message)
        self.id = id


def _twice(name: Any, count: int, one: str, other: str) -> None:
    raise TwiceError(
        f"the id {name.as_py()!r} stands twice: {one}, and {other} ({count:,} such ids); ids must "
        "be unique in an index: remove the earlier record first, or give the new one another id",
        name.as_py(),
    )
