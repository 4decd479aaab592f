"""Counts, lengths and kinds of words.

Words are what `str.split()` gives; `language="zh"` takes jieba's and `language="ja"` MeCab's.
"""

from __future__ import annotations

import numpy as np

from tamis.op import measure
from tamis.text.views import Words, share


@measure(dtype="Int64", range=(0, float("inf")), null_where="blank")
def word_count(words: Words, *, language: str = "en") -> np.ndarray:
    """How many words a text has.

    Bounds 50 and 100,000 in `curator-en`. Source: Gopher (Rae et al., 2021).

    >>> word_count("three short words")
    3
    """
    return words.counts


@measure(dtype="float64", range=(0, float("inf")), null_where="blank")
def mean_word_length(words: Words, *, language: str = "en") -> np.ndarray:
    """Mean length of words, in characters.

    Bounds 3 and 10 in `curator-en`. Source: Gopher (Rae et al., 2021).

    >>> mean_word_length("three short words")
    5.0
    """
    return share(words.tallies[:, 0], words.counts)


@measure(dtype="Int64", range=(0, float("inf")), null_where="blank")
def longest_word_length(words: Words, *, language: str = "en") -> np.ndarray:
    """Length of the longest word, in characters.

    Bound 1000 in `curator-en`. Source: C4, by way of NeMo Curator's LongWordFilter.

    >>> longest_word_length("a longer word")
    6
    """
    return words.tallies[:, 1]


@measure(dtype="float64", range=(0, 1), null_where="blank")
def alphabetic_word_ratio(words: Words, *, language: str = "en") -> np.ndarray:
    """Share of words with at least one alphabetic character (Unicode property Alphabetic).

    Bound 0.8 in `curator-en`. Source: Gopher (Rae et al., 2021).

    >>> alphabetic_word_ratio("two + 2")
    0.3333333333333333
    """
    return share(words.tallies[:, 2], words.counts)


@measure(dtype="float64", range=(0, 1), null_where="blank")
def symbol_to_word_ratio(words: Words, *, language: str = "en") -> np.ndarray:
    """Share of words that are an ellipsis mark, or mostly `#`.

    Marks: `...`, `[...]`, `…`, `(...)`, `[…]`, `-»`. Mostly `#`: runs of `#`, each counted once,
    are over half as many as the word's characters. Bound 0.1 in `curator-en`.
    Source: Gopher as in NeMo Curator, SymbolsToWordsFilter.

    >>> symbol_to_word_ratio("# and so on ...")
    0.4
    """
    return share(words.tallies[:, 3], words.counts)


@measure(dtype="Int64", range=(0, float("inf")), null_where="blank")
def common_english_word_count(words: Words) -> np.ndarray:
    """How many words are one of: the, be, to, of, and, that, have, with (in lower case).

    All of them are counted; NeMo Curator's CommonEnglishWordsFilter stops at its bound.
    Bound 2 in `curator-en`. Source: Gopher (Rae et al., 2021).

    >>> common_english_word_count("The end of the road")
    2
    """
    return words.tallies[:, 4]
