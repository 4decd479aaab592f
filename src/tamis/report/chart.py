"""Where the bars, ticks and bounds of a histogram stand, in percent of its plot."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from tamis.report.wording import count, number

ZERO = 4.0  # width of the bin of zeros on a logarithmic axis
LEAST = 1.6  # the height of the smallest bar: one record among millions can be seen
TICKS = 6
CLASSES = ("kept", "dropped", "elsewhere")
WORDS = {"kept": "kept", "dropped": "dropped here", "elsewhere": "dropped by other steps"}


class Bar(NamedTuple):
    """One bin: where it stands, its coloured pieces from below, what it holds in words."""

    x: float
    width: float
    pieces: list[tuple[str, float, float]]  # class, top, height
    words: str


class Mark(NamedTuple):
    """A tick or a bound: where on the axis, and its label."""

    at: float
    label: str


class Chart(NamedTuple):
    """A histogram laid out. Heights follow the square root of the number of records."""

    bars: list[Bar]
    ticks: list[Mark]
    levels: list[Mark]
    bounds: list[Mark]
    scale: str


def chart(score: Mapping[str, Any]) -> Chart | None:
    """The layout of a score's histogram; None where there is none."""
    histogram = score.get("histogram")
    if not histogram:
        return None
    edges, scale = histogram["edges"], histogram["scale"]
    axis = _Axis(edges, scale)
    totals = [sum(found) for found in zip(*(histogram[k] for k in CLASSES), strict=True)]
    highest = max(totals)
    bars = []
    for i, total in enumerate(totals):
        if total:
            left, right = axis(edges[i]), axis(edges[i + 1])
            parts = {k: histogram[k][i] for k in CLASSES}
            words = _words(edges[i], edges[i + 1], parts, score)
            bars.append(Bar(left, right - left, _pieces(parts, total, highest), words))
    named = score["bounds"]
    bounds = [Mark(axis(at), f"{k} {number(named[k])}") for k, at in histogram["marks"].items()]
    return Chart(bars, axis.ticks(), _levels(highest), bounds, scale)


class _Axis:
    """From a value to percent of the plot's width."""

    def __init__(self, edges: list[float], scale: str) -> None:
        self.log = scale == "log"
        self.zero = ZERO if self.log and edges[0] == 0 else 0.0
        self.low = edges[1] if self.zero else edges[0]
        self.high = edges[-1]
        if self.zero and len(edges) == 2:
            self.low, self.high = 0.5, edges[1]

    def __call__(self, value: float) -> float:
        if not self.log:
            return 100 * (value - self.low) / (self.high - self.low)
        if value < self.low:
            return 0.0
        # logarithms first: a quotient overflows next to the smallest floats
        least = math.log(self.low)
        share = (math.log(value) - least) / (math.log(self.high) - least)
        return self.zero + (100 - self.zero) * share

    def ticks(self) -> list[Mark]:
        """A handful of round values along the axis."""
        values = self._decades() if self.log else self._steps()
        marks = [Mark(self(value), number(value)) for value in values]
        return [Mark(self.zero / 2, "0"), *marks] if self.zero else marks

    def _steps(self) -> list[float]:
        span = self.high - self.low
        step = 10 ** math.floor(math.log10(span / TICKS))
        step = next((step * m for m in (1, 2, 2.5, 5, 10) if span / (step * m) <= TICKS), step * 10)
        first = math.ceil(self.low / step)
        return [round(k * step, 12) for k in range(first, math.floor(self.high / step) + 1)]

    def _decades(self) -> list[float]:
        low, high = math.ceil(math.log10(self.low)), math.floor(math.log10(self.high))
        if high - low < 2:
            wide = range(low - 1, high + 1)
            values = [m * 10.0**k for k in wide for m in (1, 2, 5)]
            return [value for value in values if self.low <= value <= self.high]
        stride = max(1, -(-(high - low + 1) // TICKS))
        return [10.0**k for k in range(low, high + 1, stride)]


def _pieces(parts: Mapping[str, int], total: int, highest: int) -> list[tuple[str, float, float]]:
    height = max(LEAST, 100 * math.sqrt(total / highest))
    pieces, below = [], 0.0
    for name in CLASSES:
        if parts[name]:
            share = height * parts[name] / total
            pieces.append((name, 100 - below - share, share))
            below += share
    return pieces


def _levels(highest: int) -> list[Mark]:
    """One or two round numbers of records, at the heights of bars that have as many."""
    top = 10 ** math.floor(math.log10(highest)) if highest else 1
    rounded = [n for n in (top // 10, top, 2 * top, 5 * top) if 0 < n <= highest]
    chosen = [rounded[-1]] if len(rounded) < 2 else [rounded[0], rounded[-1]]
    return [Mark(100 - 100 * math.sqrt(n / highest), count(n)) for n in dict.fromkeys(chosen)]


def _words(low: float, high: float, parts: Mapping[str, int], score: Mapping[str, Any]) -> str:
    if score.get("whole"):
        first, last = math.ceil(low), math.floor(high)
        place = count(first) if first == last else f"{count(first)} to {count(last)}"
    else:
        place = f"{number(low)} to {number(high)}"
    found = [f"{count(parts[k])} {WORDS[k]}" for k in CLASSES if parts[k]]
    return f"{place}: {', '.join(found)}"
