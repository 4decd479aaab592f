"""Where in texts something personal may stand: windows of ASCII around digits, `@`, `://`.

Prose has few of them, so that one pass over the bytes leaves little to look at closely. A window is
a token (bytes without white space, ASCII only) that holds an anchor, with the tokens beside it that
have digits, or are short and without lower case, such as the groups of a telephone number or of an
IBAN: those that stand one blank away (space, no-break space, thin space, a dash of Unicode).
"""

from __future__ import annotations

import numpy as np

from tamis.kernels import mask
from tamis.kernels.candidates import Words, candidates
from tamis.kernels.jit import jit
from tamis.kernels.unicode import padded, valid

AT, URL, DOMAIN, NUMBER, MIXED, COLONS, DOTS, LONG, DIALLED = (1 << k for k in range(9))
"""What a window has: `@` between letters or digits; `://` or `www.`; a dot before a letter; six
digits or more; six letters and digits in a row, or ten with `_` and `-` among them; five colons,
or two in a row; three dots among digits; a run of 16 letters and digits, `_` and `-` among
them, with a digit; `+`, `(`, a number that begins with 0, or three of 3, 3 and 4 digits."""
LONGEST = 4096  # bytes of a window: what is longer is cut, before a byte that is no letter or digit
_WEAK = 5  # bytes of a token without lower case that joins one with digits
_FIELDS = 8


def found(data: np.ndarray, offsets: np.ndarray, plan: np.ndarray, words: Words) -> np.ndarray:
    """The windows in which a pattern of the plan is to be tried, in order, as rows of int64.

    Row of the text, start and end in bytes from its start, start in characters, marks, digits,
    which rows of the plan (the first 63 as bits, the others).
    """
    room = 1024 + int(offsets[-1] - offsets[0]) // 256
    while True:
        out = np.empty((room, _FIELDS), np.int64)
        count = windows(data, offsets, plan, words.steps, words.bits, out)
        if count <= room:
            return out[:count]
        room = count


@jit
def windows(
    data: np.ndarray, offsets: np.ndarray, plan: np.ndarray, steps: np.ndarray, bits: np.ndarray,
    out: np.ndarray,
) -> int:  # fmt: skip
    """Write windows into `out` as far as there is room; gives how many there are."""
    count = 0
    for i in range(len(offsets) - 1):
        start, end = offsets[i], offsets[i + 1]
        if end + 128 <= len(data):
            count = _text(data, start, end, i, plan, steps, bits, out, count)
        else:
            near = padded(data, start, end)
            count = _text(near, 0, end - start, i, plan, steps, bits, out, count)
    return count


@jit
def _text(
    data: np.ndarray, start: int, end: int, row: int, plan: np.ndarray, steps: np.ndarray,
    bits: np.ndarray, out: np.ndarray, count: int,
) -> int:  # fmt: skip
    at = free = counted = start
    characters = np.int64(0)
    while at < end:
        anchors = mask.between(data, at, 0x30, 0x39) | mask.equal(data, at, 0x40)
        anchors |= mask.equal(data, at, 0x2E) & mask.folded(data, at + 1, 0x61, 0x7A)
        colon = mask.equal(data, at, 0x3A)
        anchors |= colon & (mask.equal(data, at + 1, 0x2F) | mask.folded(data, at + 1, 0x61, 0x66))
        anchors &= valid(at, end)
        if anchors == np.uint64(0):
            at += 64
            continue
        place = at + mask.trailing_zeros(anchors)
        low, high = _token(data, place, free, end)
        marks, digits = _marks(data, low, high)
        if digits > 0:
            low = _before(data, low, free)
            high = _after(data, high, min(end, low + LONGEST))
            marks, digits = _marks(data, low, high)
        if high - low >= LONGEST:
            while high > low + LONGEST // 2 and _alphanumeric(data[high - 1]):
                high -= 1
        if digits > 0 and low >= start + 2 and data[low - 2] == 0x2B and data[low - 1] == 0x20:
            marks |= DIALLED
        some, others = candidates(data, start, end, low, high, marks, digits, plan, steps, bits)
        if some | others:
            characters += _characters(data, counted, low)
            counted = low
            if count < len(out):
                out[count, 0] = row
                out[count, 1] = low - start
                out[count, 2] = high - start
                out[count, 3] = characters
                out[count, 4] = marks
                out[count, 5] = digits
                out[count, 6] = some
                out[count, 7] = others
            count += 1
        at = free = max(high, place + 1)
    return count


