"""What is left of a text when benchmarks are cut out of it: whole sentences, at a distance."""

from __future__ import annotations

import re
from collections.abc import Iterable

_MARK = re.compile("[.!?。！？．]")


def pieces(
    text: str, spans: Iterable[tuple[int, int]], *, side: int, min_length: int
) -> list[tuple[int, int]]:
    """Where pieces of a text start and end (characters) that keep their distance of spans.

    A piece ends with the last `.`, `!` or `?` that lies at least `side` characters before a span,
    and begins after the first at least as far behind one; white space at its ends is not of it.
    Pieces of `min_length` characters or fewer are left out.

    >>> text = "One. Two. Three four five. Six. Seven."
    >>> [text[a:b] for a, b in pieces(text, [(10, 15)], side=0, min_length=3)]
    ['One. Two.', 'Six. Seven.']
    """
    found, begin = [], 0
    for start, end in spans:
        if start < begin:  # it went, or a part of it, with what was cut for the span before
            if end + side > begin:
                begin = _after(text, end + side)
            continue
        last = begin
        for mark in _MARK.finditer(text, begin, max(start - side, begin)):
            last = mark.end()
        found.append((begin, last))
        begin = _after(text, end + side)
    found.append((begin, len(text)))
    trimmed = (_trimmed(text, start, end) for start, end in found)
    return [(start, end) for start, end in trimmed if end - start > min_length]


def _after(text: str, place: int) -> int:
    """Where the first sentence begins whose predecessor ends at a place or after it."""
    mark = _MARK.search(text, min(place, len(text)))
    return mark.end() if mark else len(text)


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    part = text[start:end]
    return start + len(part) - len(part.lstrip()), end - len(part) + len(part.rstrip())
