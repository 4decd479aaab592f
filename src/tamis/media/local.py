"""Bytes of local files, a few of which stay open."""

from __future__ import annotations

import os
import stat
import threading

from tamis.codes import BadRecord
from tamis.media.pieces import LARGE, Pieces

OPEN = 4  # files: rows that follow one another mostly point into one archive, or a few


class Local:
    """Local files by their paths. Threads may read at once; they share what is open."""

    def __init__(self) -> None:
        self._open: dict[str, _File] = {}
        self._last: tuple[str, _File | None] = ("", None)
        self._opening = threading.Lock()

    def read(self, path: str, offset: int | None, size: int | None) -> bytes | Pieces:
        """`size` bytes from `offset`, or all; `BadRecord` or `OSError` where they are not there."""
        last, file = self._last
        if file is None or path != last:
            file = self._file(path)
        if offset is not None and size is not None and offset >= 0 and 0 < size <= LARGE:
            found = os.pread(file.handle, size, offset)
            if len(found) == size:  # as nearly always; what follows says what is wrong
                return found
        start, wanted = _range(file, path, offset, size)
        if wanted > LARGE:
            return Pieces(wanted, lambda a, b: file.told(path, start + a, b - a))
        return file.read(path, start, wanted)

    def pieces(self, path: str, offset: int | None, size: int | None) -> Pieces:
        """The same bytes, none of them read yet."""
        last, held = self._last
        file = self._file(path) if held is None or path != last else held
        start, wanted = _range(file, path, offset, size)
        return Pieces(wanted, lambda a, b: file.told(path, start + a, b - a))

    def _file(self, path: str) -> _File:
        with self._opening:
            file = self._open.pop(path, None) or _File(path)
            while len(self._open) >= OPEN:  # closed once nobody reads it any longer
                self._open.pop(next(iter(self._open)))
            self._open[path] = file
            self._last = path, file
        return file


def _range(file: _File, path: str, offset: int | None, size: int | None) -> tuple[int, int]:
    """Where the bytes begin and how many they are; `BadRecord` where the file has fewer."""
    start, length = offset or 0, file.length()
    wanted = length - start if offset is None or size is None else size
    if start < 0 or wanted < 0 or start + wanted > length:
        place = path if offset is None else f"{path}, byte {offset}"
        detail = f"{place}: {wanted} bytes wanted, the file has {length}"
        raise BadRecord("media.unreadable", detail)
    return start, wanted


class _File:
    """An open regular file, closed with its last reference."""

    __slots__ = ("handle",)

    def __init__(self, path: str) -> None:
        self.handle = -1
        self.handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        if not stat.S_ISREG(os.fstat(self.handle).st_mode):  # a pipe could be read for ever
            raise BadRecord("media.unreadable", f"{path} is not a regular file")

    def __del__(self) -> None:
        if self.handle >= 0:
            os.close(self.handle)

    def length(self) -> int:
        return os.fstat(self.handle).st_size

    def read(self, path: str, start: int, size: int) -> bytes:
        """Not mapped: what another process cuts off would then end this one by a signal."""
        found, at = [], start
        while at < start + size:  # one read gives at most 2 GB
            piece = os.pread(self.handle, start + size - at, at)
            if not piece:
                detail = f"{path}, byte {start}: the file became shorter"
                raise BadRecord("media.unreadable", detail)
            found.append(piece)
            at += len(piece)
        return found[0] if len(found) == 1 else b"".join(found)

    def told(self, path: str, start: int, size: int) -> bytes:
        """The same, all that the system says against it as `BadRecord`."""
        try:
            return self.read(path, start, size)
        except OSError as error:
            detail = f"{path}, byte {start}: {error.strerror or error}"
            raise BadRecord("media.unreadable", detail) from None
