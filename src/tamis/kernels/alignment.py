"""How much of two fingerprints is the same sound, at one offset in time.

Fingerprints are words of 32 bits, one every 32 ms; 0 says nothing and is compared with nothing. At
an offset, a window of words is the same sound if few enough bits differ, and a word is if it is in
such a window. What is counted are words, so silence neither helps nor harms.
"""

from __future__ import annotations

import numpy as np

from tamis.kernels.jit import jit

SECONDS = 0.032  # from word to word
WINDOW = 32  # words: 1 s
ERRORS = 0.24  # of the bits of a window, at most (measured: docs/design/audio-fingerprints.md)
FEWEST = 8  # words that must say something in a window
ERRORS_FEWEST = 0.15  # of the bits of so few words

_M1, _M2 = np.uint32(0x55555555), np.uint32(0x33333333)
_M4, _H01 = np.uint32(0x0F0F0F0F), np.uint32(0x01010101)
_1, _2, _4, _24 = np.uint32(1), np.uint32(2), np.uint32(4), np.uint32(24)


@jit
def ones(word: np.uint32) -> int:
    """How many bits are set."""
    word = np.uint32(word - ((word >> _1) & _M1))
    word = np.uint32((word & _M2) + ((word >> _2) & _M2))
    word = np.uint32((word + (word >> _4)) & _M4)
    return np.int64(np.uint32(word * _H01) >> _24)


@jit
def most_errors(telling: int) -> float:
    """Bits in which a window of so many telling words may differ; below 0: too few words.

    >>> round(most_errors(32) / (32 * 32), 3), round(most_errors(8) / (8 * 32), 3)
    (0.24, 0.15)
    """
    if telling < FEWEST:
        return -1.0
    part = min(1.0, (telling - FEWEST) / (WINDOW - FEWEST))
    return 32.0 * telling * (ERRORS_FEWEST + part * (ERRORS - ERRORS_FEWEST))


@jit
def telling_words(words: np.ndarray) -> int:
    """How many words say something."""
    count = 0
    for word in words:
        count += np.int64(word != np.uint32(0))
    return count


@jit
def count_telling(words: np.ndarray, starts: np.ndarray, telling: np.ndarray) -> None:
    """`telling_words` of recordings one after another, each from one of `starts` on."""
    for n in range(telling.size):
        telling[n] = telling_words(words[starts[n] : starts[n + 1]])


@jit
def overlap(left: int, right: int, offset: int) -> tuple:
    """From and to which word of the left the right one lies beside it, `offset` words later."""
    return max(0, offset), min(left, right + offset)


@jit
def window_agrees(left: np.ndarray, right: np.ndarray, offset: int, at: int) -> bool:
    """Whether the window around word `at` of the left is the same sound in the right."""
    first, last = overlap(left.size, right.size, offset)
    start = max(first, min(at - WINDOW // 2, last - WINDOW))
    stop = min(last, start + WINDOW)
    errors, telling = 0, 0
    for k in range(start, stop):
        one, other = left[k], right[k - offset]
        if one != np.uint32(0) and other != np.uint32(0):
            errors += ones(np.uint32(one ^ other))
            telling += 1
    return errors <= most_errors(telling) + 1e-9


@jit
def same_words(left: np.ndarray, right: np.ndarray, offset: int) -> int:
    """How many words are the same sound at this offset."""
    first, last = overlap(left.size, right.size, offset)
    width = min(WINDOW, last - first)
    if width < FEWEST:
        return 0
    errors, telling, counted, same = 0, 0, first, 0
    for k in range(first, last):
        one, other = left[k], right[k - offset]
        if one != np.uint32(0) and other != np.uint32(0):
            errors += ones(np.uint32(one ^ other))
            telling += 1
        gone = k - width
        if gone >= first:
            one, other = left[gone], right[gone - offset]
            if one != np.uint32(0) and other != np.uint32(0):
                errors -= ones(np.uint32(one ^ other))
                telling -= 1
        if k - first + 1 < width or errors > most_errors(telling) + 1e-9:
            continue
        for n in range(max(counted, k - width + 1), k + 1):
            same += np.int64(left[n] != np.uint32(0) and right[n - offset] != np.uint32(0))
        counted = k + 1
    return same


@jit
def share(same: int, left: int, right: int, contained: bool) -> float:
    """Words that are the same over those of both, or over those of the one that has fewer."""
    whole = min(left, right) if contained else left + right - same
    return same / whole if whole > 0 else 0.0
