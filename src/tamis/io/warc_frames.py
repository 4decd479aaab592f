"""Where the records of a WARC stream begin and end, also in one that is damaged.

A record is a version line, header lines, a blank line, `Content-Length` bytes and two line ends
(WARC 1.1, ISO 28500:2017, section 4). The length is believed only if the line ends, another record
or the end of the stream follow: a wrong one would take neighbours along.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from tamis.codes import BadRecord
from tamis.io.lookahead import Lookahead

MAGIC = b"WARC/"
_MARK = b"\nWARC/1."  # what one looks for where the thread is lost
_ENDS = b"\r\n\r\n"
_VERSION = re.compile(rb"WARC/\d\.\d+\s*?\n")
_LOOSE = 8  # bytes of line ends, right or wrong, that may stand between two records
_HEADS = (4 << 10, 64 << 10)  # bytes in which the end of a header is looked for


class Frame(NamedTuple):
    """One record of a stream, or bytes that are none.

    `start` and `size` are places in the stream; `head` has its header fields, names in lower case;
    `data` is the whole record, empty where `bad` says what is wrong with it.
    """

    start: int
    size: int
    head: dict[str, str]
    data: bytes
    bad: BadRecord | None


def frames(stream: Lookahead, longest: int, first: int = 0) -> Iterator[Frame]:
    """The records of a stream and what stands between them, in order.

    A record of more than `longest` bytes is `warc.too_long` and is not held in memory. Of records
    before place `first` there is no data.
    """
    told: BadRecord | None = None
    alone = True
    while _at_something(stream):
        frame = _next(stream, longest, first, alone)
        told, alone = frame.bad, False
        yield frame
    if stream.damage is not None and stream.damage is not told:
        yield Frame(stream.at, 0, {}, b"", stream.damage)


def header(raw: bytes) -> dict[str, str]:
    """The fields of a record's header, names in lower case; of a name given twice the first.

    >>> header(b"WARC/1.0\\r\\nWARC-Type: response\\r\\nContent-Length: 12\\r\\n\\r\\n")
    {'warc-type': 'response', 'content-length': '12'}
    """
    fields: dict[str, str] = {}
    name = ""
    for line in raw.decode("utf-8", "replace").split("\n")[1:]:
        if line[:1] in (" ", "\t") and name in fields:
            fields[name] += " " + line.strip()
            continue
        name, colon, value = line.partition(":")
        name = name.strip().lower()
        if colon and name not in fields:
            fields[name] = value.strip()
    return fields


def _at_something(stream: Lookahead) -> bool:
    """Pass over line ends and padding; whether anything follows."""
    while stream.fill(1):
        rest = len(stream.data.lstrip(b"\r\n\0"))
        stream.go(stream.at + len(stream.data) - rest)
        if rest:
            return True
    return False


def _next(stream: Lookahead, longest: int, first: int, alone: bool) -> Frame:
    start = stream.at
    head = _end_of_head(stream)
    if head is None or stream.data.find(_MARK, 0, head) >= 0:  # of two heads, one is not whole
        begins = _VERSION.match(stream.data)
        what = "its header does not end" if begins else "no record begins here"
        return _lost(stream, {}, "warc.header", what)
    fields = header(bytes(stream.data[:head]))
    length = fields.get("content-length", "")
    if not (length.isascii() and length.isdigit() and len(length) < 16):
        return _lost(stream, fields, "warc.header", f"its Content-Length is {length!r}")
    end = head + int(length)
    if (end > longest or start < first) and stream.within(start + end):
        stream.go(start + end)
        after = _boundary(stream, 0)
        if after is not None:
            stream.go(start + end + after)
            return Frame(start, end, fields, b"", _too_long(end) if end > longest else None)
        stream.go(start)
    if end > longest:
        return _long(stream, fields, end, head)
    there = stream.fill(end + _LOOSE + len(MAGIC))
    if there < end:
        if stream.data.find(_MARK, head) >= 0:
            return _lost(stream, fields, "warc.length", f"it has no {length} bytes")
        missing = BadRecord("file.truncated", f"{end - there} bytes of its end are missing")
        stream.go(start + there)
        return Frame(start, there, fields, b"", stream.damage or missing)
    if alone and stream.damage is not None and there <= end + _LOOSE:
        # all of it is there, but not what the checksum of the stream is of
        stream.go(start + there)
        return Frame(start, there, fields, b"", stream.damage)
    after = _boundary(stream, end)
    if after is None:
        return _lost(stream, fields, "warc.length", f"no record follows its {length} bytes")
    data = bytes(stream.data[:end]) if start >= first else b""
    stream.go(start + after)
    return Frame(start, end, fields, data, None)


def _end_of_head(stream: Lookahead) -> int | None:
    """How long the header is, the blank line included; None where there is none."""
    for size in _HEADS:
        there = stream.fill(size)
        if not _VERSION.match(stream.data):
            return None
        found = [
            at + len(blank)
            for blank in (_ENDS, b"\n\n")
            if (at := stream.data.find(blank, 0, size)) >= 0
        ]
        if found:
            return min(found)
        if there < size:
            return None
    return None


def _boundary(stream: Lookahead, end: int) -> int | None:
    """Where in the window to go on after a record that ends at `end`; None if it ends elsewhere."""
    there = stream.fill(end + _LOOSE + len(MAGIC))
    tail = bytes(stream.data[end : end + _LOOSE + len(MAGIC)])
    if tail.startswith(_ENDS):
        return end + len(_ENDS)
    mark = tail.find(MAGIC)
    if mark >= 0:
        return end + mark
    return there if there <= end + _LOOSE else None


def _lost(stream: Lookahead, fields: dict[str, str], code: str, detail: str) -> Frame:
    """What is there up to the next record, as bytes that cannot be read."""
    start = stream.at
    found = stream.find(_MARK, 0)
    stop = stream.at + len(stream.data) if found is None else found + 1
    stream.go(stop)
    bad = BadRecord(code, detail) if stream.damage is None or found is not None else stream.damage
    return Frame(start, stop - start, fields, b"", bad)


def _long(stream: Lookahead, fields: dict[str, str], end: int, head: int) -> Frame:
    """A record that is not held, in a stream that cannot go back: looked through for its end."""
    start = stream.at
    found = stream.find(_MARK, head)
    stop = stream.at + len(stream.data) if found is None else found + 1
    stream.go(stop)
    if stop - start >= end:
        return Frame(start, end, fields, b"", _too_long(end))
    if found is not None:
        bad = BadRecord("warc.length", f"another begins before its {end - head} bytes are over")
    else:
        missing = BadRecord("file.truncated", f"{start + end - stop} bytes of its end are missing")
        bad = stream.damage or missing
    return Frame(start, stop - start, fields, b"", bad)


def _too_long(size: int) -> BadRecord:
    return BadRecord("warc.too_long", f"it has {size} bytes; set max_size to read it")
