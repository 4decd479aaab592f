"""What stands behind the rows of a partition, decoded one by one when asked for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Generic, Self, TypeVar

import numpy as np

from tamis.codes import BadRecord

T = TypeVar("T")
ROOM = 128 << 20  # bytes of decoded items that a view keeps; what is beyond is decoded again


class Decoded(Sequence[T | None], Generic[T]):
    """An item for each row, None where there is none; `problems` says why, for rows asked for.

    `load(row)` decodes an item, or raises `BadRecord`. Items are kept while there is `room` (bytes,
    told by `nbytes`), so that measures share one decode and no batch of large pictures fills the
    memory. Threads may ask for different rows at once, if `load` lets them (`tamis.media.ahead`).
    """

    def __init__(self, load: Callable[[int], T], rows: int, room: int = ROOM) -> None:
        self._load, self._rows, self._room = load, rows, room
        self._kept: dict[int, T] = {}
        self._counting = threading.Lock()
        self.problems: dict[int, str] = {}
        self.asked: np.ndarray | None = None  # the rows that were taken last; None: all may be

    def __len__(self) -> int:
        return self._rows

    def __getitem__(self, row: Any) -> Any:
        if row in self._kept:
            return self._kept[row]
        if row in self.problems:
            return None
        if not 0 <= row < self._rows:
            raise IndexError(row)  # ends an iteration
        try:
            item = self._load(row)
        except BadRecord as bad:
            self.problems[row] = f"{bad.code}: {bad.detail}"
            return None
        size = getattr(item, "nbytes", 64)
        with self._counting:
            if size <= self._room and row not in self._kept:
                self._room -= size
                self._kept[row] = item
        return item

    def __iter__(self) -> Iterator[T | None]:
        return (self[row] for row in range(self._rows))

    def refuse(self, row: int, bad: BadRecord) -> None:
        """Note what only showed when the item was worked through; the item stays as it is."""
        self.problems[row] = f"{bad.code}: {bad.detail}"

    def take(self, rows: np.ndarray) -> Taken[T]:
        """Those rows; what is decoded of them is shared."""
        self.asked = rows
        return Taken(self, rows)


class Taken(Sequence[T | None], Generic[T]):
    """Some rows of a `Decoded`."""

    def __init__(self, whole: Any, rows: np.ndarray) -> None:
        self._whole, self._rows = whole, [int(row) for row in rows]

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, row: Any) -> Any:
        return self._whole[self._rows[row]]

    @property
    def problems(self) -> dict[int, str]:
        """As in the whole, by the positions here."""
        known = self._whole.problems
        return {k: known[row] for k, row in enumerate(self._rows) if row in known}

    def refuse(self, row: int, bad: BadRecord) -> None:
        """Note what only showed when the item was worked through."""
        self._whole.refuse(self._rows[row], bad)

    def take(self, rows: np.ndarray) -> Self:
        """Some rows of these."""
        return type(self)(self._whole, np.asarray(self._rows)[rows])


def behind(items: Decoded[T], row: int) -> T:
    """The item of a view that another is made of; what is wrong with it is raised."""
    item = items[row]
    if item is None:
        code, _, detail = items.problems[row].partition(": ")
        raise BadRecord(code, detail)
    found: T = item
    return found


def each(
    items: Sequence[Any],
    function: Callable[[Any], Any],
    width: int | None = None,
) -> np.ndarray:
    """`function` of each item as float64 of [rows], or of [rows, width]; NaN where there is none.

    A `BadRecord` that it raises, say of a recording that ends early, becomes the row's reason.

    >>> each(["ab", None], len)
    array([ 2., nan])
    """
    found = np.full(len(items) if width is None else (len(items), width), np.nan)
    for row in range(len(items)):
        item = items[row]
        if item is not None:
            try:
                found[row] = function(item)
            except BadRecord as bad:
                if not isinstance(items, Decoded | Taken):
                    raise
                items.refuse(row, bad)
    return found
