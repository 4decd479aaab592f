"""What runs on the other side: a process that loads the decoder and forks one that decodes.

The first touches no data, so it stays sound; a fork of it costs milliseconds and shares its memory.
The second has limits, no network and no way to write a file, and may die at any record.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import json
import mmap
import os
import resource
import select
import signal
import socket
import struct
import sys
import traceback
from collections import deque
from collections.abc import Callable
from typing import Any

from tamis.codes import BadRecord
from tamis.media import parts
from tamis.media.sandbox_wire import pack, unpack

REQUEST = struct.Struct("<QII")  # results that were read, bytes of settings, bytes of data
REPLY = struct.Struct("<II")  # bytes of head, whether this process should be replaced
NEAR = 1 << 20  # bytes of the window after which its start is used again if it is free: caches
CHECKED = 16  # records between two looks at how much memory has leaked
CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS = 1, 38


def main() -> None:
    """Serve forks over the socket whose number is the first argument, until it closes."""
    control = socket.socket(fileno=int(sys.argv[1]))
    order = json.loads(sys.argv[2])
    sys.path[:] = order["path"]
    os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"))
    try:
        function = _load(order)
    except BaseException:
        control.send(b"E" + traceback.format_exc().encode("utf-8", "replace")[-4000:])
        return
    _no_network()
    gc.collect()
    gc.freeze()
    control.send(b"R")
    parent = os.getppid()
    waiter = select.poll()
    waiter.register(control, select.POLLIN)
    while os.getppid() == parent:
        if not waiter.poll(5000):
            continue
        message, fds, _, _ = socket.recv_fds(control, 64, 3)
        if not message:
            break
        if message[:1] == b"F":
            control.send(struct.pack("<i", _fork(control, fds, order, function)))
        else:
            kill, pid = struct.unpack("<?i", message[1:])
            control.send(struct.pack("<i", _reap(pid, kill)))
    # Those still decoding are told by the signal that follows this process's end.


def _load(order: dict[str, Any]) -> Callable[..., Any]:
    for name in order["preload"]:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    name, _, function = order["function"].partition(":")
    module = importlib.import_module(name)
    with contextlib.suppress(Exception):  # what is missing is said when it is needed
        getattr(module, "warm_up", bool)()
    found: Callable[..., Any] = getattr(module, function)
    return found


def _no_network() -> None:
    """Leave the network behind where the system allows it."""
    libc = ctypes.CDLL(None, use_errno=True)
    with contextlib.suppress(OSError, AttributeError):
        libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        if libc.unshare(CLONE_NEWUSER | CLONE_NEWNET):
            libc.unshare(CLONE_NEWNET)


def _fork(control: Any, fds: list[int], order: dict[str, Any], function: Any) -> int:
    zygote = os.getpid()
    pid = os.fork()
    if pid:
        for fd in fds:
            os.close(fd)
        return pid
    status = 70
    try:
        control.close()
        link, window, says = fds
        _confine(order, says, zygote)
        _serve(socket.socket(fileno=link), mmap.mmap(window, order["window"]), order, function)
        status = 0
    except BaseException:
        with contextlib.suppress(BaseException):
            os.write(2, traceback.format_exc().encode("utf-8", "replace")[-2000:])
    finally:
        os._exit(status)


def _reap(pid: int, kill: bool) -> int:
    """The wait status of a fork that has ended, or is to end now."""
    if not kill:
        for _ in range(100):
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                with contextlib.suppress(OSError):
                    os.killpg(pid, signal.SIGKILL)  # what it may have started
                return status
            select.select([], [], [], 0.001)
    with contextlib.suppress(OSError):
        os.killpg(pid, signal.SIGKILL)
    with contextlib.suppress(OSError):
        os.kill(pid, signal.SIGKILL)
    return os.waitpid(pid, 0)[1]


def _confine(order: dict[str, Any], says: int, zygote: int) -> None:
    """Limits that only a new process can be rid of."""
    os.setsid()
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != zygote:
        os._exit(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(says, 1)
    os.dup2(says, 2)
    os.close(nothing)
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
        file.write("1000")  # where the machine has no memory left, this is what should go
    numba = sys.modules.get("numba.core.caching")
    if numba is not None:  # a loop compiled here is not kept: that would write a file
        numba.Cache._save_overload = lambda *_: None
    for what, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_AS, _size() + order["window"] + order["memory"]),
    ):
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(what, (most, most))


def _size() -> int:
    """The address space of this process in bytes."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[0]) * mmap.PAGESIZE


