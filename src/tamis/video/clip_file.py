"""The files of a clip: held while they are small, handed over in parts once they are large.

A process that decodes may write no files. So what its muxer writes goes, place by place, to the
process that asked for the clip, which puts it into a temporary file; pictures of the clip go there
one by one.
"""

from __future__ import annotations

import itertools
import os
import tempfile
from collections.abc import Sequence
from typing import Any

from tamis.codes import BadRecord
from tamis.errors import WriteError
from tamis.media import parts
from tamis.media.pieces import LARGE, Content, Pieces
from tamis.media.seeking import Seeking

_PART = 4 << 20  # bytes written in a row that are handed over at once
LARGEST = 1 << 40  # bytes of a clip: a process that was taken over must end somewhere
_PICTURE = "picture"  # stands in the part of one where that of a clip has its place


class Sink(Seeking):
    """A file to be written and sought in, never read.

    >>> file = Sink()
    >>> file.write(b"abcd"), file.seek(1), file.write(b"B"), file.tell()
    (4, 1, 1, 2)
    >>> file.getvalue()
    b'aBcd'
    """

    def __init__(self) -> None:
        self._at = self._length = 0
        self._held, self._start = bytearray(), 0  # what was not handed over, and where it begins
        self.apart = False  # whether something was

    def write(self, data: Any) -> int:
        """Put bytes at the place."""
        size, low = len(data), self._at - self._start
        if self.apart and not 0 <= low <= len(self._held):  # elsewhere: a size that is now known
            self._hand_over()
            self._start, low = self._at, 0
        if low > len(self._held):
            self._held += bytes(low - len(self._held))
        self._held[low : low + size] = data
        self._at += size
        self._length = max(self._length, self._at)
        most = _PART if self.apart else LARGE
        if len(self._held) >= most and parts.taken():
            self._hand_over()
            self._start = self._at
        return size

    def getvalue(self) -> bytes:
        """The bytes; none where they were handed over."""
        if self.apart:
            self._hand_over()
            return b""
        return bytes(self._held)

    def _hand_over(self) -> None:
        self.apart = True
        for start in range(0, len(self._held), _PART):
            parts.give((self._start + start, bytes(self._held[start : start + _PART])))
        self._held = bytearray()


class Album:
    """Pictures one after another: `held` is empty bytes for those that were handed over."""

    def __init__(self) -> None:
        self.held: list[bytes] = []
        self._size = self._away = 0

    def __len__(self) -> int:
        return len(self.held)

    def add(self, picture: bytes) -> None:
        """Put in the next one; all go away where they are more than `LARGE` bytes together."""
        self.held.append(picture)
        self._size += len(picture)
        if self._size >= LARGE and parts.taken():
            for number in range(self._away, len(self.held)):
                parts.give((_PICTURE, self.held[number]))
                self.held[number] = b""
            self._away = len(self.held)


class Gathered:
    """Those parts in temporary files, on the side that asked for the clip."""

    def __init__(self) -> None:
        self._file: Any = None
        self._length = 0
        self._album: Any = None
        self._ends: list[int] = []  # of the pictures in their file
        self._wrong = ""

    def add(self, part: parts.Part) -> None:
        """Put a part in its place; a process that gives nonsense is told by `content`."""
        try:
            at, data = part.value
            if part.first:
                self._file, self._length, self._wrong = None, 0, ""
                self._album, self._ends = None, []
            if at == _PICTURE and isinstance(data, bytes) and not self._wrong:
                self._picture(data)
                return
            if type(at) is not int or not 0 <= at <= self._length or len(data) > LARGEST - at:
                raise ValueError("beyond the end of the clip")
            if self._wrong:
                return
            self._file = self._file or _temporary()
            self._file.seek(at)
            self._file.write(data)
            self._length = max(self._length, at + len(data))
        except (TypeError, ValueError) as error:
            self._wrong = f"a part of the clip makes no sense: {error}"
        except OSError as error:
            folder, said = tempfile.gettempdir(), error.strerror or error
            raise WriteError(f"{folder}: a clip cannot be put there meanwhile: {said}") from None

    def content(self) -> Pieces | None:
        """The clip, None where no part came; `BadRecord` where they made no sense."""
        if self._wrong:
            raise BadRecord("sandbox.crash", self._wrong)
        return None if self._file is None else _part(self._file, 0, self._length)

    def pictures(self, held: Sequence[Content]) -> list[Content]:
        """All pictures of an album: those held, and those that came before them."""
        away = len(self._ends)
        if any(held[:away]) or not all(held[away:]):
            raise BadRecord("sandbox.crash", "pictures of the clip are missing")
        edges = itertools.pairwise([0, *self._ends])
        return [*(_part(self._album, *edge) for edge in edges), *held[away:]]

    def _picture(self, data: bytes) -> None:
        self._album = self._album or _temporary()
        end = self._ends[-1] if self._ends else 0
        if len(data) > LARGEST - end:
            raise ValueError("too many pictures")
        self._album.write(data)
        self._ends.append(end + len(data))


def _part(file: Any, first: int, last: int) -> Pieces:
    file.flush()

    def read(start: int, stop: int) -> bytes:
        return os.pread(file.fileno(), stop - start, first + start)

    return Pieces(last - first, read)


def _temporary() -> Any:
    return tempfile.TemporaryFile(prefix="tamis-")
