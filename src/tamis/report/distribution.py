"""Distributions small enough to merge: counts per bucket of values, and what is read off them.

A bucket holds the numbers that share sign, exponent and ten bits of mantissa: whole numbers up to
2,048 have one each, other values share one with what lies within 0.1 %. So one pass over a column,
part by part and in any order, gives the same histogram and quantiles.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

SHIFT = 42  # bits of a float64 that a bucket forgets
BINS = 56  # about so many bins a histogram
QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
CLASSES = 3  # a value's row was kept, dropped by this very step, dropped elsewhere
KEPT, HERE, ELSEWHERE = range(CLASSES)
_LOG_SPAN = 1000.0  # values spanning more than three decades are drawn on a logarithmic axis
_INFINITE = 1e300  # numbers beyond are no measure of anything, and their span would overflow
_TAIL = 20.0  # … as are a tail so many times longer than the bulk, and a bound beside the origin


@dataclass
class Tally:
    """Numbers counted by bucket and class, with their exact extremes."""

    buckets: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    counts: np.ndarray = field(default_factory=lambda: np.empty((0, CLASSES), np.int64))
    low: float = math.inf
    high: float = -math.inf
    infinite: int = 0
    fractional: bool = False

    @classmethod
    def of(cls, values: np.ndarray, classes: np.ndarray, fractional: bool) -> Tally:
        """Count float64 values (no NaN) with their classes; `fractional` if they can be."""
        finite = np.abs(values) < _INFINITE
        infinite = len(values) - int(finite.sum())
        if infinite:
            values, classes = values[finite], classes[finite]
        if not len(values):
            return cls(infinite=infinite, fractional=fractional)
        codes = _bucket(values)
        codes *= CLASSES
        codes += classes
        codes, counts = np.unique(codes, return_counts=True)
        table = _table(codes // CLASSES, codes % CLASSES, counts)
        return cls(*table, float(values.min()), float(values.max()), infinite, fractional)

    def merge(self, other: Tally) -> Tally:
        """Both tallies as one."""
        buckets = np.concatenate([self.buckets, other.buckets])
        rows, classes = np.indices((len(buckets), CLASSES))
        counts = np.concatenate([self.counts, other.counts])
        found = _table(buckets[rows.ravel()], classes.ravel(), counts.ravel())
        return Tally(
            *found, min(self.low, other.low), max(self.high, other.high),
            self.infinite + other.infinite, self.fractional or other.fractional,
        )  # fmt: skip

    def quantiles(self) -> dict[str, float]:
        """The values below which these shares of the numbers lie, to 0.1 %."""
        if not len(self.buckets):
            return {}
        running = np.cumsum(self.counts.sum(axis=1))
        found = {}
        for share in QUANTILES:
            at = int(np.searchsorted(running, math.ceil(share * running[-1])))
            value = float(_lower(self.buckets[at : at + 1])[0])
            found[f"{share:g}"] = min(max(value, self.low), self.high)
        return found

    def histogram(self, bounds: Mapping[str, Any], bins: int = BINS) -> dict[str, Any]:
        """Bins with an edge at every bound: `scale`, `edges`, counts per class, `marks`.

        The bin of a whole number reaches half a unit to either side of it, so the mark of `min: 50`
        is at 49.5 where all values are whole. On the scale "log" a first edge 0 begins the bin of
        the zeros.
        """
        if not len(self.buckets):
            return {}
        marks = self._marks(bounds)
        scale = self._scale(list(marks.values()))
        edges = self._log_edges(marks, bins) if scale == "log" else self._linear_edges(marks, bins)
        placed = np.repeat(_lower(self.buckets)[:, None], CLASSES, axis=1)
        self._move_across(placed, marks, bool(bounds.get("invert")))
        where = np.clip(np.searchsorted(edges, placed, side="right") - 1, 0, len(edges) - 2)
        counts = np.zeros((CLASSES, len(edges) - 1), np.int64)
        for which in range(CLASSES):
            np.add.at(counts[which], where[:, which], self.counts[:, which])
        named = dict(zip(("kept", "dropped", "elsewhere"), counts.tolist(), strict=True))
        written = {"scale": scale, "edges": [_short(edge) for edge in edges.tolist()]}
        return written | {"marks": {k: _short(v) for k, v in marks.items()}} | named

    def _marks(self, bounds: Mapping[str, Any]) -> dict[str, float]:
        found = {k: float(bounds[k]) for k in ("min", "max") if _finite(bounds.get(k))}
        if not self.fractional:
            half = {"min": lambda b: math.ceil(b) - 0.5, "max": lambda b: math.floor(b) + 0.5}
            found = {name: half[name](bound) for name, bound in found.items()}
        return found

    def _move_across(self, placed: np.ndarray, marks: Mapping[str, float], invert: bool) -> None:
        """A bucket that a bound runs through: what was dropped belongs on the far side of it."""
        low, high = _lower(self.buckets), _lower(self.buckets + 1)
        for name, mark in marks.items():
            through = (low <= mark) & (mark < high)
            left, right = (HERE, KEPT) if (name == "min") != invert else (KEPT, HERE)
            placed[through, left] = np.nextafter(mark, -np.inf)
            placed[through, right] = mark

    def _scale(self, marks: list[float]) -> str:
        """Logarithmic where values (none negative) and bounds span decades, or lie far apart."""
        values, counts = _lower(self.buckets), self.counts.sum(axis=1)
        positive = values > 0
        if self.low < 0 or not positive.any():
            return "linear"
        running = np.cumsum(counts[positive])
        near, far = (
            values[positive][np.searchsorted(running, share * running[-1])]
            for share in (0.01, 0.99)
        )
        high = max([self.high, *marks])
        near = min([near, *(mark for mark in marks if mark > 0)])
        squeezed = any(0 < mark < high / (2 * _TAIL) for mark in marks)
        wide = high > _LOG_SPAN * near or self.high > _TAIL * far
        return "log" if wide or squeezed else "linear"

    def _linear_edges(self, marks: Mapping[str, float], bins: int) -> np.ndarray:
        low, high = self.low, self.high
        if not self.fractional or low == high:
            low, high = low - 0.5, high + 0.5
        least = max(abs(low), abs(high)) / 2**20  # narrower, and edges could not be told apart
        if high - low < least:
            low, high = low - least, high + least
        stops = sorted({low, high, *marks.values()})
        width = (stops[-1] - stops[0]) / bins
        if not marks:
            return self._round_edges(low, high, width)
        if not self.fractional:
            width = math.ceil(width)
        return self._joined(stops, [_between(a, b, width) for a, b in pairwise(stops)])

    def _round_edges(self, low: float, high: float, width: float) -> np.ndarray:
        """Edges at multiples of a round width; half a unit below them for whole numbers."""
        shift = 0.0 if self.fractional else 0.5
        width = _round_up(width if self.fractional else max(1.0, width))
        first, last = math.floor((low + shift) / width), math.ceil((high + shift) / width)
        return (
            np.array([float(f"{k * width:.14g}") for k in range(first, max(last, first + 1) + 1)])
            - shift
        )

    def _log_edges(self, marks: Mapping[str, float], bins: int) -> np.ndarray:
        values = _lower(self.buckets)
        first, high = float(values[values > 0][0]), self.high
        if not self.fractional:
            first, high = first - 0.5, high + 0.5
        stops = sorted({first, high, *(mark for mark in marks.values() if mark > 0)})
        step = math.log(stops[-1] / stops[0]) / bins
        parts = [np.exp(_between(math.log(a), math.log(b), step)) for a, b in pairwise(stops)]
        edges = self._joined(stops, parts)
        zeros = self.low == 0 or any(mark <= 0 for mark in marks.values())
        return np.concatenate([[0.0], edges]) if zeros else edges

    def _joined(self, stops: list[float], parts: list[np.ndarray]) -> np.ndarray:
        """All edges; those of whole numbers lie between them, and every stop is one exactly."""
        for part, stop in zip(parts, stops, strict=False):
            part[0] = stop
        if self.fractional:
            return np.concatenate([*parts, [stops[-1]]])
        return np.unique(np.floor(np.concatenate([*parts, [stops[-1]]])) + 0.5)


def _bucket(values: np.ndarray) -> np.ndarray:
    """The bucket of each number: integers in the order of the numbers."""
    bits = (values + 0.0).view(np.int64)  # + 0.0 makes -0.0 into 0.0
    if bits.size and bits.min() < 0:
        bits = np.where(bits < 0, np.int64(-(2**63)) - bits, bits)
    bits >>= SHIFT
    return bits


def _lower(buckets: np.ndarray) -> np.ndarray:
    """The least number of each bucket."""
    bits = buckets.astype(np.int64) << SHIFT
    return np.where(bits < 0, np.int64(-(2**63)) - bits, bits).view(np.float64)


def _table(
    buckets: np.ndarray, classes: np.ndarray, counts: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    known, rows = np.unique(buckets, return_inverse=True)
    table = np.zeros((len(known), CLASSES), np.int64)
    np.add.at(table, (rows, classes), counts)
    return known, table


def _round_up(width: float) -> float:
    """The next 1, 2 or 5 times a power of ten."""
    unit = 10.0 ** math.floor(math.log10(width))
    return next(unit * m for m in (1, 2, 5, 10) if width <= unit * m * (1 + 1e-9))


def _between(low: float, high: float, width: float) -> np.ndarray:
    """From `low` to just before `high` in equal steps of about this width, at least one."""
    return np.linspace(low, high, max(1, round((high - low) / width)), endpoint=False)


def _finite(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _short(edge: float) -> float:
    """An edge as it is written down: twelve digits are plenty."""
    return float(f"{edge:.12g}")


def values_table(counts: Mapping[str, Sequence[int]], most: int = 24) -> list[dict[str, Any]]:
    """The commonest values with their counts per class; the rest summed as the value None."""
    ranked = sorted(counts.items(), key=lambda item: (-sum(item[1]), item[0]))
    rows: list[dict[str, Any]] = [_value_row(value, found) for value, found in ranked[:most]]
    if len(ranked) > most:
        rest = [sum(found[i] for _, found in ranked[most:]) for i in range(CLASSES)]
        rows.append(_value_row(None, rest) | {"values": len(ranked) - most})
    return rows


def _value_row(value: str | None, found: Sequence[int]) -> dict[str, Any]:
    row = {"kept": found[KEPT], "dropped": found[HERE], "elsewhere": found[ELSEWHERE]}
    return {"value": value, "total": sum(found)} | row
