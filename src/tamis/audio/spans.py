"""Rules for spans of time: joined, widened, divided. Spans are in seconds, in order, disjoint."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TypeVar

Span = tuple[float, float]
S = TypeVar("S", bound=Sequence[float])


def joined(spans: Iterable[Span], gap: float, longest: float = math.inf) -> list[Span]:
    """Neighbours at most `gap` seconds apart as one, while that is no longer than `longest`.

    >>> joined([(0, 1), (1.5, 2), (5, 6)], gap=1)
    [(0, 2), (5, 6)]
    """
    found: list[Span] = []
    for start, end in spans:
        if found and start - found[-1][1] <= gap and end - found[-1][0] <= longest:
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return found


def widened(spans: Sequence[Span], pad: float, lowest: float, highest: float) -> list[Span]:
    """Each longer by `pad` seconds on both sides; neighbours share what is between them.

    >>> widened([(1, 2), (2.5, 3)], 0.5, 0, 10)
    [(0.5, 2.25), (2.25, 3.5)]
    """
    found = []
    for number, (start, end) in enumerate(spans):
        before = (start - spans[number - 1][1]) / 2 if number else start - lowest
        after = (spans[number + 1][0] - end) / 2 if number + 1 < len(spans) else highest - end
        found.append((start - max(0.0, min(pad, before)), end + max(0.0, min(pad, after))))
    return found


def divided(spans: Iterable[Span], longest: float) -> list[Span]:
    """Those longer than `longest` in as few equal parts as that takes.

    >>> divided([(0.0, 1.0), (2.0, 5.0)], 2)
    [(0.0, 1.0), (2.0, 3.5), (3.5, 5.0)]
    """
    found: list[Span] = []
    for start, end in spans:
        parts = max(1, math.ceil((end - start) / longest))
        edges = [start + (end - start) * k / parts for k in range(parts)]
        found += zip(edges, [*edges[1:], end], strict=True)
    return found


def without(span: Span, others: Iterable[Span]) -> list[Span]:
    """What is left of a span without the others, which may overlap and be in any order.

    >>> without((0, 10), [(2, 3), (9, 12)])
    [(0, 2), (3, 9)]
    """
    found, at = [], span[0]
    for start, end in sorted(others):
        if end <= at or start >= span[1]:
            continue
        if start > at:
            found.append((at, start))
        at = end
    if at < span[1]:
        found.append((at, span[1]))
    return found


def windowed(duration: float, length: float, overlap: float, minimum: float) -> list[Span]:
    """Spans of one length that share `overlap` seconds; the last ends at `duration`.

    >>> windowed(5, 2, 0.5, 0)
    [(0.0, 2.0), (1.5, 3.5), (3.0, 5)]
    """
    found, stride = list[Span](), length - overlap
    for number in range(math.ceil(duration / stride) if duration > 0 else 0):
        start = number * stride
        end = start + length
        last = end >= duration - 1e-6  # what would follow holds nothing new
        found.append((float(start), duration if last else float(end)))
        if last:
            break
    return [span for span in found if span[1] - span[0] >= max(minimum, 1e-6)]
