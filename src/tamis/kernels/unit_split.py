"""Texts cut into units: lines, paragraphs, sentences, words or characters.

A unit begins and ends with something visible (but for characters); what lies between two units is
white space and belongs to neither.
"""

from __future__ import annotations

import numpy as np

from tamis.kernels import mask
from tamis.kernels.breaks import newline
from tamis.kernels.jit import jit
from tamis.kernels.sentences import sentence_end
from tamis.kernels.unicode import first_visible, last_visible, padded, space, valid
from tamis.kernels.utf8 import width

LINES, PARAGRAPHS, SENTENCES, WORDS, CHARACTERS = range(5)
"""Kinds of units. Lines end at `\\n`, and blank ones are none; a paragraph is a run of lines that
are not blank; sentences are those of `text.sentence_count`; words lie between white space."""
KINDS = {
    "lines": LINES,
    "paragraphs": PARAGRAPHS,
    "sentences": SENTENCES,
    "words": WORDS,
    "characters": CHARACTERS,
}
PAD = 128  # bytes behind a text that loops may read


@jit
def split(
    data: np.ndarray,
    start: int,
    end: int,
    kind: int,
    spaces: np.ndarray,
    classes: np.ndarray,
    spans: np.ndarray,
) -> tuple[int, np.ndarray]:
    """The units of the text `data[start:end]`: how many, and `spans` with where each lies.

    `spans` (int32, start and end counted from `start`) is replaced by a larger array when it is too
    small. `data` has 128 bytes more than `end`; `spaces` is `unicode.classes()`, `classes` is
    `letter_classes()`.
    """
    found, at = 0, start
    while at < end:
        if kind == LINES:
            first, last, at = _line(data, at, end, spaces)
        elif kind == PARAGRAPHS:
            first, last, at = _paragraph(data, at, end, spaces)
        elif kind == SENTENCES:
            first, last, at = _sentence(data, at, end, spaces, classes)
        elif kind == WORDS:
            first, last, at = _word(data, at, end, spaces)
        else:
            first, last = at, min(at + width(data[at]), end)
            at = last
        if first == last:
            continue
        if found == spans.shape[0]:
            larger = np.empty((2 * found + 64, 2), np.int32)
            larger[:found] = spans
            spans = larger
        spans[found, 0], spans[found, 1] = first - start, last - start
        found += 1
    return found, spans


@jit
def ready(data: np.ndarray, start: int, end: int) -> tuple[np.ndarray, int, int]:
    """A text with bytes behind it that loops may read: where it stands, or a copy."""
    if end + PAD <= len(data):
        return data, start, end
    return padded(data, start, end), 0, end - start


@jit
def _line(data, at, end, spaces):
    stop = newline(data, at, end)
    first = first_visible(data, at, stop, spaces)
    return first, last_visible(data, first, stop, spaces), stop + 1


@jit
def _paragraph(data, at, end, spaces):
    first, last, at = _line(data, at, end, spaces)
    while first == last and at < end:
        first, last, at = _line(data, at, end, spaces)
    while at < end:
        begin, stop, beyond = _line(data, at, end, spaces)
        if begin == stop:
            break
        last, at = stop, beyond
    return first, last, at


@jit
def _sentence(data, at, end, spaces, classes):
    first = first_visible(data, at, end, spaces)
    if first == end:
        return end, end, end
    stop = sentence_end(data, first, end, classes)
    return first, last_visible(data, first, stop, spaces), stop


@jit
def _word(data, at, end, spaces):
    first = first_visible(data, at, end, spaces)
    stop, spill = first, np.uint64(0)
    while stop < end:
        white, spill = space(data, stop, spill)
        white &= valid(stop, end)
        if white != np.uint64(0):
            return first, stop + mask.trailing_zeros(white), stop + mask.trailing_zeros(white)
        stop += 64
    return first, end, end
