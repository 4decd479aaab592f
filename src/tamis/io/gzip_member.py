"""One member of a gzip file: its bytes as far as they can be had, and where it ends."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any

from tamis.codes import BadRecord

MAGIC = b"\x1f\x8b\x08"
_BLOCK = 1 << 16
_BOMB = 64 << 20  # bytes that a member may always expand to


class GzipMember:
    """The decompressed bytes of the member that begins where `read` reads from.

    `read` gives everything that can be decoded, to the last byte before the damage, and only then
    raises `BadRecord` (file.truncated, file.corrupt, file.bomb). Once it gave none, it is `whole`:
    its checksum was right, and `used` are the bytes that it takes up.
    """

    def __init__(self, read: Callable[[int], bytes], max_ratio: float, head: bytes = b"") -> None:
        self._source, self._max_ratio = read, max_ratio
        self._decoder: Any = zlib.decompressobj(31)
        self._input = head
        self._damage: BadRecord | None = None
        self._taken, self._given = len(head), 0
        self._ended = False

    @property
    def used(self) -> int:
        """Bytes of the file that belong to it, as far as it was read."""
        return self._taken - len(self._input)

    @property
    def rest(self) -> bytes:
        """What was read of the file beyond it."""
        return self._input

    @property
    def whole(self) -> bool:
        """Whether it was read to its end, and was right."""
        return self._ended

    def read(self, size: int) -> bytes:
        """At most `size` bytes; none at the end."""
        while True:
            if self._damage is not None:
                raise self._damage
            if self._ended:
                return b""
            if not self._input:
                self._input = self._source(_BLOCK)
                self._taken += len(self._input)
                if not self._input:
                    self._damage = BadRecord("file.truncated", "the compressed data end early")
                    continue
            data = self._decoded(size)
            self._given += len(data)
            if self._given > _BOMB and self._given > self._max_ratio * self._taken:
                detail = f"it expands more than {self._max_ratio:g} times; reading stops here"
                self._damage = BadRecord("file.bomb", f"{detail}; set max_ratio if it may")
            if data:
                return data

    def _decoded(self, size: int) -> bytes:
        before = self._decoder.copy()
        try:
            data: bytes = self._decoder.decompress(self._input, size)
        except zlib.error as error:
            self._damage = BadRecord("file.corrupt", str(error))
            return _rescued(before, self._input, size)
        if self._decoder.eof:
            self._input, self._ended = self._decoder.unused_data, True
        else:
            self._input = self._decoder.unconsumed_tail
        return data


def _rescued(decoder: Any, data: bytes, size: int) -> bytes:
    """What a failing call of zlib had decoded and swallowed: decoded byte by byte."""
    found = bytearray()
    try:
        for k in range(len(data)):
            found += decoder.decompress(data[k : k + 1], size)
            while decoder.unconsumed_tail:
                found += decoder.decompress(decoder.unconsumed_tail, size)
    except zlib.error:
        pass
    return bytes(found)
