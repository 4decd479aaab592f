"""Rules for spans of seconds: widened to a least length, cut to a longest one, cropped, joined."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence

from tamis.errors import SettingError

Span = tuple[float, float]
LONGER = ("stride", "truncate", "divide", "drop")
_LEAST = 1e-6  # seconds: shorter spans are roundings


def strided(start: float, end: float, length: float, stride: float) -> list[Span]:
    """Spans of one length that begin `stride` seconds apart; the last may be shorter.

    >>> strided(0, 5, 2, 2)
    [(0, 2), (2, 4), (4, 5)]
    """
    found = []
    for k in range(max(1, math.ceil((end - start - _LEAST) / stride))):
        first = start + k * stride
        found.append((first, min(first + length, end)))
        if first + length >= end - _LEAST:
            break
    return found


def within(
    spans: Iterable[Span], *, min_duration: float = 0.0, max_duration: float | None = None,
    longer: str = "stride", part: float | None = None, crop: float = 0.0,
) -> list[Span]:  # fmt: skip
    """Spans cropped by `crop` at both ends, then brought to at most `max_duration`, then filtered.

    `longer` says what becomes of a span that lasts longer: "stride" parts of `part` seconds (None:
    `max_duration`) and what is left, "truncate" its beginning, "divide" as few equal parts as that
    takes, "drop" nothing.

    >>> within([(0, 1), (1, 8.5)], min_duration=2, max_duration=3)
    [(1.0, 4.0), (4.0, 7.0)]
    """
    found: list[Span] = []
    for start, end in spans:
        first, last = start + crop, end - crop
        length = last - first
        if max_duration is None or length <= max_duration + _LEAST:
            found.append((first, last))
        elif longer == "truncate":
            found.append((first, first + max_duration))
        elif longer == "stride":
            length = max_duration if part is None else part
            found += strided(first, last, length, length)
        elif longer == "divide":
            parts = math.ceil(length / max_duration - _LEAST)
            edges = [first + length * k / parts for k in range(parts)]
            found += zip(edges, [*edges[1:], last], strict=True)
    least = max(min_duration - _LEAST, _LEAST)
    return [span for span in found if span[1] - span[0] >= least]


def between(edges: Sequence[float]) -> list[Span]:
    """The spans from each edge to the next.

    >>> between([0.0, 2.0, 5.0])
    [(0.0, 2.0), (2.0, 5.0)]
    """
    return [(a, b) for a, b in itertools.pairwise(edges) if b > a]


def check_limits(
    min_duration: float, max_duration: float | None, longer: str, part: float | None, crop: float
) -> None:
    """Refuse limits that no span can meet."""
    if not 0 <= min_duration < math.inf or not 0 <= crop < math.inf:
        raise SettingError(f"min_duration={min_duration}, crop={crop}: seconds, not below 0")
    if max_duration is not None and not max_duration >= max(min_duration, _LEAST):
        raise SettingError(f"max_duration={max_duration} is below min_duration={min_duration}")
    if part is not None and (max_duration is None or not 0.01 <= part <= max_duration):
        raise SettingError(f"part={part}: seconds up to max_duration={max_duration}")
    if longer not in LONGER:
        raise SettingError(f"longer must be one of {', '.join(LONGER)}, found {longer!r}")
