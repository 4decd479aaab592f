"""The processes of Dask's scheduler "processes", kept for as long as a run takes.

Dask starts a pool of processes for every computation and ends it afterwards. A run is dozens of
computations, and a new process imports all that its tasks need, which takes seconds.
"""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
from contextvars import ContextVar
from typing import Any

import dask
from dask import multiprocessing
from dask.system import CPU_COUNT

from tamis.errors import CardError


@contextlib.contextmanager
def kept() -> Iterator[None]:
    """Within, computations on the scheduler "processes" share one pool: `with` it or decorate.

    The pool is begun by the first such computation; not where Dask's configuration has a `pool` of
    the caller's own or a `multiprocessing.initializer`. Within another `kept`, that one's is
    shared. At the end, an interrupt included, tasks that have begun are waited for, others dropped.
    """
    if _POOL.get() is not None:
        yield
        return
    pool = _Pool()
    token = _POOL.set(pool)
    try:
        yield
    finally:
        _POOL.reset(token)
        pool.end()


def with_kept(get: Any) -> Any:
    """The scheduler `get` of processes, with those that are kept; itself where none are."""
    pool = _POOL.get()
    configured = (dask.config.get(key, None) for key in ("pool", "multiprocessing.initializer"))
    if pool is None or any(found is not None for found in configured):
        return get
    return functools.partial(_computed, get, pool)


def _computed(get: Any, pool: _Pool, *args: Any, **settings: Any) -> Any:
    try:
        return get(*args, pool=pool.begun(), **settings)
    except (BrokenExecutor, CardError):  # what is computed next has processes that can
        pool.end()
        raise


class _Pool:
    """Processes, if they have been begun."""

    def __init__(self) -> None:
        self._executor: ProcessPoolExecutor | None = None

    def begun(self) -> ProcessPoolExecutor:
        """The processes, as Dask would begin them."""
        if self._executor is None:
            if os.environ.get("PYTHONHASHSEED") in (None, "0"):  # as all must hash alike
                os.environ["PYTHONHASHSEED"] = "6640"
            self._executor = ProcessPoolExecutor(
                dask.config.get("num_workers", None) or CPU_COUNT,
                mp_context=multiprocessing.get_context(),
                initializer=multiprocessing.initialize_worker_process,
            )
        return self._executor

    def end(self) -> None:
        """Let the processes end once they have done what they began."""
        executor, self._executor = self._executor, None
        if executor is not None:
            executor.shutdown(cancel_futures=True)


_POOL: ContextVar[_Pool | None] = ContextVar("tamis_processes", default=None)
