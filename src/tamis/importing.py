"""Imports of large packages, with the collection of garbage put off."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """Collect no garbage inside.

    Imports make a million objects that stay; a collector that goes through them time and again
    takes a fifteenth of the start of a process.

    >>> with uncollected():
    ...     import json
    >>> gc.isenabled()
    True
    """
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
