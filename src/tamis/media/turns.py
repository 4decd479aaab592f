"""Models that compute on all cores take turns."""

from __future__ import annotations

import contextlib
import threading
from typing import Any

from tamis.media.ahead import cores


def turns(spare: int, threads: int) -> contextlib.AbstractContextManager[Any]:
    """How many threads may compute at once, where each of them uses `threads` cores.

    torch takes all cores for one batch unless told otherwise (Dask's workers tell it: one), so
    under the threaded scheduler tasks wait for one another instead of taking the cores from each
    other, and decode meanwhile.
    """
    return threading.BoundedSemaphore(max(spare, cores() // max(threads, 1)))


def turns_on(torch: Any, device: str) -> contextlib.AbstractContextManager[Any]:
    """Turns on a device of torch's: on a GPU two, so that one loads what it needs meanwhile."""
    if device != "cpu":
        return threading.BoundedSemaphore(2)
    return turns(1, torch.get_num_threads())
