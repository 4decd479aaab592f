"""What a code point is to a tokeniser: part of a word, a word by itself, or neither.

A word is a maximal run of letters, marks and digits (Unicode categories L, M, N), lower-cased. In
scripts written without spaces between words (Han, kana, Thai, Lao, Khmer, Myanmar) every letter and
mark is a word by itself, so that shingles of words work there too. Lower case is taken character by
character (`str.lower` of one character: no final sigma). The categories are those of the running
Python's `unicodedata`.

The table has two levels: `pages[code >> 8]` chooses a page of 256 entries; an entry is
`lower << 3 | longer << 2 | kind`. `lower` is the lower-case code point. `longer` marks the few
characters (25 in Unicode 14, such as the Kelvin sign) whose lower case takes another number of
bytes: their `lower` is themselves, and a text with one is lower-cased by `rewrite` beforehand.
"""

from __future__ import annotations

import functools
import unicodedata
from typing import NamedTuple

import numpy as np

SEPARATOR, LETTER, OWN_WORD = 0, 1, 2
LONGER = 4

UNSPACED = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x3005, 0x303C),  # marks of iteration and repetition
    (0x3040, 0x30FF),  # Hiragana, Katakana
    (0x31F0, 0x31FF),  # Katakana phonetic extensions
    (0x3400, 0x4DBF),  # CJK extension A
    (0x4E00, 0x9FFF),  # CJK unified ideographs
    (0xF900, 0xFAFF),  # CJK compatibility ideographs
    (0xFF66, 0xFF9F),  # halfwidth kana
    (0x1AFF0, 0x1B16F),  # kana extensions and supplement
    (0x20000, 0x3FFFF),  # CJK extensions B and later
)


class Letters(NamedTuple):
    """The two-level table (`pages` int32[4352], `entries` uint32) as kernels take it.

    `longer` (int64[k, 3]) has the marked characters, ascending, with the one or two code points
    of their lower case (0 for no second).
    """

    pages: np.ndarray
    entries: np.ndarray
    longer: np.ndarray


# Planes 0 to 3 and the variation selectors; everything above is unassigned or private use.
_SCANNED = (*range(0x340), 0xE00, 0xE01)


@functools.cache
def letters() -> Letters:
    """The table for all of Unicode; built once a process."""
    codes = np.concatenate([np.arange(page << 8, (page + 1) << 8) for page in _SCANNED])
    characters = codes.astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")
    categories = np.array(list(map(unicodedata.category, characters)))
    major = categories.astype("U1")
    kinds = np.where(np.isin(major, ["L", "M", "N"]), LETTER, SEPARATOR)
    for low, high in UNSPACED:
        inside = (codes >= low) & (codes <= high) & np.isin(major, ["L", "M"])
        kinds[inside] = OWN_WORD
    lower, marks, longer = codes.copy(), np.zeros(codes.size, np.int64), []
    for k in np.flatnonzero(np.isin(categories, ["Lu", "Lt", "Nl"])).tolist():
        lowered = characters[k].lower()
        if len(lowered.encode()) == len(characters[k].encode()):
            lower[k] = ord(lowered)
        else:
            marks[k] = LONGER
            longer.append([codes[k], ord(lowered[0]), ord(lowered[1]) if lowered[1:] else 0])
    filled = (lower << 3 | marks | kinds).astype(np.uint32)
    pages = np.zeros(0x110000 >> 8, np.int32)  # page 0 of the entries: nothing but separators
    pages[list(_SCANNED)] = np.arange(1, len(_SCANNED) + 1)
    entries = np.concatenate([np.zeros(256, np.uint32), filled])
    return Letters(pages, entries, np.array(longer, np.int64))
