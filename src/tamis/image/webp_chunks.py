"""The chunks of a WebP: what they say of the picture, and whether the file is whole."""

from __future__ import annotations

from collections.abc import Iterator

from tamis.codes import BadRecord
from tamis.image.formats import Header, displayed
from tamis.image.ifd import orientation

ANIMATED, EXIF, ALPHA = 2, 8, 16  # bits of VP8X's flags
MOST_CHUNKS = 100_000


def header(data: bytes | memoryview) -> Header:
    """What the first chunk says, and of an extended file the number of frames and the EXIF."""
    if len(data) < 30:
        raise BadRecord("decode.truncated", "the WebP ends within its header")
    first, start = bytes(data[12:16]), 20
    if first == b"VP8X":
        width, height = _u24(data, start + 4) + 1, _u24(data, start + 7) + 1
        flags = data[start]
        frames, turn = 0, 1
        for kind, at, size in _chunks(data):
            frames += kind == b"ANMF"
            if kind == b"EXIF" and flags & EXIF and at + size <= len(data):
                turn = orientation(data[at : at + size])
        shape = displayed(width, height, turn)
        return Header("webp", *shape, "rgb", bool(flags & ALPHA), 8, max(frames, 1), turn)
    if first == b"VP8L":
        if data[start] != 0x2F:
            raise BadRecord("decode.corrupt", "the WebP's picture does not begin as one")
        word = int.from_bytes(data[start + 1 : start + 5], "little")
        alpha = bool(word >> 28 & 1)
        return Header("webp", (word & 0x3FFF) + 1, (word >> 14 & 0x3FFF) + 1, "rgb", alpha)
    if first == b"VP8 ":
        if bytes(data[start + 3 : start + 6]) != b"\x9d\x01\x2a":
            raise BadRecord("decode.corrupt", "the WebP's picture does not begin as one")
        width, height = (
            int.from_bytes(data[at : at + 2], "little") & 0x3FFF for at in (start + 6, start + 8)
        )
        if not width or not height:
            raise BadRecord("decode.corrupt", f"the WebP's header says {width} × {height} pixels")
        return Header("webp", width, height, "rgb")
    raise BadRecord("decode.corrupt", f"the WebP begins with a chunk {first!r}")


def check(data: bytes | memoryview) -> None:
    """The file is as long as it says."""
    said = 8 + int.from_bytes(data[4:8], "little")
    if said > len(data):
        raise BadRecord(
            "decode.truncated", f"the WebP says {said:,} bytes, there are {len(data):,}"
        )


def _chunks(data: bytes | memoryview) -> Iterator[tuple[bytes, int, int]]:
    at = 12
    for _ in range(MOST_CHUNKS):
        if at + 8 > len(data):
            return
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        yield bytes(data[at : at + 4]), at + 8, size
        at += 8 + size + (size & 1)


def _u24(data: bytes | memoryview, at: int) -> int:
    return int.from_bytes(data[at : at + 3], "little")
