"""The rate of an endpoint that says of none, only that it is asked too often."""

from __future__ import annotations

import asyncio
import time
from collections import deque

SPAN = 2.0  # seconds over which answers are counted
_SHORTEST = 0.5  # of them that count, at the beginning
_PAUSE = 0.25  # after a cut, until others may follow
_LOWEST = 0.1  # requests a second
_UNDER, _LEAST = 0.97, 0.7  # of the rate that was served, and of the rate before
_NEAR = 0.9  # of the rate before, where it is near the one that was told
_SEARCH = 8.0  # times as many each second, until it is too many
_GROWTH = 0.02  # times the square of the seconds since the last refusal


class Rate:
    """No limit before something is refused; then about as many a second as are served.

    While a server refuses, what it serves is its limit. Below that the rate grows: eightfold a
    second at first, and later with the square of the time without a refusal, slowly where the limit
    was found and soon fast beyond it (as CUBIC does for TCP: Ha, Rhee and Xu, 2008).
    """

    def __init__(self, told: float | None = None) -> None:
        self.told = told  # a second, which what is refused at first is taken to be near
        self.base: float | None = None  # requests a second, at the last refusal
        self._searching = True
        self._cut = self._last = 0.0
        self._served: deque[float] = deque()
        self._began: float | None = None
        self._turns = asyncio.Lock()

    def now(self) -> float | None:
        """Requests that may begin in a second; None for any number."""
        if self.base is None:
            return None
        since = time.monotonic() - self._cut
        if self._searching:
            return self.base * _SEARCH ** min(since, 10)
        return self.base * (1 + _GROWTH * since**2)

    async def turn(self) -> None:
        """Wait until one more may begin."""
        if self._began is None:
            self._began = time.monotonic()
        if self.base is None:
            return
        async with self._turns:
            while (wait := self._last + 1 / (self.now() or 1) - time.monotonic()) > 0:
                await asyncio.sleep(min(wait, 0.2))
            due = self._last + 1 / (self.now() or 1)
            self._last = max(due, time.monotonic() - 0.1)  # who wakes late may catch up a little

    def served(self) -> None:
        """One was answered."""
        now = time.monotonic()
        self._served.append(now)
        while self._served[0] < now - SPAN:
            self._served.popleft()

    def refused(self, turn: float) -> None:
        """One whose turn was then was refused: those of before the last cut say nothing new."""
        now = time.monotonic()
        if turn < self._cut + _PAUSE:
            return
        while self._served and self._served[0] < now - SPAN:
            self._served.popleft()
        span = min(SPAN, max(_SHORTEST, now - (self._began or now)))
        served = len(self._served) / span
        before = self.now() or self.told
        if before is None:
            self.base = max(_LOWEST, served)
        else:
            least = _LEAST if self.told is None or before > 1.5 * self.told else _NEAR
            self.base = max(_LOWEST, least * before, min(before, _UNDER * served))
            self._searching = not self._served  # nothing came through: no limit to stay below
        self._cut = now
