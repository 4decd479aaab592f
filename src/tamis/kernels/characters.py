"""Counts of characters of several classes, and blank texts, from one pass over the bytes."""

from __future__ import annotations

import numpy as np

from tamis.kernels import mask
from tamis.kernels.jit import jit
from tamis.kernels.unicode import first_visible, padded, valid

COLUMNS = ("length", "alphanumeric", "digits", "white_space", "brackets")


@jit
def count(data: np.ndarray, offsets: np.ndarray, counts: np.ndarray) -> None:
    """Fill row i of `counts` (int64, one column for each of `COLUMNS`) for text i."""
    for i in range(len(offsets) - 1):
        start, end = offsets[i], offsets[i + 1]
        if end + 128 <= len(data):
            count_within(data, start, end, counts[i])
        else:
            count_within(padded(data, start, end), 0, end - start, counts[i])


@jit
def count_within(data: np.ndarray, start: int, end: int, row: np.ndarray) -> None:
    """Fill a row of `counts` for `data[start:end]`."""
    length = alphanumeric = digits = white = brackets = np.int64(0)
    for at in range(start, end, 64):
        inside = valid(at, end)
        digit = mask.between(data, at, 0x30, 0x39)
        marks = mask.equal(data, at, 0x21) | mask.equal(data, at, 0x3F)  # ! ?
        marks |= mask.equal(data, at, 0x2C) | mask.equal(data, at, 0x2E)  # , .
        marks |= mask.equal(data, at, 0x0A) | digit | mask.folded(data, at, 0x61, 0x7A)
        blank = mask.between(data, at, 8, 10) | mask.equal(data, at, 13) | mask.equal(data, at, 32)
        bracket = mask.between(data, at, 0x28, 0x29)  # ( )
        bracket |= mask.folded(data, at, 0x7B, 0x7B) | mask.folded(data, at, 0x7D, 0x7D)  # [ { ] }
        length += mask.popcount(inside & ~mask.between(data, at, 0x80, 0xBF))
        alphanumeric += mask.popcount(marks & inside)
        digits += mask.popcount(digit & inside)
        white += mask.popcount(blank & inside)
        brackets += mask.popcount(bracket & inside)
        lead = mask.equal(data, at, 0xE2) & inside
        if lead != np.uint64(0):  # the angle brackets U+27E8 and U+27E9
            angle = mask.equal(data, at + 1, 0x9F) & mask.between(data, at + 2, 0xA8, 0xA9)
            brackets += mask.popcount(lead & angle)
    row[0], row[1], row[2], row[3], row[4] = length, alphanumeric, digits, white, brackets


@jit
def blank(data: np.ndarray, offsets: np.ndarray, table: np.ndarray, result: np.ndarray) -> None:
    """Set `result[i]` where text i is empty or white space only."""
    for i in range(len(offsets) - 1):
        start, end = offsets[i], offsets[i + 1]
        if end + 128 <= len(data):
            result[i] = first_visible(data, start, end, table) == end
        else:
            size = end - start
            result[i] = first_visible(padded(data, start, end), 0, size, table) == size
