"""Which CUDA devices this process may use: the driver itself is asked, never an import.

A package for GPUs imports well where there is none. The driver is asked in a process of its own,
because asking starts it: a process that has done so must not fork, and a driver may hang.
"""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

_SECONDS = 60  # a card that was asleep, with others beside it, takes some ten to answer


class Device(NamedTuple):
    """A CUDA device: `memory` and `free` in bytes (`free` is -1 where nobody tells)."""

    number: int
    name: str
    memory: int
    free: int
    capability: str


class Accelerators(NamedTuple):
    """The devices that this process sees, the driver's version, and why there are none."""

    devices: tuple[Device, ...]
    driver: str
    why: str


def accelerators() -> Accelerators:
    """Ask the driver, once for each value of CUDA_VISIBLE_DEVICES.

    >>> found = accelerators()
    >>> bool(found.devices) or bool(found.why)
    True
    """
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    found = _told[visible] = _ask(visible)
    return found


def known() -> Accelerators:
    """What the driver has said already; it is not asked, as one of a card that failed may hang."""
    return _told.get(os.environ.get("CUDA_VISIBLE_DEVICES"), Accelerators((), "", ""))


_told: dict[str | None, Accelerators] = {}


@functools.cache
def _ask(visible: str | None) -> Accelerators:
    command = [sys.executable, "-I", str(Path(__file__).with_name("cuda_driver.py"))]
    try:
        made = subprocess.run(
            command, capture_output=True, text=True, timeout=_SECONDS, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired:
        return Accelerators((), "", f"the driver has not answered in {_SECONDS} s")
    if made.returncode:
        return Accelerators((), "", f"the driver ended its process ({made.returncode})")
    told = json.loads(made.stdout)
    return Accelerators(
        tuple(Device(*device) for device in told["devices"]), told["driver"], told["why"]
    )
