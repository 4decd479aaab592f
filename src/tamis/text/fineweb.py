"""The rules that FineWeb adds to Gopher's and C4's (Penedo et al., 2024)."""

from __future__ import annotations

import numpy as np

from tamis.frame import Texts
from tamis.kernels.letter_classes import letter_classes
from tamis.kernels.line_counts import of_length, with_end_mark
from tamis.op import measure, view
from tamis.text.views import Characters, Parts, Words, arrays, share

_END, _VISIBLE_END = 1, 3  # columns of a line's spans


@view
def punctuated_lines(utf8: Texts, lines: Parts, *, strip: bool = True) -> np.ndarray:
    """How many lines of each text end with a mark that ends sentences."""
    counts = np.empty(len(utf8.valid), np.int64)
    column = _VISIBLE_END if strip else _END
    with_end_mark(*arrays(utf8), lines.offsets, lines.spans, column, letter_classes(), counts)
    return counts


@view
def short_lines(lines: Parts, *, max_length: int = 30) -> np.ndarray:
    """How many lines of each text have at most `max_length` characters."""
    counts = np.empty(len(lines.counts), np.int64)
    of_length(lines.offsets, lines.spans, 0, max_length, counts)
    return counts


@measure(dtype="float64", range=(0, 1), null_where="blank")
def fineweb_punctuated_line_ratio(
    punctuated_lines: np.ndarray, lines: Parts, *, strip: bool = True
) -> np.ndarray:
    """Share of lines that end with a mark that ends sentences; at least 0.12 is wanted.

    The marks are those of the Unicode property Sentence_Terminal (datatrove's list lacks 16 of its
    younger ones and has three Khmer signs more). Blank lines do not count. `strip=False` looks at
    the last character even if it is white space, as datatrove does, for which a text with `\\r\\n`
    has no punctuated line; after `c4_lines` both are the same.

    >>> fineweb_punctuated_line_ratio("Done.\\nNot done")
    0.5
    """
    return share(punctuated_lines, lines.counts)


@measure(dtype="float64", range=(0, 1), null_where="blank")
def fineweb_short_line_ratio(
    short_lines: np.ndarray, lines: Parts, *, max_length: int = 30
) -> np.ndarray:
    """Share of lines of at most `max_length` characters; at most 0.67 is wanted.

    >>> fineweb_short_line_ratio("short\\na line of more than thirty characters")
    0.5
    """
    return share(short_lines, lines.counts)


@measure(dtype="float64", range=(0, 1), null_where="blank")
def fineweb_duplicate_line_char_ratio(
    lines: Parts, characters: Characters, breaks: np.ndarray
) -> np.ndarray:
    """Characters in lines that stood before, of all but newlines; at most 0.01 is wanted.

    >>> fineweb_duplicate_line_char_ratio("one\\ntwo\\none")
    0.3333333333333333
    """
    return share(lines.tallies[:, 2] - lines.tallies[:, 1], characters.length - breaks[:, 0])


@measure(dtype="float64", range=(0, float("inf")), null_where="blank")
def fineweb_newline_ratio(words: Words, breaks: np.ndarray, *, language: str = "en") -> np.ndarray:
    """Newlines per word; at most 0.3 is wanted. It finds lists.

    >>> fineweb_newline_ratio("a b\\nc d")
    0.25
    """
    return share(breaks[:, 0], words.counts)
