"""Arrays that are put aside until rows behind them are worked on: in a file, not in memory."""

from __future__ import annotations

import math
import os
import tempfile
import threading
from typing import Any, NamedTuple

import numpy as np

ROOM = 1 << 30  # bytes of a file


class Place(NamedTuple):
    """Where an array is, and its shape."""

    at: int
    shape: tuple[int, ...]


class Spilled:
    """Arrays of bytes in a temporary file, which is gone with the process.

    >>> aside = Spilled(room=10)
    >>> place = aside.put(np.arange(6, dtype=np.uint8).reshape(2, 3))
    >>> aside.get(place).tolist(), aside.put(np.zeros(7, np.uint8))
    ([[0, 1, 2], [3, 4, 5]], None)
    """

    def __init__(self, room: int = ROOM) -> None:
        self.room = room
        self._file: Any = None
        self._end, self._putting = 0, threading.Lock()

    def put(self, array: np.ndarray) -> Place | None:
        """Put an array aside; None where there is no room for it."""
        with self._putting:
            if array.nbytes > self.room:
                return None
            try:
                self._file = self._file or _temporary()
                at = self._end
                _written(self._file.fileno(), array, at)
            except OSError:  # the disk is full: it is decoded again
                self.room = 0
                return None
            self.room -= array.nbytes
            self._end += array.nbytes
        return Place(at, array.shape)

    def get(self, place: Place) -> np.ndarray:
        """The array."""
        data = bytearray(math.prod(place.shape))
        at = 0
        while at < len(data):
            at += os.preadv(self._file.fileno(), [memoryview(data)[at:]], place.at + at)
        return np.frombuffer(data, np.uint8).reshape(place.shape)


def _temporary() -> Any:
    return tempfile.TemporaryFile(prefix="tamis-", buffering=0)


def _written(file: int, array: np.ndarray, at: int) -> None:
    data = np.ascontiguousarray(array).reshape(-1).view(np.uint8).data
    while data:
        count = os.pwrite(file, data, at)
        data, at = data[count:], at + count
