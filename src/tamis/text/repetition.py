"""Repetition of word n-grams."""

from __future__ import annotations

import numpy as np

from tamis.errors import SettingError
from tamis.kernels.search import deleted
from tamis.op import measure, view
from tamis.text.views import Characters, Ngrams, Words, repeats, share


@view
def deletable(words: Words, ngrams: Ngrams, *, n: int = 2) -> np.ndarray:
    """Characters that deleting a text's most frequent n-gram takes out; -1 without an n-gram."""
    ngrams = _speaking_of(n, words, ngrams)
    lost = np.empty(len(words.counts), np.int64)
    top = np.ascontiguousarray(ngrams.top[:, n - ngrams.orders[0]])
    deleted(*words.arrays, words.starts, words.ends, words.lengths, top, n, words.gap, lost)
    return lost


@measure(dtype="float64", range=(0, 1), null_where="blank")
def top_ngram_ratio(
    words: Words, deletable: np.ndarray, characters: Characters, *, n: int = 2, language: str = "en"
) -> np.ndarray:
    """Share of characters lost when the most frequent n-gram is deleted from the text.

    Its words are joined by a space (not so in Chinese and Japanese) and deleted wherever that
    string stands; of n-grams equally frequent the one that occurs first is taken. A text of fewer
    than `n` words has 1. Bounds 0.20, 0.18 and 0.16 for n = 2, 3 and 4 in `curator-en`.
    Source: Gopher as in NeMo Curator, RepeatingTopNGramsFilter (where ties go by string hash).

    >>> top_ngram_ratio("to be or not to be")
    0.5555555555555556
    """
    return np.where(words.counts < n, 1.0, share(deletable, characters.length))


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
    ngrams = _speaking_of(n, words, ngrams)
    charged = ngrams.figure("charged", n)
    return np.where(words.counts < n, 1.0, share(charged, characters.length))


_LONGEST = 100  # words of an n-gram; those of a length are counted with those of all lesser ones


def _speaking_of(n: int, words: Words, ngrams: Ngrams) -> Ngrams:
    """The counts that speak of n-grams of `n` words."""
    if not 1 <= n <= _LONGEST:
        raise SettingError(f"n={n} is no n-gram order; give 1 to {_LONGEST}")
    if n in ngrams.orders:
        return ngrams
    orders = range(min(n, 2), n + 1)
    return repeats(words, orders, orders, orders)
