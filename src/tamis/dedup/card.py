"""The card of this process for comparisons: CuPy's arrays, one thread's turn at a time.

All that is done there has the same outcome on the processor, so whatever fails (no device, no
memory, no compiler) is told on one line and done there. `tamis.engine: cpu` of Dask's configuration
lets the card alone.
"""

from __future__ import annotations

import importlib.util
import logging
import threading
from collections.abc import Callable
from typing import Any, TypeVar

import dask
import numpy as np

from tamis.accelerator import accelerators
from tamis.errors import TamisError
from tamis.resources import resource

Found = TypeVar("Found")
log = logging.getLogger(__name__)


class Device:
    """NumPy in the host's memory, for tests; `Card` is the real one. `xp` makes arrays there."""

    xp: Any = np

    def put(self, values: np.ndarray) -> Any:
        """An array of the host on the device."""
        return np.ascontiguousarray(values)

    def get(self, values: Any) -> np.ndarray:
        """An array of the device in the host's memory."""
        return np.asarray(values)

    def free(self) -> int:
        """Bytes that may be taken."""
        return 1 << 40

    def release(self) -> None:
        """Give back what no array takes."""


class Card(Device):
    """The CUDA device of this process, by CuPy."""

    def __init__(self, cupy: Any) -> None:
        self.xp = cupy

    def put(self, values: np.ndarray) -> Any:
        return self.xp.asarray(np.ascontiguousarray(values))

    def get(self, values: Any) -> np.ndarray:
        return np.asarray(self.xp.asnumpy(values))

    def free(self) -> int:
        free, _ = self.xp.cuda.runtime.memGetInfo()
        return int(free)

    def release(self) -> None:
        self.xp.get_default_memory_pool().free_all_blocks()


_USED: list[Device] = []  # what is put in the place of a card
_TURN = threading.RLock()  # threads of a process share one card


def use(device: Device | None) -> None:
    """Let this process take `device` for its card from now on; None: what there is."""
    _USED[:] = [] if device is None else [device]


def allowed() -> bool:
    """Whether a card may be used: not where the engine is the processor."""
    return dask.config.get("tamis.engine", None) != "cpu"


def device() -> Device | None:
    """The card of this process; None where there is none, or none is to be used."""
    if not allowed():
        return None
    if _USED:
        return _USED[0]
    return _card() if accelerators().devices else None


def tried(what: str, size: int, work: Callable[[Device], Found]) -> Found | None:
    """What some work comes to on the card, which takes `size` bytes there; None: not done."""
    there = device()
    if there is None:
        return None
    with _TURN:
        try:
            if size > there.free() * 3 // 4:
                raise MemoryError(f"{size / 2**30:.1f} GiB are needed, {_free(there)} are free")
            return work(there)
        except Exception as error:  # CuPy's, numba's, the driver's: they have no common base
            if not _of_card(error):
                raise
            log.warning("the GPU gave up, so the processor does %s: %.300s", what, error)
            return None
        finally:
            there.release()


def _free(there: Device) -> str:
    return f"{there.free() / 2**30:.1f} GiB"


def _of_card(error: Exception) -> bool:
    """Whether an error is of a device and what drives it, and not of the data."""
    if isinstance(error, TamisError):
        return False
    module = type(error).__module__.partition(".")[0]
    return isinstance(error, MemoryError | RuntimeError | ImportError | OSError) or module in (
        "cupy", "cupyx", "numba", "numba_cuda", "cuda", "rmm",
    )  # fmt: skip


@resource
def _card() -> Card | None:
    if importlib.util.find_spec("cupy") is None:
        return None
    try:
        import cupy
    except Exception as error:  # whatever its libraries raise while they are loaded
        log.warning("CuPy cannot be loaded, so comparisons are made on the processor: %s", error)
        return None
    return Card(cupy)
