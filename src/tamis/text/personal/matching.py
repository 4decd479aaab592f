"""The finder of patterns: what needs no model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tamis.frame import Texts, text_buffers
from tamis.kernels import candidates
from tamis.kernels import personal as kernel
from tamis.text.editing import column_of
from tamis.text.personal import patterns_words, phones
from tamis.text.personal.needs import Needs, Seen, needs
from tamis.text.personal.pattern import Pattern, context, expression
from tamis.text.personal.patterns_words import Worded
from tamis.text.personal.plain import gate, placed, plain
from tamis.text.personal.plans import ENTITIES, NAMED, PHONE, Wanted, plan
from tamis.text.personal.spans import Span, Spans, resolved
from tamis.text.views import arrays

_LINK = 2048  # bytes behind a window with a link that may belong to it


def find(utf8: Texts, wanted: Wanted) -> list[Spans]:
    """For each text the spans of what is wanted; where they overlap, the surer has it all."""
    found: list[list[Span]] = [[] for _ in utf8.valid]
    if PHONE in wanted.entities:
        phones.check_regions(wanted.regions)
    if not len(found):
        return found
    for row, span in _in_windows(utf8, wanted):
        found[row].append(span)
    texts = _column(utf8)
    for row, span in chain(_by_words(texts, _worded(wanted)), _read_anew(texts, wanted)):
        found[row].append(span)
    return [resolved(spans) if len(spans) > 1 else spans for spans in found]


def known(entities: Sequence[str]) -> tuple[str, ...]:
    """Those of the entities that are told by their form."""
    return tuple(entity for entity in entities if entity in ENTITIES)


def _in_windows(utf8: Texts, wanted: Wanted) -> Iterator[tuple[int, Span]]:
    data, offsets = arrays(utf8)
    planned = plan(wanted)
    if not planned.patterns:
        return
    buffer = memoryview(data)  # type: ignore[arg-type]
    starts = offsets.tolist()
    tried: dict[tuple[int, int], tuple[tuple[Pattern, Needs], ...]] = {}
    windows = kernel.found(data, offsets, planned.rows, planned.words).tolist()
    for row, start, end, character, marked, _, some, others in windows:
        first, last = starts[row], starts[row + 1]
        low, high = first + start, first + end
        most = high + (_LINK if marked & kernel.URL else candidates.AFTER)
        before = str(buffer[_begin(data, max(first, low - candidates.BEFORE)) : low], "utf-8")
        inside = str(buffer[low:high], "utf-8")
        after = str(buffer[high : _end(data, min(last, most), last)], "utf-8")
        around, base = before + inside + after, character - len(before)
        here, there = len(before), len(before) + len(inside)
        if marked & (kernel.AT | kernel.URL):
            here -= _tail(before)
            there += _head(after) if marked & kernel.URL else 0
        patterns = tried.get((some, others))
        if patterns is None:
            patterns = tried[some, others] = tuple(
                (pattern, needs(pattern)) for pattern in planned.tried(some, others)
            )
        seen = Seen(around[here:there])
        for pattern, needed in patterns:
            if not needed.met(seen):
                continue
            found = _matches if pattern.entity != PHONE else _phones
            for a, b, score in found(pattern, around, here, there, wanted):
                yield row, Span(pattern.entity, base + a, base + b, score)


def _matches(
    pattern: Pattern, text: str, start: int, end: int, wanted: Wanted
) -> Iterator[tuple[int, int, float]]:
    """What a pattern finds in a part of a text; behind a match that is none it goes on within."""
    search = expression(pattern).search
    while match := search(text, start, end):
        a, b = match.span(pattern.inner)
        score = 0.0
        if pattern.holds(match.group(pattern.inner)):
            score = pattern.score
            words = context(pattern)
            if words is not None and pattern.near > score:
                near = words.search(text, max(0, a - 60), a) or words.search(text, b, b + 25)
                score = pattern.near if near else score
        if score >= wanted.threshold:
            yield a, b, score
        start = b if score else a + 1


def _phones(
    pattern: Pattern, text: str, start: int, end: int, wanted: Wanted
) -> list[tuple[int, int, float]]:
    """The telephone numbers in a part of a text."""
    at = start - 2 if text[max(0, start - 2) : start] == "+ " else start
    named = pattern is NAMED
    told = phones.phones(text, at, end, wanted.regions, wanted.threshold, named)
    return [found for found in told if found[2] >= wanted.threshold]


def _by_words(texts: pa.Array, listed: Sequence[Worded]) -> Iterator[tuple[int, Span]]:
    if not listed:
        return
    gates = dict.fromkeys(worded.gate for worded in listed)
    some = _holding(texts, "|".join(f"(?:{gate})" for gate in gates))
    texts = texts.take(pa.array(some))
    for worded in listed if len(some) else ():
        rows = _holding(texts, worded.gate)
        held = zip(some[rows].tolist(), texts.take(pa.array(rows)).to_pylist(), strict=True)
        for row, text in held:
            for match in patterns_words.compiled(worded).finditer(text):
                if worded.check is not None and not worded.check(match.group(1)):
                    continue
                yield row, Span(worded.entity, match.start(1), match.end(1), worded.score)


def _read_anew(texts: pa.Array, wanted: Wanted) -> Iterator[tuple[int, Span]]:
    """What is found in texts that have other digits, invisible characters, glued words."""
    rows = _holding(texts, gate())
    if not len(rows):
        return
    made = [plain(text) for text in texts.take(pa.array(rows)).to_pylist()]
    utf8 = text_buffers(pa.array([text for text, _ in made], pa.large_string()))
    for at, span in chain(_in_windows(utf8, wanted), _by_words(_column(utf8), _worded(wanted))):
        yield int(rows[at]), placed(span, made[at][1])


def _worded(wanted: Wanted) -> list[Worded]:
    return [
        w for w in patterns_words.WORDED
        if w.entity in wanted.entities and w.score >= wanted.threshold
    ]  # fmt: skip


def _column(utf8: Texts) -> pa.Array:
    data, offsets = arrays(utf8)
    based = offsets - offsets[0]
    return column_of(utf8, data[offsets[0] : offsets[-1]], based)


def _holding(texts: pa.Array, gate: str) -> np.ndarray:
    """The rows of the texts in which RE2 finds it."""
    return np.flatnonzero(pc.match_substring_regex(texts, gate).fill_null(False))


def _begin(data: np.ndarray, at: int) -> int:
    """The first byte from `at` on that begins a character."""
    while at < len(data) and data[at] & 0xC0 == 0x80:
        at += 1
    return at


def _end(data: np.ndarray, at: int, last: int) -> int:
    """`at`, or a little before it where it stands within a character."""
    while at < last and data[at] & 0xC0 == 0x80:
        at -= 1
    return at


def _tail(before: str) -> int:
    """How many letters of other alphabets, with blanks between words, stand before a window."""
    size = len(before)
    while size and before[size - 1].isalnum() and before[size - 1] < "\u2e80":
        size -= 1
    return len(before) - size


def _head(after: str) -> int:
    """How many characters after a window are no white space."""
    for size, character in enumerate(after):
        if character.isspace():
            return size
    return len(after)
