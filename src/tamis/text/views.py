"""Views of a text column: characters, words, lines, paragraphs, n-grams, URLs, notices."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

import tamis.views  # noqa: F401  registers `utf8`, which all of these begin with
from tamis.errors import DataError
from tamis.frame import Texts
from tamis.kernels import characters as character_kernel
from tamis.kernels import gopher_words
from tamis.kernels import lines as line_kernel
from tamis.kernels import notices as notice_kernel
from tamis.kernels import phrases as phrase_kernel
from tamis.kernels import repetition as repetition_kernel
from tamis.kernels import urls as url_kernel
from tamis.kernels import words as word_kernel
from tamis.kernels.letter_classes import letter_classes
from tamis.kernels.unicode import classes
from tamis.op import view
from tamis.text.segment import UNSPACED, packages, segment

Basis = Literal["whitespace", "core"]
ORDERS, TOPS, REPEATED = range(2, 11), range(2, 5), range(5, 11)
"""The lengths of n-grams counted together; those of Gopher's rules for the most frequent one and
for repeated ones."""


class Characters(NamedTuple):
    """Counts of characters per text, each int64 of one entry a text.

    `alphanumeric` counts ASCII letters, digits, newline and `? ! , .`; `digits` 0 to 9;
    `white_space` tab, newline, carriage return, backspace and space; `brackets` `{ } [ ] ( ) ⟨ ⟩`.
    """

    length: np.ndarray
    alphanumeric: np.ndarray
    digits: np.ndarray
    white_space: np.ndarray
    brackets: np.ndarray


class Words(NamedTuple):
    """The words of all texts: those of text i are `offsets[i]` to `offsets[i + 1]`.

    `starts` and `ends` (int32) are bytes from the start of the text; `lengths` (int32) characters;
    `hashes` 64 bits, equal words and, short of one chance in 2^64, only those have equal ones;
    `flags` (uint8) 1 has an alphabetic character, 2 is a symbol, 4 is a common English word, 16
    begins with an ASCII letter, 32 is a common English word in either case.
    `tallies` has per text the sums of lengths, the longest, and how many have flags 1, 2 and 4.
    `gap` is how many spaces join words in this language, 1 or 0.
    """

    utf8: Texts
    offsets: np.ndarray
    starts: np.ndarray
    ends: np.ndarray
    lengths: np.ndarray
    hashes: np.ndarray
    flags: np.ndarray
    tallies: np.ndarray
    gap: int

    @property
    def counts(self) -> np.ndarray:
        """How many words each text has."""
        return np.diff(self.offsets)

    @property
    def arrays(self) -> tuple[np.ndarray, ...]:
        """Bytes, offsets of texts and offsets of words, as kernels take them."""
        return (*arrays(self.utf8), self.offsets)


class Parts(NamedTuple):
    """The lines or paragraphs of all texts: those of text i are `offsets[i]` to `offsets[i + 1]`.

    `spans` (int32, one row a part): start and end in bytes from the start of the text, then for
    lines start and end of what is not white space, and last the characters between start and end.
    `hashes` as for words; `flags` (lines only) 1 begins with a bullet, 2 ends with an end mark,
    4 ends with an ellipsis; `first` (uint32) the number within its text of the first part equal
    to it. `tallies` has per text: distinct parts, characters in them, characters in all parts,
    and how many parts have each flag. `hollow` is true of texts that have a line of white space
    alone; a paragraph that is blank or begins with a newline.
    """

    offsets: np.ndarray
    spans: np.ndarray
    hashes: np.ndarray
    flags: np.ndarray
    first: np.ndarray
    tallies: np.ndarray
    hollow: np.ndarray

    @property
    def counts(self) -> np.ndarray:
        """How many parts each text has."""
        return np.diff(self.offsets)


class Ngrams(NamedTuple):
    """Repetition of word n-grams: column k speaks of order `orders[k]`, row i of text i.

    `top` is the word (from the text's first) at which the most frequent n-gram first stands, the
    earliest of equals; `figures` has a third axis, `kernels.repetition.COLUMNS`, and those of the
    most frequent n-gram hold for the orders `tops`, those of repeated ones for `repeats` only.
    `letters` is the sum of the lengths of a text's words.
    """

    top: np.ndarray
    figures: np.ndarray
    letters: np.ndarray
    orders: range
    tops: range
    repeats: range

    def figure(self, name: str, n: int) -> np.ndarray:
        """One of the columns for n-grams of `n` words."""
        return self.figures[:, n - self.orders[0], repetition_kernel.COLUMNS.index(name)]


@view
def blank(utf8: Texts) -> np.ndarray:
    """True where a text is null, empty or white space only."""
    result = np.empty(len(utf8.valid), bool)
    character_kernel.blank(*arrays(utf8), classes(), result)
    return result


@view
def characters(utf8: Texts) -> Characters:
    """Counts of characters of several classes."""
    counts = np.empty((len(utf8.valid), len(character_kernel.COLUMNS)), np.int64)
    character_kernel.count(*arrays(utf8), counts)
    return Characters(*(np.ascontiguousarray(column) for column in counts.T))


@view(needs=packages)
def words(utf8: Texts, *, language: str = "en") -> Words:
    """The words of each text: `str.split()`; Chinese ("zh") by jieba, Japanese ("ja") by MeCab."""
    sizes = _sizes(utf8)
    if language.lower() in UNSPACED:
        counts, starts, ends = segment(utf8, language.lower())
    else:
        masks = np.empty(int(((sizes + 63) >> 6).sum()), np.uint64)
        counts = np.empty(len(sizes), np.int64)
        word_kernel.find(*arrays(utf8), masks, counts)
        starts, ends = np.empty((2, int(counts.sum()) + 8), np.int32)
        word_kernel.spans(masks, utf8.offsets, _offsets(counts), starts, ends)
    offsets, total = _offsets(counts), int(counts.sum())
    lengths, hashes = np.empty(total, np.int32), np.empty(total, np.uint64)
    flags, tallies = np.empty(total, np.uint8), np.empty((len(sizes), 5), np.int64)
    word_kernel.describe(
        *arrays(utf8), offsets, starts, ends, classes(), hashes, lengths, flags, tallies
    )
    gap = 0 if language.lower() in UNSPACED else 1
    return Words(utf8, offsets, starts[:total], ends[:total], lengths, hashes, flags, tallies, gap)


@view
def breaks(utf8: Texts) -> np.ndarray:
    """Per text: newlines, bytes that are not ASCII, and 1 where lines end with something else."""
    _sizes(utf8)
    counts = np.empty((len(utf8.valid), 3), np.int64)
    line_kernel.breaks(*arrays(utf8), counts)
    return counts


@view
def lines(utf8: Texts, breaks: np.ndarray) -> Parts:
    """The lines of each text, split at `\\n`, without the blank ones."""
    offsets, hollow = np.zeros(len(utf8.valid) + 1, np.int64), np.empty(len(utf8.valid), bool)
    most = int((breaks[:, 0] + 1).sum())
    spans, hashes = np.empty((most, 5), np.int32), np.empty(most, np.uint64)
    flags = np.empty(most, np.uint8)
    line_kernel.lines(*arrays(utf8), breaks, classes(), offsets, spans, hashes, flags, hollow)
    return _parts(utf8, offsets, spans, hashes, flags, hollow)


@view
def paragraphs(utf8: Texts, breaks: np.ndarray) -> Parts:
    """The paragraphs of each text, split at `\\n\\n`, blank ones too."""
    offsets, hollow = np.zeros(len(utf8.valid) + 1, np.int64), np.empty(len(utf8.valid), bool)
    most = int((breaks[:, 0] // 2 + 1).sum())
    spans, hashes = np.empty((most, 3), np.int32), np.empty(most, np.uint64)
    line_kernel.paragraphs(*arrays(utf8), breaks, classes(), offsets, spans, hashes, hollow)
    return _parts(utf8, offsets, spans, hashes, np.zeros(most, np.uint8), hollow)


@view
def ngrams(words: Words, *, basis: Basis = "whitespace") -> Ngrams:
    """Repetition of the n-grams that Gopher's rules speak of, and of those between.

    `basis="core"` takes words without the punctuation around them.
    """
    return repeats(words, ORDERS, TOPS, REPEATED, basis=basis)


def repeats(
    words: Words, orders: range, tops: range, repeated: range, *, basis: Basis = "whitespace"
) -> Ngrams:
    """As `ngrams`, for `orders` from 1 or 2 on; `tops` begin and `repeated` end where they do."""
    offsets, hashes, lengths = words.offsets, words.hashes, words.lengths
    letters = words.tallies[:, 0]
    if basis == "core":
        offsets, hashes, lengths = _cores(words)
        letters = np.diff(np.concatenate([[0], np.cumsum(lengths)])[offsets])
    top = np.empty((len(offsets) - 1, len(orders)), np.int32)
    figures = np.empty((*top.shape, len(repetition_kernel.COLUMNS)), np.int64)
    repetition_kernel.repetition(
        hashes, lengths, offsets, words.gap, orders[0], orders[-1], tops[-1], repeated[0],
        top, figures,
    )  # fmt: skip
    return Ngrams(top, figures, letters, orders, tops, repeated)


def _cores(words: Words) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Offsets, hashes and lengths of words from their first to their last letter or digit."""
    offsets = np.empty(len(words.offsets), np.int64)
    hashes, lengths = np.empty(len(words.hashes), np.uint64), np.empty(len(words.hashes), np.int32)
    gopher_words.cores(
        *words.arrays, words.starts, words.ends, words.hashes, words.lengths, letter_classes(),
        offsets, hashes, lengths,
    )  # fmt: skip
    return offsets, hashes[: offsets[-1]], lengths[: offsets[-1]]


@view
def marks(utf8: Texts) -> np.ndarray:
    """Per text (uint8) the flags of `kernels.phrases`: policies, "javascript", "[", "{", …"""
    found = np.empty(len(utf8.valid), np.uint8)
    phrase_kernel.marks(*arrays(utf8), found)
    return found


@view
def notices(utf8: Texts, marks: np.ndarray, paragraphs: Parts) -> np.ndarray:
    """Per text: paragraphs with a policy notice; 1 where "lorem ipsum" stands."""
    counts = np.empty((len(utf8.valid), 2), np.int64)
    notice_kernel.notices(*arrays(utf8), marks, paragraphs.offsets, paragraphs.spans, counts)
    return counts


@view
def urls(utf8: Texts, text: pd.Series, *, pattern: str = "url") -> np.ndarray:
    """Per text: characters in URLs; 1 where a URL contains "porn"."""
    counts = np.zeros((len(utf8.valid), 2), np.int64)
    if pattern in ("url", "curator"):
        url_kernel.urls(*arrays(utf8), url_kernel.url_characters(pattern), counts)
        return counts
    expression = re.compile(pattern)
    for row, value in zip(counts, text.array, strict=True):
        if isinstance(value, str):
            found = [match.group() for match in expression.finditer(value)]
            row[:] = sum(map(len, found)), any("porn" in url for url in found)
    return counts


@view
def curator_urls(utf8: Texts, text: pd.Series, *, pattern: str = "curator") -> np.ndarray:
    """As `urls`, unless told otherwise with the pattern published first."""
    return urls(utf8, text, pattern=pattern)


def share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Part over whole; NaN where the whole is nothing (a blank text)."""
    return np.divide(part, whole, out=np.full(len(whole), np.nan), where=whole != 0)


def arrays(utf8: Texts) -> tuple[np.ndarray, np.ndarray]:
    """Bytes and offsets as kernels take them: read-only always, so that each compiles once."""
    data, offsets = utf8.data.view(), np.ascontiguousarray(utf8.offsets).view()
    data.flags.writeable = offsets.flags.writeable = False
    return data, offsets


def _sizes(utf8: Texts) -> np.ndarray:
    sizes = np.diff(utf8.offsets)
    if len(sizes) and sizes.max() >= 2**31 - 128:
        row = int(sizes.argmax())
        raise DataError(
            f"the text of row {row} has {sizes[row]:,} bytes; split texts of 2 GiB and more first"
        )
    return sizes


def _offsets(counts: np.ndarray) -> np.ndarray:
    offsets = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts, out=offsets[1:])
    return offsets


def _parts(
    utf8: Texts,
    offsets: np.ndarray,
    spans: np.ndarray,
    hashes: np.ndarray,
    flags: np.ndarray,
    hollow: np.ndarray,
) -> Parts:
    total = int(offsets[-1])
    spans, hashes, flags = spans[:total], hashes[:total], flags[:total]
    first, tallies = np.empty(total, np.uint32), np.empty((len(utf8.valid), 6), np.int64)
    line_kernel.compare(*arrays(utf8), offsets, spans, hashes, flags, first, tallies)
    return Parts(offsets, spans, hashes, flags, first, tallies, hollow)
