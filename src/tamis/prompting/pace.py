"""How fast and how many at once: requests of one process, in one event loop."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from types import TracebackType


class Pace:
    """At most so many a minute, spread evenly: what is due later waits for its turn.

    The amount of a turn may be put right afterwards, as tokens are, which are counted by the
    server."""

    def __init__(self, per_minute: float | None) -> None:
        self.each = 0.0 if per_minute is None else 60.0 / per_minute
        self.free_at = 0.0  # by the monotonic clock

    async def turn(self, amount: float = 1.0) -> None:
        """Wait until this may begin."""
        if not self.each:
            return
        start = max(time.monotonic(), self.free_at)
        self.free_at = start + amount * self.each
        while (now := time.monotonic()) < start:
            await asyncio.sleep(start - now)

    def correct(self, amount: float) -> None:
        """It was so much more, or less where negative."""
        self.free_at += amount * self.each


class Gate:
    """At most `most` at once, fewer while the server says that it is too many.

    Each such word halves how many are let in, each answer lets in a little more: by one for as many
    answers as are let in (additive increase, multiplicative decrease; Chiu and Jain, 1989).
    """

    def __init__(self, most: int) -> None:
        self.most, self.limit, self.inside = most, float(most), 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._slowed = 0.0

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

    def slower(self, began: float) -> None:
        """The server was asked too often by a request that began then."""
        if began >= self._slowed:  # those that were under way already say the same once more
            self.limit = max(1.0, self.limit / 2)
            self._slowed = time.monotonic()

    def faster(self) -> None:
        """The server has answered."""
        self.limit = min(float(self.most), self.limit + 1 / self.limit)
