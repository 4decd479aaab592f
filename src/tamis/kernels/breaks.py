"""Where a text is split into lines, by `\\n` alone or by all that `str.splitlines` knows."""

from __future__ import annotations

import numpy as np

from tamis.kernels import mask
from tamis.kernels.jit import jit
from tamis.kernels.unicode import valid

_0 = np.uint64(0)


@jit
def newline(data: np.ndarray, at: int, end: int) -> int:
    """Where the next `\\n` from `at` stands; `end` if there is none. Reads 64 bytes past `end`."""
    while at < end:
        bits = mask.equal(data, at, 0x0A) & valid(at, end)
        if bits != _0:
            return at + mask.trailing_zeros(bits)
        at += 64
    return end


@jit
def line_break(data: np.ndarray, at: int, end: int) -> tuple[int, int]:
    """Where the line from `at` ends and the next one starts, as `str.splitlines` has it.

    Breaks are `\\n`, `\\r`, `\\r\\n`, U+000B, U+000C, U+001C to U+001E, U+0085, U+2028, U+2029.
    Both are `end` if there is none. Reads up to 66 bytes past `end`.
    """
    while at < end:
        bits = (mask.equal(data, at, 0x0A) | other_breaks(data, at, True)) & valid(at, end)
        if bits != _0:
            stop = at + mask.trailing_zeros(bits)
            byte = data[stop]
            if byte == 0x0D and stop + 1 < end and data[stop + 1] == 0x0A:
                return stop, stop + 2
            return stop, stop + (1 if byte < 0x80 else 2 if byte == 0xC2 else 3)
        at += 64
    return end, end


@jit
def other_breaks(data: np.ndarray, at: int, wide: bool) -> np.uint64:
    """Where in 64 bytes a line break other than `\\n` begins; `wide` to look beyond ASCII too."""
    bits = mask.between(data, at, 0x0B, 0x0D) | mask.between(data, at, 0x1C, 0x1E)
    if wide:
        next_line = mask.equal(data, at, 0xC2) & mask.equal(data, at + 1, 0x85)
        general = mask.equal(data, at, 0xE2) & mask.equal(data, at + 1, 0x80)
        bits |= next_line | (general & mask.between(data, at + 2, 0xA8, 0xA9))
    return bits
