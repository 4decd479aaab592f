"""How an ISO or QuickTime file says that its pictures are to be turned."""

from __future__ import annotations

import math
from collections.abc import Iterator

from tamis.media.reader import Reader

_MOST = 10_000  # boxes that are looked at
_ONE = 1 << 16  # of the fixed-point numbers of a matrix


def rotation(file: Reader) -> int:
    """Degrees counter-clockwise, 0, 90, 180 or 270, that the first track of pictures asks for."""
    for start, stop in boxes(file, 0, len(file), b"moov"):
        for track in boxes(file, start, stop, b"trak"):
            if not _pictures(file, *track):
                continue
            for head, end in boxes(file, *track, b"tkhd"):
                return _turned(file.exactly(head, end))
    return 0


def boxes(file: Reader, start: int, stop: int, name: bytes) -> Iterator[tuple[int, int]]:
    """Where the contents of the boxes of this name begin and end."""
    for _ in range(_MOST):
        head = file.exactly(start, min(start + 16, stop))
        if len(head) < 8:
            return
        size, body = int.from_bytes(head[:4], "big"), 8
        if size == 1:
            size, body = int.from_bytes(head[8:16], "big"), 16
        end = stop if size == 0 else start + size
        if end < start + body or end > stop:
            return
        if head[4:8] == name:
            yield start + body, end
        start = end


def _pictures(file: Reader, start: int, stop: int) -> bool:
    for media in boxes(file, start, stop, b"mdia"):
        for head, end in boxes(file, *media, b"hdlr"):
            return file.exactly(head, min(end, head + 12))[8:12] == b"vide"
    return False


def _turned(head: bytes) -> int:
    """The angle of the matrix in a track's header, to the nearest quarter."""
    at = 52 if head[:1] == b"\1" else 40
    if len(head) < at + 36:
        return 0
    a, b = (int.from_bytes(head[at + k : at + k + 4], "big", signed=True) / _ONE for k in (0, 4))
    return -round(math.degrees(math.atan2(b, a)) / 90) * 90 % 360
