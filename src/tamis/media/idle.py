"""Cores of this machine that no long decode uses, so that one long video may take them.

Every process of tamis that decodes at length locks a file of a folder that they share, one file
for each core. So workers that know nothing of each other see what is left, and what one of them
held is free again however it ended.
"""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from collections.abc import Iterator

from tamis.media.ahead import cores

_QUOTAS = ("/sys/fs/cgroup/cpu.max", "/sys/fs/cgroup/cpu/cpu.cfs_quota_us")
_PERIOD = 100_000  # microseconds, where the system does not say


class Core:
    """A core that is taken until `free`."""

    def __init__(self, handle: int) -> None:
        self._handle = handle

    def free(self) -> None:
        """Let others have it."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1


def take() -> Core | None:
    """A core that nobody has taken, None where there is none, or where that cannot be told."""
    folder = _folder()
    for number in range(allowed() if folder else 0):
        with contextlib.suppress(OSError):
            handle = os.open(f"{folder}/{number}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            if _locked(handle):
                return Core(handle)
            os.close(handle)
    return None


@contextlib.contextmanager
def used() -> Iterator[None]:
    """A core is in use meanwhile: who works anyway lets others see it."""
    core = take()
    try:
        yield
    finally:
        if core is not None:
            core.free()


def allowed() -> int:
    """How many cores this process may use: those that it may run on, as long as its group may."""
    found = cores()
    for name in _QUOTAS:
        with contextlib.suppress(OSError, ValueError), open(name) as file:
            quota, _, period = file.read().partition(" ")
            share = int(quota) // int(period or _PERIOD)  # "max" and -1: no limit
            found = min(found, max(1, share)) if int(quota) > 0 else found
    return found


def _locked(handle: int) -> bool:
    try:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (ImportError, OSError):
        return False
    return True


def _folder() -> str | None:
    """The folder of this user; None where it is somebody else's."""
    if not hasattr(os, "getuid"):
        return None
    path = os.path.join(tempfile.gettempdir(), f"tamis-cores-{os.getuid()}")
    with contextlib.suppress(OSError):
        os.mkdir(path, 0o700)
    try:
        found = os.lstat(path)
    except OSError:
        return None
    mine = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid()
    return path if mine and not found.st_mode & 0o022 else None
