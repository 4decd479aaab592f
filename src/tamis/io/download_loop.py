"""One event loop for all fetching of a process, in a thread of its own.

The threads that decode and write hand it URLs; what it promises about hosts so holds for all of
them together.
"""

from __future__ import annotations

import asyncio
import os
import queue
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from typing import Any, Protocol

from tamis.io.download_http import Client


class Limited(Protocol):
    """The settings of a client, which can be hashed: how many may be asked for at once."""

    @property
    def connections(self) -> int: ...


_CLIENTS: dict[tuple[Any, Any], _Loop] = {}
_GUARD = threading.Lock()


def answers(urls: Sequence[Any], manners: Limited, kind: Any = Client) -> Iterator[tuple[int, Any]]:
    """What came of each URL, with its place in the list, as they arrive.

    At most twice as many as there are connections wait to be taken. `kind` of client, made with
    `manners`, is asked for each of the `urls`, whatever it takes for one.
    """
    loop = _loop(manners, kind)  # counted as in use until the end
    results: queue.SimpleQueue[Any] = queue.SimpleQueue()
    room = asyncio.Semaphore(2 * manners.connections)

    async def one(place: int) -> None:
        try:
            results.put((place, await loop.client.fetch(urls[place])))
        except Exception as error:  # a defect of ours: said where the results are awaited
            results.put(error)

    async def all() -> None:
        tasks: set[asyncio.Task[None]] = set()
        try:
            for place in range(len(urls)):
                await room.acquire()
                task = asyncio.ensure_future(one(place))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()

    work = asyncio.run_coroutine_threadsafe(all(), loop.loop)
    try:
        for _ in range(len(urls)):
            result = results.get()
            if isinstance(result, BaseException):
                raise result
            yield result
            loop.loop.call_soon_threadsafe(room.release)
    finally:
        _leave(loop, work)


def together(urls: Sequence[Any], manners: Limited, kind: Any = Client) -> list[Any]:
    """What came of each URL, in order, once all are there; as many wait as `answers` lets wait.

    It takes less time than `answers`, which hands each over to the thread that asks.
    """
    loop = _loop(manners, kind)
    found: list[Any] = [None] * len(urls)
    places = iter(range(len(urls)))

    async def some() -> None:
        for place in places:
            found[place] = await loop.client.fetch(urls[place])

    async def all() -> None:
        tasks = [
            asyncio.ensure_future(some()) for _ in range(min(len(urls), 2 * manners.connections))
        ]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()

    work = asyncio.run_coroutine_threadsafe(all(), loop.loop)
    try:
        work.result()
        return found
    finally:
        _leave(loop, work)


def _leave(loop: _Loop, work: Future[None]) -> None:
    """End the work, if it goes on, and use the loop no longer."""
    work.cancel()
    with _GUARD:
        loop.users -= 1


def stop() -> None:
    """Close the connections that nobody uses; the next use opens others."""
    with _GUARD:
        loops = [_CLIENTS.pop(key) for key, loop in list(_CLIENTS.items()) if not loop.users]
    for loop in loops:
        loop.stop()


class _Loop:
    """A thread that runs an event loop with a client in it."""

    def __init__(self, manners: Limited, kind: Any) -> None:
        self.client, self.users = kind(manners), 0
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, name="fetch", daemon=True)
        self.thread.start()
        self._wait(self.client.open())

    def stop(self) -> None:
        self._wait(self.client.close())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()

    def _wait(self, work: Any) -> None:
        asyncio.run_coroutine_threadsafe(work, self.loop).result()


def _loop(manners: Limited, kind: Any) -> _Loop:
    with _GUARD:
        key = (kind, manners)
        if key not in _CLIENTS:
            _CLIENTS[key] = _Loop(manners, kind)
        _CLIENTS[key].users += 1
        return _CLIENTS[key]


def _in_fork() -> None:
    global _GUARD
    _GUARD = threading.Lock()
    _CLIENTS.clear()


os.register_at_fork(after_in_child=_in_fork)
