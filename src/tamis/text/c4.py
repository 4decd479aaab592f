"""The rules of C4 (Raffel et al., 2020) and mC4: lines that stay, and what a page must not hold."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from tamis.frame import Texts, strings
from tamis.kernels import c4 as kernel
from tamis.kernels import sentences as sentence_kernel
from tamis.kernels.letter_classes import letter_classes
from tamis.kernels.line_counts import of_length
from tamis.kernels.unicode import classes
from tamis.op import edit, measure, view
from tamis.text.editing import column_of
from tamis.text.views import Parts, arrays

_INFINITE = float("inf")


class C4Lines(NamedTuple):
    """The lines that stay, as the bytes and offsets of new texts."""

    data: np.ndarray
    offsets: np.ndarray


@view
def c4_kept(
    utf8: Texts,
    marks: np.ndarray,
    *,
    terminal_punctuation: bool = True,
    min_words: int = 3,
    max_word_length: int = 1000,
    citations: bool = False,
    javascript: bool = False,
    policy: bool = False,
) -> C4Lines:
    """The lines of each text that C4's rules keep."""
    rules = [terminal_punctuation, min_words, max_word_length, not citations]
    rules += [not javascript, not policy]
    count = len(utf8.valid)
    size = int(utf8.offsets[-1] - utf8.offsets[0]) if count else 0
    out, offsets = np.zeros(size + 256, np.uint8), np.zeros(count + 1, np.int64)
    seen = np.zeros((count, 2), bool)
    kernel.c4_lines(*_inputs(utf8, marks, rules), out, offsets, seen)
    return C4Lines(out, offsets)


@view
def c4_seen(
    utf8: Texts,
    marks: np.ndarray,
    *,
    terminal_punctuation: bool = True,
    min_words: int = 3,
    max_word_length: int = 1000,
) -> np.ndarray:
    """Per text, whether "lorem ipsum" and a curly bracket were met in lines that C4 keeps."""
    rules = [terminal_punctuation, min_words, max_word_length, True, True, True]
    seen = np.zeros((len(utf8.valid), 2), bool)
    kernel.c4_seen(*_inputs(utf8, marks, rules), seen)
    return seen


def _inputs(utf8: Texts, marks: np.ndarray, rules: list[int]) -> tuple[np.ndarray, ...]:
    return (*arrays(utf8), marks, classes(), letter_classes(), np.array(rules, np.int64))


@edit()
def c4_lines(
    text: pd.Series,
    utf8: Texts,
    c4_kept: C4Lines,
    *,
    terminal_punctuation: bool = True,
    min_words: int = 3,
    max_word_length: int = 1000,
    citations: bool = False,
    javascript: bool = False,
    policy: bool = False,
) -> pd.Series:
    """Keep the lines that read like prose, stripped, and take citation marks out of them.

    A line stays if it ends with `.`, `?`, `!`, `"` or `'` but not `...` (`terminal_punctuation`),
    has at least `min_words` words and none longer than `max_word_length`, no "javascript"
    (`javascript=True` lets it stay) and no phrase of cookie and privacy policies (`policy`). `[1]`,
    `[edit]` and `[citation needed]` are cut out before the end of the line is looked at
    (`citations=True` leaves them). Lines end as for `str.splitlines`.
    FineWeb sets `terminal_punctuation=False`. Source: C4 (Raffel et al., 2020), in the order of
    datatrove's C4QualityFilter.

    >>> c4_lines("Home | About\\nIt was a dark night.[1]\\nPlease enable JavaScript to go on.")
    'It was a dark night.'
    """
    return strings(column_of(utf8, c4_kept.data, c4_kept.offsets), text.index, text.name)


@measure(dtype="boolean", null_where="blank")
def c4_lorem_ipsum(
    c4_seen: np.ndarray,
    *,
    terminal_punctuation: bool = True,
    min_words: int = 3,
    max_word_length: int = 1000,
) -> np.ndarray:
    """Whether "lorem ipsum" stands in a line that C4's rules for length and end would keep.

    C4 drops the page then. Ask before `c4_lines` and with the same settings.

    >>> c4_lorem_ipsum("Lorem ipsum dolor sit amet.")
    True
    """
    return c4_seen[:, 0]


@measure(dtype="boolean", null_where="blank")
def c4_curly_bracket(
    c4_seen: np.ndarray,
    *,
    terminal_punctuation: bool = True,
    min_words: int = 3,
    max_word_length: int = 1000,
) -> np.ndarray:
    """Whether a `{` stands in a line that C4's rules for length, end and "javascript" would keep.

    C4 drops the page then. Ask before `c4_lines` and with the same settings.

    >>> c4_curly_bracket("Then write { and close it.")
    True
    """
    return c4_seen[:, 1]


@view
def sentences(utf8: Texts) -> np.ndarray:
    """How many sentences each text has."""
    counts = np.empty(len(utf8.valid), np.int64)
    sentence_kernel.sentences(*arrays(utf8), letter_classes(), counts)
    return counts


@measure(dtype="Int64", range=(0, _INFINITE), null_where="blank")
def sentence_count(sentences: np.ndarray) -> np.ndarray:
    """How many sentences a text has; at least 5 in C4.

    A sentence ends at the end of its line, and at a mark that ends sentences (Unicode property
    Sentence_Terminal) with closing quotes and brackets after it, where white space follows or the
    mark is a wide one. A full stop after one letter or after Mr, Mrs, Ms, Dr, Prof, St or vs ends
    none. C4 takes NLTK's Punkt and datatrove spaCy; they need models and agree with neither each
    other nor this to the last sentence.

    >>> sentence_count("Is it so? It is, says J. Doe. Well")
    3
    """
    return sentences


@view
def long_lines(lines: Parts, *, min_length: int = 200) -> np.ndarray:
    """How many lines of each text have at least `min_length` characters."""
    counts = np.empty(len(lines.counts), np.int64)
    of_length(lines.offsets, lines.spans, min_length, 2**31 - 1, counts)
    return counts


@measure(dtype="Int64", range=(0, _INFINITE), null_where="blank")
def long_line_count(long_lines: np.ndarray, *, min_length: int = 200) -> np.ndarray:
    """How many lines have at least `min_length` characters; blank ones do not count.

    At least 3 lines of 200 in mC4 (Xue et al., 2021).

    >>> long_line_count("short\\na much longer line", min_length=10)
    1
    """
    return long_lines
