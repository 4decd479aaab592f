"""Spans that have time in common, found by sorting: never every span beside every other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

_MOST = 1 << 22  # candidates that are looked at together


class Spans(NamedTuple):
    """From `start` to `end` (float64) of what `group` numbers; a group below 0 is none."""

    group: np.ndarray
    start: np.ndarray
    end: np.ndarray


def spans(group: np.ndarray, frame: pd.DataFrame) -> Spans:
    """The spans of rows by their `start` and `end`: a null start is 0, a null end has no bound."""
    ends = {"start": 0.0, "end": np.inf}
    start, end = (
        frame[name].to_numpy(np.float64, na_value=np.nan)
        if name in frame.columns
        else np.full(len(frame), np.nan)
        for name in ends
    )
    start, end = (np.where(np.isnan(x), ends[n], x) for n, x in (("start", start), ("end", end)))
    return Spans(np.asarray(group, np.int64), start, end)


def overlapping(one: Spans, other: Spans) -> tuple[np.ndarray, np.ndarray]:
    """Positions of spans of a group that overlap: those of `one`, and of `other` with each.

    In the order of `one`; for each of these by `start`, then `end`, then position in `other`. Spans
    that only touch do not overlap, nor do spans of no length.
    """
    usable = np.flatnonzero((other.group >= 0) & (other.start < other.end))
    order = np.lexsort((other.end[usable], other.start[usable], other.group[usable]))
    order = usable[order]
    group, start, end = (values[order] for values in other)
    reach = pd.Series(end).groupby(group).cummax().to_numpy()
    first = _below(group, reach, one.group, one.start, ties=True)
    last = _below(group, start, one.group, one.end, ties=False)
    asks = (one.group >= 0) & (one.start < one.end)
    count = np.where(asks, np.maximum(last - first, 0), 0)
    pairs = [
        _pairs(rows, first[rows], count[rows], one, end) for rows in _batches(count)
    ]  # fmt: skip
    mine = np.concatenate([np.empty(0, np.int64), *(pair[0] for pair in pairs)])
    theirs = np.concatenate([np.empty(0, np.int64), *(pair[1] for pair in pairs)])
    return mine, order[theirs]


def shared(one: Spans, other: Spans, pairs: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """How long the spans of each pair overlap; infinite where neither ends."""
    mine, theirs = pairs
    end = np.minimum(one.end[mine], other.end[theirs])
    return np.asarray(end - np.maximum(one.start[mine], other.start[theirs]), np.float64)


def covered(one: Spans, other: Spans, pairs: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """How much of each span of `one` those of `other` cover together; what two cover counts once.

    `pairs` are those of `overlapping`, so in the order of starts.
    """
    mine, theirs = pairs
    start = np.maximum(one.start[mine], other.start[theirs])
    end = np.minimum(one.end[mine], other.end[theirs])
    before = pd.Series(end).groupby(mine).cummax().groupby(mine).shift().to_numpy()
    fresh = np.maximum(end - np.fmax(start, before), 0.0)
    return np.bincount(mine, weights=fresh, minlength=len(one.group))


def _below(
    group: np.ndarray, value: np.ndarray, groups: np.ndarray, values: np.ndarray, ties: bool
) -> np.ndarray:
    """How many of the sorted (group, value) stand before each of the others; with equal ones."""
    size, count = len(group), len(groups)
    asked = np.r_[np.full(size, not ties), np.full(count, ties)]
    order = np.lexsort((asked, np.r_[value, values], np.r_[group, groups]))
    counts = np.cumsum(order < size)
    found = np.empty(count, np.int64)
    asks = order >= size
    found[order[asks] - size] = counts[asks]
    return found


def _batches(count: np.ndarray) -> Iterator[np.ndarray]:
    """The rows that have candidates, as many at a time as fit."""
    rows = np.flatnonzero(count)
    batch = np.cumsum(count[rows]) // _MOST
    yield from np.split(rows, np.flatnonzero(np.diff(batch)) + 1) if rows.size else []


def _pairs(
    rows: np.ndarray, first: np.ndarray, count: np.ndarray, one: Spans, end: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    mine = np.repeat(rows, count)
    offset = np.arange(len(mine)) - np.repeat(np.cumsum(count) - count, count)
    theirs = np.repeat(first, count) + offset
    real = end[theirs] > one.start[mine]
    return mine[real], theirs[real]
