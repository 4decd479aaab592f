"""Unicode in compiled loops: decode a character, ask its class, find white space in UTF-8."""

from __future__ import annotations

import functools

import numpy as np

from tamis.kernels import mask
from tamis.kernels.jit import jit
from tamis.kernels.unicode_ranges import ALPHABETIC

ALPHA = 1
"""Class bit: alphabetic, `[[:alpha:]]` of the `regex` package."""
SPACE = 2
"""Class bit: white space of `str.split`, `str.strip` and `str.isspace`."""

SPACES = (
    *range(0x09, 0x0E), *range(0x1C, 0x21), 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B),
    0x2028, 0x2029, 0x202F, 0x205F, 0x3000,
)  # fmt: skip
ONES = np.uint64(0xFFFFFFFFFFFFFFFF)
_1, _2, _62, _63 = np.uint64(1), np.uint64(2), np.uint64(62), np.uint64(63)


@functools.cache
def classes() -> np.ndarray:
    """The class bits of every code point, as uint8.

    It has 2^21 entries, what four broken bytes can decode to at most, so that no text, valid or
    not, is looked up outside it.
    """
    table = np.zeros(1 << 21, np.uint8)
    at = 0
    numbers = [int(digits, 36) for digits in ALPHABETIC.split()]
    for skip, count in zip(numbers[::2], numbers[1::2], strict=True):
        table[at + skip : at + skip + count] = ALPHA
        at += skip + count
    table[list(SPACES)] |= SPACE
    return table


@jit
def decode(data: np.ndarray, at: int) -> int:
    """The code point whose UTF-8 starts at `at`; reads up to three bytes more."""
    lead = np.int64(data[at])
    if lead < 0x80:
        return lead
    second = np.int64(data[at + 1]) & 0x3F
    if lead < 0xE0:
        return (lead & 0x1F) << 6 | second
    third = np.int64(data[at + 2]) & 0x3F
    if lead < 0xF0:
        return (lead & 0x0F) << 12 | second << 6 | third
    return (lead & 0x07) << 18 | second << 12 | third << 6 | (np.int64(data[at + 3]) & 0x3F)


@jit
def wide_space(data: np.ndarray, at: int) -> tuple[np.uint64, np.uint64]:
    """Where in 64 bytes a white-space character of two, and one of three, bytes starts."""
    second_80 = mask.equal(data, at + 1, 0x80)
    third_80 = mask.equal(data, at + 2, 0x80)
    two = mask.equal(data, at, 0xC2)
    two &= mask.equal(data, at + 1, 0x85) | mask.equal(data, at + 1, 0xA0)
    general = mask.between(data, at + 2, 0x80, 0x8A) | mask.between(data, at + 2, 0xA8, 0xA9)
    general = second_80 & (general | mask.equal(data, at + 2, 0xAF))
    general |= mask.equal(data, at + 1, 0x81) & mask.equal(data, at + 2, 0x9F)
    three = mask.equal(data, at, 0xE2) & general
    three |= mask.equal(data, at, 0xE3) & second_80 & third_80
    three |= mask.equal(data, at, 0xE1) & mask.equal(data, at + 1, 0x9A) & third_80
    return two, three


@jit
def space(data: np.ndarray, at: int, spill: np.uint64) -> tuple[np.uint64, np.uint64]:
    """White-space bytes among 64, and what a character cut by the end leaves to the next 64.

    `spill` is what the block before left. Reads up to `at + 66`.
    """
    found = mask.between(data, at, 9, 13) | mask.between(data, at, 28, 32) | spill
    spill = np.uint64(0)
    if mask.between(data, at, 0xC2, 0xE3) != np.uint64(0):
        two, three = wide_space(data, at)
        found |= two | two << _1 | three | three << _1 | three << _2
        spill = two >> _63 | three >> _62 | three >> _63
    return found, spill


@jit
def valid(at: int, end: int) -> np.uint64:
    """The bits of the 64 bytes from `at` that lie before `end`."""
    if end - at >= 64:
        return ONES
    return (_1 << np.uint64(end - at)) - _1


@jit
def code_points(data: np.ndarray, start: int, end: int) -> int:
    """How many characters `data[start:end]` has; reads up to 64 bytes past `end`."""
    count = end - start
    for at in range(start, end, 64):
        count -= mask.popcount(mask.between(data, at, 0x80, 0xBF) & valid(at, end))
    return count


@jit
def first_visible(data: np.ndarray, start: int, end: int, table: np.ndarray) -> int:
    """Where the first character that is not white space starts; `end` if there is none.

    Reads up to 64 bytes past `end`.
    """
    at = start
    while at < end:
        white = mask.between(data, at, 9, 13) | mask.between(data, at, 28, 32)
        at += mask.trailing_zeros(~white)
        if at >= end:
            return end
        byte = data[at]
        if white == ONES:
            continue
        if byte < 0x80 or table[decode(data, at)] & SPACE == 0:
            return at
        at += 2 if byte < 0xE0 else 3
    return end


@jit
def last_visible(data: np.ndarray, start: int, end: int, table: np.ndarray) -> int:
    """Where the last character that is not white space ends; `start` if there is none."""
    at = end
    while at > start:
        lead = at - 1
        while lead > start and data[lead] & 0xC0 == 0x80:
            lead -= 1
        if table[decode(data, lead)] & SPACE == 0:
            return at
        at = lead
    return start


@jit
def padded(data: np.ndarray, start: int, end: int) -> np.ndarray:
    """A copy of `data[start:end]` with 128 zeros after it, for loops that read past their end."""
    copy = np.zeros(end - start + 128, np.uint8)
    for k in range(end - start):
        copy[k] = data[start + k]
    return mask.frozen(copy)
