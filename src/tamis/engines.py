"""Who measures texts: `tamis.engine` of Dask's configuration, "cpu", "gpu" or "auto".

With "gpu" and "auto" texts of pandas partitions are lent to a card (`tamis.lending`); with "cpu",
and where nothing is said, they are not. A task carries the word of the process that began the work,
since a worker elsewhere has a configuration of its own.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from tamis.errors import SettingError

ENGINES = ("auto", "cpu", "gpu")
KEY = "tamis.engine"
_CARRIED: ContextVar[str | None] = ContextVar("tamis_engine", default=None)


class Said(str):
    """An engine that goes with a task of a lazy frame; what the task makes is the same with any."""

    def __dask_tokenize__(self) -> tuple[str, str]:
        return (KEY, str(self))


def engine() -> str | None:
    """The engine of the work that is done here now; None where nobody has said one.

    >>> import dask
    >>> with dask.config.set({"tamis.engine": "gpu"}):
    ...     engine()
    'gpu'

    Raises `SettingError` for a word that is none of `ENGINES`.
    """
    return _CARRIED.get() or _configured()


def carried() -> dict[str, Said]:
    """What a task of a lazy frame is given beside its arguments: workers may not have heard of it.

    Nothing where nothing is said, so that frames are then named as ever.
    """
    said = engine()
    return {} if said is None else {"taken": Said(said)}


@contextmanager
def within(said: str | None) -> Iterator[None]:
    """Work within takes this engine; None: what is set already."""
    token = _CARRIED.set(said or _CARRIED.get())
    try:
        yield
    finally:
        _CARRIED.reset(token)


def _configured() -> str | None:
    dask = sys.modules.get("dask.config")  # nobody who has not imported Dask has set it in Python
    said = os.environ.get("DASK_TAMIS__ENGINE") if dask is None else dask.get(KEY, None)
    if said is not None and said not in ENGINES:
        raise SettingError(f"{KEY}={said!r} is none of {', '.join(ENGINES)}")
    return said
