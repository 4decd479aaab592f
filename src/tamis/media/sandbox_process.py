"""The processes that decode, as this process sees them: started when needed, shared by threads.

For each decoder and limit there is one process that has loaded it, and as many forks of that as
threads decode at once. A `Worker` is one fork: a socket to it and a window of memory that both see.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import mmap
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from tamis.errors import TamisError
from tamis.media.sandbox_worker import Worker

WINDOW = 16 << 20  # bytes of results that wait to be read; most of it is never touched
IDLE = 60.0  # seconds that a worker is kept for a next use
START = 300.0  # seconds in which a decoder must have loaded and its loops been compiled
ANSWER = 10.0  # seconds in which the process that forks must have forked

_BLOCK = 256 << 20  # as `local_cluster` has it; Dask's nanny sets 64 KiB, which slows decoding


@dataclass(frozen=True)
class Order:
    """What a worker is for."""

    function: str
    timeout: float
    memory: int
    preload: tuple[str, ...] = ()


class Nest:
    """The process that has loaded a decoder, and its idle forks."""

    def __init__(self, order: Order) -> None:
        self.order, self.pid = order, os.getpid()
        self.lock = threading.Lock()
        self.control: socket.socket | None = None
        self.process: subprocess.Popen[bytes] | None = None
        self.idle: list[tuple[float, Worker]] = []

    def take(self) -> Worker:
        """A worker that waits for records; one that has just been forked if none is idle."""
        with self.lock:
            while self.idle:
                worker = self.idle.pop()[1]
                if worker.usable():
                    return worker
                self._reap(worker, kill=True)
        return self.fork()

    def give(self, worker: Worker) -> None:
        """Keep a worker that has nothing before it; let those go that nobody took for long."""
        with self.lock:
            now = time.monotonic()
            old = [w for since, w in self.idle if now - since > IDLE]
            self.idle = [(s, w) for s, w in self.idle if now - s <= IDLE] + [(now, worker)]
            for other in old:
                self._reap(other, kill=True)

    def fork(self) -> Worker:
        """A new worker."""
        with self.lock:
            for attempt in (1, 2):
                try:
                    return self._forked()
                except OSError as error:
                    self._stop()  # it was killed: the next one will do
                    if attempt == 2:
                        raise TamisError(
                            f"the process that decodes cannot start: {error}"
                        ) from error
        raise AssertionError

    def end(self, worker: Worker, kill: bool) -> int | None:
        """Be rid of a worker; its wait status, or None where that cannot be known."""
        with self.lock:
            return self._reap(worker, kill)

    def stop(self) -> None:
        """End the process and its forks."""
        with self.lock:
            self._stop()

    def forget(self) -> None:
        """In a fork of ours: close what belongs to the process we come from."""
        for _, worker in self.idle:
            worker.close()
        if self.control is not None:
            self.control.close()
        self.lock, self.control, self.process, self.idle = threading.Lock(), None, None, []

    def _forked(self) -> Worker:
        if self.control is None:
            self._start()
        assert self.control is not None
        ours, theirs = socket.socketpair()
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        window = os.memfd_create("tamis", os.MFD_CLOEXEC)
        says, write = os.pipe()
        try:
            os.set_blocking(says, False)
            os.ftruncate(window, WINDOW)
            socket.send_fds(self.control, [b"F"], [theirs.fileno(), window, write])
            (pid,) = struct.unpack("<i", self._answer())
            return Worker(pid, ours, mmap.mmap(window, WINDOW), says, self.order.memory)
        except BaseException:
            ours.close()
            os.close(says)
            raise
        finally:
            theirs.close()
            os.close(window)
            os.close(write)

    def _answer(self) -> bytes:
        assert self.control is not None
        answer = self.control.recv(1 << 16)
        if not answer:
            raise ConnectionResetError("it ended")
        return answer

    def _reap(self, worker: Worker, kill: bool) -> int | None:
        worker.close()
        if self.control is None:
            return None
        try:
            self.control.send(b"W" + struct.pack("<?i", kill, worker.pid))
            return int(struct.unpack("<i", self._answer())[0])
        except OSError:
            self._stop()
            return None

    def _start(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        home = str(Path(__file__).parents[2])
        path = [*sys.path] if home in sys.path else [home, *sys.path]
        order = {**vars(self.order), "path": path, "window": WINDOW}
        code = f"import sys; sys.path[:0] = [{home!r}]\n"
        code += "from tamis.media.sandbox_child import main; main()"
        try:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-c", code, str(theirs.fileno()), json.dumps(order)],
                pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL, start_new_session=True, env=_environment(),
            )  # fmt: skip
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        self.control = ours
        ours.settimeout(START)
        word = self._answer()
        if word[:1] != b"R":
            self._stop()
            raise TamisError(
                f"the decoder {self.order.function} cannot be loaded: "
                + word[1:].decode("utf-8", "replace").strip().rpartition("\n")[2]
            )
        ours.settimeout(ANSWER)

    def _stop(self) -> None:
        for _, worker in self.idle:
            worker.close()
        self.idle = []
        if self.control is not None:
            self.control.close()
            self.control = None
        if self.process is not None:
            with contextlib.suppress(OSError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None


def _environment() -> dict[str, str]:
    return os.environ | {
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "NUMBA_NUM_THREADS": "1",
        "OPENCV_FOR_THREADS_NUM": "1",
        "MALLOC_ARENA_MAX": "2",
        "MALLOC_TRIM_THRESHOLD_": str(_BLOCK),
        "MALLOC_MMAP_THRESHOLD_": str(_BLOCK),
        "PYTHONDONTWRITEBYTECODE": "1",
    }


_NESTS: dict[Order, Nest] = {}
_GUARD = threading.Lock()


def nest(order: Order) -> Nest:
    """The process for this decoder and these limits; nothing is started yet."""
    with _GUARD:
        if order not in _NESTS:
            _NESTS[order] = Nest(order)
        return _NESTS[order]


def stop() -> None:
    """End every process that decodes; the next use starts anew."""
    with _GUARD:
        nests = list(_NESTS.values())
        _NESTS.clear()
    for one in nests:
        if one.pid == os.getpid():
            one.stop()


def _in_fork() -> None:
    global _GUARD
    _GUARD = threading.Lock()
    for one in _NESTS.values():
        one.forget()
    _NESTS.clear()


atexit.register(stop)
os.register_at_fork(after_in_child=_in_fork)
