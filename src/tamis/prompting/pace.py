"""How fast and how many at once: the requests of a process, in one event loop."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from types import TracebackType
from typing import Protocol

LATE = 0.25  # seconds that a process which was held up may make up for
SLOW = 1.0  # seconds: answers that take longer are counted by how many are under way


class Clock(Protocol):
    """When the next may begin (seconds since 1970), for all who share it."""

    def take(self, since: float, length: float) -> float:
        """Begin what lasts so long, if it is time; else how long it is to wait."""

    def move(self, length: float) -> None:
        """What has begun lasts longer, or shorter where negative."""


class OwnClock:
    """A clock that nobody else looks at."""

    def __init__(self) -> None:
        self.free_at = 0.0

    def take(self, since: float, length: float) -> float:
        now = time.time()
        if now < self.free_at:
            return self.free_at - now
        self.free_at = max(self.free_at, since, now - LATE) + length
        return 0.0

    def move(self, length: float) -> None:
        self.free_at += length


class Pace:
    """At most so many a minute, spread evenly: what is due later waits for its turn.

    The amount of a turn may be put right afterwards, as tokens are, which are counted by the
    server."""

    def __init__(self, per_minute: float | None, clock: Clock | None = None) -> None:
        self.each = 0.0 if per_minute is None else 60.0 / per_minute
        self.clock = clock or OwnClock()
        self._turns = asyncio.Lock()  # which lets in who came first

    async def turn(self, amount: float = 1.0) -> None:
        """Wait until this may begin."""
        if not self.each:
            return
        since = time.time()  # one that woke late does not make the next late
        async with self._turns:
            while (wait := self.clock.take(since, amount * self.each)) > 0:
                await asyncio.sleep(min(wait, 1.0))  # another may have given time back

    def correct(self, amount: float) -> None:
        """It was so much more, or less where negative."""
        if self.each:
            self.clock.move(amount * self.each)


class Gate:
    """At most `most` at once, fewer while the server says that it is too many.

    Then as many are let in as were under way and not refused, or half as many as before. Each
    answer lets in one more, until the server says it again; from there on it takes as many answers
    as are let in (slow start and additive increase, as TCP has them). Where answers take less than
    a second, it is not how many are under way that servers count: then it lets in all, and a `Rate`
    is found.
    """

    def __init__(self, most: int) -> None:
        self.most, self.limit, self.inside = most, float(most), 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._refusals = 0

    async def __aenter__(self) -> None:
        while self.inside >= int(self.limit):
            future = asyncio.get_running_loop().create_future()
            self._waiting.append(future)
            try:
                await future
            except asyncio.CancelledError:
                self._wake()  # it may have been woken, in place of another
                raise
        self.inside += 1

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self.inside -= 1
        self._wake()

    def _wake(self) -> None:
        room = int(self.limit) - self.inside
        while room > 0 and self._waiting:
            future = self._waiting.popleft()
            if not future.done():
                future.set_result(None)
                room -= 1

    def slower(self, under_way: int) -> None:
        """The server took no more than these, which are under way."""
        if under_way < self.limit:
            self.limit = max(1.0, self.limit / 2, float(under_way))
            self._refusals += 1

    def faster(self, seconds: float) -> None:
        """The server has answered, as it does in so many seconds."""
        if seconds < SLOW:
            self.limit = float(self.most)
        else:
            step = 1.0 if self._refusals < 2 else 1 / self.limit
            self.limit = min(float(self.most), self.limit + step)
