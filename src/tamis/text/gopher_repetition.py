"""Gopher's repetition rules (Rae et al., 2021) as the paper and three projects read them.

`variant` is as in `tamis.text.gopher`; bounds are those of the paper's table A1. In "paper" the
copies after the first are the duplicates, and characters are counted once where n-grams overlap.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from tamis.errors import SettingError
from tamis.op import measure
from tamis.text.gopher_views import Reading
from tamis.text.views import Basis, Characters, Ngrams, Words, repeats, share

_INFINITE = float("inf")
_Paragraphs = Literal["paper", "datatrove", "dclm"]


@measure(dtype="float64", range=(0, 1), null_where="blank")
def gopher_duplicate_line_ratio(
    gopher_lines: np.ndarray, *, variant: Reading = "paper"
) -> np.ndarray:
    """Share of lines that are duplicates; at most 0.30 is wanted.

    The first copy counts too in "dclm" and "dolma". Blank lines are lines in "dolma"; "datatrove"
    splits at runs of newlines; "dclm" strips lines.

    >>> gopher_duplicate_line_ratio("A\\nA\\nB")
    0.3333333333333333
    >>> gopher_duplicate_line_ratio("A\\nA\\nB", variant="dclm")
    0.6666666666666666
    """
    return share(gopher_lines[:, 1], gopher_lines[:, 0])


@measure(dtype="float64", range=(0, _INFINITE), null_where="blank")
def gopher_duplicate_line_char_ratio(
    gopher_lines: np.ndarray, characters: Characters, words: Words, *, variant: Reading = "paper"
) -> np.ndarray:
    """Characters in duplicate lines over those of lines; at most 0.20 is wanted (0.30 by dolma).

    Of the whole text in "datatrove"; of what is not white space in "dolma", so that it can be
    above 1.

    >>> gopher_duplicate_line_char_ratio("one\\ntwo\\none")
    0.3333333333333333
    """
    whole = {"datatrove": characters.length, "dolma": words.tallies[:, 0]}
    return share(gopher_lines[:, 2], whole.get(variant, gopher_lines[:, 3]))


@measure(dtype="float64", range=(0, 1), null_where="blank")
def gopher_duplicate_paragraph_ratio(
    gopher_paragraphs: np.ndarray, *, variant: _Paragraphs = "paper"
) -> np.ndarray:
    """Share of paragraphs that are duplicates; at most 0.30 is wanted.

    Two newlines end a paragraph. The first copy counts too in "dclm"; dolma has no such rule.

    >>> gopher_duplicate_paragraph_ratio("A\\n\\nA\\n\\nB")
    0.3333333333333333
    """
    return share(gopher_paragraphs[:, 1], gopher_paragraphs[:, 0])


@measure(dtype="float64", range=(0, 1), null_where="blank")
def gopher_duplicate_paragraph_char_ratio(
    gopher_paragraphs: np.ndarray, characters: Characters, *, variant: _Paragraphs = "paper"
) -> np.ndarray:
    """Characters in duplicate paragraphs over those of paragraphs; at most 0.20 is wanted.

    Of the whole text in "datatrove".

    >>> gopher_duplicate_paragraph_char_ratio("one\\n\\ntwo\\n\\none")
    0.3333333333333333
    """
    whole = characters.length if variant == "datatrove" else gopher_paragraphs[:, 3]
    return share(gopher_paragraphs[:, 2], whole)


@measure(dtype="float64", range=(0, _INFINITE), null_where="blank")
def gopher_top_ngram_ratio(
    words: Words,
    ngrams: Ngrams,
    characters: Characters,
    *,
    n: int = 2,
    variant: Reading = "paper",
    basis: Basis = "whitespace",
    language: str = "en",
) -> np.ndarray:
    """Characters of the most frequent n-gram over those of the text.

    At most 0.20, 0.18 and 0.16 for n = 2, 3 and 4.
    The n-gram that comes first of those equally frequent; in "dclm" the longest. "datatrove" and
    "dolma" take it also if it occurs once. Times its length in all but "paper", where characters
    count once. Letters of words only, of those of all words, in "dclm" and "dolma". `basis="core"`
    takes words without the punctuation around them, as "dclm" is meant.

    >>> gopher_top_ngram_ratio("to be or not to be")
    0.5555555555555556
    """
    grams = _speaking_of(n, ngrams.tops, words, ngrams, basis)
    copies, letters = grams.figure("copies", n), grams.figure("letters", n)
    if variant == "datatrove":
        letters = letters + np.where(letters > 0, words.gap * (n - 1), 0)
    elif variant == "dclm":
        letters = grams.figure("longest", n)
    found = grams.figure("covered", n) if variant == "paper" else copies * letters
    return share(found, _whole(words, characters, grams, variant))


@measure(dtype="float64", range=(0, 1), null_where="blank")
def gopher_duplicate_ngram_ratio(
    words: Words,
    ngrams: Ngrams,
    characters: Characters,
    *,
    n: int = 2,
    variant: Reading = "paper",
    basis: Basis = "whitespace",
    language: str = "en",
) -> np.ndarray:
    """Characters of repeated n-grams over those of the text.

    At most 0.15, 0.14, 0.13, 0.12, 0.11 and 0.10 for n = 5 to 10.
    "paper": copies after the first, each character once. "datatrove": one scan that jumps over
    each n-gram seen before, spaces not counted. "dclm": letters of words in any repeated n-gram,
    of those of all words. "dolma": letters of every copy, of those of all n-grams, however they
    overlap.
    Words are compared; datatrove compares them glued together, so that "ab c" equals "a bc" there.

    >>> gopher_duplicate_ngram_ratio("to be or not to be", n=2)
    0.2777777777777778
    """
    grams = _speaking_of(n, ngrams.repeats, words, ngrams, basis)
    found = grams.figure(_REPEATED[variant], n)
    if variant == "dolma":  # a text of fewer than n words has no n-gram, so none is repeated
        return found / np.maximum(grams.figure("possible", n), 1)
    return share(found, _whole(words, characters, grams, variant))


_REPEATED = {"paper": "charged", "datatrove": "scanned", "dclm": "held", "dolma": "summed"}


def _speaking_of(n: int, known: range, words: Words, ngrams: Ngrams, basis: Basis) -> Ngrams:
    """The counts that speak of n-grams of `n` words."""
    if n < 2:
        raise SettingError(f"n={n}: Gopher's rules speak of n-grams of two words and more")
    if n in known:
        return ngrams
    orders = range(2, n + 1)
    return repeats(words, orders, orders, orders, basis=basis)


def _whole(words: Words, characters: Characters, grams: Ngrams, variant: str) -> np.ndarray:
    """What n-grams are a part of: the text, or the letters of its words."""
    if variant == "dolma":
        return words.tallies[:, 0]
    # a text without a single word that counts has no n-gram, so nothing of it is repeated
    return np.maximum(grams.letters, 1) if variant == "dclm" else characters.length
