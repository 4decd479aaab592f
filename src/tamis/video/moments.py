"""Which frames are shown at some moments, and how they are reached."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tamis.codes import BadRecord
from tamis.media.reader import Reader
from tamis.video.decoding import EPSILON, Tally, onward, seek
from tamis.video.ends import cut_off
from tamis.video.formats import INDEXED, Header
from tamis.video.header import opened

SPARSE = 8.0  # seconds between frames from which on each is sought: most keyframes are closer


def shown_at(
    found: Iterator[tuple[float, Any]], start: float, end: float | None, fps: float | None,
    times: tuple[float, ...] | None, rate: float,
) -> Iterator[tuple[float, Any]]:  # fmt: skip
    """Those of the frames that are shown at some moments, each once.

    A frame is shown from its time until the next one's. Before the first that one is shown.
    """
    moment = _moments(start, end, fps, times)
    wanted = next(moment, None)
    before: tuple[float, Any] | None = None
    for one in found:
        if before is not None and wanted is not None and wanted < one[0] - EPSILON:
            yield before
            while wanted is not None and wanted < one[0] - EPSILON:
                wanted = next(moment, None)
        if wanted is None:
            return
        before = one
    if before is not None and wanted is not None:
        last = before[0] + (1 / rate if rate else 0.0)
        if wanted < max(last - EPSILON, before[0] + 2 * EPSILON) or times is not None:
            yield before


def indexed(file: Reader, header: Header) -> bool:
    """Whether it can be gone to any place of a file, and its length is known."""
    known = header.duration is not None and header.format in INDEXED
    return known and not cut_off(file, header.format)


def shown_far_apart(
    file: Reader, header: Header, start: float, end: float | None, fps: float, tally: Tally
) -> Iterator[tuple[float, Any]]:
    """The frames that are shown at moments farther apart than keyframes mostly are.

    To the keyframe before each of them it is sought, and what is between is not decoded. Where the
    index leads too far, the frames from the first on are given, of which `shown_at` takes some.
    """
    last = header.duration or 0.0
    stop = last if end is None else min(end, last)
    given = -1.0
    with opened(file, header.format) as (container, stream):
        for moment in _moments(start, stop, fps, None):
            seek(container, stream, header, moment)
            before: tuple[float, Any] | None = None
            for one in onward(container, stream, file, header, tally):
                if one[0] > moment + EPSILON:
                    if before is None and moment > start:
                        yield from _linear(container, stream, file, header, given, stop, tally)
                        return
                    before = before or one
                    break
                before = one
            if before is not None and before[0] > given and before[0] >= start - EPSILON:
                given = before[0]
                yield before
    if given < 0:
        raise BadRecord("video.empty", f"it has no frames from {start:g} s to {stop:g}")


def _linear(
    container: Any, stream: Any, file: Reader, header: Header, after: float, stop: float,
    tally: Tally,
) -> Iterator[tuple[float, Any]]:  # fmt: skip
    """All frames later than `after`, from the first on."""
    container.seek(0)
    for time, frame in onward(container, stream, file, header, tally):
        if time >= stop - EPSILON:
            return
        if time > after:
            yield time, frame


def _moments(
    start: float, end: float | None, fps: float | None, times: tuple[float, ...] | None
) -> Iterator[float]:
    if times is not None:
        yield from times
        return
    assert fps is not None
    k = 0
    while end is None or start + k / fps < end - EPSILON:
        yield start + k / fps
        k += 1
