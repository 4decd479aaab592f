"""The card of this process for comparisons: one thread's turn at a time, the processor otherwise.

All that is done there has the same outcome on the processor, so whatever fails (no memory, no
compiler, the card itself) is told on one line and done there. Unlike measures, comparisons take a
card where nobody has said an engine, as models do; `tamis.engine: cpu` lets it alone.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from tamis import array_device
from tamis.array_device import Device
from tamis.engines import engine
from tamis.errors import TamisError

Found = TypeVar("Found")
log = logging.getLogger(__name__)


def allowed() -> bool:
    """Whether a card may be used: not where the engine is the processor."""
    return engine() != "cpu"


def device() -> Device | None:
    """The card of this process; None where there is none, or none is to be used."""
    return array_device.device() if allowed() else None


def room(there: Device) -> int:
    """Bytes of a device that may be taken."""
    if there.xp is np:
        return 1 << 40
    pool = there.xp.get_default_memory_pool()
    return int(there.xp.cuda.runtime.memGetInfo()[0]) + int(pool.free_bytes())


def tried(what: str, size: int, work: Callable[[Device], Found]) -> Found | None:
    """What some work comes to on the card, which takes `size` bytes there; None: not done."""
    there = device()
    if there is None:
        return None
    try:
        with there.alone():
            free = room(there)
            if size > free * 3 // 4:
                sizes = f"{size / 2**30:.1f} GiB are needed, {free / 2**30:.1f} GiB are free"
                raise MemoryError(sizes)
            return work(there)
    except Exception as error:  # CuPy's, numba's, the driver's: they have no common base
        if not _of_card(error):
            raise
        array_device.give_up(error)
        log.warning("the GPU gave up, so the processor does %s: %.300s", what, error)
        return None


def _of_card(error: Exception) -> bool:
    """Whether an error is of a device and what drives it, and not of the data."""
    if isinstance(error, TamisError):
        return False
    module = type(error).__module__.partition(".")[0]
    return isinstance(error, MemoryError | RuntimeError | ImportError | OSError) or module in (
        "cupy", "cupyx", "numba", "numba_cuda", "cuda", "rmm",
    )  # fmt: skip


def on_host(values: Any) -> np.ndarray:
    """An array of a device in the host's memory."""
    found: np.ndarray = values.get() if hasattr(values, "get") else values
    return found
