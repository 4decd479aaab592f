"""Bytes of a stream that can be looked at before they are taken."""

from __future__ import annotations

from collections.abc import Callable

from tamis.codes import BadRecord

_BLOCK = 1 << 18


class Lookahead:
    """A window over a stream: `data` are the bytes from `at` on that were read and not yet left.

    `read` gives at most so many bytes, none at the end, and may raise `BadRecord` once all that can
    be had was given: that is kept in `damage`, and the stream ends there. With `seek` the window
    goes anywhere in the `length` bytes that there are, back too, and reads only what is looked at.
    """

    def __init__(
        self,
        read: Callable[[int], bytes],
        seek: Callable[[int], object] | None = None,
        length: int = 0,
    ) -> None:
        self._read, self._seek, self._length = read, seek, length
        self.data, self.at = bytearray(), 0
        self.ended = False
        self.damage: BadRecord | None = None

    def within(self, place: int) -> bool:
        """Whether it can go to that place without reading what lies before it."""
        return self._seek is not None and place <= self._length

    def fill(self, size: int) -> int:
        """Have `size` bytes in the window if there are so many; how many are there."""
        while len(self.data) < size and not self.ended:
            try:
                more = self._read(max(_BLOCK, size - len(self.data)))
            except BadRecord as bad:
                self.damage, more = bad, b""
            self.ended = not more
            self.data += more
        return len(self.data)

    def go(self, place: int) -> None:
        """Let the window begin at `place`, or at the end of the stream where that comes before."""
        ahead = place - self.at
        if 0 <= ahead <= len(self.data):
            del self.data[:ahead]
            self.at = place
        elif self._seek is not None:
            self._seek(place)
            self.data, self.at, self.ended, self.damage = bytearray(), place, False, None
        else:
            assert ahead > 0, "a stream does not go back"
            while self.at < place and self.fill(1):
                step = min(len(self.data), place - self.at)
                del self.data[:step]
                self.at += step

    def find(self, pattern: bytes, start: int) -> int | None:
        """Where in the stream `pattern` next stands, from `start` bytes into the window on.

        What was looked through without finding it is left behind.
        """
        self.fill(start)
        while True:
            found = self.data.find(pattern, start)
            if found >= 0:
                return self.at + found
            self.go(self.at + max(start, len(self.data) - len(pattern) + 1))
            start = 0
            before = len(self.data)
            if self.fill(before + _BLOCK) == before:
                return None
