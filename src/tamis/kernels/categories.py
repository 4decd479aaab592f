"""Classes of code points that edits of single characters ask for, as tables for compiled loops."""

from __future__ import annotations

import functools
import unicodedata

import numpy as np

MARK, CONTROL, INVISIBLE = 1, 2, 4
"""A punctuation mark or symbol; a control character or noncharacter that is no white space; a
character that shows nothing and joins nothing."""

_KEPT = "\t\n\v\f\r\x85"
_INVISIBLE = (
    (0x00AD, 0x00AD),  # soft hyphen
    (0x061C, 0x061C),  # Arabic letter mark
    (0x180E, 0x180E),  # Mongolian vowel separator
    (0x200B, 0x200B),  # zero-width space
    (0x200E, 0x200F),  # marks of direction
    (0x202A, 0x202E),  # embeddings and overrides
    (0x2060, 0x2064),  # word joiner, invisible operators
    (0x2066, 0x206F),  # isolates, deprecated format characters
    (0xFEFF, 0xFEFF),  # byte-order mark
    (0xFFF9, 0xFFFB),  # interlinear annotation
)


@functools.cache
def categories() -> np.ndarray:
    """The class bits of every code point, uint8, with 2^21 entries as `unicode.classes` has.

    Punctuation and symbols are the Unicode categories P and S of the running Python's
    `unicodedata`; above plane 1 there are none.
    """
    table = np.zeros(1 << 21, np.uint8)
    majors = [unicodedata.category(chr(code))[0] for code in range(0x20000)]
    table[:0x20000][np.isin(majors, ["P", "S"])] = MARK
    controls = (*range(0x20), *range(0x7F, 0xA0))
    table[[code for code in controls if chr(code) not in _KEPT]] = CONTROL
    table[0xFDD0:0xFDF0] = CONTROL
    table[0xFFFE : 1 << 21 : 1 << 16] = table[0xFFFF : 1 << 21 : 1 << 16] = CONTROL
    for low, high in _INVISIBLE:
        table[low : high + 1] = INVISIBLE
    return table
