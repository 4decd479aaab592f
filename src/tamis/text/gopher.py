"""Gopher's quality rules (Rae et al., 2021) as the paper and three projects read them.

`variant` says whose reading: "paper", "datatrove", "dclm", "dolma" (`gopher_v1`).
Words are what `str.split()` gives in every one of them; datatrove ships with spaCy's tokens,
which count punctuation and newlines as words and are not reproduced here.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from tamis.op import measure
from tamis.text.gopher_views import Reading
from tamis.text.views import Words, share

_INFINITE = float("inf")


@measure(dtype="Int64", range=(0, _INFINITE), null_where="blank")
def gopher_word_count(
    words: Words, gopher_counts: np.ndarray, *, variant: Reading = "paper", language: str = "en"
) -> np.ndarray:
    """How many words a text has: 50 to 100,000 are wanted.

    "paper" and "dolma" count all, "datatrove" those not of punctuation alone, "dclm" those that
    start with a letter or digit.

    >>> gopher_word_count("So -- (they) say", variant="datatrove")
    3
    >>> gopher_word_count("So -- (they) say", variant="dclm")
    2
    """
    if variant == "datatrove":
        return gopher_counts[:, 0]
    return gopher_counts[:, 5] if variant == "dclm" else words.counts


@measure(dtype="float64", range=(0, _INFINITE), null_where="blank")
def gopher_word_length(
    words: Words,
    gopher_counts: np.ndarray,
    gopher_medians: np.ndarray,
    *,
    variant: Reading = "paper",
    language: str = "en",
) -> np.ndarray:
    """How long words are, in characters: 3 to 10 are wanted.

    The mean; over words not of punctuation alone in "datatrove"; the median in "dolma".

    >>> gopher_word_length("a longer word", variant="dolma")
    4.0
    """
    if variant == "datatrove":
        return share(gopher_counts[:, 1], gopher_counts[:, 0])
    if variant == "dolma":
        return gopher_medians / 2
    return share(words.tallies[:, 0], words.counts)


@measure(dtype="float64", range=(0, _INFINITE), null_where="blank")
def gopher_symbol_ratio(
    words: Words,
    gopher_symbols: np.ndarray,
    *,
    symbol: Literal["hash", "ellipsis", "any"] = "any",
    variant: Reading = "paper",
    language: str = "en",
) -> np.ndarray:
    """Symbols per word: `#`, and ellipses; at most 0.1 is wanted.

    "paper" and "datatrove" bound `#` and ellipses (`...`, `…`) each by itself; "dclm" bounds both
    together and knows `. . .` too; "dolma" gives the share of words that hold `#` or `…`.

    >>> gopher_symbol_ratio("# one ... two", symbol="hash")
    0.25
    """
    hashes, dots, ellipses, spaced, held = gopher_symbols.T
    if variant == "dolma" and symbol == "any":
        return share(held, words.counts)
    found = np.zeros(len(hashes), np.int64)
    if symbol in ("hash", "any"):
        found = found + hashes
    if symbol in ("ellipsis", "any"):
        found = found + ellipses
        if variant != "dolma":
            found = found + dots
        if variant == "dclm":
            found = found + spaced
    return share(found, words.counts)


@measure(dtype="float64", range=(0, 1), null_where="blank")
def gopher_bullet_line_ratio(
    gopher_line_ends: np.ndarray, *, variant: Reading = "paper"
) -> np.ndarray:
    """Share of lines that begin with a bullet; at most 0.9 is wanted.

    Bullets are `•` and `-` in "datatrove", with `*` and `●` in "dclm"; `-` and `*` without white
    space before them in "dolma"; `-`, `*` and the bullets of `bullet_line_ratio` in "paper". Blank
    lines count as lines in "datatrove" and "dolma".

    >>> gopher_bullet_line_ratio("To do:\\n - one")
    0.5
    """
    return share(gopher_line_ends[:, 1], gopher_line_ends[:, 0])


@measure(dtype="float64", range=(0, 1), null_where="blank")
def gopher_ellipsis_line_ratio(
    gopher_line_ends: np.ndarray, *, variant: Reading = "paper"
) -> np.ndarray:
    """Share of lines that end with an ellipsis; at most 0.3 is wanted.

    `...` and `…`; `. . .` too in "dclm"; only `…`, and none before white space, in "dolma". Blank
    lines count as lines in "datatrove" and "dolma".

    >>> gopher_ellipsis_line_ratio("And so on...\\nThe end.")
    0.5
    """
    return share(gopher_line_ends[:, 2], gopher_line_ends[:, 0])


@measure(dtype="float64", range=(0, 1), null_where="blank")
def gopher_alphabetic_word_ratio(
    words: Words, gopher_counts: np.ndarray, *, language: str = "en"
) -> np.ndarray:
    """Share of words with at least one letter (`str.isalpha`); at least 0.8 is wanted.

    The same in all readings; `alphabetic_word_ratio` is NeMo Curator's, which takes signs that
    Unicode calls alphabetic for letters too.

    >>> gopher_alphabetic_word_ratio("two + 2")
    0.3333333333333333
    """
    return share(gopher_counts[:, 2], words.counts)


@measure(dtype="Int64", range=(0, _INFINITE), null_where="blank")
def gopher_stop_word_count(
    words: Words, gopher_counts: np.ndarray, *, variant: Reading = "paper"
) -> np.ndarray:
    """How many words are of: the, be, to, of, and, that, have, with; at least 2 are wanted.

    "paper" and "datatrove" count different ones (0 to 8); "dolma" counts all; "dclm" counts all, in
    either case.

    >>> gopher_stop_word_count("The end of the end of it")
    2
    """
    if variant == "dclm":
        return gopher_counts[:, 3]
    return words.tallies[:, 4] if variant == "dolma" else gopher_counts[:, 4]
