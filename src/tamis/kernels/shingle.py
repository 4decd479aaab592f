"""A text as a stream of 64-bit shingle hashes, a bounded number at a time.

A text is taken apart into units (words, or characters), and every run of `ngram` consecutive units
is a shingle; a text of fewer units is one shingle, all of it. Units are hashed to 64 bits, and a
shingle is a polynomial of its units modulo 2**64, rolled along, put through a strong finaliser.
A text of any length needs buffers of one size (`UNITS + ngram` words of 64 bits).

    begin(…), then next_units(…) and next_shingles(…) in turn until next_units gives -1

`state` holds what goes from one stretch to the next: 0 the next block of the text, 1 whether the
byte before it is in a word, 2 where that word began, 3 units held over, 4 units so far.
"""

from __future__ import annotations

import numpy as np

from tamis.kernels.jit import jit
from tamis.kernels.mask import load64, multiply_fold, popcount, trailing_zeros
from tamis.kernels.mixing import K0, K1, K2, K4, finalise
from tamis.kernels.utf8 import decode, width

WORDS, CHARACTERS = 0, 1  # of the text in lower case
RAW, SPACED = 2, 3  # characters, and words between spaces, of a text taken as it is
BLOCKS = 64  # 64-byte blocks taken at a time: their shingles stay in the first-level cache
UNITS = 64 * BLOCKS + 64  # most units in so many, and most ends of words
STATE = 5

_ONE = np.uint64(1)
_BASE = np.uint64(0x9E3779B97F4A7C15)
_BASE_LOW = np.uint64(0xD6E8FEB86659FD93)
_BASE_HIGH = np.uint64(0xA0761D6478BD642F)
# What is kept of eight bytes when only so many belong to a word.
_KEPT = np.array([(1 << 8 * k) - 1 for k in range(9)], np.uint64)
_SPACE = np.int64(32)


@jit
def begin(state: np.ndarray, content: np.ndarray) -> None:
    """Make the state, and the content hash, those of a text not yet begun."""
    for k in range(STATE):
        state[k] = 0
    content[0], content[1] = K2, K4


@jit
def next_units(
    unit: int,
    text: np.ndarray,
    size: int,
    inside: np.ndarray,
    breaks: np.ndarray,
    state: np.ndarray,
    units: np.ndarray,
    edges: np.ndarray,
) -> int:
    """Put the units of the next stretch behind those held over; gives how many there are then.

    -1 when the text is at its end.
    """
    blocks = size // 64 + 1
    first = state[0]
    if first >= blocks:
        return -1
    last = min(first + BLOCKS, blocks)
    held = state[3]
    if unit == WORDS or unit == SPACED:  # noqa: SIM109
        count = _words(text, inside, breaks, first, last, state, units[held:], edges)
    elif unit == CHARACTERS:
        count = _characters(text, inside, first, last, state, units[held:])
    else:
        count = _raw(text, first * 64, min(last * 64, size), units[held:])
    state[0] = last
    state[4] += count
    return held + count


@jit
def next_shingles(
    units: np.ndarray,
    count: int,
    ngram: int,
    size: int,
    state: np.ndarray,
    content: np.ndarray,
    shingles: np.ndarray,
) -> int:
    """The shingles of `count` units, holding over what the next stretch needs; gives how many.

    They are still to be put through `mixing.finalise`. `size` is that of the text in bytes.
    `content` (uint64[2]) goes on to be a hash of the whole run of shingles: two polynomials in
    bases of their own.
    """
    made = roll(units, count, ngram, content, shingles)
    ended = state[0] >= size // 64 + 1
    if ended and 0 < state[4] < ngram:
        value = np.uint64(count) * K2  # the number of words counts where it is not given
        for k in range(count):
            value = value * _BASE + units[k]
        content[0] += value
        content[1] += finalise(value)
        made = 1
        shingles[0] = value
    held = min(count, ngram - 1)
    for k in range(held):
        units[k] = units[count - held + k]
    state[3] = held
    return made


