"""What array code runs on: a card by way of CuPy, or whatever is put in its place.

A device has a module of arrays and takes arrays of the host. Where it gives up, the processor takes
over, if it may: everything that is done there has the same outcome on the processor.
Nothing here imports CuPy unless CUDA's driver names a device.
"""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import logging
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np

from tamis.accelerator import accelerators
from tamis.card_faults import fault, out_of_memory
from tamis.engines import engine
from tamis.resources import resource

log = logging.getLogger(__name__)
_STAGE = 8 << 20  # bytes of a pinned buffer; one is filled while the other is copied from


class Device:
    """NumPy in the host's memory, for tests; `Card` is the real one.

    `xp` is the module of arrays; `most` is how many bytes of text it is given at a time once it has
    run out of memory, None before.
    """

    xp: Any = np
    name = "NumPy"

    def __init__(self) -> None:
        self._turn, self._guard, self._waiting = threading.Lock(), threading.Lock(), 0
        self.most: int | None = None

    def put(self, values: np.ndarray) -> Any:
        """An array of the host as one of the device."""
        return values

    def free(self) -> None:
        """Give back memory that no array takes."""

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Within, this thread has the device; it gives back what it took if nobody waits for it."""
        self._wait(1)
        with self._turn:
            self._wait(-1)
            try:
                yield
            finally:
                if not self._waiting:
                    self.free()

    def _wait(self, more: int) -> None:
        with self._guard:
            self._waiting += more


class Card(Device):
    """The CUDA device of this process, by CuPy."""

    def __init__(self, cupy: Any) -> None:
        super().__init__()
        self.xp = cupy
        self.name = accelerators().devices[0].name
        self._stages: list[tuple[np.ndarray, Any]] | None = None

    def put(self, values: np.ndarray) -> Any:
        """Copy an array there by way of pinned memory: one part while the next is put into it."""
        stages = self._pinned()
        given = np.ascontiguousarray(values)
        if not stages or not given.size:
            return self.xp.asarray(given)
        there = self.xp.empty(given.shape, given.dtype)
        source, target = given.reshape(-1).view(np.uint8), there.reshape(-1).view(np.uint8)
        stream = self.xp.cuda.get_current_stream()
        for number, start in enumerate(range(0, source.size, _STAGE)):
            stage, copied = stages[number % len(stages)]
            copied.synchronize()
            part = source[start : start + _STAGE]
            np.copyto(stage[: part.size], part)
            target[start : start + part.size].set(stage[: part.size], stream=stream)
            copied.record(stream)
        return there

    def free(self) -> None:
        self.xp.get_default_memory_pool().free_all_blocks()

    def _pinned(self) -> list[tuple[np.ndarray, Any]]:
        """Two buffers, each with the event that its last copy has ended; none if there is no room.

        Whoever has its turn makes them.
        """
        if self._stages is None:
            import cupyx

            try:
                made = [cupyx.empty_pinned((_STAGE,), np.uint8) for _ in range(2)]
            except Exception:  # a limit on locked memory, say: CuPy copies without
                made = []
            self._stages = [(stage, self.xp.cuda.Event(disable_timing=True)) for stage in made]
        return self._stages


_USED: list[Device] = []  # what is put in the place of a card
_LOST: list[str] = []  # why the card is not asked any more by this process


def use(device: Device | None) -> None:
    """Let this process take `device` for its card from now on; None: what there is."""
    _USED[:] = [] if device is None else [device]
    _LOST.clear()


def device() -> Device | None:
    """The card of this process; None where there is none that CuPy reaches, or it has failed."""
    if why_not():
        return None
    try:
        return _USED[0] if _USED else _card()
    except Exception as error:  # whatever libraries raise while they are loaded
        _LOST.append(f"CuPy cannot be loaded: {error}")
        log.warning("CuPy cannot be loaded, so the processor does its work: %s", error)
        return None


def no_gpu() -> str:
    """Why this process has no GPU; "" where it has one, or something in its place."""
    found = accelerators()
    return "" if _USED or found.devices else f"no GPU: {found.why}"


def why_not() -> str:
    """Why this process has no card for arrays; "" where it has one. CuPy is not imported."""
    if lost():
        return f"the GPU has failed in this process ({lost():.200})"
    if _USED:
        return ""
    return no_gpu() or ("" if _cupy() else "CuPy is not installed: pip install 'tamis[gpu]'")


def lost() -> str:
    """Why the card is not asked any more by this process, which the log has told; else ""."""
    return _LOST[0] if _LOST else ""


def give_up(error: BaseException) -> None:
    """Leave what failed on the device to the processor, if that may take over.

    A device that was full is asked again for the next partition; one that failed otherwise is not.
    An error after which no call of this process can use the card (`card_faults.fault`) is raised
    again where the engine is "gpu": then the task fails, for another process to try it
    (`tamis.lost_cards`).
    """
    if out_of_memory(error):
        return
    if engine() == "gpu" and fault(error) is not None:
        raise error
    _LOST.append(f"{type(error).__name__}: {error}")


@functools.cache
def _cupy() -> bool:
    return importlib.util.find_spec("cupy") is not None


@resource
def _card() -> Card:
    import cupy

    return Card(cupy)
