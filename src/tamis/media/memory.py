"""A batch that memory has no room for: what models fail with, smaller batches from then on."""

from __future__ import annotations

import gc
import logging
import sys
import threading
import weakref
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from tamis.card_faults import out_of_memory
from tamis.errors import DataError

log = logging.getLogger(__name__)
Made = TypeVar("Made")


def tried(function: Callable[[], Made]) -> tuple[Made | None, str]:
    """What it gives and "", or None and what was said if there was no room for it.

    What the failed pass held is free by then, and what libraries keep of the card for later.

    >>> tried(lambda: 3)
    (3, '')
    """
    try:
        return function(), ""
    except Exception as error:
        if not out_of_memory(error):
            raise
        why = str(error).split("\n")[0][:200] or type(error).__name__
    # outside of the handler: the failed pass, and what it held, can go now
    free()
    return None, why


def free() -> None:
    """Give back what libraries keep of the card's memory for later. Those not loaded keep none."""
    torch, cupy = sys.modules.get("torch"), sys.modules.get("cupy")
    if torch is not None and torch.cuda.is_available() and torch.cuda.is_initialized():
        gc.collect()
        torch.cuda.empty_cache()
    if cupy is not None:
        cupy.get_default_memory_pool().free_all_blocks()


class Room:
    """How many things a model is given together: fewer from the time that memory ended.

    `least` of them together are not halved any more.
    """

    def __init__(self, least: int = 1) -> None:
        self.least = least
        self.most: int | None = None

    def run(
        self, count: int, function: Callable[[slice], Sequence[Made]], what: str,
        alone: Callable[[int], str],
    ) -> list[Made]:  # fmt: skip
        """What `function` gives for so many things: at once, or in parts if there is no room.

        `what` is what they are called. One that is too much alone is a `DataError`, which
        `alone(number)` begins, and may end: behind a semicolon stands what to do.

        >>> def three_at_most(part):
        ...     if part.stop - part.start > 3:
        ...         raise MemoryError
        ...     return [10 * number for number in range(part.start, part.stop)]
        >>> room = Room()
        >>> room.run(7, three_at_most, "numbers", str), room.most
        ([0, 10, 20, 30, 40, 50, 60], 3)
        """
        return self.run_of(slice(0, count), function, what, alone)

    def run_of(
        self, rows: slice, function: Callable[[slice], Sequence[Made]], what: str,
        alone: Callable[[int], str],
    ) -> list[Made]:  # fmt: skip
        """The same for some of the things."""
        found: list[Made] = []
        while (at := rows.start + len(found)) < rows.stop:
            part = slice(at, min(rows.stop, at + (self.most or rows.stop)))
            made, why = tried(lambda part=part: function(part))  # type: ignore[misc]
            size = part.stop - part.start
            if made is not None:
                if len(made) != size:
                    raise ValueError(f"of {size} {what} the model says {len(made)} things")
                found.extend(made)
                continue
            if size <= self.least:
                noun, _, hint = alone(at).partition(";")
                raise DataError(
                    f"{noun} is too much for the memory of the device: {why};"
                    f"{hint or ' end what else uses it, or choose another device='}"
                )
            self.most = max(self.least, min(self.most or size, size // 2))
            log.warning("out of memory: %d %s at a time from now on", self.most, what)
        return found


def room_of(model: Any) -> Room:
    """The room that there is for a model in this process, learned by all who ask it."""
    with _guard:
        try:
            return _rooms.setdefault(model, Room())
        except TypeError:  # nothing can be kept for what has no hash, or no weak reference
            return Room()


_rooms: weakref.WeakKeyDictionary[Any, Room] = weakref.WeakKeyDictionary()
_guard = threading.Lock()
