"""The records of a part of a WARC file, whatever has happened to the rest of it.

In a `.warc.gz` every record is a gzip member of its own (WARC 1.1, annex D), so reading can begin
anywhere: at the next place where a member begins that holds a record. Bytes that look like one may
stand within a record, where an archive was archived. Deflate keeps such bytes as they are for
65,535 at most, then puts five of its own between them; so members that follow each other without a
break for longer than that are those of the file. Where there is a break so near, this part of the
file is found by reading the file from its start.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from tamis.codes import BadRecord
from tamis.io.gzip_member import MAGIC as GZIP
from tamis.io.gzip_member import GzipMember
from tamis.io.lookahead import Lookahead
from tamis.io.warc_frames import MAGIC, Frame, frames

_BLOCK = 1 << 20
_HEAD = 4096  # bytes of a member by which it is told what it holds
_RECORD = b"WARC/1."  # how a record begins that is not packed
_STORED = 65_535 + 5  # the longest run of bytes that deflate keeps together
_WASTE = 256 << 20  # bytes that may be read in vain, beside four times the file


class Found(NamedTuple):
    """A record, or damage, that begins at byte `offset` of the file.

    `inner` is its place within the decompressed member where it is not the first there. `size` are
    the bytes of the file that it takes up, None where it shares them with others.
    """

    offset: int
    inner: int
    size: int | None
    frame: Frame


class Archive:
    """A WARC file, open at any place; `size` bytes."""

    def __init__(self, file: BinaryIO, size: int, longest: int, max_ratio: float) -> None:
        self._file, self._size = file, size
        self._longest, self._max_ratio = longest, max_ratio
        self._wasted = 0

    def records(self, start: int = 0, stop: int | None = None) -> Iterator[Found]:
        """What begins from byte `start` to byte `stop`, in order.

        Damage belongs to the record before it: where it begins is known only from there.
        """
        stop = self._size if stop is None else stop
        begins = self._read_at(0, _BLOCK)
        if begins and not self._size:
            raise BadRecord("file.unreadable", "its size is not known: fetch it first")
        if not self._packed(begins):
            yield from self._plain(start, stop)
            return
        begin = self._first_from(start) if start else 0
        ours = not start
        for found in self._members(begin or 0, stop):
            ours = ours or (found.offset >= start and self._begins(found.offset))
            if ours:
                yield found

    def _packed(self, begins: bytes) -> bool:
        """Whether the file is one of gzip members, also where its first bytes are damaged."""
        if begins.startswith((GZIP, MAGIC)):
            return begins.startswith(GZIP)
        return _RECORD not in begins and self._next_member(0) < self._size

    def _plain(self, start: int, stop: int) -> Iterator[Found]:
        self._seek(0)
        stream = Lookahead(self._read, self._seek, self._size)
        for frame in frames(stream, self._longest, start):
            if frame.start >= stop:
                return
            if frame.start >= start:
                yield Found(frame.start, 0, frame.size, frame)
        self._check_end(stream.at + len(stream.data))

    def _members(self, at: int, stop: int) -> Iterator[Found]:
        self._seek(at)
        rest = b""
        while at < stop or not self._begins(at):
            rest = rest or self._read(_BLOCK)
            padding = len(rest) - len(rest.lstrip(b"\0"))
            if padding or not rest:
                at, rest = at + padding, rest[padding:]
                if not rest and not padding:
                    self._check_end(at)
                    return
                continue
            member = GzipMember(self._read, self._max_ratio, rest)
            waiting: Found | None = None
            for frame in frames(Lookahead(member.read), self._longest):
                if waiting is not None:
                    yield waiting._replace(size=None)
                waiting = Found(at, frame.start, None, frame)
            if member.whole:
                after, rest = at + member.used, member.rest
            else:
                self._wasted += member.used
                after, rest = self._next_member(at + 1), b""
                self._seek(after)
            if waiting is not None:
                yield waiting._replace(size=after - at if not waiting.inner else None)
            at = after

    def _first_from(self, start: int) -> int | None:
        """Where the first record from `start` on begins; None if that is not certain."""
        first = at = self._next_member(start)
        self._seek(at)
        rest = b""
        while at < min(first + _STORED, self._size):
            member = GzipMember(self._read, self._max_ratio, rest)
            try:
                while member.read(_BLOCK):
                    pass
            except BadRecord:
                return None
            at, rest = at + member.used, member.rest
            if len(rest) < len(GZIP):
                rest += self._read(_BLOCK)
            if not rest.startswith(GZIP):
                return first if not rest.strip(b"\0") else None
        return first

    def _next_member(self, at: int) -> int:
        """The next place where a member with a record begins; the end if there is none."""
        if self._wasted > _WASTE + 4 * self._size:
            return self._size  # nobody has an archive like this by accident
        self._seek(at)
        block = b""
        while more := self._read(_BLOCK):
            block += more
            found = block.find(GZIP)
            while found >= 0:
                if self._holds_record(at + found, block[found : found + _HEAD]):
                    return at + found
                found = block.find(GZIP, found + 1)
            at += max(0, len(block) - len(GZIP) + 1)
            block = block[-len(GZIP) + 1 :]
            self._seek(at + len(block))
        return self._size

    def _begins(self, at: int) -> bool:
        """Whether a member that holds a record begins there; the file stays where it is."""
        place = self._file.tell()
        found = self._holds_record(at, b"")
        self._seek(place)
        return found

    def _holds_record(self, at: int, head: bytes) -> bool:
        if len(head) < _HEAD:
            self._seek(at)
            head = self._read(_HEAD)
        pieces = [head]
        member = GzipMember(lambda _: pieces.pop() if pieces else b"", self._max_ratio)
        found = b""
        try:
            while len(found) < len(MAGIC) and (more := member.read(len(MAGIC) - len(found))):
                found += more
        except BadRecord:
            return False
        return found == MAGIC

    def _check_end(self, at: int) -> None:
        """Whether it ends where it was said to; a server may have told otherwise."""
        if at < self._size:
            told = f"it ends at byte {at}, where {self._size} were to be"
            raise BadRecord("file.truncated", told)

    def _seek(self, at: int) -> None:
        try:
            self._file.seek(at)
        except OSError as error:
            raise BadRecord("file.unreadable", str(error)) from error

    def _read_at(self, at: int, size: int) -> bytes:
        self._seek(at)
        return self._read(size)

    def _read(self, size: int) -> bytes:
        try:
            return self._file.read(size)
        except OSError as error:
            raise BadRecord("file.unreadable", str(error)) from error
