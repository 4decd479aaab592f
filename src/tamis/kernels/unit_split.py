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

_0, _1, _63 = np.uint64(0), np.uint64(1), np.uint64(63)

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
    if kind == WORDS:
        found, spans, _ = split_words(data, start, end, spans)
        return found, spans
    found, at = 0, start
    while at < end:
        if kind == LINES:
            first, last, at = _line(data, at, end, spaces)
        elif kind == PARAGRAPHS:
            first, last, at = _paragraph(data, at, end, spaces)
        elif kind == SENTENCES:
            first, last, at = _sentence(data, at, end, spaces, classes)
        else:
            first, last = at, min(at + width(data[at]), end)
            at = last
        if first == last:
            continue
        if found == spans.shape[0]:
            spans = _larger(spans)
        spans[found, 0], spans[found, 1] = first - start, last - start
        found += 1
    return found, spans


@jit
def split_words(
    data: np.ndarray, start: int, end: int, spans: np.ndarray
) -> tuple[int, np.ndarray, int]:
    """`split` for words, 64 bytes at a time; also the characters of all words together."""
    found, characters = 0, 0
    spill, before = _0, _0
    for at in range(start, end, 64):
        white, spill = space(data, at, spill)
        live = ~white & valid(at, end)
        characters += mask.popcount(live & ~mask.between(data, at, 0x80, 0xBF))
        edges = live ^ (live << _1 | before)  # where a word begins or has just ended
        before = live >> _63
        while edges != _0:
            place = at + mask.trailing_zeros(edges) - start
            edges &= edges - _1
            if found >= 2 * spans.shape[0]:
                spans = _larger(spans)
            spans[found >> 1, found & 1] = place
            found += 1
    if found & 1:
        spans[found >> 1, 1] = end - start
        found += 1
    return found >> 1, spans, characters


@jit
def _larger(spans: np.ndarray) -> np.ndarray:
    larger = np.empty((2 * spans.shape[0] + 64, 2), np.int32)
    larger[: spans.shape[0]] = spans
    return larger


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
