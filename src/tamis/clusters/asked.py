"""What a cluster is asked for, checked before anything starts: Dask says it by tracebacks."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from tamis.errors import SettingError
from tamis.spelling import meant

OURS = ("workers", "threads", "memory", "gpus", "device_memory", "pool", "spill", "media")
"""What clusters of all kinds are asked by the same names."""
THEIRS = {"n_workers": "workers", "threads_per_worker": "threads", "memory_limit": "memory"}
"""What Dask calls some of it."""


def check(kind: str, **given: Any) -> None:
    """Raise `SettingError` for a value of one of `OURS` that no kind of cluster can have."""
    for name, value in given.items():
        if value is None:
            continue
        if name in ("workers", "threads") and (type(value) is not int or value < 1):
            raise SettingError(f"{name}={value!r}: a cluster of kind {kind!r} has 1 or more")
        if name in ("spill", "media") and not isinstance(value, bool):
            raise SettingError(f"{name}={value!r} is neither true nor false")
        if name in ("memory", "device_memory", "pool"):
            _check_amount(name, value)


def check_names(kind: str, settings: Mapping[str, Any], *makers: type) -> None:
    """Raise `SettingError` for a setting that none of the classes takes that are given it."""
    taken: set[str] = set().union(*map(_taken, makers))
    for name in settings:
        if name in THEIRS:
            raise SettingError(f"{name}=…: that is {THEIRS[name]!r} here")
        if name not in taken:
            hint = meant(name, OURS) or meant(name, taken) or f" (has: {', '.join(OURS)}, …)"
            raise SettingError(f"a cluster of kind {kind!r} has no setting {name!r}{hint}")


def _taken(maker: type) -> set[str]:
    """All that the makers of a class and of those behind it take by name."""
    found: set[str] = set()
    for one in maker.__mro__:
        if "__init__" in one.__dict__ and one is not object:
            found |= {
                name
                for name, told in inspect.signature(one.__dict__["__init__"]).parameters.items()
                if told.kind in (told.KEYWORD_ONLY, told.POSITIONAL_OR_KEYWORD)
            }
    return found - {"self"}


def _check_amount(name: str, value: Any) -> None:
    """An amount of memory: bytes, a share, or "16GiB"; "auto" is Dask's own."""
    from dask.utils import parse_bytes

    if value == "auto":
        return
    try:
        good = not isinstance(value, bool) and (
            parse_bytes(value) >= 0 if isinstance(value, str) else value >= 0
        )
    except (ValueError, TypeError):
        good = False
    if not good:
        raise SettingError(f"{name}={value!r} is no amount of memory such as '16GiB'")
