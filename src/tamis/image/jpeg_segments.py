"""The segments of a JPEG before its first scan: size, kind, quantisation tables, EXIF."""

from __future__ import annotations

from bisect import bisect_left
from typing import NamedTuple

from tamis.codes import BadRecord
from tamis.image.formats import Header, displayed
from tamis.image.ifd import orientation

MOST_SEGMENTS = 5_000  # 255 each of ICC and EXIF are usual at most
MOST_STRAY = 1_024  # bytes between two of them
FRAMES = {0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF}
PROGRESSIVE = {0xC2, 0xC6, 0xCA, 0xCE}
ALONE = {0x01, *range(0xD0, 0xD8)}  # markers without a length

# Luminance table of the IJG's cjpeg (T.81, K.1), its 64 values summed for each quality of 1 to 100.
IJG_LUMINANCE = (
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56,
    14, 17, 22, 29, 51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113,
    92, 49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
)  # fmt: skip


def _sum(quality: int) -> int:
    scale = 5000 // quality if quality < 50 else 200 - 2 * quality
    return sum(min(max((value * scale + 50) // 100, 1), 255) for value in IJG_LUMINANCE)


SUMS = [_sum(quality) for quality in range(100, 0, -1)]  # ascending


class Segments(NamedTuple):
    header: Header
    progressive: bool
    scan: int
    """Where the first scan begins: the offset of its marker."""


def segments(data: bytes | memoryview) -> Segments:
    """Walk the markers up to the first scan; `BadRecord` where they make no sense or end."""
    size = None
    progressive = False
    tables: dict[int, int] = {}
    turn = 1
    at = 2
    for _ in range(MOST_SEGMENTS):
        at = _next(data, at)
        marker = data[at]
        if marker in ALONE:
            at += 1
            continue
        if marker == 0xD9:
            raise BadRecord("decode.truncated", "the JPEG ends before any scan")
        if marker == 0xDA:
            if size is None:
                raise BadRecord("decode.corrupt", "the JPEG has a scan before its frame header")
            return Segments(_header(size, tables, turn), progressive, at - 1)
        if at + 3 > len(data):
            break
        length = data[at + 1] << 8 | data[at + 2]
        body = data[at + 3 : at + 1 + length]
        if length < 2:
            raise BadRecord("decode.corrupt", f"a segment of length {length} in the JPEG's header")
        if len(body) != length - 2:
            break
        if marker in FRAMES and size is None:
            if length < 8:
                raise BadRecord("decode.corrupt", "the JPEG's frame header is too short")
            size, progressive = body, marker in PROGRESSIVE
        elif marker == 0xDB:
            _tables(body, tables)
        elif marker == 0xE1 and turn == 1 and bytes(body[:6]) == b"Exif\0\0":
            turn = orientation(body)
        at += 1 + length
    else:
        raise BadRecord("decode.corrupt", f"more than {MOST_SEGMENTS:,} segments before a scan")
    raise BadRecord("decode.truncated", "the JPEG ends within its header")


def _next(data: bytes | memoryview, at: int) -> int:
    """The offset of the next marker's code; bytes between segments are skipped, as libjpeg does."""
    limit = min(len(data), at + MOST_STRAY)
    while at < limit and data[at] != 0xFF:
        at += 1
    while at < limit and data[at] == 0xFF:
        at += 1
    if at >= len(data):
        raise BadRecord("decode.truncated", "the JPEG ends within its header")
    if at >= limit:
        raise BadRecord(
            "decode.corrupt", f"more than {MOST_STRAY:,} stray bytes in the JPEG's header"
        )
    return at


def _tables(body: bytes | memoryview, tables: dict[int, int]) -> None:
    at = 0
    while at < len(body):
        wide = body[at] >> 4
        values = body[at + 1 : at + 1 + 64 * (1 + bool(wide))]
        if wide:
            tables[body[at] & 15] = 256 * sum(values[::2]) + sum(values[1::2])
        else:
            tables[body[at] & 15] = sum(values)
        at += 1 + len(values)
        if len(values) < 64:
            return


def _header(frame: bytes | memoryview, tables: dict[int, int], turn: int) -> Header:
    bits, height, width = frame[0], frame[1] << 8 | frame[2], frame[3] << 8 | frame[4]
    channels = frame[5]
    if not width or not height:
        raise BadRecord("decode.corrupt", f"the JPEG's header says {width} × {height} pixels")
    colour = {1: "grey", 3: "rgb", 4: "cmyk"}.get(channels)
    if colour is None:
        raise BadRecord("decode.format", f"a JPEG of {channels} channels")
    table = tables.get(frame[8]) if len(frame) > 8 else None
    return Header(
        "jpeg",
        *displayed(width, height, turn),
        colour,
        bits=bits,
        orientation=turn,
        quality=None if table is None else _quality(table),
    )


def _quality(table: int) -> int:
    """The quality whose scaled IJG table has the nearest sum."""
    k = min(bisect_left(SUMS, table), len(SUMS) - 1)
    if k and table - SUMS[k - 1] < SUMS[k] - table:
        k -= 1
    return 100 - k
