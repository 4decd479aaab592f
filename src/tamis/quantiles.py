"""Bounds that the data gives: a percentile, or a quartile and some interquartile ranges beyond it.

Numbers come in parts that need not fit in memory together, and are found by their rank exactly, so
neither the order of rows nor the cuts between partitions have a part in what comes out.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from tamis.errors import SettingError

Parts = Callable[[], Iterable[np.ndarray]]

_HELD = 2**23  # numbers that are sorted in memory; more are counted by their leading bits first
_BITS = 16
_NUMBER = r"\d{1,12}(?:\.\d{1,12})?"
_FORM = re.compile(rf"(?:({_NUMBER}) ?%|q([123])(?: ?([+-]) ?({_NUMBER}) ?\*? ?iqr)?)")


@dataclass(frozen=True)
class Quantile:
    """The value that `percent` of the numbers lie below, plus so many interquartile ranges.

    >>> str(Quantile.parse("70 %")), str(Quantile.parse("Q3+1.5*IQR"))
    ('70%', 'q3 + 1.5 iqr')
    >>> Quantile(70).of(lambda: [np.arange(11.0)])
    7.0
    """

    percent: float
    ranges: float = 0.0

    @classmethod
    def parse(cls, text: str) -> Quantile:
        """From "70%", "q1 - 3 iqr" and the like; else a `SettingError`."""
        found = _FORM.fullmatch(text.strip().lower())
        share, quartile, sign, ranges = found.groups() if found else (None,) * 4
        percent = float(share) if share else 25.0 * int(quartile or 0)
        if not found or percent > 100:
            raise SettingError(
                f"{text!r} is not a number, nor a quantile of the data: a percentage such as "
                "'70%', or a quartile and interquartile ranges such as 'q3 + 1.5 iqr'"
            )
        return cls(percent, float(f"{sign}{ranges}") if ranges else 0.0)

    def __str__(self) -> str:
        if not self.ranges:
            return f"{self.percent:.15g}%"
        sign = "-" if self.ranges < 0 else "+"
        return f"q{self.percent / 25:.0f} {sign} {abs(self.ranges):.15g} iqr"

    def of(self, parts: Parts) -> float | None:
        """The bound that these numbers (float64 without NaN) give; None where there are none.

        `parts` gives them anew each time it is called. Between two numbers it is interpolated, as
        `numpy.quantile` does by default.
        """
        count = sum(len(part) for part in parts())
        if not count:
            return None
        value = _at(self.percent, count, parts)
        if not self.ranges:
            return value
        first, third = _at(25, count, parts), _at(75, count, parts)
        found = value + self.ranges * (third - first if third != first else 0.0)
        return value if math.isnan(found) else found


def _at(percent: float, count: int, parts: Parts) -> float:
    """The value at a percentage of the way from the least to the greatest."""
    place = Fraction(f"{percent:.15g}") / 100 * (count - 1)  # 55 % of 101 numbers is one of them
    rank, share = math.floor(place), float(place - math.floor(place))
    low = ranked(parts, rank)
    if not share:
        return low
    high = ranked(parts, rank + 1)
    if low == high or not (math.isfinite(low) and math.isfinite(high)):
        return low if share < 0.5 else high
    return low + (high - low) * share if share < 0.5 else high - (high - low) * (1 - share)


def ranked(parts: Parts, rank: int) -> float:
    """The number that `rank` others (counted from 0) come before, in ascending order.

    Where there are many, passes over the parts settle its leading bits, sixteen at a time.
    """
    known, prefix, left = 0, 0, sum(len(part) for part in parts())
    while left > _HELD and known < 64:
        counts = np.zeros(2**_BITS, np.int64)
        shift = np.uint64(64 - known - _BITS)
        for keys in _with_prefix(parts, known, prefix):
            digits = (keys >> shift).astype(np.int64) & (2**_BITS - 1)
            counts += np.bincount(digits, minlength=2**_BITS)
        digit = int(np.searchsorted(np.cumsum(counts), rank, side="right"))
        rank -= int(counts[:digit].sum())
        left = int(counts[digit])
        known, prefix = known + _BITS, prefix << _BITS | digit
    if known == 64:
        return _number(prefix)
    keys = np.concatenate(list(_with_prefix(parts, known, prefix)))
    return _number(int(np.partition(keys, rank)[rank]))


def _with_prefix(parts: Parts, known: int, prefix: int) -> Iterable[np.ndarray]:
    """The keys that begin with these bits: integers in the order of the numbers."""
    for part in parts():
        bits = (part + 0.0).view(np.uint64)  # + 0.0 makes -0.0 into 0.0
        keys = np.where(bits >> np.uint64(63), ~bits, bits | np.uint64(2**63))
        yield keys[keys >> np.uint64(64 - known) == np.uint64(prefix)] if known else keys


def _number(key: int) -> float:
    bits = key - 2**63 if key >= 2**63 else ~key & (2**64 - 1)
    return float(np.uint64(bits).view(np.float64))
