"""Verdicts of a finished run as measures of rows of another level: a filter passes them on."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tamis.interleaved.documents import Documents
from tamis.levels import verdicts
from tamis.levels.spans import Spans, covered, overlapping, spans
from tamis.op import measure

_MOST = float("inf")


def _why_parent(values: pd.Series, parent_id: pd.Series, *, run: str) -> list[str | None]:
    return [
        "parent.none: parent_id is null" if pd.isna(name) else f"parent.{why}"
        for name, why in zip(parent_id, _record_told(values, parent_id, run), strict=True)
    ]


def _why_record(values: pd.Series, id: pd.Series, *, run: str) -> list[str | None]:
    return [f"record.{why}" for why in _record_told(values, id, run)]


def _why_children(values: pd.Series, id: pd.Series, *, run: str) -> list[str | None]:
    found = verdicts.families(run)
    told: list[str | None] = []
    for at in verdicts.places(found.names, id).tolist():
        total, left = (0, 0) if at < 0 else (int(found.total[at]), int(found.left[at]))
        if not total:
            told.append("children.none: there are none")
        elif not left:
            told.append(f"children.none: none of {total} is left ({found.told(at)})")
        else:
            went = f" ({found.told(at)})" if left < total else ""
            told.append(f"children.left: {left} of {total}{went}")
    return told


def _why_overlap(
    values: pd.Series,
    parent_id: pd.Series,
    start: pd.Series | None,
    end: pd.Series | None,
    *,
    run: str,
) -> list[str | None]:
    found = verdicts.times(run)
    one, other = _beside(parent_id, start, end, found)
    mine, theirs = overlapping(one, other)
    steps: dict[int, dict[str, None]] = {}
    for row, span in zip(mine.tolist(), theirs.tolist(), strict=True):
        steps.setdefault(row, {})[found.steps[found.by[span]]] = None
    told: list[str | None] = []
    for row, value in enumerate(values):
        if pd.isna(value):
            told.append("overlap.none: it has no parent, or no length")
        elif row not in steps:
            told.append("overlap.free: nothing of its time was dropped")
        else:
            share = f"{100 * value:.0f} % of its time"
            told.append(f"overlap.dropped: {share} ({', '.join(steps[row])})")
    return told


@measure(dtype="boolean", why=_why_parent)
def parent_kept(parent_id: pd.Series, *, run: str) -> pd.Series:
    """Whether a finished run kept the record that this row came from.

    `run` is the folder of the run. A parent that was cut there was kept if something of it was.
    Null where the run does not know it, or where the row names no parent. As a filter,
    `Filter(levels.parent_kept, run="out", isin=[True])`, it drops children with their parents.
    """
    return _kept(parent_id, run)


@measure(dtype="boolean", why=_why_record)
def record_kept(id: pd.Series, *, run: str) -> pd.Series:
    """Whether a finished run kept the record of the same id: a clip's transcript, a page's image.

    `run` is the folder of the run. A record that was cut there was kept if something of it was.
    Null where the run does not know it.
    """
    return _kept(id, run)


@measure(dtype="Int64", range=(0, _MOST), why=_why_children)
def children_left(id: pd.Series, *, run: str) -> pd.Series:
    """How many rows a finished run kept whose `parent_id` is this row's id.

    `run` is the folder of the run. 0 where it had none. As a filter,
    `Filter(levels.children_left, run="out", min=1)`, it drops parents of whom nothing is left.
    """
    found = verdicts.families(run)
    at = verdicts.places(found.names, id)
    left = np.where(at >= 0, found.left[at], 0) if found.left.size else np.zeros(len(at))
    return pd.Series(left, id.index).astype("Int64").mask(id.isna())


@measure(dtype="float64", range=(0, 1), why=_why_children)
def children_share(id: pd.Series, *, run: str) -> pd.Series:
    """Which share a finished run kept of the rows whose `parent_id` is this row's id.

    `run` is the folder of the run. Null where it had none. With a bound of `min=1` a parent goes
    when any of its children has gone; with `on="parent_id"` siblings go together.
    """
    found = verdicts.families(run)
    at = verdicts.places(found.names, id)
    share = found.left / np.maximum(found.total, 1)
    values = np.where(at >= 0, share[at], np.nan) if share.size else np.full(len(at), np.nan)
    return pd.Series(values, id.index)


@measure(dtype="float64", range=(0, 1), why=_why_overlap)
def dropped_overlap(
    parent_id: pd.Series, start: pd.Series | None = None, end: pd.Series | None = None, *, run: str
) -> np.ndarray:
    """Which share of a row's time rows of the same parent cover that a finished run dropped.

    Both have `parent_id`, `start` and `end`: the sentences and the clips of a video. What two cover
    counts once; a null start is 0, a null end without bound. Null where the row has no parent or no
    length that could be told.
    """
    one, other = _beside(parent_id, start, end, verdicts.times(run))
    seconds = covered(one, other, overlapping(one, other))
    known = parent_id.notna().to_numpy() & np.isfinite(one.end)
    length = np.where(known, one.end - one.start, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(length > 0, np.minimum(seconds / length, 1.0), np.nan)


@measure(dtype="Int64", range=(0, _MOST), whole="parent_id")
def siblings_left(document_of: Documents) -> np.ndarray:
    """How many rows of the same `parent_id` are there that no step before has dropped, with this.

    Null for a row without a parent.

    >>> siblings_left(["a", "a", "b", None]).tolist()
    [2, 2, 1, <NA>]
    """
    return document_of.sums(np.ones(len(document_of.number)))


def _kept(names: pd.Series, run: str) -> pd.Series:
    """Whether records are kept, or have children that are."""
    records, families = verdicts.records(run), verdicts.families(run, must=False)
    kept = np.full(len(names), None, object)
    own = verdicts.places(records.names, names)
    of = verdicts.places(families.names, names)
    for at, known, good in ((of, families.names, families.left > 0),
                            (own, records.names, records.by == verdicts.KEPT)):  # fmt: skip
        rows = np.flatnonzero(at >= 0)
        if known.size:
            kept[rows] = good[at[rows]]
    return pd.Series(pd.array(kept, "boolean"), names.index)


def _record_told(values: pd.Series, names: pd.Series, run: str) -> list[str]:
    """What is told of records, without who they are to the row."""
    records, families = verdicts.records(run), verdicts.families(run, must=False)
    own = verdicts.places(records.names, names)
    of = verdicts.places(families.names, names)
    told = []
    for name, mine, theirs in zip(names, own.tolist(), of.tolist(), strict=True):
        if mine >= 0 and records.by[mine] != verdicts.KEPT:
            told.append(f"dropped: {name} went by {records.steps[records.by[mine]]}")
        elif mine < 0 <= theirs and not families.left[theirs]:
            total, steps = families.total[theirs], families.told(theirs)
            told.append(f"dropped: none of {total} is left that {name} was cut into ({steps})")
        elif mine < 0 and theirs < 0:
            told.append(f"unknown: the run has no record {name}")
        else:
            told.append(f"kept: {name} is kept")
    return told


def _beside(
    parent_id: pd.Series, start: pd.Series | None, end: pd.Series | None, found: verdicts.Times
) -> tuple[Spans, Spans]:
    """The rows' own spans and those that the run dropped, with parents numbered alike."""
    names, known = np.unique(found.parents, return_inverse=True)
    own = verdicts.places(names, parent_id)
    given = {"start": start, "end": end}
    rows = pd.DataFrame({k: v for k, v in given.items() if v is not None}, index=parent_id.index)
    return spans(own, rows), spans(known, found.rows)
