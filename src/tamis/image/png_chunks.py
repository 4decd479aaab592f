"""The chunks of a PNG: what its header says, and whether the file is whole."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any

from tamis.codes import BadRecord
from tamis.image.formats import Header, displayed
from tamis.image.ifd import orientation

MOST_CHUNKS = 100_000  # of some KiB each in pictures of any size allowed
COLOURS = {0: ("grey", False), 2: ("rgb", False), 3: ("palette", False), 4: ("grey", True)} | {
    6: ("rgb", True)
}
# First column and row of each pass, and the steps between its columns and rows.
ADAM7 = (
    (0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2),
    (0, 1, 1, 2),
)  # fmt: skip


def header(data: bytes | memoryview) -> Header:
    """What IHDR, tRNS, acTL and eXIf say; chunks that are cut off say nothing."""
    if len(data) < 33:
        raise BadRecord("decode.truncated", "the PNG ends within its header")
    if bytes(data[12:16]) != b"IHDR":
        raise BadRecord("decode.corrupt", "the PNG does not begin with its header chunk")
    width, height = int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
    if not 0 < width < 1 << 31 or not 0 < height < 1 << 31:
        raise BadRecord("decode.corrupt", f"the PNG's header says {width} × {height} pixels")
    if data[25] not in COLOURS:
        raise BadRecord("decode.corrupt", f"the PNG's header says colour type {data[25]}")
    colour, alpha = COLOURS[data[25]]
    frames, turn = 1, 1
    for kind, start, size in _chunks(data):
        if start + size > len(data):
            break
        if kind == b"tRNS":
            alpha = True
        elif kind == b"acTL" and size == 8:
            frames = max(1, int.from_bytes(data[start : start + 4], "big"))
        elif kind == b"eXIf":
            turn = orientation(data[start : start + size])
    shape = displayed(width, height, turn)
    return Header("png", *shape, colour, alpha, data[24], frames, turn)


def check(data: bytes | memoryview) -> None:
    """Every chunk there, to the end mark, with its CRC right.

    Decoders stop when they have the last row and do not look at the checksums of pixels.
    """
    view = memoryview(data)
    for kind, start, size in _chunks(data):
        end = start + size + 4
        if end > len(data):
            raise BadRecord("decode.truncated", f"the PNG ends within its chunk {_name(kind)}")
        if zlib.crc32(view[start - 4 : end - 4]) != int.from_bytes(view[end - 4 : end], "big"):
            raise BadRecord("decode.corrupt", f"the PNG's chunk {_name(kind)} has a wrong CRC")
        if kind == b"IEND":
            return
    raise BadRecord("decode.truncated", "the PNG ends without its end mark")


def check_rows(data: bytes | memoryview, image: Any) -> None:
    """As many rows as the header says: Pillow takes a shorter stream and leaves the rest at zero.

    So only where the last row of the loaded `image` is all zeros the stream is unpacked once more.
    """
    width, height = image.size
    if image.crop((0, height - 1, width, height)).getbbox() is not None:
        return
    wanted, found = _unpacked(data), 0
    stream = zlib.decompressobj()
    view = memoryview(data)
    for kind, start, size in _chunks(data):
        if kind != b"IDAT":
            continue
        rest: bytes | memoryview = view[start : start + size]
        while rest and found < wanted and not stream.eof:
            found += len(stream.decompress(rest, 1 << 20))
            rest = stream.unconsumed_tail
    if found < wanted:
        detail = f"the PNG's pixels are {found:,} bytes of {wanted:,}"
        raise BadRecord("decode.truncated", detail)


def _unpacked(data: bytes | memoryview) -> int:
    """Bytes of all rows, each with its filter's byte; interlaced ones come in seven passes."""
    width, height = int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
    bits = data[24] * {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[data[25]]
    total = 0
    for left, top, across, down in ADAM7 if data[28] else ((0, 0, 1, 1),):
        columns, rows = -(-(width - left) // across), -(-(height - top) // down)
        total += max(rows, 0) * (1 + -(-columns * bits // 8)) if columns > 0 else 0
    return total


def _chunks(data: bytes | memoryview) -> Iterator[tuple[bytes, int, int]]:
    """Kind, offset and size of each chunk's body; the last may reach beyond the end."""
    at = 8
    for _ in range(MOST_CHUNKS):
        if at + 8 > len(data):
            return
        size, kind = int.from_bytes(data[at : at + 4], "big"), bytes(data[at + 4 : at + 8])
        yield kind, at + 8, size
        if kind == b"IEND":
            return
        at += size + 12
    raise BadRecord("decode.corrupt", f"more than {MOST_CHUNKS:,} chunks in a PNG")


def _name(kind: bytes) -> str:
    return kind.decode("ascii", "backslashreplace")
