"""RefinedWeb's rules for lines, as DCLM rebuilt them: what is left of each text."""

from __future__ import annotations

import numpy as np

from tamis.kernels import mask
from tamis.kernels.breaks import newline
from tamis.kernels.c4 import words_in
from tamis.kernels.copying import copy
from tamis.kernels.jit import jit
from tamis.kernels.letter_classes import ALNUM, BLANK, CAPITAL, DECIMAL, DIGIT
from tamis.kernels.phrases import lowered
from tamis.kernels.unicode import (
    code_points,
    decode,
    first_visible,
    last_visible,
    padded,
    space,
    valid,
)

_0, _1, _63 = np.uint64(0), np.uint64(1), np.uint64(63)
_COUNTED = (
    b"likes shares comments retweets reposts quotes bookmarks upvotes downvotes downloads views "
    b"followers"
).split()
_COUNTED_TEXT = np.frombuffer(b"".join(_COUNTED), np.uint8).copy()
_COUNTED_SIZES = np.array([len(word) for word in _COUNTED], np.int64)
_CART, _MORE, _SIGN = (
    np.frombuffer(words, np.uint8).copy() for words in (b"items in cart", b"read more", b"sign-in")
)


@jit
def refinedweb_lines(
    data: np.ndarray,
    offsets: np.ndarray,
    spaces: np.ndarray,
    classes: np.ndarray,
    shares: np.ndarray,
    counts: np.ndarray,
    out: np.ndarray,
    out_offsets: np.ndarray,
) -> None:
    """Write what is left of the lines of each text to `out`, which has 128 bytes to spare.

    `shares`: most capitals, most digits, of a line's characters. `counts`: fewest words of a line,
    most words of a line that phrases are cut from (negative: from none), counters removed.
    """
    into = 0
    out_offsets[0] = 0
    for i in range(len(offsets) - 1):
        start, end = offsets[i], offsets[i + 1]
        rules = (spaces, classes, shares, counts)
        if end + 128 <= len(data):
            into = _text(data, start, end, rules, out, into)
        else:
            into = _text(padded(data, start, end), 0, end - start, rules, out, into)
        out_offsets[i + 1] = into


@jit
def _text(data, start, end, rules, out, base):
    spaces, classes, shares, counts = rules
    furnished = counts[1] >= 0 and _furnished(data, start, end)
    into = base
    start, end = first_visible(data, start, end, spaces), last_visible(data, start, end, spaces)
    begin, enough = start, max(counts[0], counts[1] + 1)
    while begin < end:
        stop = newline(data, begin, end)
        first = first_visible(data, begin, stop, spaces)
        last = last_visible(data, first, stop, spaces)
        size, words = 0, words_in(data, first, last, enough)
        if first == last:  # a blank line stays one
            size = 0
        elif _unwanted(data, first, last, words, classes, shares, counts):
            size = -1
        else:
            copy(data, begin, stop, out, into)
            size = stop - begin
            if furnished and words <= counts[1]:
                left = _cut(out, into + first - begin, into + last - begin, classes, spaces)
                if left >= 0:  # something was cut: the line without white space around it
                    size = _moved(out, into + first - begin, left, into, spaces)
                    size = size if size > 0 else -1
        if size >= 0:
            into += size
            out[into] = 0x0A
            into += 1
        begin = stop + 1
    last = last_visible(out, base, into, spaces)
    return _moved(out, base, last, base, spaces) + base


@jit
def _furnished(data: np.ndarray, start: int, end: int) -> bool:
    """Whether three letters of a phrase that is cut stand anywhere: `ms `, `d m` or `n-i`."""
    for at in range(start, end, 64):
        space, dash = mask.equal(data, at + 1, 0x20), mask.equal(data, at + 1, 0x2D)
        found = mask.folded(data, at, 0x64, 0x64) & space & mask.folded(data, at + 2, 0x6D, 0x6D)
        found |= mask.folded(data, at, 0x6E, 0x6E) & dash & mask.folded(data, at + 2, 0x69, 0x69)
        cart = mask.folded(data, at, 0x6D, 0x6D) & mask.folded(data, at + 1, 0x73, 0x73)
        found |= cart & mask.equal(data, at + 2, 0x20)
        if found & valid(at, end) != _0:
            return True
    return False


@jit
def _moved(out: np.ndarray, start: int, end: int, to: int, spaces: np.ndarray) -> int:
    """Move what is visible of `out[start:end]` to `to`, which is not after it; gives its size."""
    first = first_visible(out, start, end, spaces)
    last = last_visible(out, first, end, spaces)
    if first != to:
        for k in range(last - first):
            out[to + k] = out[first + k]
    return last - first


