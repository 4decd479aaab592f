"""The blocks of a bzip2 file, each found and decoded alone: such a file can be entered anywhere.

A block begins with 48 bits that say so, at any bit of a byte, and is decoded as a stream of its
own, as `bzip2recover` does. So one stream or thousands (Wikimedia's multistream) make no
difference, no index is needed, and a damaged block costs itself: each has a checksum.
"""

from __future__ import annotations

import bz2
from collections.abc import Iterator
from dataclasses import dataclass

from tamis.codes import BadRecord
from tamis.io.byte_ranges import Ranges

BLOCK, END = 0x314159265359, 0x177245385090  # the digits of pi, and of its root
_BITS = 48
_CRC = 32
_WINDOW = 1 << 20
_OVERLAP = 8  # bytes in which a mark may lie across two windows
_LONGEST = 4 << 20  # bytes of a block: 900,000 bytes that cannot be compressed need 1.1 times that


@dataclass(frozen=True)
class Mark:
    """Where a block, or the end of a stream, begins, in bits."""

    at: int
    block: bool


@dataclass(frozen=True)
class Text:
    """Decompressed bytes that begin at byte `at` of the file; `mine`: in the range asked for.

    `straight` says that the next byte is at `at + 1`, and so on; else their block begins at `at`.
    """

    data: bytes
    at: int
    mine: bool
    straight: bool = False


@dataclass(frozen=True)
class Damage:
    """What could not be decompressed, at byte `at` of the file."""

    bad: BadRecord
    at: int
    mine: bool


def _patterns() -> list[tuple[bytes, int, int]]:
    """The whole bytes inside a mark at each bit, the bit, and the mark."""
    found = []
    for mark in (BLOCK, END):
        for bit in range(8):
            room = 48 if bit == 0 else 56
            whole = (mark << (room - 48 - bit)).to_bytes(room // 8, "big")
            found.append((whole if bit == 0 else whole[1:-1], bit, mark))
    return found


_PATTERNS = _patterns()


def marks(source: Ranges, start: int) -> Iterator[Mark]:
    """The marks that begin at byte `start` or after it, in order."""
    at = start
    while at < source.size:
        data = bytes(source.window(at, _WINDOW + _OVERLAP)[: _WINDOW + _OVERLAP])
        found = sorted(
            (bit, mark == BLOCK)
            for pattern, shift, mark in _PATTERNS
            for bit in _places(data, pattern, shift, mark)
            if bit < 8 * _WINDOW
        )
        yield from (Mark(8 * at + bit, block) for bit, block in found)
        at += _WINDOW


def _places(data: bytes, pattern: bytes, shift: int, mark: int) -> Iterator[int]:
    ahead = 1 if shift else 0  # bytes before the pattern in which the mark begins
    place = data.find(pattern)
    while place >= 0:
        first = place - ahead
        if first >= 0:
            seven = data[first : first + 7].ljust(7, b"\0")
            if int.from_bytes(seven, "big") >> (8 - shift) & ((1 << _BITS) - 1) == mark:
                yield 8 * first + shift
        place = data.find(pattern, place + 1)


def blocks(source: Ranges, start: int, stop: int | None) -> Iterator[Text | Damage]:
    """The text of the blocks that begin in bytes `start:stop`, then that of what follows.

    The caller stops where it has enough of what follows.
    """
    last = 8 * (source.size if stop is None else stop)
    found = marks(source, start)
    if start == 0:
        head = bytes(source.window(0, 4)[:4])
        if not head.startswith(b"BZh"):
            yield Damage(BadRecord("file.corrupt", "the file is not bzip2"), 0, True)
            return
    here: Mark | None = next(found, None)
    if start == 0 and (here is None or here.at != 32):
        code = "file.truncated" if here is None else "file.corrupt"
        yield Damage(BadRecord(code, "the file does not begin with a block"), 0, True)
    while here is not None:
        after = next(found, None)
        at, mine = here.at // 8, here.at < last
        if not here.block:
            bad = _after_end(source, here, after)
            if bad is not None:
                yield Damage(bad, at, mine)
        else:
            try:
                yield Text(_decoded(source, here.at, after), at, mine)
            except BadRecord as bad:
                if after is not None and after.block:  # what looks like a mark may be data
                    beyond = next(found, None)
                    try:
                        yield Text(_decoded(source, here.at, beyond), at, mine)
                        here = beyond
                        continue
                    except BadRecord:
                        yield Damage(bad, at, mine)
                    found = _before(after, beyond, found)
                    after = next(found)
                else:
                    yield Damage(bad, at, mine)
        here = after


def _before(first: Mark, second: Mark | None, rest: Iterator[Mark]) -> Iterator[Mark]:
    yield first
    if second is not None:
        yield second
        yield from rest


def _decoded(source: Ranges, at: int, after: Mark | None) -> bytes:
    """The block from bit `at` to the mark after it, or to the end of the file."""
    end = 8 * source.size if after is None else after.at
    if end - at > 8 * _LONGEST:
        raise BadRecord("file.corrupt", "a block is longer than blocks are")
    first, stop = at // 8, -(-end // 8)
    raw = bytes(source.window(first, stop - first)[: stop - first])
    length = end - at
    if len(raw) != stop - first or length < _BITS + _CRC:
        raise BadRecord("file.truncated", "the compressed data end early")
    bits = int.from_bytes(raw, "big") >> (8 * stop - end) & ((1 << length) - 1)
    crc = bits >> (length - _BITS - _CRC) & ((1 << _CRC) - 1)
    whole = (bits << (_BITS + _CRC)) | (END << _CRC) | crc
    padding = -(length + _BITS + _CRC) % 8
    stream = (whole << padding).to_bytes((length + _BITS + _CRC + padding) // 8, "big")
    decoder = bz2.BZ2Decompressor()
    try:
        data = decoder.decompress(b"BZh9" + stream)
    except (OSError, EOFError, ValueError) as error:
        if after is None:
            raise BadRecord("file.truncated", "the compressed data end early") from None
        raise BadRecord("file.corrupt", f"a block is damaged: {error}") from None
    if not decoder.eof:
        code, what = "file.corrupt", "a block is damaged"
        if after is None:
            code, what = "file.truncated", "the compressed data end early"
        raise BadRecord(code, what)
    return data


def _after_end(source: Ranges, end: Mark, after: Mark | None) -> BadRecord | None:
    """What is wrong behind the end of a stream: another begins there, or the file ends."""
    at = -(-(end.at + _BITS + _CRC) // 8)
    if at > source.size:
        return BadRecord("file.truncated", "the compressed data end within a checksum")
    head = bytes(source.window(at, 4)[:4])
    if head.startswith(b"BZh"):
        if after is None and source.size - at > 14:
            return BadRecord("file.corrupt", "a stream has no block")
        if after is None:
            return BadRecord("file.truncated", "the file ends within the head of a stream")
        return None
    if not head.strip(b"\0"):
        return None
    return BadRecord("file.corrupt", "there is something else after the compressed data")
