"""Processes that are about to do the same take turns: a lock on a byte of a file in a folder."""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from collections.abc import Iterator

try:
    import fcntl
except ImportError:  # Windows: each process for itself
    fcntl = None

FILE = "compiling.lock"
LOOK = 0.02  # seconds between two looks whether it is one's turn
PATIENCE = 60.0  # seconds; whoever is stopped in the midst must not stop all others


@contextlib.contextmanager
def turn(folder: str | None, name: str) -> Iterator[bool]:
    """Within, no other process is at `name` of this folder; whether there was one to wait for.

    The system takes the lock of a process that dies. There is no waiting where the folder cannot
    be written to or its file system has no locks, and an end of it after `PATIENCE`. Not to be
    nested, and for one thread of a process at a time: closing the file lets go of all it holds.
    """
    file = _opened(folder)
    try:
        yield file is not None and _waited(file, name)
    finally:
        if file is not None:
            os.close(file)


def _opened(folder: str | None) -> int | None:
    if folder is None or fcntl is None:
        return None
    try:
        os.makedirs(folder, exist_ok=True)
        return os.open(os.path.join(folder, FILE), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError:
        return None


def _waited(file: int, name: str) -> bool:
    at = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=4).digest(), "little") >> 1
    waited, last = False, time.monotonic() + PATIENCE
    while time.monotonic() < last:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, at)
            return waited
        except (BlockingIOError, PermissionError):
            waited = True
            time.sleep(LOOK)
        except OSError:
            return waited
    return waited
