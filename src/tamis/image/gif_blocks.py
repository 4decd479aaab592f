"""The blocks of a GIF: its size, its frames, and whether the first of them is whole."""

from __future__ import annotations

from typing import NamedTuple

from tamis.codes import BadRecord
from tamis.image.formats import Header

MOST_BLOCKS = 1_000_000  # of 255 bytes at most: 255 MB


class Blocks(NamedTuple):
    header: Header
    whole: bool
    """Whether the file ends where a block ends."""


def blocks(data: bytes | memoryview) -> Blocks:
    """Walk the file; `BadRecord` only where not even a first frame's descriptor is there.

    A first frame may be larger than the screen; it then decides the size, as in Pillow.
    """
    if len(data) < 13:
        raise BadRecord("decode.truncated", "the GIF ends within its header")
    width, height = _u16(data, 6), _u16(data, 8)
    at = 13 + _table(data[10])
    frames, alpha, whole, left = 0, False, False, MOST_BLOCKS
    while at < len(data):
        kind = data[at]
        if kind == 0x3B:
            whole = True
            break
        if kind == 0x21 and at + 2 <= len(data):  # an extension
            if not frames and data[at + 1] == 0xF9 and at + 4 <= len(data):
                alpha = bool(data[at + 3] & 1)
            at += 2
        elif kind == 0x2C and at + 10 <= len(data):  # a frame
            if not frames:
                width = max(width, _u16(data, at + 1) + _u16(data, at + 5))
                height = max(height, _u16(data, at + 3) + _u16(data, at + 7))
            frames += 1
            at += 11 + _table(data[at + 9])
        elif kind in (0x21, 0x2C):
            at = len(data) + 1
            break
        else:
            at += 1  # padding between blocks, which readers pass over
            left -= 1
            if left < 0:
                break
            continue
        while at < len(data) and data[at] and left > 0:
            at += 1 + data[at]
            left -= 1
        at += 1
    if not frames:
        raise BadRecord("decode.truncated", "the GIF ends before its first frame")
    if not width or not height:
        raise BadRecord("decode.corrupt", f"the GIF's header says {width} × {height} pixels")
    found = Header("gif", width, height, "palette", alpha, frames=frames)
    return Blocks(found, whole or at == len(data))


def _u16(data: bytes | memoryview, at: int) -> int:
    return data[at] | data[at + 1] << 8


def _table(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0
