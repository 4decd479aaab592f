"""Blocks of a remote medium: fetched when they are asked for, some ahead, and kept for a while.

Who reads on gets ever larger ranges, and the next one is fetched while the last is worked on. Who
goes from place to place gets small ones. What was fetched is kept in a temporary file without a
name, of which the blocks that were not read for the longest time are given up first.
"""

from __future__ import annotations

import os
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

BLOCK = 1 << 17  # bytes: a keyframe of 1080p mostly has as many
AHEAD = 2 << 20  # bytes of a range that is fetched for who reads on
EARLY = 1 << 20  # from ranges of so many on the next one is fetched before it is asked for
KEPT = 1 << 30  # bytes of one medium that are kept
_ENDS = 8  # places where somebody may go on reading


class Blocks:
    """`read(start, stop)` of a medium of `length` bytes; `fetch(start, stop)` gives those anew.

    Threads may read at once; no range is fetched twice at the same time.

    >>> asked = []
    >>> def fetch(start, stop):
    ...     asked.append((start, stop))
    ...     return bytes(stop - start)
    >>> blocks = Blocks(1_000_000, fetch)
    >>> len(blocks.read(10, 20)), len(blocks.read(20, 30)), asked
    (10, 10, [(0, 131072)])
    """

    def __init__(self, length: int, fetch: Callable[[int, int], bytes], kept: int = KEPT) -> None:
        self._length, self._fetch, self._most = length, fetch, max(4, kept // BLOCK)
        self._lock = threading.Lock()
        self._slots: OrderedDict[int, int] = OrderedDict()  # of blocks: where in the file
        self._coming: dict[int, tuple[int, Future[bytes]]] = {}  # the range that a block is of
        self._ends: OrderedDict[int, int] = OrderedDict()  # behind ranges: how large those were
        self._early: dict[int, tuple[int, int]] = {}  # ranges fetched early: end and size
        self._file: Any = None

    def read(self, start: int, stop: int) -> bytes:
        """Some bytes; what `fetch` raises. What is as much as a piece to be copied is not kept."""
        stop = min(stop, self._length)
        if start >= stop:
            return b""
        if stop - start > AHEAD:
            return self._fetch(start, stop)
        first, last = start // BLOCK, (stop - 1) // BLOCK
        found = b"".join(self._block(k, last) for k in range(first, last + 1))
        return found[start - first * BLOCK : stop - first * BLOCK]

    def _block(self, block: int, last: int) -> bytes:
        mine = None
        with self._lock:
            ahead = self._early.pop(block, None)
            if not self._had(block):
                size = min(2 * self._ends.pop(block, 0), AHEAD // BLOCK)
                mine = self._noted(block, max(block + max(size, 1), last + 1))
                ahead = (mine[1], size) if size >= EARLY // BLOCK else ahead
            if ahead is not None:
                self._go_on(*ahead)
            slot = self._slots.get(block)
            if slot is not None:
                self._slots.move_to_end(block)
                size = min(BLOCK, self._length - block * BLOCK)
                return os.pread(self._file.fileno(), size, slot * BLOCK)
            first, coming = self._coming[block]
        if mine is not None:
            self._get(*mine)
        at = (block - first) * BLOCK
        return coming.result()[at : at + BLOCK]

    def _noted(self, first: int, stop: int) -> tuple[int, int]:
        """The range of blocks from `first` to what somebody has, noted as coming."""
        stop = min(stop, -(-self._length // BLOCK), first + self._most // 2)
        stop = next((k for k in range(first + 1, stop) if self._had(k)), stop)
        coming: Future[bytes] = Future()
        self._coming |= dict.fromkeys(range(first, stop), (first, coming))
        self._ends[stop] = stop - first
        while len(self._ends) > _ENDS:
            self._ends.popitem(last=False)
        return first, stop

    def _go_on(self, block: int, size: int) -> None:
        """Fetch a range early, since what is before it is read by somebody who reads on."""
        if self._had(block) or block * BLOCK >= self._length:
            return
        self._ends.pop(block, None)
        first, stop = self._noted(block, block + min(2 * size, AHEAD // BLOCK))
        self._early[first] = stop, stop - first
        threading.Thread(target=self._get, args=(first, stop), daemon=True).start()

    def _had(self, block: int) -> bool:
        return block in self._slots or block in self._coming

    def _get(self, first: int, stop: int) -> None:
        """Fetch a range of blocks and keep it; who waits for it is told."""
        _, coming = self._coming[first]
        try:
            data = self._fetch(first * BLOCK, min(stop * BLOCK, self._length))
        except BaseException as error:
            with self._lock:
                for k in range(first, stop):
                    del self._coming[k]
            coming.set_exception(error)
            return
        with self._lock:
            for k in range(first, stop):
                at = (k - first) * BLOCK
                self._keep(k, data[at : at + BLOCK])
                del self._coming[k]
        coming.set_result(data)

    def _keep(self, block: int, data: bytes) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile(prefix="tamis-")  # noqa: SIM115  goes with this
        if len(self._slots) >= self._most:
            _, slot = self._slots.popitem(last=False)
        else:
            slot = len(self._slots)
        os.pwrite(self._file.fileno(), data, slot * BLOCK)
        self._slots[block] = slot
