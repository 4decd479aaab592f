"""What was asked for lately, kept while there is room."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Recent(Generic[T]):
    """Values by key, the latest used, up to `room` by `weight`. Safe among threads."""

    def __init__(self, room: int, weight: Callable[[T], int] = lambda _: 1) -> None:
        self._room, self._weight = room, weight
        self._kept: OrderedDict[Any, T] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> T | None:
        """The value, if it is still here."""
        with self._lock:
            if key not in self._kept:
                return None
            self._kept.move_to_end(key)
            return self._kept[key]

    def put(self, key: Hashable, value: T) -> T:
        """Keep a value; the longest unused ones go where there is no more room."""
        with self._lock:
            if key in self._kept:
                self._room += self._weight(self._kept.pop(key))
            self._kept[key] = value
            self._room -= self._weight(value)
            while self._room < 0 and len(self._kept) > 1:
                self._room += self._weight(self._kept.popitem(last=False)[1])
        return value

    def __len__(self) -> int:
        return len(self._kept)
