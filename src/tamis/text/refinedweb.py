"""RefinedWeb's rules for lines (Penedo et al., 2023), as DCLM rebuilt them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from tamis.frame import Texts, strings
from tamis.kernels import refinedweb as kernel
from tamis.kernels.letter_classes import letter_classes
from tamis.kernels.unicode import classes
from tamis.op import edit, measure, view
from tamis.text.editing import column_of
from tamis.text.views import arrays, share


class Refined(NamedTuple):
    """The bytes and offsets of what is left of each text."""

    data: np.ndarray
    offsets: np.ndarray


@view
def refinedweb_left(
    utf8: Texts,
    *,
    max_capitals: float = 0.5,
    max_digits: float = 0.999999,
    min_words: int = 2,
    counters: bool = False,
    cut_within: int = 10,
) -> Refined:
    """What is left of each text when lines have been corrected."""
    count = len(utf8.valid)
    size = int(utf8.offsets[-1] - utf8.offsets[0]) if count else 0
    out, offsets = np.zeros(size + 256, np.uint8), np.zeros(count + 1, np.int64)
    kernel.refinedweb_lines(
        *arrays(utf8), classes(), letter_classes(),
        np.array([max_capitals, max_digits], np.float64),
        np.array([min_words, cut_within, not counters], np.int64), out, offsets,
    )  # fmt: skip
    return Refined(out, offsets)


@edit()
def refinedweb_lines(
    text: pd.Series,
    utf8: Texts,
    refinedweb_left: Refined,
    *,
    max_capitals: float = 0.5,
    max_digits: float = 0.999999,
    min_words: int = 2,
    counters: bool = False,
    cut_within: int = 10,
) -> pd.Series:
    """Drop lines that are no prose, and cut phrases of page furniture out of short ones.

    A line goes if more than `max_capitals` of its characters are capitals, more than `max_digits`
    digits, if it has fewer than `min_words` words, or counts something ("12 likes", "1.2k views";
    `counters=True` lets those stay). From lines of at most `cut_within` words are cut "items in
    cart" anywhere, "Read more..." at the end and "Sign-in" at the start, in either case; a line
    that held nothing else goes. Blank lines stay, but not at the ends of the text.
    Each line is judged by itself, without the white space around it.
    Source: `dclm_baseline_refinedweb.yaml` of DCLM (Li et al., 2024).

    >>> refinedweb_lines("MENU AND MORE\\n3 comments\\nA story begins. Read more...")
    'A story begins.'
    """
    left = refinedweb_left
    return strings(column_of(utf8, left.data, left.offsets), text.index, text.name)


@measure(dtype="float64", range=(0, 1), null_where="blank")
def refinedweb_removed_word_ratio(
    utf8: Texts,
    refinedweb_left: Refined,
    *,
    max_capitals: float = 0.5,
    max_digits: float = 0.999999,
    min_words: int = 2,
    counters: bool = False,
    cut_within: int = 10,
) -> np.ndarray:
    """Share of words that `refinedweb_lines` takes out; at most 0.05 is wanted.

    Words that start with a letter or digit. Ask before the edit and with the same settings. A text
    without such a word has 1.

    >>> refinedweb_removed_word_ratio("MENU\\nA story of five words")
    0.16666666666666666
    """
    before, after = np.empty((2, len(utf8.valid)), np.int64)
    kernel.words_from_alnum(*arrays(utf8), letter_classes(), before)
    left = Texts(refinedweb_left.data, refinedweb_left.offsets, utf8.valid)
    kernel.words_from_alnum(*arrays(left), letter_classes(), after)
    return np.where(before == 0, 1.0, share(before - after, before))
