"""The values of the cells that `json_cells` found, written into the buffers of Arrow columns.

Each function takes one column's `starts`, `ends` and `kinds` and marks in `careful` the rows whose
value it will not vouch for.
"""

from __future__ import annotations

import numpy as np

from tamis.kernels.jit import jit
from tamis.kernels.json_cells import ESCAPED, INTEGER, NULL, REAL, TRUE, hex_value
from tamis.kernels.mask import equal, trailing_zeros
from tamis.kernels.move import copy, move

_ZERO, _ALL = np.uint64(0), np.uint64(2**64 - 1)
_TENS = np.array([10.0**k for k in range(23)])
_UNESCAPED = np.zeros(256, np.uint8)
for _escape, _byte in zip('"\\/bfnrt', '"\\/\b\f\n\r\t', strict=True):
    _UNESCAPED[ord(_escape)] = ord(_byte)
_MOST = np.uint64(2**63)
_TENTH = np.uint64((2**64 - 1) // 10)
_TEN, _DIGIT0 = np.uint64(10), np.uint64(48)


@jit
def spanned(starts: np.ndarray, ends: np.ndarray, kinds: np.ndarray) -> int:
    """The bytes that the cells of a column span."""
    total = 0
    for row in range(len(kinds)):
        if kinds[row] != NULL:
            total += ends[row] - starts[row]
    return total


@jit
def put_code_point(out: np.ndarray, to: int, point: int) -> int:
    """Write a character as UTF-8; returns the position after it."""
    if point < 0x80:
        out[to] = point
        return to + 1
    if point < 0x800:
        out[to] = 0xC0 | (point >> 6)
        out[to + 1] = 0x80 | (point & 63)
        return to + 2
    if point < 0x10000:
        out[to] = 0xE0 | (point >> 12)
        out[to + 1] = 0x80 | ((point >> 6) & 63)
        out[to + 2] = 0x80 | (point & 63)
        return to + 3
    out[to] = 0xF0 | (point >> 18)
    out[to + 1] = 0x80 | ((point >> 12) & 63)
    out[to + 2] = 0x80 | ((point >> 6) & 63)
    out[to + 3] = 0x80 | (point & 63)
    return to + 4


@jit
def put_unicode(data: np.ndarray, at: int, end: int, out: np.ndarray, to: int) -> tuple[int, int]:
    """Write the character of the \\u escape (or pair of them) at `at`; -1 if it is none."""
    if data[at + 1] != 117:
        return -1, to
    point = hex_value(data, at + 2)
    at += 6
    if point < 0 or at > end or 0xDC00 <= point < 0xE000:
        return -1, to
    if 0xD800 <= point < 0xDC00:
        if at + 6 > end or data[at] != 92 or data[at + 1] != 117:
            return -1, to
        low = hex_value(data, at + 2)
        if low < 0xDC00 or low >= 0xE000:
            return -1, to
        point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00)
        at += 6
    return at, put_code_point(out, to, point)


@jit
def unescape(data: np.ndarray, at: int, end: int, out: np.ndarray, to: int) -> int:
    """Write the string `data[at:end]` without escapes; the position after it, -1 on a bad one."""
    while at < end:
        # Copy ahead, then go from backslash to backslash of the same 64 bytes.
        block = at
        slashes = equal(data, block, 92)
        move(data, at, out, to)
        while slashes != _ZERO:
            slash = block + trailing_zeros(slashes)
            if slash >= end:
                break
            to += slash - at
            plain = _UNESCAPED[data[slash + 1]]
            if plain != 0:
                out[to] = plain
                at = slash + 2
                to += 1
            else:
                at, to = put_unicode(data, slash, end, out, to)
                if at < 0:
                    return -1
            passed = at - block
            slashes = slashes & (_ALL << np.uint64(passed)) if passed < 64 else _ZERO
            move(data, at, out, to)
        if at < block + 64:
            to += block + 64 - at
            at = block + 64
    return to - (at - end)


@jit
def read_texts(
    data: np.ndarray,
    starts: np.ndarray,
    ends: np.ndarray,
    kinds: np.ndarray,
    out: np.ndarray,
    offsets: np.ndarray,
    valid: np.ndarray,
    careful: np.ndarray,
) -> int:
    """The texts of a column into `out` (`spanned` bytes and SLACK); returns the number of nulls."""
    to = 0
    nulls = 0
    for row in range(len(kinds)):
        kind = kinds[row]
        valid[row] = kind != NULL
        if kind == ESCAPED:
            after = unescape(data, starts[row], ends[row], out, to)
            if after < 0:
                careful[row] = 1
                valid[row] = False
            else:
                to = after
        elif kind != NULL:
            to = copy(data, starts[row], ends[row], out, to)
        nulls += not valid[row]
        offsets[row + 1] = to
    return nulls


