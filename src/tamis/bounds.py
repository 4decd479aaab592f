"""Bounds put to a measure: what lies within them, and what is said of a value that does not."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from tamis.errors import SettingError
from tamis.op import Op
from tamis.quantiles import Parts, Quantile
from tamis.settings import plain
from tamis.spelling import meant


@dataclass(frozen=True)
class Bounds:
    """`min` and `max`, both included; `isin` the values wanted; `invert` turns it round.

    A `min` or `max` that is text, such as "70%", is a quantile of the data, which has to be
    `settled` before values can be put to it.

    >>> Bounds(min=2, max=3).passes(pd.Series([1, 2, 3, 4])).tolist()
    [False, True, True, False]
    """

    min: Any = None  # a number or a Quantile
    max: Any = None
    isin: Any = None
    invert: bool = False
    null: Literal["drop", "keep"] = "drop"

    def __post_init__(self) -> None:
        if self.isin is not None:
            many = isinstance(self.isin, list | tuple | set | frozenset)
            object.__setattr__(self, "isin", plain(self.isin if many else [self.isin]))
        if not isinstance(self.invert, bool | np.bool_):
            raise SettingError(f"invert={self.invert!r} is neither true nor false")
        object.__setattr__(self, "invert", bool(self.invert))
        for key in ("min", "max"):
            given = plain(getattr(self, key))
            given = _parsed(key, given) if isinstance(given, str) else given
            object.__setattr__(self, key, given)

    @property
    def asked(self) -> dict[str, str]:
        """The bounds that are quantiles of the data, as they are written."""
        ends = {"min": self.min, "max": self.max}
        return {key: str(value) for key, value in ends.items() if isinstance(value, Quantile)}

    def settled(self, parts: Parts) -> Bounds:
        """These bounds with the numbers that the data gives; none where it has no numbers."""
        found: dict[str, Any] = {key: getattr(self, key).of(parts) for key in self.asked}
        endless = {"min": -math.inf, "max": math.inf}
        found = {key: None if value == endless[key] else value for key, value in found.items()}
        return replace(self, **found)

    @property
    def numeric(self) -> bool:
        """Whether there is a bound that only numbers can be put to."""
        return self.min is not None or self.max is not None

    def check(self, label: str, op: Op | None, settings: Mapping[str, Any] | None = None) -> None:
        """Raise `SettingError` for bounds that cannot be meant, of an op under these settings."""
        for key in ("min", "max"):
            _check_number(label, key, getattr(self, key))
        if not self.numeric and self.isin is None:
            raise SettingError(f"{label}: give min, max or isin; it keeps everything so")
        if _above(self.min, self.max):
            low, high = (_shown(end) for end in (self.min, self.max))
            raise SettingError(f"{label}: min {low} is above max {high}")
        if self.isin is not None and not self.isin:
            raise SettingError(f"{label}: isin is empty, nothing could be kept")
        if self.null not in ("drop", "keep"):
            raise SettingError(f"{label}: null is 'drop' or 'keep', not {self.null!r}")
        if op is not None:
            self._check_range(label, op)
            for value in self.isin or ():
                _check_value(label, op, value, settings or {})

    def passes(self, values: pd.Series) -> np.ndarray:
        """Which values lie within."""
        null = values.isna().to_numpy()
        inside = ~null
        if self.min is not None:
            inside &= (values >= self.min).fillna(False).to_numpy(bool)
        if self.max is not None:
            inside &= (values <= self.max).fillna(False).to_numpy(bool)
        if self.isin is not None:
            inside &= values.isin(self.isin).fillna(False).to_numpy(bool)
        if self.invert:
            inside = ~inside & ~null
        return inside | null if self.null == "keep" else inside

    def reason(self, value: Any) -> str:
        """What is said of a value that does not lie within: `<bound>: <what was there>`."""
        shown = f"{value:.9g}" if isinstance(value, float) else str(value)[:100]
        if self.invert:
            return f"invert: {shown} lies within what is not wanted"
        if self.min is not None and value < self.min:
            return f"min: {shown} < {self.min:.9g}"
        if self.max is not None and value > self.max:
            return f"max: {shown} > {self.max:.9g}"
        return f"isin: {shown} is not one of {', '.join(map(str, (self.isin or ())[:8]))}"

    def to_dict(self) -> dict[str, Any]:
        """The bounds that are set, as a recipe has them."""
        entry: dict[str, Any] = {
            key: getattr(self, key) for key in ("min", "max") if getattr(self, key) is not None
        }
        entry |= self.asked
        if self.isin is not None:
            entry["isin"] = listed(self.isin)
        if self.invert:
            entry["invert"] = True
        if self.null != "drop":
            entry["null"] = self.null
        return entry

    def _check_range(self, label: str, op: Op) -> None:
        if "[" in op.dtype:
            raise SettingError(f"{label}: {op.name} gives vectors, which have no bounds; Score it")
        if op.dtype in ("string", "boolean") and self.numeric:
            raise SettingError(f"{label}: {op.name} is {op.dtype}; use isin, not min or max")
        low, high = op.range or (-math.inf, math.inf)
        for key, impossible in (
            ("min", _above(self.min, high)),
            ("max", _above(low, self.max)),
        ):
            if impossible:
                raise SettingError(
                    f"{label}: {key} {getattr(self, key):g} is impossible, "
                    f"{op.name} lies between {low:g} and {high:g}"
                )


def listed(value: Any) -> Any:
    """Tuples as lists: what YAML and JSON have."""
    return [listed(item) for item in value] if isinstance(value, tuple) else value


def _parsed(key: str, text: str) -> Quantile:
    try:
        return Quantile.parse(text)
    except SettingError as error:
        raise SettingError(f"{key}={error}") from None


def _above(low: Any, high: Any) -> bool:
    """Whether nothing can lie between, as far as that is known before the data is."""
    if isinstance(low, Quantile) and isinstance(high, Quantile):
        return not (low.ranges or high.ranges) and low.percent > high.percent
    known = isinstance(low, int | float) and isinstance(high, int | float)
    return known and low > high


def _shown(end: Any) -> str:
    return str(end) if isinstance(end, Quantile) else f"{end:g}"


def _check_value(label: str, op: Op, value: Any, settings: Mapping[str, Any]) -> None:
    """Refuse a value of `isin` that the op never has: of another kind, or none of its values."""
    if op.dtype == "string" and not isinstance(value, str):
        raise SettingError(f"{label}: isin={value!r}: {op.name} is text")
    if op.dtype == "boolean" and value not in (True, False):
        raise SettingError(f"{label}: isin={value!r}: {op.name} is true or false")
    if op.dtype in ("float64", "Int64"):
        _check_number(label, "isin", value)
        low, high = op.range or (-math.inf, math.inf)
        if not low <= value <= high:
            raise SettingError(
                f"{label}: isin={value:g} is impossible, {op.name} lies between {low:g} and "
                f"{high:g}"
            )
    known = op.known_values(settings)
    if known is None or value in known:
        return
    some = ", ".join(known[:12]) + (f" … ({len(known)} in all)" if len(known) > 12 else "")
    hint = meant(value, known) or f" (it is one of {some})"
    raise SettingError(f"{label}: isin={value!r}: {op.name} is never that{hint}")


def _check_number(label: str, key: str, value: Any) -> None:
    if value is None or isinstance(value, Quantile):
        return
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise SettingError(f"{label}: {key}={listed(value)!r} is not a number")
    if math.isnan(value):
        raise SettingError(f"{label}: {key} is NaN, nothing could be kept")
