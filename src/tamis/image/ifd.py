"""The tags of a TIFF directory: of TIFF files, and of the EXIF block in all other formats."""

from __future__ import annotations

import struct
from collections.abc import Iterator

ORIENTATION = 274
MOST_TAGS = 4096  # in one directory; a damaged count would otherwise cost minutes
MOST_VALUES = 64  # of one tag: what a header needs are counts and kinds, not tables of offsets
MOST_DIRECTORIES = 10_000

INTEGERS = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 13: "I", 16: "Q", 17: "q", 18: "Q"}


def directories(data: bytes | memoryview) -> Iterator[dict[int, tuple[int, ...]]]:
    """The integer tags of each directory in the chain, in order.

    Ends silently where the bytes do: it is for the caller to say what is missing.
    """
    order = {b"II": "<", b"MM": ">"}.get(bytes(data[:2]))
    if order is None or len(data) < 8:
        return
    big = struct.unpack_from(order + "H", data, 2)[0] == 43
    if big and len(data) < 16:
        return
    at = struct.unpack_from(order + "Q", data, 8)[0] if big else _u32(order, data, 4)
    seen: set[int] = set()
    while at and at not in seen and len(seen) < MOST_DIRECTORIES:
        seen.add(at)
        try:
            tags, at = _directory(data, at, order, big)
        except struct.error:  # past the end
            return
        yield tags


def orientation(exif: bytes | memoryview) -> int:
    """The EXIF orientation, 1 to 8, of a block with or without its `Exif\\0\\0`; 1 if none."""
    if bytes(exif[:6]) == b"Exif\0\0":
        exif = exif[6:]
    for tags in directories(exif):
        return sound(tags)
    return 1


def sound(tags: dict[int, tuple[int, ...]]) -> int:
    value = (tags.get(ORIENTATION) or (1,))[0]
    return value if 1 <= value <= 8 else 1


def _u32(order: str, data: bytes | memoryview, at: int) -> int:
    return int(struct.unpack_from(order + "I", data, at)[0])


def _directory(
    data: bytes | memoryview, at: int, order: str, big: bool
) -> tuple[dict[int, tuple[int, ...]], int]:
    count_format, entry_format = ("Q", "HHQ") if big else ("H", "HHI")
    count = struct.unpack_from(order + count_format, data, at)[0]
    at += struct.calcsize(order + count_format)
    inline = 8 if big else 4
    entry = struct.calcsize(order + entry_format) + inline
    tags: dict[int, tuple[int, ...]] = {}
    for i in range(min(count, MOST_TAGS)):
        tag, kind, values = struct.unpack_from(order + entry_format, data, at + i * entry)
        letter = INTEGERS.get(kind)
        if letter is None or not values:
            continue
        values = min(values, MOST_VALUES)
        place = at + (i + 1) * entry - inline
        if struct.calcsize(f"={values}{letter}") > inline:
            place = struct.unpack_from(order + ("Q" if big else "I"), data, place)[0]
        try:
            tags[tag] = struct.unpack_from(f"{order}{values}{letter}", data, place)
        except struct.error:  # this tag's values lie past the end; others may not
            continue
    try:
        follows = struct.unpack_from(order + ("Q" if big else "I"), data, at + count * entry)[0]
    except struct.error:  # EXIF blocks often leave out the last pointer
        follows = 0
    return tags, follows
