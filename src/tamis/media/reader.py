"""The bytes of a medium as a file: read and sought in, never whole in memory because of that."""

from __future__ import annotations

from typing import Any

from tamis.codes import BadRecord
from tamis.media.pieces import Content, Pieces
from tamis.media.seeking import Seeking

_BLOCK = 1 << 16  # bytes read at least at a time where they are not in memory


class Reader(Seeking):
    """A file over bytes, a byte range or a remote object; decoders read it and seek in it.

    `read` never raises, since what calls it may be a library in C: where bytes cannot be had it
    gives none, and `check` raises the `BadRecord` afterwards. `exactly` raises at once.

    Where bytes are not in memory `block` of them are read at a time, at first `first`: a header
    is mostly short.

    >>> file = Reader(b"abcdef")
    >>> file.seek(2), file.read(3), file.tell(), len(file)
    (2, b'cde', 5, 6)
    """

    def __init__(self, content: Content, block: int = _BLOCK, first: int | None = None) -> None:
        self._content, self._length = content, len(content)
        self._at, self._block, self._next = 0, block, first or block
        self._start, self._kept = 0, b""
        self._problem: BadRecord | None = None
        self.name = ""
        self.kept: dict[Any, Any] | None = None  # containers that were opened, where they are kept
        self.known: dict[str, Any] = {}  # what was learned of it once

    def __len__(self) -> int:
        return self._length

    @property
    def content(self) -> Content:
        """The bytes themselves."""
        return self._content

    def exactly(self, start: int, stop: int) -> bytes:
        """The bytes from `start` to `stop`, fewer where it ends; `BadRecord` for a fault."""
        stop = min(stop, self._length)
        if start >= stop:
            return b""
        if not isinstance(self._content, Pieces):
            return bytes(self._content[start:stop])
        low = start - self._start
        if low >= 0 and stop <= self._start + len(self._kept):
            return self._kept[low : low + stop - start]
        ahead = self._next if stop - start < self._next else self._block
        self._next = self._block
        if stop - start >= ahead:
            return self._content[start:stop]
        self._kept = self._content[start : min(start + ahead, self._length)]
        self._start = start
        return self._kept[: stop - start]

    def check(self) -> None:
        """Raise what kept `read` from reading."""
        if self._problem is not None:
            raise self._problem

    def read(self, size: int = -1) -> bytes:
        """The next `size` bytes, all that are left by default."""
        stop = self._length if size is None or size < 0 else self._at + size
        try:
            found = self.exactly(self._at, stop)
        except BadRecord as bad:
            self._problem = bad
            return b""
        self._at += len(found)
        return found

    def readinto(self, buffer: memoryview) -> int:
        """Fill a buffer; how many bytes there were."""
        found = self.read(len(buffer))
        buffer[: len(found)] = found
        return len(found)

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def writable(self) -> bool:
        """It is not."""
        return False
