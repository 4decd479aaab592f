"""Lines of a block of bytes, and which of them are UTF-8: both from the same 64-byte masks.

Blocks are uint8 arrays with at least `PADDING` bytes to read after their `end`, and the byte before
`end` is a newline, so that a loop inside a line always meets its end.
"""

from __future__ import annotations

import numpy as np

from tamis.kernels.jit import jit
from tamis.kernels.mask import between, equal, popcount, trailing_zeros

PADDING = 64

_ZERO, _ONE = np.uint64(0), np.uint64(1)
_TWO, _THREE = np.uint64(2), np.uint64(3)
_S61, _S62, _S63 = np.uint64(61), np.uint64(62), np.uint64(63)


@jit
def count_lines(data: np.ndarray, end: int) -> int:
    """Number of newlines before `end`."""
    count = 0
    for at in range(0, end, 64):
        newlines = equal(data, at, 10)
        if at + 64 > end:
            newlines &= (_ONE << np.uint64(end - at)) - _ONE
        count += popcount(newlines)
    return count


@jit
def utf8_errors(data: np.ndarray, at: int, high: np.uint64, carry: np.ndarray) -> np.uint64:
    """Bits of the bytes from `at` that cannot stand there in UTF-8.

    `high` are the bytes above 127. `carry` (5 × uint64, zero at the start) holds what the 64 bytes
    before ask of these: bits that must continue a character, and first bytes with a narrower
    second byte. A character cut short is reported at the byte after it.
    """
    if high == _ZERO:
        errors = carry[0]
        carry[:] = _ZERO
        return errors
    two, three, four = (
        between(data, at, 0xC2, 0xDF),
        between(data, at, 0xE0, 0xEF),
        between(data, at, 0xF0, 0xF4),
    )
    more = three | four
    lead = two | more
    follow = between(data, at, 0x80, 0xBF)
    must = (lead << _ONE) | (more << _TWO) | (four << _THREE) | carry[0]
    errors = (must ^ follow) | (high & ~(lead | follow))
    carry[0] = (lead >> _S63) | (more >> _S62) | (four >> _S61)
    if more != _ZERO or (carry[1] | carry[2] | carry[3] | carry[4]) != _ZERO:
        overlong3, surrogate = equal(data, at, 0xE0), equal(data, at, 0xED)
        overlong4, beyond = equal(data, at, 0xF0), equal(data, at, 0xF4)
        errors |= ((overlong3 << _ONE) | carry[1]) & between(data, at, 0x80, 0x9F)
        errors |= ((surrogate << _ONE) | carry[2]) & between(data, at, 0xA0, 0xBF)
        errors |= ((overlong4 << _ONE) | carry[3]) & between(data, at, 0x80, 0x8F)
        errors |= ((beyond << _ONE) | carry[4]) & between(data, at, 0x90, 0xBF)
        carry[1], carry[2] = overlong3 >> _S63, surrogate >> _S63
        carry[3], carry[4] = overlong4 >> _S63, beyond >> _S63
    return errors


@jit
def split_lines(
    data: np.ndarray,
    start: int,
    stop: int,
    end: int,
    ends: np.ndarray,
    broken: np.ndarray,
    line: int,
    carry: np.ndarray,
) -> int:
    """Positions of the newlines in `start:stop` into `ends[line:]`; the number of lines so far.

    `start` is a multiple of 64, so is `stop` unless it is the `end` of the block. Lines not in
    UTF-8 are marked in `broken` (one more than lines, zeros); `carry` is that of `utf8_errors`,
    handed on from call to call. Returns -1 when `ends` has no room.
    """
    for at in range(start, stop, 64):
        newlines = equal(data, at, 10)
        if at + 64 > end:
            newlines &= (_ONE << np.uint64(end - at)) - _ONE
        high = between(data, at, 128, 255)
        errors = _ZERO
        if (high | carry[0]) != _ZERO:
            errors = utf8_errors(data, at, high, carry)
        if line + 64 > len(ends) and line + popcount(newlines) > len(ends):
            return -1
        while newlines != _ZERO:
            ends[line] = at + trailing_zeros(newlines)
            rest = newlines & (newlines - _ONE)
            if errors != _ZERO:
                upto = newlines ^ (newlines - _ONE)
                if (errors & upto) != _ZERO:
                    broken[line] = 1
                    errors &= ~upto
            line += 1
            newlines = rest
        if errors != _ZERO:
            broken[line] = 1
    return line


@jit
def mark_not_utf8(data: np.ndarray, offsets: np.ndarray, bad: np.ndarray) -> int:
    """Mark the texts `data[offsets[i]:offsets[i + 1]]` that are not UTF-8; returns how many."""
    count = 0
    carry = np.zeros(5, np.uint64)
    scratch = np.zeros(64, np.uint8)
    for text in range(len(offsets) - 1):
        carry[:] = _ZERO
        errors = _ZERO
        at, stop = offsets[text], offsets[text + 1]
        while at + 64 <= stop and errors == _ZERO:
            high = between(data, at, 128, 255)
            if (high | carry[0]) != _ZERO:
                errors = utf8_errors(data, at, high, carry)
            at += 64
        if errors == _ZERO and at < stop:
            size = stop - at
            for k in range(size):
                scratch[k] = data[at + k]
            for k in range(size, 64):
                scratch[k] = 0
            high = between(scratch, 0, 128, 255)
            if (high | carry[0]) != _ZERO:
                errors = utf8_errors(scratch, 0, high, carry)
        if errors != _ZERO or carry[0] != _ZERO:
            bad[text] = 1
            count += 1
    return count