@jit
def _unwanted(data, first, last, words, classes, shares, counts):
    if words < counts[0]:
        return True
    length = code_points(data, first, last)
    capitals = digits = np.int64(0)
    for at in range(first, last, 64):
        inside = valid(at, last)
        capitals += mask.popcount(mask.between(data, at, 0x41, 0x5A) & inside)
        digits += mask.popcount(mask.between(data, at, 0x30, 0x39) & inside)
        wide = mask.between(data, at, 0xC0, 0xFF) & inside
        while wide != _0:
            kind = classes[decode(data, at + mask.trailing_zeros(wide))]
            capitals += np.int64(kind & CAPITAL != 0)
            digits += np.int64(kind & DIGIT != 0)
            wide &= wide - _1
    if capitals / length > shares[0] or digits / length > shares[1]:
        return True
    return counts[2] != 0 and _counter(data, first, last, classes)


@jit
def _width(byte: int) -> int:
    return 1 if byte < 0x80 else 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4


@jit
def _wordless(data: np.ndarray, at: int, end: int, classes: np.ndarray) -> int:
    """The first position from `at` with a letter, a digit or `_`."""
    while at < end and data[at] != 0x5F and classes[decode(data, at)] & ALNUM == 0:
        at += _width(data[at])
    return at


@jit
def _counter(data: np.ndarray, at: int, end: int, classes: np.ndarray) -> bool:
    """Whether a line is a number and what it counts, such as "1.2k views"."""
    at = _wordless(data, at, end, classes)
    if at == end or classes[decode(data, at)] & DECIMAL == 0:
        return False
    while at < end and (
        data[at] == 0x2C or data[at] == 0x2E or classes[decode(data, at)] & DECIMAL != 0
    ):
        at += _width(data[at])
    if at < end:
        unit = lowered(data[at])
        if unit == 0x6B or unit == 0x6D or unit == 0x62:
            at += 1
    blank = at
    while at < end and classes[decode(data, at)] & BLANK != 0:
        at += _width(data[at])
    if at == blank:
        return False
    text = 0
    for word in range(len(_COUNTED_SIZES)):
        size = _COUNTED_SIZES[word]
        if at + size <= end:
            k = 0
            while k < size and lowered(data[at + k]) == _COUNTED_TEXT[text + k]:
                k += 1
            if k == size and _wordless(data, at + size, end, classes) == end:
                return True
        text += size
    return False


@jit
def _same(out: np.ndarray, at: int, end: int, words: np.ndarray) -> bool:
    if at + len(words) > end:
        return False
    for k in range(len(words)):  # noqa: SIM110
        if lowered(out[at + k]) != words[k]:
            return False
    return True


@jit
def _blank_before(out: np.ndarray, start: int, at: int, classes: np.ndarray) -> int:
    """Where one white-space character before `at` starts; `at` if there is none."""
    if at == start:
        return at
    lead = at - 1
    while lead > start and out[lead] & 0xC0 == 0x80:
        lead -= 1
    return lead if classes[decode(out, lead)] & BLANK != 0 else at


@jit
def _cut(out, start, end, classes, spaces):
    """Cut the phrases from `out[start:end]` in place; gives the new end, -1 if nothing was cut."""
    stop, into, at = end, start, start
    while at < end:
        if lowered(out[at]) == 0x69 and _same(out, at, end, _CART):
            into = _blank_before(out, start, into, classes)
            at += len(_CART)
        else:
            out[into] = out[at]
            into += 1
            at += 1
    end = last_visible(out, start, into, spaces)
    tail = end
    if end - start >= 3:
        a, b, c = out[end - 3], out[end - 2], out[end - 1]
        dots = a == 0x2E and b == 0x2E and c == 0x2E
        if dots or (a == 0xE2 and b == 0x80 and c == 0xA6):
            tail = end - 3
    more = tail - len(_MORE)
    if tail < end and more >= start and _same(out, more, tail, _MORE):
        end = _blank_before(out, start, more, classes)
    first = first_visible(out, start, end, spaces)
    if first < end and _same(out, first, end, _SIGN):
        for k in range(first, first + len(_SIGN)):
            out[k] = 0x20
        return end
    return end if end != stop else -1


@jit
def words_from_alnum(
    data: np.ndarray, offsets: np.ndarray, classes: np.ndarray, counts: np.ndarray
) -> None:
    """How many words of each text start with a letter or digit."""
    for i in range(len(offsets) - 1):
        start, end = offsets[i], offsets[i + 1]
        if end + 128 <= len(data):
            counts[i] = _words_from_alnum(data, start, end, classes)
        else:
            counts[i] = _words_from_alnum(padded(data, start, end), 0, end - start, classes)


@jit
def _words_from_alnum(data: np.ndarray, start: int, end: int, classes: np.ndarray) -> int:
    found, spill, before = np.int64(0), _0, _0
    for at in range(start, end, 64):
        white, spill = space(data, at, spill)
        live = ~white & valid(at, end)
        first = live & ~(live << _1 | before)
        before = live >> _63
        letters = mask.folded(data, at, 0x61, 0x7A) | mask.between(data, at, 0x30, 0x39)
        found += mask.popcount(first & letters)
        wide = first & mask.between(data, at, 0x80, 0xFF)
        while wide != _0:
            code = decode(data, at + mask.trailing_zeros(wide))
            found += np.int64(classes[code] & ALNUM != 0)
            wide &= wide - _1
    return found
