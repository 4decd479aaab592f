"""Places in texts where something personal stands."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from tamis.errors import DataError


class Span(NamedTuple):
    """From character `start` to `end` of a text something of the kind `entity`, as sure as `score`.

    Characters are those of Python (code points). Scores lie between 0 and 1.
    """

    entity: str
    start: int
    end: int
    score: float


Spans = list[Span]
"""Those of one text, in order and without overlap once `resolved`."""


def resolved(found: Iterable[Span]) -> Spans:
    """What is left of spans that overlap: nothing that one of them covers is lost.

    The surer wins, of equals the longer, then the first by place and name; it takes over what the
    others cover beyond it. What lies between two winners that a loser joins is the first one's.

    >>> resolved([Span("URL", 3, 9, 0.5), Span("EMAIL_ADDRESS", 0, 7, 1.0)])
    [Span(entity='EMAIL_ADDRESS', start=0, end=9, score=1.0)]
    """
    listed = sorted({s for s in found if s.end > s.start}, key=lambda s: (s.start, s.end))
    kept: Spans = []
    at = 0
    while at < len(listed):
        stop, end = at + 1, listed[at].end
        while stop < len(listed) and listed[stop].start < end:
            end = max(end, listed[stop].end)
            stop += 1
        kept += listed[at:stop] if stop == at + 1 else _shared(listed[at:stop], end)
        at = stop
    return kept


def _shared(spans: Spans, end: int) -> Spans:
    """Spans that cover everything from the first one's start to `end`, shared by the winners."""
    taken = _Taken()
    ranked = sorted(spans, key=lambda s: (-s.score, s.start - s.end, s.start, s.entity))
    winners = sorted((s for s in ranked if taken.take(s.start, s.end)), key=lambda s: s.start)
    starts = [spans[0].start, *(s.start for s in winners[1:])]
    ends = [*starts[1:], end]
    return [s._replace(start=a, end=b) for s, a, b in zip(winners, starts, ends, strict=True)]


class _Taken:
    """Ranges without overlap."""

    def __init__(self) -> None:
        self.starts: list[int] = []
        self.ends: list[int] = []

    def take(self, start: int, end: int) -> bool:
        """Add a range, unless a part of it is taken already."""
        at = bisect_right(self.starts, start)
        if at and self.ends[at - 1] > start:
            return False
        if at < len(self.starts) and self.starts[at] < end:
            return False
        self.starts.insert(at, start)
        self.ends.insert(at, end)
        return True


def written(spans: Spans) -> str:
    """Spans of one text as JSON, as a column keeps them: never what stands there.

    >>> written([Span("PERSON", 0, 4, 0.85)])
    '[{"entity": "PERSON", "start": 0, "end": 4, "score": 0.85}]'
    """
    return json.dumps([s._asdict() for s in spans], ensure_ascii=False)


def read(
    value: str, text: str, entities: Collection[str] | None = None, min_score: float = 0.0
) -> Spans:
    """Spans of a text from JSON: those that `written` wrote, or others'.

    An item has `entity` and either `start` and `end` in characters, or `text`, of which every
    occurrence as words of their own is meant; `score` is 1 unless given. What is not among
    `entities` or scores less than `min_score` is left out. Raises `DataError`, which quotes
    nothing; so does a span that covers nothing, or whose text does not stand there exactly so.
    """
    try:
        items = json.loads(value)
    except (ValueError, RecursionError):
        raise DataError("spans are not JSON") from None
    if not isinstance(items, list):
        raise DataError("spans are not a list")
    found: Spans = []
    for item in items:
        if not isinstance(item, dict):
            raise DataError("a span is not an object")
        entity, score = item.get("entity"), item.get("score", 1.0)
        if not isinstance(entity, str) or not isinstance(score, int | float) or score != score:
            raise DataError("a span needs an entity, and its score is a number")
        places = _places(item, text)
        if score < min_score or (entities is not None and entity not in entities):
            continue
        if not places:
            raise DataError("the text of a span does not stand in its text")
        found += [Span(entity, a, b, float(score)) for a, b in places]
    return found


def _places(item: dict[str, object], text: str) -> list[tuple[int, int]]:
    """Where an item's span stands; nowhere if it covers nothing."""
    start, end, part = item.get("start"), item.get("end"), item.get("text")
    if isinstance(start, int) and isinstance(end, int):
        if not 0 <= start <= end <= len(text):
            raise DataError(f"a span from {start} to {end} lies outside its text")
        return [(start, end)] if end > start else []
    if isinstance(part, str):
        return _occurrences(part, text)
    raise DataError("a span needs start and end, or the text that it stands for")


def _occurrences(part: str, text: str) -> list[tuple[int, int]]:
    """Where a part stands in a text as words of their own."""
    found, at = [], text.find(part) if part else -1
    while at >= 0:
        end = at + len(part)
        inside = (at and _spaced(text[at - 1]) and _spaced(part[0])) or (
            end < len(text) and _spaced(text[end]) and _spaced(part[-1])
        )
        if not inside:
            found.append((at, end))
        at = text.find(part, at + 1 if inside else end)
    return found


def _spaced(c: str) -> bool:
    """Whether it is a letter or digit of a script that has blanks around a name: not Chinese,
    Japanese, Korean (particles follow), Thai, Lao, Tibetan, Burmese, Khmer."""
    glued = "\u0e00" <= c < "\u10a0" or "\u1780" <= c < "\u1800" or c >= "\u2e80"
    return c.isalnum() and not glued


def counts(spans: Sequence[Span]) -> dict[str, int]:
    """How many there are of each entity, by name."""
    tally: dict[str, int] = {}
    for span in sorted(spans, key=lambda s: s.entity):
        tally[span.entity] = tally.get(span.entity, 0) + 1
    return tally
