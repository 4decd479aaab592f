"""Where the values of JSON Lines stand: the spans of each row's cells, strictly checked.

A line that is not plainly right (a syntax error, an unknown key, a value of another type, a number
or a depth at the limits) is not judged here: its row is marked, and the careful reader decides.
"""

from __future__ import annotations

import numpy as np

from tamis.kernels.jit import jit
from tamis.kernels.json_lines import split_lines
from tamis.kernels.mask import between, equal, trailing_zeros

# What a column holds.
SKIP, TEXT, ID, INT, UINT, FLOAT, BOOL, NESTED, JSON = range(9)
# What a cell holds: nothing, a string without and with escapes, numbers, literals, { } or [ ].
NULL, PLAIN, ESCAPED, INTEGER, REAL, TRUE, FALSE, OBJECT = range(8)
# The kinds of cell that a column takes, as bits.
_TAKES = np.array([0xFF, 0x07, 0x0F, 0x09, 0x09, 0x19, 0x61, 0x81, 0xFF], np.uint8)

DEPTH = 500  # deeper lines go to the careful reader
WINDOW = 1 << 17

_ZERO, _ONE = np.uint64(0), np.uint64(1)
_EVEN, _ODD = np.uint64(0x5555555555555555), np.uint64(0xAAAAAAAAAAAAAAAA)


@jit
def skip_space(data: np.ndarray, at: int) -> int:
    """The first byte from `at` that is not a space, tab or carriage return."""
    while data[at] == 32 or data[at] == 9 or data[at] == 13:
        at += 1
    return at


@jit
def string_end(data: np.ndarray, at: int) -> tuple[int, bool]:
    """The closing quote of the string that begins at `at` (-1: none), and if it has escapes."""
    escapes = False
    carry = _ZERO
    while True:
        stops = equal(data, at, 34) | between(data, at, 0, 31)
        slashes = equal(data, at, 92)
        if (slashes | carry) != _ZERO:
            # Positions after an odd run of backslashes; the carry of the addition finds run ends.
            starts = slashes & ~carry
            follows = (starts << _ONE) | carry
            odd = starts & _ODD & ~follows
            total = odd + starts
            carry = _ONE if total < odd else _ZERO
            escaped = (_EVEN ^ (total << _ONE)) & follows
            stops &= ~escaped
            # A control character is an error also after a backslash.
            stops |= between(data, at, 0, 31)
            if stops == _ZERO or trailing_zeros(slashes) < trailing_zeros(stops):
                escapes = True
        if stops != _ZERO:
            end = at + trailing_zeros(stops)
            return (end if data[end] == 34 else -1), escapes
        at += 64


@jit
def hex_value(data: np.ndarray, at: int) -> int:
    """The value of the four hexadecimal digits from `at`; -1 if they are not."""
    value = 0
    for k in range(4):
        byte = np.int64(data[at + k])
        if 48 <= byte <= 57:
            digit = byte - 48
        elif 97 <= byte <= 102:
            digit = byte - 87
        elif 65 <= byte <= 70:
            digit = byte - 55
        else:
            return -1
        value = value * 16 + digit
    return value


@jit
def escapes_hold(data: np.ndarray, at: int, end: int) -> bool:
    """Whether every escape of the string `data[at:end]` is one, and surrogates come in pairs."""
    while at < end:
        if data[at] != 92:
            at += 1
            continue
        byte = data[at + 1]
        if byte != 117:
            if not (
                byte == 110 or byte == 34 or byte == 92 or byte == 47
                or byte == 116 or byte == 114 or byte == 98 or byte == 102
            ):  # fmt: skip
                return False
            at += 2
            continue
        value = hex_value(data, at + 2)
        at += 6
        if value < 0 or at > end or 0xDC00 <= value < 0xE000:
            return False
        if 0xD800 <= value < 0xDC00:
            if at + 6 > end or data[at] != 92 or data[at + 1] != 117:
                return False
            low = hex_value(data, at + 2)
            if low < 0xDC00 or low >= 0xE000:
                return False
            at += 6
    return True


