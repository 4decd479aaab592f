"""Bytes that are too many to be held at once, read in pieces by those who copy them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

LARGE = 16 << 20  # bytes of a piece; media of more are copied piece by piece


class Pieces:
    """The bytes of a large medium: as many as `len` says, a slice of them, or all piece by piece.

    `read(start, stop)` gives some of them, or raises `BadRecord`.
    """

    __slots__ = ("_length", "_read")

    def __init__(self, length: int, read: Callable[[int, int], bytes]) -> None:
        self._length, self._read = length, read

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, which: slice) -> bytes:
        start, stop, step = which.indices(self._length)
        return self._read(start, max(start, stop))[::step]

    def __iter__(self) -> Iterator[bytes]:
        for start in range(0, self._length, LARGE):
            yield self._read(start, min(start + LARGE, self._length))


Content = bytes | memoryview | Pieces
"""What a row stands for, as those are given it who copy it."""


def pieces(content: Content) -> Iterator[bytes | memoryview]:
    """The bytes, at most `LARGE` of what is not in memory yet at a time.

    >>> list(pieces(b"abc"))
    [b'abc']
    """
    if isinstance(content, Pieces):
        yield from content
    else:
        yield content
