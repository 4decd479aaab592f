"""Limits that processes keep together: locks on small files, in a folder that all of them see.

The system takes the locks of a process that dies, so nothing is left behind. All processes of a
machine keep them; those of several, where the folder is on a file system that knows locks.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import hashlib
import json
import logging
import os
import struct
import threading
import time
from types import TracebackType

from tamis.prompting.cache import cache_folder
from tamis.prompting.limits import Limits
from tamis.prompting.pace import LATE, Clock, OwnClock

_BUSY = (errno.EACCES, errno.EAGAIN)
_LOOK = 0.05  # seconds between two looks whether there is room
_HELD = 0.002  # seconds to wait where somebody is reading the clock
_FAR = 86_400.0  # seconds: a clock that is so far ahead was not set by us
_TIME = struct.Struct("<d")


class Shared:
    """What the requests of one endpoint are counted by; alone where there is no such folder."""

    def __init__(self, limits: Limits) -> None:
        self.most = limits.concurrency
        self.slots: Slots | None = None
        self.requests: Clock = OwnClock()
        self.tokens: Clock = OwnClock()
        self.under_way = 0  # of this process
        self._held: list[int] = []
        self._turns = asyncio.Lock()  # one of a process looks whether there is room
        base = _folder(limits)
        folder = os.path.join(base, "limits")
        server = [limits.base(), limits.key]
        try:
            for one in (base, folder):  # the mode is that of the last folder of a path
                os.makedirs(one, mode=0o700, exist_ok=True)
            self.slots = slots(os.path.join(folder, f"{_named(server)}.slots"))
            for what, rate in (("requests", limits.rpm), ("tokens", limits.tpm)):
                if rate is not None:
                    name = f"{_named([*server, what, rate])}.clock"
                    setattr(self, what, FileClock(os.path.join(folder, name)))
        except OSError as error:
            self.slots, told = None, error.strerror or type(error).__name__
            logging.getLogger(__name__).warning(
                "limits hold for each process alone: no locks in %s (%s)", folder, told
            )

    async def __aenter__(self) -> None:
        """Wait until one more may be under way, of all processes together."""
        if self.slots is not None:
            async with self._turns:
                while (slot := self.slots.take(self.most)) is None:
                    await asyncio.sleep(_LOOK)
            self._held.append(slot)
        self.under_way += 1

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self.under_way -= 1
        if self.slots is not None:
            self.slots.give(self._held.pop())


class Slots:
    """A byte of a file for each that may be under way: who locks it has the place.

    Such locks are those of a process, so there is one of these for a file, and it is not closed.
    """

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._taken: set[int] = set()
        self._guard = threading.Lock()
        self._free = os.getpid()  # where to look first: processes begin at different places
        fcntl.lockf(self._file, fcntl.LOCK_SH | fcntl.LOCK_NB, 1, 1 << 40)  # whether there are any

    def take(self, most: int) -> int | None:
        """A place of the first `most`, if one is free."""
        with self._guard:
            for step in range(most):
                slot = (self._free + step) % most
                if slot not in self._taken and self._lock(slot):
                    self._taken.add(slot)
                    self._free = slot + 1
                    return slot
        return None

    def give(self, slot: int) -> None:
        """Leave a place."""
        with self._guard:
            self._taken.discard(slot)
            self._free = slot
            fcntl.lockf(self._file, fcntl.LOCK_UN, 1, slot)

    def _lock(self, slot: int) -> bool:
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, slot)
            return True
        except OSError as error:
            if error.errno in _BUSY:
                return False
            raise


class FileClock:
    """When the next may begin, as eight bytes of a file."""

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._owed = 0.0  # moved, and not yet written
        fcntl.flock(self._file, fcntl.LOCK_SH)
        fcntl.flock(self._file, fcntl.LOCK_UN)

    def __del__(self) -> None:
        with contextlib.suppress(OSError, AttributeError):
            os.close(self._file)

    def take(self, since: float, length: float) -> float:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return _HELD
        try:
            now, data = time.time(), os.pread(self._file, _TIME.size, 0)
            free_at = _TIME.unpack(data)[0] if len(data) == _TIME.size else 0.0
            if not free_at < now + _FAR:
                free_at = 0.0
            free_at += self._owed
            wait = free_at - now
            if wait <= 0:
                free_at = max(free_at, since, now - LATE) + length
            if wait <= 0 or self._owed:
                os.pwrite(self._file, _TIME.pack(free_at), 0)
                self._owed = 0.0
            return max(0.0, wait)
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def move(self, length: float) -> None:
        self._owed += length


def slots(path: str) -> Slots:
    """The places of a file, once for this process."""
    with _GUARD:
        if path not in _SLOTS:
            _SLOTS[path] = Slots(path)
        return _SLOTS[path]


_SLOTS: dict[str, Slots] = {}
_GUARD = threading.Lock()


def _in_fork() -> None:
    """A child has none of the locks."""
    global _GUARD
    _GUARD = threading.Lock()
    _SLOTS.clear()


os.register_at_fork(after_in_child=_in_fork)


def _folder(limits: Limits) -> str:
    """The folder of the answers, or the user's where they are elsewhere or nowhere."""
    folder = cache_folder(limits.cache or True)
    return (
        cache_folder(True)
        if "://" in folder and not folder.startswith("file://")
        else folder.removeprefix("file://")
    )


def _named(what: object) -> str:
    return hashlib.sha256(json.dumps(what).encode()).hexdigest()[:24]
