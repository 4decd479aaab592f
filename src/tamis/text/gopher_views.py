"""What Gopher's rules are measured on, in the readings of the paper and of three projects.

The readings differ in what a line is, when a line or an n-gram counts as a duplicate, and what the
share is a share of; `docs/design/text-variants.md` sets them side by side.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from tamis.frame import Texts
from tamis.kernels import gopher_ends, gopher_parts, gopher_words
from tamis.kernels.letter_classes import letter_classes
from tamis.kernels.unicode import classes
from tamis.op import view
from tamis.text.views import Parts, Words, arrays

Reading = Literal["paper", "datatrove", "dclm", "dolma"]
READINGS = {
    "paper": gopher_ends.PAPER,
    "datatrove": gopher_ends.DATATROVE,
    "dclm": gopher_ends.DCLM,
    "dolma": gopher_ends.DOLMA,
}

# newlines that end a part, runs of them as one, strip the text, strip parts, drop blank, all copies
LINES = {
    "paper": (1, False, False, False, True, False),
    "datatrove": (1, True, False, False, False, False),
    "dclm": (1, False, False, True, True, True),
    "dolma": (1, False, False, False, False, True),
}
PARAGRAPHS = {
    "paper": (2, True, False, False, True, False),
    "datatrove": (2, True, True, False, False, False),
    "dclm": (2, False, False, True, True, True),
}


@view
def gopher_counts(words: Words) -> np.ndarray:
    """Per text the word counts of `kernels.gopher_words.COLUMNS`."""
    counts = np.empty((len(words.counts), len(gopher_words.COLUMNS)), np.int64)
    gopher_words.tally(
        *words.arrays, words.starts, words.ends, words.lengths, words.flags, words.tallies,
        letter_classes(), counts,
    )  # fmt: skip
    return counts


@view
def gopher_medians(words: Words, *, variant: Reading = "paper") -> np.ndarray:
    """Twice the median of the lengths of each text's words; 0 but for "dolma", which alone asks."""
    doubled = np.zeros(len(words.counts), np.int64)
    if variant == "dolma":
        gopher_words.twice_median(words.offsets, words.lengths, doubled)
    return doubled


@view
def gopher_symbols(words: Words) -> np.ndarray:
    """Per text the symbol counts of `kernels.gopher_ends.SYMBOL_COLUMNS`."""
    counts = np.empty((len(words.counts), len(gopher_ends.SYMBOL_COLUMNS)), np.int64)
    gopher_ends.symbols(*words.arrays, words.ends, counts)
    return counts


@view
def gopher_line_ends(
    utf8: Texts, breaks: np.ndarray, lines: Parts, *, variant: Reading = "paper"
) -> np.ndarray:
    """Per text: lines, those that begin with a bullet, those that end with an ellipsis."""
    counts = np.empty((len(utf8.valid), len(gopher_ends.LINE_COLUMNS)), np.int64)
    gopher_ends.line_ends(
        *arrays(utf8), breaks, lines.offsets, lines.spans, classes(), READINGS[variant], counts
    )
    return counts


@view
def gopher_lines(
    utf8: Texts, breaks: np.ndarray, lines: Parts, *, variant: Reading = "paper"
) -> np.ndarray:
    """Per text the counts of `kernels.gopher_parts.COLUMNS`, of lines."""
    counts = as_split(lines)
    if variant == "paper":
        return counts
    if variant == "datatrove":  # runs of newlines are one: none is left but at the edges
        first, last = _edges(utf8)
        counts[:, 0] += first.astype(np.int64) + last
        counts[:, 1] += first & last
        return _repeated(utf8, breaks, lines.hollow, LINES[variant], counts)
    return _repeated(utf8, breaks, np.ones(len(counts), bool), LINES[variant], counts)


@view
def gopher_paragraphs(
    utf8: Texts, breaks: np.ndarray, paragraphs: Parts, *, variant: Reading = "paper"
) -> np.ndarray:
    """Per text the counts of `kernels.gopher_parts.COLUMNS`, of paragraphs."""
    counts = as_split(paragraphs)
    chosen = np.ones(len(counts), bool) if variant != "paper" else paragraphs.hollow
    return _repeated(utf8, breaks, chosen, PARAGRAPHS[variant], counts)


def as_split(parts: Parts) -> np.ndarray:
    """The counts where the parts are those of the view."""
    distinct, fresh, whole = parts.tallies[:, :3].T
    return np.stack([parts.counts, parts.counts - distinct, whole - fresh, whole], axis=1)


def _edges(utf8: Texts) -> tuple[np.ndarray, np.ndarray]:
    """Whether each text begins, and whether it ends, with a newline."""
    low, high = utf8.offsets[:-1], utf8.offsets[1:]
    filled = np.flatnonzero(low < high)
    first, last = np.zeros((2, len(low)), bool)
    first[filled] = utf8.data[low[filled]] == 0x0A
    last[filled] = utf8.data[high[filled] - 1] == 0x0A
    return first, last


def _repeated(
    utf8: Texts,
    breaks: np.ndarray,
    chosen: np.ndarray,
    how: tuple[int, bool, bool, bool, bool, bool],
    counts: np.ndarray,
) -> np.ndarray:
    """The counts, those of the chosen texts measured on parts split as this reading does it."""
    gopher_parts.repeated(*arrays(utf8), breaks, chosen, classes(), *how, counts)
    return counts
