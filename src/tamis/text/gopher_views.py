"""What Gopher's rules are measured on, in the readings of the paper and of three projects.

The readings differ in what a line is, when a line or an n-gram counts as a duplicate, and what the
share is a share of; `docs/design/text-variants.md` sets them side by side.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np

from tamis.frame import Texts
from tamis.kernels import gopher_ends, gopher_ngrams, gopher_parts, gopher_words
from tamis.kernels.letter_classes import letter_classes
from tamis.kernels.unicode import classes
from tamis.op import view
from tamis.text.views import Words, arrays

Reading = Literal["paper", "datatrove", "dclm", "dolma"]
Basis = Literal["whitespace", "core"]
READINGS = {
    "paper": gopher_ends.PAPER,
    "datatrove": gopher_ends.DATATROVE,
    "dclm": gopher_ends.DCLM,
    "dolma": gopher_ends.DOLMA,
}
TOP, REPEATED = range(2, 5), range(5, 11)
"""Lengths of n-grams in Gopher's rules: for the most frequent one, for repeated ones."""

# newlines that end a part, runs of them as one, strip the text, strip parts, drop blank, all copies
_LINES = {
    "paper": (1, False, False, False, True, False),
    "datatrove": (1, True, False, False, False, False),
    "dclm": (1, False, False, True, True, True),
    "dolma": (1, False, False, False, False, True),
}
_PARAGRAPHS = {
    "paper": (2, True, False, False, True, False),
    "datatrove": (2, True, True, False, False, False),
    "dclm": (2, False, False, True, True, True),
}


class GopherNgrams(NamedTuple):
    """Characters of the top n-gram and of repeated ones, column n - 2, and what the latter are of.

    `whole` is -1 where both are measured against all characters of the text. `top` holds for the
    orders `tops`, the other two for the orders `repeats`.
    """

    top: np.ndarray
    repeated: np.ndarray
    whole: np.ndarray
    tops: range
    repeats: range


@view
def gopher_counts(words: Words) -> np.ndarray:
    """Per text the word counts of `kernels.gopher_words.COLUMNS`."""
    counts = np.empty((len(words.counts), len(gopher_words.COLUMNS)), np.int64)
    gopher_words.tally(
        *words.arrays, words.starts, words.ends, words.lengths, letter_classes(), counts
    )
    return counts


@view
def gopher_symbols(words: Words) -> np.ndarray:
    """Per text the symbol counts of `kernels.gopher_ends.SYMBOL_COLUMNS`."""
    counts = np.empty((len(words.counts), len(gopher_ends.SYMBOL_COLUMNS)), np.int64)
    gopher_ends.symbols(*words.arrays, words.ends, counts)
    return counts


@view
def gopher_line_ends(utf8: Texts, *, variant: Reading = "paper") -> np.ndarray:
    """Per text: lines, those that begin with a bullet, those that end with an ellipsis."""
    counts = np.empty((len(utf8.valid), len(gopher_ends.LINE_COLUMNS)), np.int64)
    gopher_ends.line_ends(*arrays(utf8), classes(), READINGS[variant], counts)
    return counts


@view
def gopher_lines(utf8: Texts, *, variant: Reading = "paper") -> np.ndarray:
    """Per text the counts of `kernels.gopher_parts.COLUMNS`, of lines."""
    return _repeated(utf8, _LINES[variant])


@view
def gopher_paragraphs(utf8: Texts, *, variant: Reading = "paper") -> np.ndarray:
    """Per text the counts of `kernels.gopher_parts.COLUMNS`, of paragraphs."""
    return _repeated(utf8, _PARAGRAPHS[variant])


@view
def gopher_grams(
    words: Words, *, variant: Reading = "paper", basis: Basis = "whitespace"
) -> GopherNgrams:
    """Repetition of n-grams of those lengths that Gopher's rules speak of."""
    return gopher_repeats(words, variant, basis, TOP, REPEATED)


def gopher_repeats(
    words: Words, variant: str, basis: str, tops: range, repeats: range
) -> GopherNgrams:
    """As `gopher_grams`, for n-grams of other lengths."""
    offsets, hashes, lengths = words.offsets, words.hashes, words.lengths
    if basis == "core":
        offsets = np.empty(len(words.offsets), np.int64)
        hashes, lengths = np.empty(len(hashes), np.uint64), np.empty(len(lengths), np.int32)
        found = (offsets, hashes, lengths)
        gopher_words.cores(
            *words.arrays, words.starts, words.ends, words.hashes, words.lengths,
            letter_classes(), *found,
        )  # fmt: skip
    high = max(*tops, *repeats)
    top, repeated, whole = np.empty((3, len(offsets) - 1, high - 1), np.int64)
    gopher_ngrams.measured(
        hashes, lengths, offsets, words.gap, READINGS[variant],
        tops[0], tops[-1], repeats[0], high, top, repeated, whole,
    )  # fmt: skip
    return GopherNgrams(top, repeated, whole, tops, repeats)


def _repeated(utf8: Texts, how: tuple[int, bool, bool, bool, bool, bool]) -> np.ndarray:
    counts = np.empty((len(utf8.valid), len(gopher_parts.COLUMNS)), np.int64)
    gopher_parts.repeated(*arrays(utf8), classes(), *how, counts)
    return counts