def _serve(link: socket.socket, window: Any, order: dict[str, Any], function: Any) -> None:
    """Decode what comes, one result for each record, in order."""
    source, ring = link.makefile("rb", 1 << 16), _Ring(window)
    base, done = _size(), 0

    def part(value: Any) -> None:
        head, buffers = pack(value)
        _send(link, ring, (b"P" + head, buffers), False)
        _more_time(order["timeout"])

    parts.take(part)
    while head := source.read(REQUEST.size):
        read, settings, size = REQUEST.unpack(head)
        given = unpack(source.read(settings), (), lambda module: False)
        data = source.read(size)
        ring.free(read)
        _more_time(order["timeout"])
        reply = _result(function, data, given, done)
        done += 1
        tired = done % CHECKED == 0 and _size() - base > order["memory"] // 2
        _send(link, ring, reply, tired)


def _more_time(timeout: float) -> None:
    """A bound on processor time, for when nobody is waiting with a clock."""
    spent = resource.getrusage(resource.RUSAGE_SELF)
    used = spent.ru_utime + spent.ru_stime
    soft = int(used + timeout * (os.cpu_count() or 1)) + 2
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))


def _result(function: Any, data: bytes, settings: Any, done: int) -> tuple[bytes, list[Any]]:
    try:
        try:
            head, buffers = pack(function(data, **settings))
            return b"V" + head, buffers
        except BadRecord as bad:
            return b"B" + pack([bad.code, bad.detail])[0], []
        except MemoryError as error:
            return b"M" + pack([done, str(error)[:200]])[0], []
    except Exception as error:
        what = f"{type(error).__name__}: {error}"
        return b"X" + pack([what, traceback.format_exc()[-4000:]])[0], []


class _Ring:
    """The window that both sides see: results lie there until the other side has read them."""

    def __init__(self, window: Any) -> None:
        self.window, self.size = memoryview(window), len(window)
        self.number = self.first = self.head = 0  # results; the oldest unread; the next free byte
        self.held: deque[tuple[int, int, int]] = deque()

    def free(self, read: int) -> None:
        while self.held and self.held[0][0] < read:
            self.held.popleft()

    def place(self, size: int) -> int | None:
        """Where `size` bytes may be put, or None where there is no room."""
        size = -(-size // 64) * 64
        tail = self.held[0][1] if self.held else None
        if tail is None:
            self.head = 0
        at = self.head
        if tail is not None and at <= tail:
            if at + size > tail:
                return None
        elif at + size > self.size or (at >= NEAR and tail is not None and size <= tail):
            if tail is None or size > tail:
                return None
            at = 0
        if size > self.size:
            return None
        self.held.append((self.number, at, at + size))
        self.head = at + size
        return at


def _send(link: socket.socket, ring: _Ring, reply: tuple[bytes, list[Any]], tired: bool) -> None:
    """Each buffer goes through the window where there is room, else behind the head."""
    head, buffers = reply
    places, inline = [], []
    for buffer in buffers:
        at = ring.place(len(buffer))
        if at is None:
            inline.append(buffer)
            places.append([-1, len(buffer)])
        else:
            ring.window[at : at + len(buffer)] = buffer
            places.append([at, len(buffer)])
    ring.number += 1
    whole = json.dumps(places).encode() + b"\n" + head
    link.sendall(REPLY.pack(len(whole), tired) + whole)
    for buffer in inline:
        link.sendall(buffer)
