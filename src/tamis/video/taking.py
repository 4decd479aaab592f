"""One number for a clip of the numbers of its frames."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tamis.errors import SettingError

_WAYS: dict[str, Callable[[np.ndarray], np.floating]] = {
    "mean": np.nanmean,
    "min": np.nanmin,
    "max": np.nanmax,
    "median": np.nanmedian,
}


def taken(values: np.ndarray, take: str) -> float:
    """The mean, the smallest, the largest or the median; NaN where there is none.

    >>> taken(np.array([1.0, 2.0, 6.0]), "mean")
    3.0
    """
    if take not in _WAYS:
        raise SettingError(f"take={take!r}: one of {', '.join(_WAYS)}")
    if not len(values) or np.isnan(values).all():
        return float("nan")
    return float(_WAYS[take](values.astype(np.float64)))
