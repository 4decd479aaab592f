"""The boxes of AVIF and HEIF files: whether the file is whole, and its bits of a channel."""

from __future__ import annotations

MOST_BOXES = 10_000


def cut(data: bytes | memoryview) -> bool:
    """Whether the last box reaches beyond the end of the bytes."""
    at = 0
    for _ in range(MOST_BOXES):
        if at == len(data):
            return False
        if at + 8 > len(data):
            return True
        size = int.from_bytes(data[at : at + 4], "big")
        if size == 1:
            size = int.from_bytes(data[at + 8 : at + 16], "big")
        if size == 0:  # to the end of the file
            return False
        if size < 8:
            return False  # damaged, not cut
        at += size
        if at > len(data):
            return True
    return False


def depth(kind: str, data: bytes | memoryview) -> int:
    """Bits of a channel, from the codec's configuration box; 8 where none is found."""
    start = bytes(data[:65_536])
    at = start.find(b"av1C" if kind == "avif" else b"hvcC") + 4
    if at < 4 or at + 18 > len(start):
        return 8
    if kind == "heif":
        return 8 + (start[at + 17] & 7)
    high, twelve = start[at + 2] & 0x40, start[at + 2] & 0x20
    return 12 if high and twelve else 10 if high else 8
