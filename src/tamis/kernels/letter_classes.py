"""What Python's `str` methods say of every code point, as bits of a table for compiled loops."""

from __future__ import annotations

import functools

import numpy as np

from tamis.kernels import letter_ranges
from tamis.kernels.unicode import SPACES

LETTER, NUMBER, DIGIT, DECIMAL, CAPITAL, TERMINAL, PUNCTUATION, BLANK = (1 << k for k in range(8))
"""`isalpha`; `isalnum` but no letter; `isdigit`; `isdecimal`; `isupper`; ends a sentence; symbol of
datatrove's word count; `isspace`. A table entry is the sum of those that hold."""
ALNUM = LETTER | NUMBER

# What datatrove does not count as a word when a word is made of nothing else: ASCII punctuation,
# control characters, these, and what ends a sentence.
_SYMBOLS = "«´»–—’“”„…∶━►、〈〉《》「」【】％（），１：；～"


@functools.cache
def letter_classes() -> np.ndarray:
    """The class bits of every code point, uint8, with 2^21 entries as `unicode.classes` has."""
    table = np.zeros(1 << 21, np.uint8)
    for bit, name in (
        (LETTER, "LETTERS"), (NUMBER, "NUMBERS"), (DIGIT, "DIGITS"), (DECIMAL, "DECIMALS"),
        (CAPITAL, "CAPITALS"), (TERMINAL, "TERMINALS"),
    ):  # fmt: skip
        at = 0
        numbers = [int(digits, 36) for digits in getattr(letter_ranges, name).split()]
        for skip, count in zip(numbers[::2], numbers[1::2], strict=True):
            table[at + skip : at + skip + count] |= bit
            at += skip + count
    ascii_marks = [c for c in range(0x80) if not chr(c).isalnum() and c not in (0x09, 0x0A, 0x20)]
    table[[*ascii_marks, *range(0x80, 0xA0), *map(ord, _SYMBOLS)]] |= PUNCTUATION
    table[table & TERMINAL != 0] |= PUNCTUATION
    table[list(SPACES)] |= BLANK
    return table
