"""A stream of bytes as chunks of whole lines, with bounded memory whatever the lines are like."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tamis.codes import BadRecord
from tamis.io.compression import Stream
from tamis.kernels.jit import COMPILED
from tamis.kernels.json_lines import PADDING, count_lines

CHUNK = 8 << 20
_MARGIN = 64 << 10
_QUOTED = 1000  # bytes of a line too long that are kept to quote it


@dataclass(frozen=True)
class Chunk:
    """Whole lines: `data[first:end]`, ending in a newline. The buffer is used again afterwards.

    `offset` is where `data[0]` stands in the (decompressed) file; `line` counts the lines before it
    since the reading began. `torn` says that the stream broke off inside or after the last line.
    """

    data: np.ndarray
    first: int
    end: int
    offset: int
    line: int
    torn: bool = False


@dataclass(frozen=True)
class BadLine:
    """A line, or the rest of a file, that could not be had: `line` and `offset` as in `Chunk`."""

    code: str
    detail: str
    offset: int
    line: int
    raw: bytes
    whole_file: bool


def lines(
    reader: Stream,
    *,
    start: int,
    stop: int | None,
    max_line: int,
    counted: bool = True,
    chunk: int = CHUNK,
) -> Iterator[Chunk | BadLine]:
    """The lines that begin in `start:stop` of a stream which stands at `max(start - 1, 0)`.

    A line longer than `max_line` and damage of the stream come as a `BadLine`. Lines are numbered
    only if they are `counted`.
    """
    source = _Lines(reader, max(start - 1, 0), stop, max_line, counted, chunk)
    if start > 0:
        if not source.skip_line():
            return
        source.line = 0
    yield from source
    source.give_back()


# Memory from the system costs more than reading into it does: a thread keeps one buffer.
_spare = threading.local()


def _borrowed(size: int) -> bytearray:
    buffer = _spare.__dict__.pop("buffer", None) if size == CHUNK + PADDING else None
    return bytearray(size) if buffer is None else buffer


class _Lines:
    def __init__(
        self,
        reader: Stream,
        offset: int,
        stop: int | None,
        max_line: int,
        counted: bool,
        chunk: int,
    ) -> None:
        self.reader, self.offset, self.stop, self.max_line = reader, offset, stop, max_line
        self.counted, self.chunk = counted, chunk
        self.line = 0
        self.fill = 0
        self.buffer = _borrowed(chunk + PADDING)
        self.damage: BadRecord | None = None
        self.ended = False

    def __iter__(self) -> Iterator[Chunk | BadLine]:
        while self.stop is None or self.offset < self.stop:
            self._read()
            cut = self._cut()
            if cut:
                yield self._chunk(cut)
                self._drop(cut)
            elif self.ended:
                yield from self._last()
                return
            elif self.fill > self.max_line:
                yield self._too_long()
                if not self.skip_line():
                    return
            elif self.fill == len(self.buffer) - PADDING:
                self._grow()

    def give_back(self) -> None:
        """Leave the buffer for the next reading in this thread; its chunks are done with."""
        if len(self.buffer) == CHUNK + PADDING:
            _spare.buffer = self.buffer

    def skip_line(self) -> bool:
        """Pass over everything up to a newline; False when the stream, or our range, ends first."""
        while True:
            self._read()
            found = self.buffer.find(b"\n", 0, self.fill)
            self._drop(found + 1 if found >= 0 else self.fill)
            if found >= 0:
                return True
            if self.ended or (self.stop is not None and self.offset >= self.stop):
                return False

    def _read(self) -> None:
        """Fill the buffer; damage is kept for later."""
        room = len(self.buffer) - PADDING
        if self.stop is not None:  # little more than is ours, for the end of our last line
            room = min(room, max(self.stop - self.offset, 2 * self.fill) + _MARGIN)
        view = memoryview(self.buffer)
        while self.fill < room and not self.ended:
            try:
                count = self.reader.readinto(view[self.fill : room])
            except BadRecord as damage:
                self.damage, self.ended = damage, True
                return
            self.ended = count == 0
            self.fill += count

    def _cut(self) -> int:
        """The end of the last whole line of ours in the buffer."""
        if self.stop is not None and self.offset + self.fill >= self.stop:
            # The last line of ours begins before `stop`: it ends with the next newline.
            found = self.buffer.find(b"\n", self.stop - 1 - self.offset, self.fill)
            if found >= 0:
                return found + 1
        return self.buffer.rfind(b"\n", 0, self.fill) + 1

    def _chunk(self, end: int, torn: bool = False) -> Chunk:
        return Chunk(np.frombuffer(self.buffer, np.uint8), 0, end, self.offset, self.line, torn)

    def _drop(self, count: int) -> None:
        self.line += self._newlines(count)
        view = memoryview(self.buffer)
        view[: self.fill - count] = bytes(view[count : self.fill])
        self.fill -= count
        self.offset += count

    def _newlines(self, count: int) -> int:
        if not self.counted:
            return 0
        if not COMPILED:
            return self.buffer.count(b"\n", 0, count)
        return count_lines(np.frombuffer(self.buffer, np.uint8), count)

    def _grow(self) -> None:
        larger = bytearray(min(2 * len(self.buffer), self.max_line + self.chunk) + PADDING)
        larger[: self.fill] = memoryview(self.buffer)[: self.fill]
        self.buffer = larger

    def _too_long(self) -> BadLine:
        detail = f"the line has more than {self.max_line} bytes; set max_line to read it"
        raw = bytes(self.buffer[:_QUOTED])
        return BadLine("json.too_long", detail, self.offset, self.line, raw, False)

    def _last(self) -> Iterator[Chunk | BadLine]:
        """What stands after the last newline, and what ended the stream if that was damage."""
        if self.fill > self.max_line:
            yield self._too_long()
            self.line += 1
        elif self.fill:
            self.buffer[self.fill] = 10
            yield self._chunk(self.fill + 1, torn=self.damage is not None)
            self.line += 1
        if self.damage is not None:
            where = self.offset + self.fill
            yield BadLine(self.damage.code, self.damage.detail, where, self.line, b"", True)