@jit
def read_integers(
    data: np.ndarray,
    starts: np.ndarray,
    ends: np.ndarray,
    kinds: np.ndarray,
    signed: bool,
    out: np.ndarray,
    null: np.ndarray,
    careful: np.ndarray,
) -> None:
    """The integers of a column as 64 bits into `out` (uint64; a negative one as its complement)."""
    for row in range(len(kinds)):
        if kinds[row] == NULL:
            null[row] = True
            continue
        at, end = starts[row], ends[row]
        negative = data[at] == 45
        if negative:
            at += 1
        value = _ZERO
        fits = True
        while at < end:
            digit = np.uint64(data[at]) - _DIGIT0
            if value > _TENTH or (value == _TENTH and digit > np.uint64(5)):
                fits = False
            value = value * _TEN + digit
            at += 1
        if signed:
            fits = fits and (value < _MOST or (negative and value == _MOST))
        else:
            fits = fits and not (negative and value != _ZERO)
        if not fits:
            careful[row] = 1
            null[row] = True
        else:
            out[row] = _ZERO - value if negative else value


@jit
def read_floats(
    data: np.ndarray,
    starts: np.ndarray,
    ends: np.ndarray,
    kinds: np.ndarray,
    out: np.ndarray,
    hard: np.ndarray,
) -> int:
    """The numbers of a column as doubles, where two exact doubles give them (Clinger's fast path).

    Others are marked in `hard` for a correctly rounding library; returns how many.
    """
    count = 0
    for row in range(len(kinds)):
        kind = kinds[row]
        if kind != INTEGER and kind != REAL:
            out[row] = np.nan
            continue
        at, end = starts[row], ends[row]
        negative = data[at] == 45
        if negative:
            at += 1
        mantissa = 0
        digits = 0
        power = 0
        point = False
        while at < end:
            byte = np.int64(data[at])
            if byte == 46:
                point = True
            elif byte == 101 or byte == 69:
                break
            else:
                mantissa = mantissa * 10 + (byte - 48)
                digits += mantissa != 0
                power -= point
                if digits > 18:
                    break
            at += 1
        if at < end and digits <= 18:
            at += 1
            minus = data[at] == 45
            if data[at] == 45 or data[at] == 43:
                at += 1
            exponent = 0
            while at < end:
                exponent = exponent * 10 + (np.int64(data[at]) - 48)
                at += 1
            power += -exponent if minus else exponent
        if digits > 18 or mantissa > 9007199254740992 or power < -22 or power > 22:
            hard[row] = 1
            count += 1
            continue
        value = np.float64(mantissa)
        value = value / _TENS[-power] if power < 0 else value * _TENS[power]
        out[row] = -value if negative else value
    return count


@jit
def read_booleans(kinds: np.ndarray, out: np.ndarray, null: np.ndarray) -> None:
    """The literals of a column."""
    for row in range(len(kinds)):
        null[row] = kinds[row] == NULL
        out[row] = kinds[row] == TRUE


@jit
def wrap_values(
    data: np.ndarray,
    starts: np.ndarray,
    ends: np.ndarray,
    kinds: np.ndarray,
    before: np.ndarray,
    size: int,
    out: np.ndarray,
) -> int:
    """A line `before[:size] value }` per row, `null` for none, for a general parser; its bytes."""
    to = 0
    for row in range(len(kinds)):
        to = copy(before, 0, size, out, to)
        if kinds[row] == NULL:
            out[to], out[to + 1], out[to + 2], out[to + 3] = 110, 117, 108, 108
            to += 4
        else:
            to = copy(data, starts[row], ends[row], out, to)
        out[to], out[to + 1] = 125, 10
        to += 2
    return to


@jit
def write_ids(
    prefix: np.ndarray, size: int, numbers: np.ndarray, out: np.ndarray, offsets: np.ndarray
) -> None:
    """The texts `prefix[:size]` + decimal number; `out` has 20 bytes for each number and SLACK."""
    to = 0
    digits = np.zeros(20, np.uint8)
    for row in range(len(numbers)):
        to = copy(prefix, 0, size, out, to)
        number = numbers[row]
        count = 0
        while number > 9:
            digits[count] = 48 + number % 10
            number //= 10
            count += 1
        digits[count] = 48 + number
        for k in range(count + 1):
            out[to + k] = digits[count - k]
        to += count + 1
        offsets[row + 1] = to
