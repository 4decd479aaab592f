"""How much memory a comparison of all records may take, and what follows from it."""

from __future__ import annotations

import os

import dask
from dask.utils import parse_bytes

from tamis.errors import SettingError

SETTING = "tamis.dedup.memory"
ROW = 64  # bytes a row that proposing in memory takes at its height, at most
NODE = 16  # bytes a row that union-find takes with what is made of it
SHARE = 8  # tasks that may run in one process at a time: each has an eighth


def budget() -> int:
    """Bytes: `tamis.dedup.memory` of Dask's configuration, else half of the machine's memory.

    >>> with dask.config.set({"tamis.dedup.memory": "4GiB"}):
    ...     budget() == 4 * 2**30
    True
    """
    given = dask.config.get(SETTING, None)
    if given is None:
        return _machine() // 2
    try:
        found = parse_bytes(given)
    except (ValueError, TypeError, AttributeError):
        found = 0
    if found < 1:
        raise SettingError(f"{SETTING}={given!r} is not a size such as '4GiB'")
    return found


def fits(rows: int) -> bool:
    """Whether the candidates of so many rows can be found in memory at once."""
    return rows < 2**31 - 1 and rows * ROW <= budget()


def blocks(size: int) -> int:
    """Into how many blocks work of `size` bytes is cut, so that a task has one in memory."""
    return max(1, -(-size * SHARE // budget()))


def _machine() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 8 * 2**30  # a platform that does not say
