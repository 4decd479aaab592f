"""One process that decodes, as this process sees it: what it is sent, and what comes back."""

from __future__ import annotations

import contextlib
import json
import mmap
import os
import select
import socket
import time
from collections.abc import Callable
from typing import Any

from tamis.media.sandbox_child import REPLY, REQUEST
from tamis.media.sandbox_wire import Nonsense

AHEAD = 32  # records that a worker may have before it
AHEAD_BYTES = 4 << 20
AHEAD_RESULTS = 2 << 20  # bytes of results that lie ready: more would be out of the caches
LONGEST = 1 << 26  # bytes of the head of a result


class Died(Exception):
    """A worker ended, or said what no worker says; the argument is the detail."""


class Late(Exception):
    """A worker did not answer in time."""


class _Deadline:
    """Until when an answer is waited for; what is excused is granted once the time is over."""

    def __init__(self, timeout: float, excused: Callable[[], float] | None) -> None:
        self._until, self._excused = time.monotonic() + timeout, excused
        self._granted = excused() if excused is not None else 0.0

    def left(self) -> float:
        left = self._until - time.monotonic()
        if left <= 0 and self._excused is not None:
            more = max(0.0, self._excused() - self._granted)
            self._granted, self._until = self._granted + more, self._until + more
            left += more
        return left


class Worker:
    """A fork that decodes: a socket to it, and a window of memory that both see."""

    def __init__(
        self, pid: int, link: socket.socket, window: mmap.mmap, says: int, most: int
    ) -> None:
        self.most = most  # bytes of one buffer of a result
        self.pid, self.link, self.window, self.says = pid, link, memoryview(window), says
        link.setblocking(False)
        self.sent = self.done = 0  # records
        self.read = 0  # results and parts of them
        self.tired = False
        self.unsent: list[memoryview] = []
        self.got = bytearray()
        self.words = b""
        self.poll = select.poll()
        self.poll.register(says, select.POLLIN)

    def usable(self) -> bool:
        """Whether nothing has happened to it while it waited."""
        try:
            self.link.recv(1)
        except BlockingIOError:
            return True
        except OSError:
            pass
        return False  # it has ended, or says what nobody asked

    def ask(self, data: Any, settings: bytes) -> None:
        """Put a record into the queue; it is sent while answers are waited for."""
        head = REQUEST.pack(self.read, len(settings), len(data))
        self.unsent += [memoryview(head + settings), memoryview(data).cast("B")]
        self.sent += 1

    def answer(
        self, timeout: float, excused: Callable[[], float] | None = None
    ) -> tuple[bytes, list[Any]]:
        """The next result: its head, and its buffers, which hold until the next call.

        `excused` tells seconds that do not count for the `timeout`.
        """
        deadline = _Deadline(timeout, excused)
        size, tired = REPLY.unpack(self._exactly(REPLY.size, deadline))
        if size > LONGEST:
            raise Died("its answer makes no sense")
        places, _, head = bytes(self._exactly(size, deadline)).partition(b"\n")
        try:
            buffers = [self._buffer(at, size, deadline) for at, size in json.loads(places)]
        except (ValueError, TypeError, RecursionError) as error:
            raise Died("its answer makes no sense") from error
        self.read += 1
        self.tired |= bool(tired)
        return head, buffers

    def last_words(self) -> str:
        """What it printed at the end, fit to be shown."""
        while self._listen():
            pass
        said = self.words.decode("utf-8", "replace")
        line = next((x for x in reversed(said.splitlines()) if x.strip()), "")
        return "".join(c for c in line if c.isprintable())[:160]

    def close(self) -> None:
        """Close what belongs to it here; it ends when it notices."""
        self.link.close()
        if self.says >= 0:
            with contextlib.suppress(OSError):
                os.close(self.says)
            self.says = -1

    def _buffer(self, at: int, size: int, deadline: _Deadline) -> Any:
        if type(at) is not int or type(size) is not int or size < 0:
            raise Nonsense("no place")
        if at >= 0:
            if at + size > len(self.window):
                raise Nonsense("outside the window")
            return self.window[at : at + size]
        if size > self.most:
            raise Nonsense("more than it may have")
        return self._exactly(size, deadline)

    def _exactly(self, size: int, deadline: _Deadline) -> bytearray | bytes:
        while len(self.got) < size:
            self._wait(deadline, size - len(self.got))
        taken, self.got = self.got[:size], self.got[size:]
        return taken

    def _wait(self, deadline: _Deadline, wanted: int) -> None:
        """Until something has been read; what is to be sent goes out meanwhile."""
        self._push()
        events = select.POLLIN | (select.POLLOUT if self.unsent else 0)
        self.poll.register(self.link, events)
        left = deadline.left()
        ready = dict(self.poll.poll(left * 1000)) if left > 0 else {}
        if not ready:
            if deadline.left() > 0:
                return
            raise Late
        if self.says in ready and not self._listen():
            self.poll.unregister(self.says)
        if self.link.fileno() not in ready:
            return
        try:
            block = self.link.recv(max(1 << 16, min(wanted, 1 << 20)))
        except BlockingIOError:
            return
        except OSError as error:
            raise Died(str(error)) from error
        if not block:
            raise Died("")
        self.got += block

    def _listen(self) -> bool:
        """Take what it prints, lest it wait for a reader; whether there was any."""
        try:
            said = os.read(self.says, 1 << 16)
        except OSError:
            return False
        self.words = (self.words + said)[-4096:]
        return bool(said)

    def _push(self) -> None:
        while self.unsent:
            try:
                count = self.link.sendmsg(self.unsent[:64])
            except BlockingIOError:
                return
            except OSError:
                self.unsent = []  # it has ended; what it still said can be read
                return
            while self.unsent and count >= len(self.unsent[0]):
                count -= len(self.unsent.pop(0))
            if count:
                self.unsent[0] = self.unsent[0][count:]
