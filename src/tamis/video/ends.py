"""Whether a file ends before what its own structure announces."""

from __future__ import annotations

from tamis.media import container as containers
from tamis.media.reader import Reader

_SEGMENT = b"\x18\x53\x80\x67"  # the EBML element that holds all of a Matroska file


def cut_off(file: Reader, format: str) -> bool:
    """Whether its outermost box or chunk goes beyond its last byte.

    Told of ISO files, Matroska and AVI; transport streams and the like have no such thing.
    """
    if format == "mp4":
        return containers.cut(file)
    if format == "avi":
        head = file.exactly(0, 12)
        return int.from_bytes(head[4:8], "little") + 8 > len(file) + 1
    return format == "matroska" and _segment_cut(file)


def _segment_cut(file: Reader) -> bool:
    head = file.exactly(0, 1 << 12)
    at = head.find(_SEGMENT)
    if at < 0 or at + 12 > len(head):
        return False
    at += 4
    first = head[at]
    width = 9 - first.bit_length()  # the leading zeros of the first byte count those that follow
    if width > 8:
        return False
    size = int.from_bytes(bytes([first & (0xFF >> width)]) + head[at + 1 : at + width], "big")
    unknown = size == (1 << 7 * width) - 1  # as live streams have it
    return not unknown and at + width + size > len(file)
