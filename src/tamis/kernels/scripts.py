"""How many characters of each script a text has."""

from __future__ import annotations

import functools

import numpy as np

from tamis.kernels.jit import jit
from tamis.kernels.script_ranges import RANGES, SCRIPTS
from tamis.kernels.utf8 import decode, width

CODES = tuple(SCRIPTS.split())
"""ISO 15924 codes; a script is its place here, the commonest first."""
NO_SCRIPT = 255


@functools.cache
def scripts() -> np.ndarray:
    """The script of every code point (255: none of its own), uint8, 2^21 entries."""
    table = np.full(1 << 21, NO_SCRIPT, np.uint8)
    numbers = [int(digits, 36) for digits in RANGES.split()]
    at = 0
    for skip, count, script in zip(numbers[::3], numbers[1::3], numbers[2::3], strict=True):
        table[at + skip : at + skip + count] = script
        at += skip + count
    return table


@jit
def count(
    data: np.ndarray, offsets: np.ndarray, table: np.ndarray, wanted: int, found: np.ndarray
) -> None:
    """Per text: the script most characters are of (-1: none), how many are, how many of any script.

    Of equals the first of `CODES`; `wanted` asks for how many are of that script instead.
    """
    tally = np.zeros(256, np.int64)
    for i in range(len(offsets) - 1):
        tally[:] = 0
        at, end, latin = offsets[i], offsets[i + 1], np.int64(0)
        while at < end:
            byte = data[at]
            if byte < 0x80:  # of ASCII letters are Latin, and nothing else is of a script
                latin += 0x61 <= (byte | 0x20) <= 0x7A
                at += 1
                continue
            size = width(byte)
            tally[table[decode(data, at, size)]] += 1
            at += size
        tally[0] += latin
        most, all_ = np.int64(-1), np.int64(0)
        for script in range(255):
            all_ += tally[script]
            if tally[script] > 0 and (most < 0 or tally[script] > tally[most]):
                most = script
        found[i, 0] = most
        if wanted >= 0:
            most = wanted
        found[i, 1] = tally[most] if most >= 0 else 0
        found[i, 2] = all_