@jit
def _token(data: np.ndarray, place: int, free: int, end: int) -> tuple[int, int]:
    """The bytes around `place` that are ASCII and no white space; at most half a window before."""
    low, high = place, place
    least = max(free, place - LONGEST // 2)
    while low > least and _printed(data[low - 1]):
        low -= 1
    most = min(end, low + LONGEST)
    while high < most and _printed(data[high]):
        high += 1
    return low, high


@jit
def _before(data: np.ndarray, low: int, free: int) -> int:
    """Where the window begins with up to three short tokens before it."""
    for _ in range(3):
        gap = _gap_before(data, low, free)
        if gap == 0:
            return low
        start = last = low - gap
        while start > free and last - start <= _WEAK and _printed(data[start - 1]):
            start -= 1
        if start == last or not _weak(data, start, last):
            return low
        low = start
    return low


@jit
def _after(data: np.ndarray, high: int, end: int) -> int:
    """Where the window ends with the tokens after it that have digits, or are short."""
    while True:
        gap = _gap_after(data, high, end)
        start = stop = high + gap
        digits = 0
        while stop < end and _printed(data[stop]):
            digits += np.int64(0x30 <= data[stop] <= 0x39)
            stop += 1
        if gap == 0 or stop == start or (digits == 0 and not _weak(data, start, stop)):
            return high
        high = stop


@jit
def _weak(data: np.ndarray, start: int, stop: int) -> bool:
    """Whether a token is short and has no lower case."""
    for at in range(start, stop):
        if 0x61 <= data[at] <= 0x7A:
            return False
    return stop - start <= _WEAK


@jit
def _gap_before(data: np.ndarray, at: int, free: int) -> int:
    if at - 1 >= free and data[at - 1] == 0x20:
        return 1
    if at - 2 >= free and data[at - 2] == 0xC2 and data[at - 1] == 0xA0:
        return 2
    if at - 3 >= free and _wide(data, at - 3):
        return 3
    return 0


@jit
def _gap_after(data: np.ndarray, at: int, end: int) -> int:
    if at + 1 < end and data[at] == 0x20:
        return 1
    if at + 2 < end and data[at] == 0xC2 and data[at + 1] == 0xA0:
        return 2
    if at + 3 < end and _wide(data, at):
        return 3
    return 0


@jit
def _wide(data: np.ndarray, at: int) -> bool:
    """U+2009, U+2010 to U+2013 or U+202F."""
    last = data[at + 2]
    known = last == 0x89 or 0x90 <= last <= 0x93 or last == 0xAF
    return data[at] == 0xE2 and data[at + 1] == 0x80 and known


@jit
def _marks(data: np.ndarray, low: int, high: int) -> tuple[int, int]:
    """What a window has, and its digits."""
    marks = digits = colons = dots = 0
    run = run_digits = run_letters = word = word_digits = 0
    group = last = before = 0  # digits in a row: here, before these, before those
    for at in range(low, high):
        byte = data[at]
        digit = 0x30 <= byte <= 0x39
        letter = 0x61 <= byte | 0x20 <= 0x7A
        digits += np.int64(digit)
        if digit:
            marks |= DIALLED if byte == 0x30 and group == 0 else 0
            group += 1
        else:
            marks |= DIALLED if byte == 0x2B or byte == 0x28 else 0
            if group > 0:
                marks |= DIALLED if group == 4 and last == 3 and before == 3 else 0
                before, last, group = last, group, 0
        if digit or letter or byte == 0x5F or byte == 0x2D:
            run += 1
            run_digits += np.int64(digit)
            run_letters += np.int64(letter)
            if run >= 10 and run_digits > 0 and run_letters > 0:
                marks |= MIXED if run < 16 else MIXED | LONG
        else:
            run = run_digits = run_letters = 0
        if digit or letter:
            word += 1
            word_digits += np.int64(digit)
            if word >= 6 and 0 < word_digits < word:
                marks |= MIXED
        else:
            word = word_digits = 0
        inner = at > low or (at > 0 and data[at - 1] >= 0x80)
        if byte == 0x40 and inner and at + 1 < high and _alphanumeric(data[at + 1]):
            marks |= AT
        elif byte == 0x3A and at + 1 < high:
            if at + 2 < high and data[at + 1] == 0x2F and data[at + 2] == 0x2F:
                marks |= URL
            colons += 1
            if colons >= 5 or (colons >= 2 and (data[at - 1] == 0x3A or data[at + 1] == 0x3A)):
                marks |= COLONS
        elif byte == 0x2E and at > low and at + 1 < high:
            dots += 1
            after = data[at + 1] | 0x20
            if 0x61 <= after <= 0x7A and _alphanumeric(data[at - 1]):
                marks |= DOMAIN
                if at >= low + 3 and _www(data, at - 3):
                    marks |= URL
            if dots >= 3 and digits >= 3:
                marks |= DOTS
    if group == 4 and last == 3 and before == 3:
        marks |= DIALLED
    if digits >= 6:
        marks |= NUMBER
    return marks, digits


@jit
def _www(data: np.ndarray, at: int) -> bool:
    return data[at] | 0x20 == 0x77 and data[at + 1] | 0x20 == 0x77 and data[at + 2] | 0x20 == 0x77


@jit
def _printed(byte: int) -> bool:
    return 0x21 <= byte <= 0x7E


@jit
def _alphanumeric(byte: int) -> bool:
    return 0x30 <= byte <= 0x39 or 0x61 <= byte | 0x20 <= 0x7A


@jit
def _characters(data: np.ndarray, start: int, end: int) -> int:
    """How many characters begin in `data[start:end]`."""
    count = np.int64(0)
    at = start
    while at < end:
        bits = valid(at, end) & ~mask.between(data, at, 0x80, 0xBF)
        count += mask.popcount(bits)
        at += 64
    return count
