"""The tags of a TIFF directory: of TIFF files, and of the EXIF block in all other formats."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import Any

ORIENTATION = 274
MOST_TAGS = 4096  # in one directory; a damaged count would otherwise cost minutes
MOST_VALUES = 64  # of one tag: what a header needs are counts and kinds, not tables of offsets
MOST_DIRECTORIES = 10_000

PAST = (struct.error, OverflowError)  # what an offset beyond the bytes, or beyond 2⁶³, raises
INTEGERS = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 13: "I", 16: "Q", 17: "q", 18: "Q"}


Tags = dict[int, tuple[int, ...]]


def directory(data: bytes | memoryview) -> Tags | None:
    """The integer tags of the first directory; None where it lies past the end."""
    return next(iter(_chain(data, _tags)), None)


def pages(data: bytes | memoryview) -> int:
    """How many directories the chain has, up to the end of the bytes."""
    return sum(1 for _ in _chain(data, lambda *place: None))


def _chain(data: bytes | memoryview, read: Callable[..., Any]) -> Iterator[Any]:
    order = {b"II": "<", b"MM": ">"}.get(bytes(data[:2]))
    if order is None or len(data) < 8:
        return
    big = struct.unpack_from(order + "H", data, 2)[0] == 43
    if big and len(data) < 16:
        return
    offset = order + ("Q" if big else "I")
    at = struct.unpack_from(offset, data, 8 if big else 4)[0]
    seen: set[int] = set()
    while at and at not in seen and len(seen) < MOST_DIRECTORIES:
        seen.add(at)
        try:
            count = struct.unpack_from(order + ("Q" if big else "H"), data, at)[0]
            start = at + (8 if big else 2)
            yield read(data, start, count, order, big)
        except PAST:  # past the end
            return
        try:
            at = struct.unpack_from(offset, data, start + count * (20 if big else 12))[0]
        except PAST:  # EXIF blocks often leave out the last pointer
            return


def orientation(exif: bytes | memoryview) -> int:
    """The EXIF orientation, 1 to 8, of a block with or without its `Exif\\0\\0`; 1 if none."""
    if bytes(exif[:6]) == b"Exif\0\0":
        exif = exif[6:]
    return sound(directory(exif) or {})


def sound(tags: Tags) -> int:
    value = (tags.get(ORIENTATION) or (1,))[0]
    return value if 1 <= value <= 8 else 1


def _tags(data: bytes | memoryview, at: int, count: int, order: str, big: bool) -> Tags:
    entry, inline, offset = ("HHQ", 8, "Q") if big else ("HHI", 4, "I")
    tags: Tags = {}
    size = 20 if big else 12
    for place in range(at, at + size * min(count, MOST_TAGS), size):
        tag, kind, values = struct.unpack_from(order + entry, data, place)
        letter = INTEGERS.get(kind)
        if letter is None or not values:
            continue
        values = min(values, MOST_VALUES)
        start = place + size - inline
        if struct.calcsize(f"={values}{letter}") > inline:
            start = struct.unpack_from(order + offset, data, start)[0]
        try:
            tags[tag] = struct.unpack_from(f"{order}{values}{letter}", data, start)
        except PAST:  # this tag's values lie past the end; others may not
            continue
    return tags