@jit
def roll(
    units: np.ndarray, count: int, ngram: int, content: np.ndarray, shingles: np.ndarray
) -> int:
    """The polynomial of every run of `ngram` units, not yet finalised."""
    made = count - ngram + 1
    if made <= 0:
        return 0
    power = _ONE
    for _ in range(ngram):
        power *= _BASE
    value, leaving = np.uint64(0), np.uint64(0)
    for k in range(ngram - 1):
        value = value * _BASE + units[k]
    low, high = content[0], content[1]
    for k in range(made):  # three chains that run side by side
        value = value * _BASE + (units[k + ngram - 1] - leaving * power)
        leaving = units[k]
        shingles[k] = value
        low = low * _BASE_LOW + value
        high = high * _BASE_HIGH + value
    content[0], content[1] = low, high
    return made


@jit
def hash_word(text: np.ndarray, start: int, end: int) -> np.uint64:
    """A word's hash, sixteen bytes at a time; words hold no zero bytes, so length need not count.

    Most words take no branch that depends on their length.
    """
    value = K0
    while end - start > 16:
        value = multiply_fold(value ^ load64(text, start), K2 ^ load64(text, start + 8))
        start += 16
    size = end - start
    low = load64(text, start) & _KEPT[min(size, 8)]
    high = load64(text, start + 8) & _KEPT[max(size - 8, 0)]
    return multiply_fold(value ^ low, K1 ^ high)


@jit
def _words(
    text: np.ndarray,
    inside: np.ndarray,
    breaks: np.ndarray,
    first: int,
    last: int,
    state: np.ndarray,
    units: np.ndarray,
    edges: np.ndarray,
) -> int:
    carry, count = np.uint64(state[1]), 0
    if state[1] != 0:  # a word goes on from the stretch before
        edges[0] = state[2]
        count = 1
    for block in range(first, last):
        words, begins = inside[block], breaks[block]
        before = words << _ONE | carry
        carry = words >> np.uint64(63)
        turns = words ^ before
        doubles = begins & words & before  # one word ends and another begins
        if doubles == np.uint64(0):
            found, slot = popcount(turns), count
            while slot < count + found:  # four at a time, past the end too: no branch to guess
                for _ in range(4):
                    edges[slot] = 64 * block + trailing_zeros(turns)
                    turns &= turns - _ONE
                    slot += 1
            count += found
        else:
            turns |= doubles
            while turns != np.uint64(0):
                at = trailing_zeros(turns)
                edges[count] = edges[count + 1] = 64 * block + at
                count += 1 + np.int64(doubles >> np.uint64(at) & _ONE)
                turns &= turns - _ONE
    state[1] = np.int64(carry)
    ended = count // 2
    if carry != np.uint64(0):
        state[2] = edges[2 * ended]
    for k in range(ended):
        units[k] = hash_word(text, edges[2 * k], edges[2 * k + 1])
    return ended


@jit
def _characters(
    text: np.ndarray,
    inside: np.ndarray,
    first: int,
    last: int,
    state: np.ndarray,
    units: np.ndarray,
) -> int:
    """Characters of words; whatever lies between two words is one space."""
    count = 0
    gap, any_before = state[1] == 0, state[2] != 0
    for block in range(first, last):
        words = inside[block]
        for k in range(64):
            if words >> np.uint64(k) & _ONE == np.uint64(0):
                gap = True
                continue
            byte = text[64 * block + k]
            if byte & 0xC0 == 0x80:
                continue
            if gap and any_before:
                units[count] = _character(_SPACE)
                count += 1
            gap, any_before = False, True
            code = decode(text, 64 * block + k, width(byte))
            units[count] = _character(code)
            count += 1
    state[1] = 0 if gap else 1
    state[2] = 1 if any_before else 0
    return count


@jit
def _raw(text: np.ndarray, start: int, end: int, units: np.ndarray) -> int:
    """Characters that begin in a stretch, as they are."""
    count = 0
    for at in range(start, end):
        byte = text[at]
        if byte & 0xC0 != 0x80:
            units[count] = _character(decode(text, at, width(byte)))
            count += 1
    return count


@jit
def _character(code: int) -> np.uint64:
    return np.uint64(code + 1) * K1
