"""Single characters of UTF-8 bytes: decode, encode, how long."""

from __future__ import annotations

import numpy as np

from tamis.kernels.jit import jit


@jit
def width(lead: int) -> int:
    """Bytes of the character that starts with this byte; 1 for a stray continuation byte."""
    if lead < 0xC0:
        return 1
    if lead < 0xE0:
        return 2
    return 3 if lead < 0xF0 else 4


@jit
def decode(data: np.ndarray, at: int, count: int) -> int:
    """The code point of the `count` bytes at `at`; 0 beyond Unicode (bytes that are not UTF-8)."""
    first = np.int64(data[at])
    if count == 1:
        return first
    second = np.int64(data[at + 1]) & 0x3F
    if count == 2:
        return (first & 0x1F) << 6 | second
    third = np.int64(data[at + 2]) & 0x3F
    if count == 3:
        return (first & 0x0F) << 12 | second << 6 | third
    code = (first & 0x07) << 18 | second << 12 | third << 6 | (np.int64(data[at + 3]) & 0x3F)
    return code if code < 0x110000 else 0


@jit
def encode(code: int, data: np.ndarray, at: int) -> int:
    """Write a code point at `at`; gives the number of bytes."""
    if code < 0x80:
        data[at] = np.uint8(code)
        return 1
    if code < 0x800:
        data[at] = np.uint8(0xC0 | code >> 6)
        data[at + 1] = np.uint8(0x80 | (code & 0x3F))
        return 2
    if code < 0x10000:
        data[at] = np.uint8(0xE0 | code >> 12)
        data[at + 1] = np.uint8(0x80 | (code >> 6 & 0x3F))
        data[at + 2] = np.uint8(0x80 | (code & 0x3F))
        return 3
    data[at] = np.uint8(0xF0 | code >> 18)
    data[at + 1] = np.uint8(0x80 | (code >> 12 & 0x3F))
    data[at + 2] = np.uint8(0x80 | (code >> 6 & 0x3F))
    data[at + 3] = np.uint8(0x80 | (code & 0x3F))
    return 4
