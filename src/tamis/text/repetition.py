"""Repetition of word n-grams."""

from __future__ import annotations

import numpy as np

from tamis.errors import SettingError
from tamis.kernels.search import deleted
from tamis.op import measure
from tamis.text.views import ORDERS, Characters, Ngrams, Words, repeats, share


@measure(dtype="float64", range=(0, 1), null_where="blank")
def top_ngram_ratio(
    words: Words, ngrams: Ngrams, characters: Characters, *, n: int = 2, language: str = "en"
) -> np.ndarray:
    """Share of characters lost when the most frequent n-gram is deleted from the text.

    Its words are joined by a space (not so in Chinese and Japanese) and deleted wherever that
    string stands; of n-grams equally frequent the one that occurs first is taken. A text of fewer
    than `n` words has 1. Bounds 0.20, 0.18 and 0.16 for n = 2, 3 and 4 in `curator-en`.
    Source: Gopher as in NeMo Curator, RepeatingTopNGramsFilter (where ties go by string hash).

    >>> top_ngram_ratio("to be or not to be")
    0.5555555555555556
    """
    ngrams, column = _order(words, ngrams, n)
    lost = np.empty(len(words.counts), np.int64)
    top = np.ascontiguousarray(ngrams.top[:, column])
    deleted(*words.arrays, words.starts, words.ends, words.lengths, top, n, words.gap, lost)
    return np.where(words.counts < n, 1.0, share(lost, characters.length))


@measure(dtype="float64", range=(0, 1), null_where="blank")
def duplicate_ngram_ratio(
    words: Words, ngrams: Ngrams, characters: Characters, *, n: int = 2, language: str = "en"
) -> np.ndarray:
    """Share of characters in n-grams that stood before in the text.

    The first occurrence is not counted, and words where n-grams overlap once. Spaces between the
    words of an n-gram count, one each (not so in Chinese and Japanese). A text of fewer than `n`
    words has 1. Bounds 0.15, 0.14, 0.13, 0.12, 0.11, 0.10 for n = 5 to 10 in `curator-en`.
    Source: Gopher as in NeMo Curator, RepeatingDuplicateNGramsFilter.

    >>> duplicate_ngram_ratio("to be or not to be")
    0.2777777777777778
    """
    ngrams, column = _order(words, ngrams, n)
    return np.where(words.counts < n, 1.0, share(ngrams.charged[:, column], characters.length))


def _order(words: Words, ngrams: Ngrams, n: int) -> tuple[Ngrams, int]:
    """The counts that speak of order `n`, and in which column."""
    if n < 1:
        raise SettingError(f"n={n} is no n-gram order; give 1 or more")
    if n in ORDERS:
        return ngrams, n - ORDERS[0]
    return (repeats(words, 1, 1), 0) if n == 1 else (repeats(words, 2, n), n - 2)
