"""Ranges of bytes of a file, local (mapped) or remote (fetched together where they are near)."""

from __future__ import annotations

import mmap
from collections.abc import Mapping
from typing import Any

import numpy as np

from tamis.codes import BadRecord
from tamis.io.files import File, open_file

WINDOW = 4 << 20  # bytes of a remote file that are read at once in search of headers
_NEAR = 256 << 10  # bytes between two ranges below which they are fetched as one
_LARGE = 16 << 20  # bytes fetched as one
_EMPTY = np.frombuffer(b"", np.uint8)


class Ranges:
    """The bytes of one file."""

    def __init__(self, file: File, storage_options: Mapping[str, Any] | None = None) -> None:
        self.file, self.size = file, file.size
        self._data: np.ndarray | None = None
        try:
            handle = open_file(file, storage_options)
            if not file.local:
                self._handle = handle
                return
            with handle:
                if not file.size:
                    self._data = _EMPTY
                    return
                mapped = mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ)
            self._data = np.frombuffer(mapped, np.uint8)
        except OSError as error:
            raise BadRecord("file.unreadable", str(error)) from error

    def window(self, at: int, size: int = WINDOW) -> np.ndarray:
        """The bytes from `at` on: all of a local file, about `size` of a remote one."""
        if self._data is not None:
            return self._data[at:]
        try:
            self._handle.seek(at)
            return np.frombuffer(self._handle.read(size), np.uint8)
        except OSError as error:
            raise BadRecord("file.unreadable", str(error)) from error

    def gathered(self, starts: np.ndarray, sizes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Bytes that hold these ranges, and where in them each begins."""
        if self._data is not None:
            return self._data, starts
        order = np.argsort(starts, kind="stable")
        pieces, places, held = [], np.zeros(len(starts), np.int64), 0
        k = 0
        while k < len(order):
            first, last, stop = k, k, int(starts[order[k]] + sizes[order[k]])
            while last + 1 < len(order):
                after = order[last + 1]
                end = max(stop, int(starts[after] + sizes[after]))
                near = int(starts[after]) - stop <= _NEAR
                if not near or end - int(starts[order[first]]) > _LARGE:
                    break
                last, stop = last + 1, end
            begin = int(starts[order[first]])
            piece = self.window(begin, stop - begin)
            if len(piece) != stop - begin:
                raise BadRecord("file.truncated", f"{stop} bytes were there, now it is shorter")
            rows = order[first : last + 1]
            places[rows] = starts[rows] - begin + held
            pieces.append(piece)
            held += len(piece)
            k = last + 1
        data = np.concatenate(pieces) if pieces else _EMPTY.copy()
        data.flags.writeable = False
        return data, places
