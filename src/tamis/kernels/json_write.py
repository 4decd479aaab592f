"""JSON text from Arrow buffers: strings escaped 64 bytes at a time, rows joined from cells."""

from __future__ import annotations

import numpy as np

from tamis.kernels.jit import jit
from tamis.kernels.mask import between, equal, popcount, trailing_zeros
from tamis.kernels.move import copy, move

_ZERO, _ALL = np.uint64(0), np.uint64(2**64 - 1)
_HEX = np.frombuffer(b"0123456789abcdef", np.uint8)
# The letter after the backslash; 117 (u) for what has no short escape, 0 for what needs none.
_LETTER = np.zeros(256, np.uint8)
_LETTER[:32] = ord("u")
for _byte, _letter in zip('\b\f\n\r\t"\\', 'bfnrt"\\', strict=True):
    _LETTER[ord(_byte)] = ord(_letter)


@jit
def specials(data: np.ndarray, at: int) -> np.uint64:
    """Which of the 64 bytes from `at` must be escaped."""
    return equal(data, at, 34) | equal(data, at, 92) | between(data, at, 0, 31)


@jit
def escaped_bound(data: np.ndarray, first: int, end: int) -> int:
    """The most bytes that `data[first:end]` takes with its escapes."""
    count = 0
    at = first
    while at + 64 <= end:
        count += popcount(specials(data, at))
        at += 64
    for k in range(at, end):
        count += _LETTER[data[k]] != 0
    return end - first + 5 * count


@jit
def put_escaped(byte: int, out: np.ndarray, to: int) -> int:
    """Write the escape of a byte; the position after it."""
    letter = _LETTER[byte]
    out[to] = 92
    out[to + 1] = letter
    if letter != 117:
        return to + 2
    out[to + 2], out[to + 3] = 48, 48
    out[to + 4], out[to + 5] = _HEX[byte >> 4], _HEX[byte & 15]
    return to + 6


@jit
def put_string(data: np.ndarray, at: int, end: int, out: np.ndarray, to: int) -> int:
    """Write `data[at:end]` with escapes; the position after it. `out` needs SLACK, `data` none."""
    while at < end:
        if at + 64 > len(data):
            byte = data[at]
            if _LETTER[byte] != 0:
                to = put_escaped(byte, out, to)
            else:
                out[to] = byte
                to += 1
            at += 1
            continue
        move(data, at, out, to)
        found = specials(data, at)
        if found == _ZERO:
            step = min(64, end - at)
        else:
            step = min(trailing_zeros(found), end - at)
        at += step
        to += step
        if step < 64 and at < end:
            to = put_escaped(data[at], out, to)
            at += 1
    return to


@jit
def string_cells(
    data: np.ndarray,
    offsets: np.ndarray,
    valid: np.ndarray,
    out: np.ndarray,
    ends: np.ndarray,
    to: int,
) -> int:
    """Each text as a JSON string, or `null`, from `out[to]` on; `ends` gets where each ends."""
    for row in range(len(valid)):
        if valid[row]:
            out[to] = 34
            to = put_string(data, offsets[row], offsets[row + 1], out, to + 1)
            out[to] = 34
            to += 1
        else:
            out[to], out[to + 1], out[to + 2], out[to + 3] = 110, 117, 108, 108
            to += 4
        ends[row] = to
    return to


@jit
def join_rows(
    cells: np.ndarray,
    ends: np.ndarray,
    keys: np.ndarray,
    key_spans: np.ndarray,
    out: np.ndarray,
) -> int:
    """Lines of cells, each behind its key. `ends` has a row per column, and where it starts first.

    `cells`, `keys` and `out` need SLACK after them. Returns the bytes written.
    """
    to = 0
    columns, rows = ends.shape
    for row in range(rows - 1):
        for column in range(columns):
            to = copy(keys, key_spans[column], key_spans[column + 1], out, to)
            to = copy(cells, ends[column, row], ends[column, row + 1], out, to)
        out[to], out[to + 1] = 125, 10
        to += 2
    return to
