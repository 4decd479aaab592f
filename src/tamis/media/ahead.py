"""Items made by threads ahead of the one that uses them, as a model does."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any, TypeVar

from tamis.resources import resource

T = TypeVar("T")


def ahead(
    items: Sequence[Any],
    function: Callable[[Any], T],
    rows: Iterable[int],
    room: int | Callable[[], int],
) -> Iterator[T | None]:
    """`function` of the items of these rows in their order, None where there is no item.

    At most `room` results wait for the one who asks; a function says how many as it goes. All calls
    in a process share one thread per core, so that decoding takes no more cores than there are, and
    as many pictures are whole in memory at most.

    >>> list(ahead(["ab", None, "c"], len, [2, 1, 0], room=2))
    [1, None, 2]
    """
    pool = _pool(os.getpid())
    waiting: deque[Future[T | None]] = deque()

    def one(row: int) -> T | None:
        item = items[row]
        return None if item is None else function(item)

    try:
        for row in rows:
            waiting.append(pool.submit(one, row))
            while len(waiting) > (room() if callable(room) else room):
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for left in waiting:
            left.cancel()


def following(items: Iterator[T]) -> Iterator[T]:
    """The same items, each made by a thread while the one before it is used.

    >>> list(following(iter([1, 2])))
    [1, 2]
    """
    yield from _one_ahead(_pool(os.getpid()), items)


def beside(items: Iterator[T]) -> Iterator[T]:
    """The same by a thread of its own, for items that are made with `ahead` or `following`.

    Threads of one pool that wait for one another would wait for ever.

    >>> list(beside(following(iter([1, 2]))))
    [1, 2]
    """
    with ThreadPoolExecutor(1, thread_name_prefix="tamis-beside") as pool:
        yield from _one_ahead(pool, items)


def _one_ahead(pool: ThreadPoolExecutor, items: Iterator[T]) -> Iterator[T]:
    over = object()
    waiting: Future[Any] = pool.submit(next, items, over)
    try:
        while (item := waiting.result()) is not over:
            waiting = pool.submit(next, items, over)
            yield item
    finally:
        if not waiting.cancel():
            wait([waiting])  # a generator that runs cannot be closed


@resource
def _pool(process: int) -> ThreadPoolExecutor:
    """The threads of this process: a child made by a fork has none of its parent's."""
    return ThreadPoolExecutor(cores(), thread_name_prefix="tamis-ahead")


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
