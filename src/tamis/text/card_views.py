"""Views of texts made on a device: which kernels make them, and what those need.

A view has what measures ask it for; of `Words` and `Parts` that is `Tallied`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from tamis.kernels import card_bytes, card_ngrams, card_parts, card_words, cuda
from tamis.text import gopher_views
from tamis.text.array_counts import CARD_VIEWS, TextArrays
from tamis.text.code import CodeLines
from tamis.text.views import ORDERS, REPEATED, TOPS, Basis, Characters, Ngrams

_END, _VISIBLE_END = 1, 3  # columns of a line's spans


class Tallied(NamedTuple):
    """What measures ask of `Words` and `Parts`."""

    counts: np.ndarray
    tallies: np.ndarray
    gap: int = 1


class DeviceWords(NamedTuple):
    """As `Words`, on the device; `blocks` are the entries of bit masks of each text."""

    offsets: Any
    starts: Any
    ends: Any
    lengths: Any
    hashes: Any
    flags: Any
    tallies: Any
    blocks: Any


class DeviceParts(NamedTuple):
    """As `Parts`, on the device; `tallies` are those of `kernels.card_parts`."""

    offsets: Any
    spans: Any
    tallies: Any


def _view(function: Callable[..., Any]) -> Callable[..., Any]:
    CARD_VIEWS[function.__name__] = function
    return function


def byte_counts(texts: TextArrays) -> Any:
    """The counts of `card_bytes.byte_counts`, on the device."""
    counts = texts.zeros((len(texts), card_bytes.COLUMNS))
    texts.launch(
        card_bytes.byte_counts, texts.padded, texts.offsets, texts.constant("classes"), counts
    )
    return counts


def _bytes_of(texts: TextArrays) -> np.ndarray:
    return texts.host(texts.once(byte_counts))


def _counts(texts: TextArrays, columns: int, kernel: cuda.Kernel, *args: Any) -> np.ndarray:
    """What a kernel counts of each text; its arguments behind bytes and offsets."""
    counts = texts.zeros((len(texts), columns))
    texts.launch(kernel, texts.padded, texts.offsets, *args, counts)
    return texts.host(counts)


@_view
def blank(texts: TextArrays) -> np.ndarray:
    """As `views.blank`."""
    return texts.once(_bytes_of)[:, 8] != 0


@_view
def characters(texts: TextArrays) -> Characters:
    """As `views.characters`."""
    return Characters(*texts.once(_bytes_of).T[:5])


@_view
def breaks(texts: TextArrays) -> np.ndarray:
    """As `views.breaks`."""
    return texts.once(_bytes_of)[:, 5:8]


@_view
def code_lines(texts: TextArrays) -> CodeLines:
    """As `code.code_lines`."""
    return CodeLines(*_counts(texts, 3, card_bytes.text_code_lines).T)


@_view
def sentences(texts: TextArrays) -> np.ndarray:
    """As `c4.sentences`."""
    classes = texts.constant("letter_classes")
    return _counts(texts, 1, card_bytes.text_sentences, classes)[:, 0]


@_view
def urls(texts: TextArrays, *, pattern: str = "url") -> np.ndarray:
    """As `views.urls`, with the two patterns that have names."""
    return _counts(texts, 2, card_bytes.text_urls, texts.constant(pattern))


@_view
def curator_urls(texts: TextArrays, *, pattern: str = "curator") -> np.ndarray:
    """As `views.curator_urls`."""
    return texts.once(urls, pattern=pattern)


def marks(texts: TextArrays) -> Any:
    """As `views.marks`, on the device."""
    found = texts.zeros(len(texts), np.uint8)
    texts.launch(card_bytes.text_marks, texts.padded, texts.offsets, found)
    return found


@_view
def notices(texts: TextArrays) -> np.ndarray:
    """As `views.notices`."""
    parts = texts.once(device_paragraphs)
    return _counts(
        texts, 2, card_parts.text_notices, texts.once(marks), parts.offsets, parts.spans,
        texts.scratch,
    )  # fmt: skip


@_view
def c4_seen(
    texts: TextArrays,
    *,
    terminal_punctuation: bool = True,
    min_words: int = 3,
    max_word_length: int = 1000,
) -> np.ndarray:
    """As `c4.c4_seen`."""
    rules = np.array([terminal_punctuation, min_words, max_word_length, 1, 1, 1], np.int64)
    seen = _counts(
        texts, 2, card_bytes.text_c4, texts.once(marks), texts.constant("classes"),
        texts.constant("letter_classes"), texts.xp.asarray(rules), texts.scratch,
    )  # fmt: skip
    return seen > 0


def device_words(texts: TextArrays) -> DeviceWords:
    """The words of each text, of languages with spaces."""
    xp, count = texts.xp, len(texts)
    blocks = texts.sums((xp.diff(texts.offsets) + 63) >> 6)
    masks, counts = xp.empty(int(blocks[-1]), np.uint64), texts.zeros((count, 1))
    texts.launch(card_words.word_masks, texts.padded, texts.offsets, blocks, masks, counts)
    offsets = texts.sums(counts[:, 0])
    total = int(offsets[-1])
    starts, ends, lengths = (xp.empty(total, np.int32) for _ in range(3))
    hashes, flags = xp.empty(total, np.uint64), xp.empty(total, np.uint8)
    tallies = texts.zeros((count, 5))
    texts.launch(card_words.word_spans, texts.offsets, blocks, masks, offsets, starts, ends)
    texts.launch(
        card_words.word_facts, texts.padded, texts.offsets, offsets, starts, ends,
        texts.constant("classes"), hashes, lengths, flags, tallies,
    )  # fmt: skip
    return DeviceWords(offsets, starts, ends, lengths, hashes, flags, tallies, blocks)


@_view
def words(texts: TextArrays, *, language: str = "en") -> Tallied:
    """As `views.words`."""
    found = texts.once(device_words)
    return Tallied(np.diff(texts.host(found.offsets)), texts.host(found.tallies))


@_view
def gopher_counts(texts: TextArrays) -> np.ndarray:
    """As `gopher_views.gopher_counts`."""
    own = texts.once(device_words)
    return _counts(
        texts, 6, card_words.word_kinds, own.offsets, own.starts, own.ends, own.lengths, own.flags,
        own.tallies, texts.constant("letter_classes"),
    )  # fmt: skip


@_view
def gopher_medians(texts: TextArrays, *, variant: str = "paper") -> np.ndarray:
    """As `gopher_views.gopher_medians`."""
    doubled = texts.zeros(len(texts))
    if variant == "dolma":
        own = texts.once(device_words)
        texts.launch(card_words.word_medians, own.offsets, own.lengths, own.tallies, doubled)
    return texts.host(doubled)


@_view
def gopher_symbols(texts: TextArrays) -> np.ndarray:
    """As `gopher_views.gopher_symbols`."""
    own = texts.once(device_words)
    return _counts(texts, 5, card_words.word_symbols, own.offsets, own.ends)


def _cores(texts: TextArrays) -> tuple[Any, Any, Any]:
    """As `views._cores`, on the device."""
    xp, own = texts.xp, texts.once(device_words)
    hashes, lengths = xp.empty_like(own.hashes), xp.empty_like(own.lengths)
    kept = xp.zeros(own.flags.shape, np.uint8)
    texts.launch(
        card_words.word_cores, texts.padded, texts.offsets, own.offsets, own.starts, own.ends,
        own.hashes, own.lengths, texts.constant("letter_classes"), hashes, lengths, kept,
    )  # fmt: skip
    chosen = xp.flatnonzero(kept)
    return texts.sums(kept)[own.offsets], hashes[chosen], lengths[chosen]


def device_ngrams(
    texts: TextArrays, *, basis: Basis = "whitespace", scan: bool = False
) -> tuple[Any, Any, Any]:
    """`top`, `figures` and `letters` of `Ngrams`, on the device; "scanned" only with `scan`."""
    xp, own, count = texts.xp, texts.once(device_words), len(texts)
    offsets, hashes, lengths = own.offsets, own.hashes, own.lengths
    if basis == "core":
        offsets, hashes, lengths = texts.once(_cores)
    before = texts.sums(lengths)
    tables = texts.sums(powers(xp, 2 * xp.diff(offsets)))
    table, scratch = xp.empty(int(tables[-1]), np.uint32), xp.empty((5, len(hashes)), np.uint32)
    top = texts.zeros((count, len(ORDERS)), np.int32)
    figures = texts.zeros((*top.shape, len(card_ngrams.COLUMNS)))
    texts.launch(
        card_ngrams.word_ngrams, hashes, before, offsets, 1, ORDERS[-1], TOPS[-1], REPEATED[0],
        scan, tables, table, scratch, top, figures,
    )  # fmt: skip
    return top, figures, xp.diff(before[offsets])


@_view
def ngrams(
    texts: TextArrays, *, basis: Basis = "whitespace", variant: gopher_views.Reading = "paper"
) -> Ngrams:
    """As `views.ngrams`; "scanned" in the reading that asks for it."""
    scan = variant == "datatrove"
    top, figures, letters = map(texts.host, texts.once(device_ngrams, basis=basis, scan=scan))
    return Ngrams(top, figures, letters, ORDERS, TOPS, REPEATED)


@_view
def deletable(texts: TextArrays, *, n: int = 2) -> np.ndarray:
    """As `repetition.deletable`, of n-grams that `ngrams` speaks of."""
    xp, own = texts.xp, texts.once(device_words)
    top, _, _ = texts.once(device_ngrams, basis="whitespace", scan=False)
    lost = texts.zeros(len(texts))
    masks = xp.empty(int(own.blocks[-1]), np.uint64)
    texts.launch(
        card_words.words_deleted, texts.padded, texts.offsets, own.offsets, own.starts, own.ends,
        own.lengths, xp.ascontiguousarray(top[:, n - ORDERS[0]]), n, own.blocks, masks,
        texts.scratch, lost,
    )  # fmt: skip
    return texts.host(lost)


def device_lines(texts: TextArrays) -> DeviceParts:
    """The lines of each text that are not blank."""
    counts = texts.once(byte_counts)
    slots = texts.sums(counts[:, 5] + 1)
    made = _slots(texts, slots, 5)
    texts.launch(
        card_parts.text_lines, texts.padded, texts.offsets, counts, slots,
        texts.constant("classes"), *made,
    )  # fmt: skip
    return _compared(texts, slots, *made)


def device_paragraphs(texts: TextArrays) -> DeviceParts:
    """The paragraphs of each text, blank ones too."""
    counts = texts.once(byte_counts)
    slots = texts.sums(counts[:, 5] // 2 + 1)
    spans, hashes, flags, kept = _slots(texts, slots, 3)
    texts.launch(
        card_parts.text_paragraphs, texts.padded, texts.offsets, counts, slots,
        texts.constant("classes"), spans, hashes, kept,
    )  # fmt: skip
    return _compared(texts, slots, spans, hashes, flags, kept)


def _slots(texts: TextArrays, slots: Any, columns: int) -> tuple[Any, ...]:
    """Spans, hashes, flags of parts, and which of them are filled."""
    xp, total = texts.xp, int(slots[-1])
    spans, hashes = xp.empty((total, columns), np.int32), xp.empty(total, np.uint64)
    return spans, hashes, texts.zeros(total, np.uint8), texts.zeros(total, np.uint8)


def _compared(
    texts: TextArrays, slots: Any, spans: Any, hashes: Any, flags: Any, kept: Any
) -> DeviceParts:
    """The parts that are kept, and what comparing those of each text gives."""
    xp, chosen = texts.xp, texts.xp.flatnonzero(kept)
    offsets = texts.sums(kept)[slots]
    spans = xp.ascontiguousarray(spans[chosen])
    tables = texts.sums(powers(xp, 2 * xp.diff(offsets)))
    table = xp.full(int(tables[-1]), -1, np.int32)
    first, copies = texts.zeros((2, len(chosen)), np.int32)
    tallies = texts.zeros((len(texts), card_parts.TALLIES))
    texts.launch(
        card_parts.parts_compared, texts.padded, texts.offsets, offsets, spans, hashes[chosen],
        flags[chosen], tables, table, first, copies, tallies,
    )  # fmt: skip
    return DeviceParts(offsets, spans, tallies)


def _tallied(texts: TextArrays, parts: DeviceParts) -> Tallied:
    return Tallied(np.diff(texts.host(parts.offsets)), texts.host(parts.tallies))


@_view
def lines(texts: TextArrays) -> Tallied:
    """As `views.lines`."""
    return _tallied(texts, texts.once(device_lines))


@_view
def paragraphs(texts: TextArrays) -> Tallied:
    """As `views.paragraphs`."""
    return _tallied(texts, texts.once(device_paragraphs))


def _device_parts(
    texts: TextArrays, *, how: tuple[int, bool, bool, bool, bool, bool]
) -> np.ndarray:
    """The counts of `kernels.gopher_parts.COLUMNS`, of parts split and compared in this way."""
    newlines, runs, strip_text, strip_parts, drop_blank, all_copies = how
    counts = texts.once(byte_counts)
    slots = texts.sums(counts[:, 5] // newlines + 1)
    spans, hashes, flags, kept = _slots(texts, slots, 3)
    texts.launch(
        card_parts.text_parts, texts.padded, texts.offsets, counts, slots,
        texts.constant("classes"), newlines, runs, strip_text, strip_parts, drop_blank,
        spans, hashes, kept,
    )  # fmt: skip
    found = _tallied(texts, _compared(texts, slots, spans, hashes, flags, kept))
    of = found.tallies
    alone, characters = (of[:, 6], of[:, 7]) if all_copies else (of[:, 0], of[:, 1])
    return np.stack([found.counts, found.counts - alone, of[:, 2] - characters, of[:, 2]], axis=1)


@_view
def gopher_lines(texts: TextArrays, *, variant: gopher_views.Reading = "paper") -> np.ndarray:
    """As `gopher_views.gopher_lines`."""
    if variant == "paper":
        return gopher_views.as_split(texts.once(lines))
    return texts.once(_device_parts, how=gopher_views.LINES[variant])


@_view
def gopher_paragraphs(texts: TextArrays, *, variant: gopher_views.Reading = "paper") -> np.ndarray:
    """As `gopher_views.gopher_paragraphs`."""
    return texts.once(_device_parts, how=gopher_views.PARAGRAPHS[variant])


@_view
def gopher_line_ends(texts: TextArrays, *, variant: gopher_views.Reading = "paper") -> np.ndarray:
    """As `gopher_views.gopher_line_ends`."""
    own = texts.once(device_lines)
    return _counts(
        texts, 3, card_parts.line_ends, texts.once(byte_counts), own.offsets, own.spans,
        texts.constant("classes"), gopher_views.READINGS[variant],
    )  # fmt: skip


@_view
def short_lines(texts: TextArrays, *, max_length: int = 30) -> np.ndarray:
    """As `fineweb.short_lines`."""
    return _of_length(texts, 0, max_length)


@_view
def long_lines(texts: TextArrays, *, min_length: int = 200) -> np.ndarray:
    """As `c4.long_lines`."""
    return _of_length(texts, min_length, 2**31 - 1)


def _of_length(texts: TextArrays, low: int, high: int) -> np.ndarray:
    own, counts = texts.once(device_lines), texts.zeros(len(texts))
    texts.launch_each(card_parts.lines_of_length, own.offsets, own.spans, low, high, counts)
    return texts.host(counts)


@_view
def punctuated_lines(texts: TextArrays, *, strip: bool = True) -> np.ndarray:
    """As `fineweb.punctuated_lines`."""
    own, counts = texts.once(device_lines), texts.zeros(len(texts))
    texts.launch_each(
        card_parts.lines_with_end_mark, texts.padded, texts.offsets, own.offsets, own.spans,
        _VISIBLE_END if strip else _END, texts.constant("letter_classes"), counts,
    )  # fmt: skip
    return texts.host(counts)


def powers(xp: Any, numbers: Any) -> Any:
    """For each number (int64, below 2^32) the least power of two, 16 at least, not less."""
    found = xp.maximum(numbers, 16) - 1
    for shift in (1, 2, 4, 8, 16):
        found = found | found >> shift
    return found + 1
