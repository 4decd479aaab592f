"""Sizes, shares and limits of time as a caller gives them, checked at the call."""

from __future__ import annotations

from typing import Any

from dask.utils import parse_bytes

from tamis.errors import SettingError


def size(name: str, given: Any) -> int:
    """The bytes that `given` says; a `SettingError` names the setting it was given for.

    >>> size("block_size", "64MB")
    64000000
    """
    try:
        found = int(parse_bytes(given))
    except (ValueError, TypeError, AttributeError, OverflowError):
        found = 0
    if found < 1:
        raise SettingError(f"{name}={given!r} is not a size such as '64MB'")
    return found


def seconds(name: str, given: Any) -> float:
    """A limit of time; a `SettingError` for anything but a number of seconds above 0."""
    if isinstance(given, bool) or not isinstance(given, int | float) or not given > 0:
        raise SettingError(f"{name} must be a number of seconds, found {given!r}")
    return float(given)


def ratio(given: Any) -> float:
    """How many times a file may expand; a `SettingError` for anything but a number from 1 on."""
    try:
        found = float(given)
    except (ValueError, TypeError):
        found = 0.0
    if not found >= 1:
        raise SettingError(f"max_ratio={given!r} is not a number from 1 on")
    return found
