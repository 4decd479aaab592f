"""Pages of Ogg (RFC 3533): the number of their stream, and the checksum that goes with it."""

from __future__ import annotations

import numpy as np

from tamis.kernels.jit import jit

_POLYNOMIAL = 0x04C11DB7  # of the checksum: not reflected, no start value


def _table() -> np.ndarray:
    found = np.zeros(256, np.uint32)
    for byte in range(256):
        value = byte << 24
        for _ in range(8):
            value = (value << 1) ^ (_POLYNOMIAL if value & 0x80000000 else 0)
        found[byte] = value & 0xFFFFFFFF
    return found


_TABLE = _table()


def same_serial(data: bytes, serial: int) -> bytes:
    """A stream of Ogg with this number in all pages instead of its own.

    Encoders draw the number at random, so that the same sound gives other bytes each time.
    """
    pages = np.frombuffer(data, np.uint8).copy()
    if renumber(pages, serial, _TABLE) != len(pages):
        raise ValueError("the data is no stream of Ogg pages")
    return pages.tobytes()


@jit
def renumber(data: np.ndarray, serial: int, table: np.ndarray) -> int:
    """Put a number and the checksums into all pages; the byte at which they end."""
    at = 0
    while at + 27 <= len(data):
        if data[at] != 79 or data[at + 1] != 103 or data[at + 2] != 103 or data[at + 3] != 83:
            break
        segments = int(data[at + 26])
        stop = at + 27 + segments
        if stop > len(data):
            break
        for k in range(at + 27, at + 27 + segments):
            stop += int(data[k])
        if stop > len(data):
            break
        for k in range(4):
            data[at + 14 + k] = (serial >> (8 * k)) & 255
            data[at + 22 + k] = 0
        check = np.int64(0)
        for k in range(at, stop):
            place = ((check >> 24) ^ np.int64(data[k])) & 255
            check = ((check << 8) & 0xFFFFFFFF) ^ np.int64(table[place])
        for k in range(4):
            data[at + 22 + k] = (check >> (8 * k)) & 255
        at = stop
    return at
