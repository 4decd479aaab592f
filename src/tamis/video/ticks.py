"""Moments at a rate on the clock of the file, so that a part of it is looked at where all of it is.

A moment belongs to a clip that begins at it or before it; the first frame that is not earlier is
looked at for it, and once for several moments.
"""

from __future__ import annotations

import math

from tamis.video.decoding import EPSILON


class Ticks:
    """The moments 0, 1/rate, 2/rate, … seconds from `start` on, as frames come.

    >>> ticks = Ticks(1.0, start=0.5)
    >>> [ticks.due(time) for time in (0.5, 0.9, 1.1, 1.3, 3.2, 3.9, 4.0)]
    [False, False, True, False, True, False, True]
    """

    def __init__(self, rate: float, start: float) -> None:
        self._rate, self._next = rate, first(rate, start)

    def due(self, time: float) -> bool:
        """Whether a frame at `time` is the first at or after a moment."""
        now = latest(self._rate, time)
        if now < self._next:
            return False
        self._next = now + 1
        return True


def first(rate: float, start: float) -> int:
    """The number of the first moment of a clip."""
    return math.ceil((start - EPSILON) * rate)


def latest(rate: float, time: float) -> int:
    """The number of the last moment up to a time."""
    return math.floor((time + EPSILON) * rate)