@jit
def number_end(data: np.ndarray, at: int) -> tuple[int, int]:
    """The byte after the number at `at`, and its kind; NULL for none or one near the limits."""
    first = at
    if data[at] == 45:
        at += 1
    if data[at] == 48:
        at += 1
    elif 49 <= data[at] <= 57:
        while 48 <= data[at] <= 57:
            at += 1
    else:
        return at, NULL
    kind = INTEGER
    if data[at] == 46:
        kind = REAL
        at += 1
        if not 48 <= data[at] <= 57:
            return at, NULL
        while 48 <= data[at] <= 57:
            at += 1
    if data[at] == 101 or data[at] == 69:
        kind = REAL
        at += 1
        if data[at] == 43 or data[at] == 45:
            at += 1
        digits = at
        while 48 <= data[at] <= 57:
            at += 1
        if at == digits or at > digits + 2:
            return at, NULL
    if at - first > 200:
        return at, NULL
    return at, kind


@jit
def literal_end(data: np.ndarray, at: int) -> tuple[int, int]:
    """The byte after `true`, `false` or `null` at `at`, and its kind; -1 for anything else."""
    if data[at] == 110:
        if data[at + 1] == 117 and data[at + 2] == 108 and data[at + 3] == 108:
            return at + 4, NULL
    elif data[at] == 116:
        if data[at + 1] == 114 and data[at + 2] == 117 and data[at + 3] == 101:
            return at + 4, TRUE
    elif data[at] == 102 and (
        data[at + 1] == 97 and data[at + 2] == 108 and data[at + 3] == 115 and data[at + 4] == 101
    ):
        return at + 5, FALSE
    return -1, NULL


@jit
def scalar_end(data: np.ndarray, at: int) -> tuple[int, int]:
    """The byte after the string, number or literal at `at`, and its kind; -1 if it is none."""
    byte = data[at]
    if byte == 34:
        end, escapes = string_end(data, at + 1)
        if end < 0:
            return -1, NULL
        return end + 1, (ESCAPED if escapes else PLAIN)
    if byte == 45 or 48 <= byte <= 57:
        end, kind = number_end(data, at)
        return (end if kind != NULL else -1), kind
    return literal_end(data, at)


@jit
def key_end(data: np.ndarray, at: int) -> int:
    """The value after the key and colon at `at`, inside a nested object; -1 if there is none."""
    if data[at] != 34:
        return -1
    end, escapes = string_end(data, at + 1)
    if end < 0 or (escapes and not escapes_hold(data, at + 1, end)):
        return -1
    at = skip_space(data, end + 1)
    return skip_space(data, at + 1) if data[at] == 58 else -1


@jit
def nested_end(data: np.ndarray, at: int, stack: np.ndarray) -> int:
    """The byte after the object or array at `at`, all of it checked; -1 if it does not hold."""
    depth = 0
    while True:
        byte = data[at]
        if byte == 123 or byte == 91:
            if depth == len(stack):
                return -1
            stack[depth] = byte + 2  # the bracket that closes it
            at = skip_space(data, at + 1)
            if data[at] != byte + 2:
                depth += 1
                if byte == 123:
                    at = key_end(data, at)
                    if at < 0:
                        return -1
                continue
            at += 1
        else:
            start = at
            at, kind = scalar_end(data, at)
            if at < 0 or (kind == ESCAPED and not escapes_hold(data, start + 1, at - 1)):
                return -1
        while True:  # after a value
            if depth == 0:
                return at
            at = skip_space(data, at)
            if data[at] == stack[depth - 1]:
                depth -= 1
                at += 1
                continue
            if data[at] != 44:
                return -1
            at = skip_space(data, at + 1)
            if stack[depth - 1] == 125:
                at = key_end(data, at)
                if at < 0:
                    return -1
            break


@jit
def find_column(
    data: np.ndarray, at: int, names: np.ndarray, spans: np.ndarray, guess: int
) -> tuple[int, int]:
    """The column whose `name"` stands at `at` and the byte after it; -1 if none has that name.

    Columns are tried from `guess` on: rows mostly keep the order of their keys.
    """
    count = len(spans) - 1
    for k in range(count):
        column = guess + k
        if column >= count:
            column -= count
        first = spans[column]
        size = spans[column + 1] - first
        same = 0
        while same < size and data[at + same] == names[first + same]:
            same += 1
        if same == size:
            return column, at + size
    return -1, at


@jit
def parse_line(
    data: np.ndarray,
    at: int,
    names: np.ndarray,
    spans: np.ndarray,
    types: np.ndarray,
    ignore: bool,
    starts: np.ndarray,
    ends: np.ndarray,
    kinds: np.ndarray,
    stack: np.ndarray,
) -> bool:
    """The cells of the object at `at` (its row of starts, ends and kinds); False: be careful."""
    if data[at] != 123:
        return False
    at = skip_space(data, at + 1)
    if data[at] == 125:
        return data[skip_space(data, at + 1)] == 10
    guess = 0
    while True:
        if data[at] != 34:
            return False
        column, after = find_column(data, at + 1, names, spans, guess)
        if column < 0:
            if not ignore:
                return False
            after, escapes = string_end(data, at + 1)
            if after < 0 or escapes:  # an escaped key may spell a column's name
                return False
            after += 1
        else:
            guess = column + 1
        at = skip_space(data, after)
        if data[at] != 58:
            return False
        at = skip_space(data, at + 1)
        start = at
        if data[at] == 123 or data[at] == 91:
            at, kind = nested_end(data, at, stack), OBJECT
        else:
            at, kind = scalar_end(data, at)
        if at < 0:
            return False
        wanted = SKIP if column < 0 else types[column]
        if (_TAKES[wanted] >> kind) & 1 == 0:
            return False
        if wanted == SKIP:
            if kind == ESCAPED and not escapes_hold(data, start + 1, at - 1):
                return False
        else:
            inner = 1 if kind in (PLAIN, ESCAPED) else 0
            starts[column], ends[column], kinds[column] = start + inner, at - inner, kind
        at = skip_space(data, at)
        if data[at] == 44:
            at = skip_space(data, at + 1)
        elif data[at] == 125:
            return data[skip_space(data, at + 1)] == 10
        else:
            return False


@jit
def parse_lines(
    data: np.ndarray,
    first: int,
    end: int,
    line_ends: np.ndarray,
    names: np.ndarray,
    spans: np.ndarray,
    types: np.ndarray,
    ignore: bool,
    max_line: int,
    starts: np.ndarray,
    ends: np.ndarray,
    kinds: np.ndarray,
    lines: np.ndarray,
    careful: np.ndarray,
) -> tuple[int, int]:
    """The cells of every line of `data[first:end]` that is not blank; lines and rows.

    `starts`, `ends` (int32) and `kinds` (uint8, zeros) have a row per line and a column per name;
    `line_ends` takes where the lines end, `lines` the line of each row, `careful` (zeros) marks the
    rows that the careful reader must see. Returns -1 lines when there are more than rows for them.
    """
    stack = np.zeros(DEPTH, np.uint8)
    broken = np.zeros(len(line_ends) + 1, np.uint8)
    carry = np.zeros(5, np.uint64)
    found = line = row = 0
    start = first
    for window in range(0, end, WINDOW):  # split and parse while the bytes are close
        stop = min(window + WINDOW, end)
        found = split_lines(data, window, stop, end, line_ends, broken, found, carry)
        if found < 0:
            return -1, 0
        while line < found:
            stop = line_ends[line]
            at = skip_space(data, start)
            if at < stop:
                lines[row] = line
                if (
                    broken[line] != 0
                    or stop - start > max_line
                    or not parse_line(
                        data, at, names, spans, types, ignore,
                        starts[row], ends[row], kinds[row], stack,
                    )
                ):  # fmt: skip
                    careful[row] = 1
                    kinds[row, :] = NULL
                row += 1
            start = stop + 1
            line += 1
    return found, row
