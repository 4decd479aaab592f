"""Rows with equal keys, and what chains of them join: on the processor, or on a card.

Both give the same arrays: of equal rows the lowest stands for all. On a card it is worth it for
many keys only (`WORTH`): they are copied there, 8 bytes each, and a kernel is compiled first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, TypeVar

import numpy as np

from tamis.array_device import Device
from tamis.dedup.card import on_host, tried
from tamis.kernels import cuda_links, exchange, links
from tamis.kernels.cuda import per_item

WORTH = 1 << 27  # keys: one and a half seconds of a core, which compiling takes, too
ROW = 72  # bytes a row on the card: 8 or 16 of table, 16 of keys, 32 of counts and numbers

Found = TypeVar("Found")


class Buckets(NamedTuple):
    """The number of each row's key (int32, -1: it occurs once), and how many have each number."""

    number: np.ndarray
    sizes: np.ndarray


class Processor:
    """Keys of up to `rows` rows, by loops over a hash table that is kept for them all."""

    def __init__(self, rows: int) -> None:
        self.table = np.empty(slots(rows), np.int32)

    def first_equal(self, low: np.ndarray, high: np.ndarray, valid: np.ndarray) -> np.ndarray:
        """For each valid row the first with the same 128-bit key (int32); others are their own."""
        first = np.empty(low.size, np.int32)
        links.first_equal(low, high, valid, self.table, first)
        return first

    def joined(
        self, first: np.ndarray, bands: Iterable[np.ndarray], active: np.ndarray
    ) -> np.ndarray:
        """The lowest row (int32) that each is joined to by `first` and equal keys of a band."""
        parent = first.copy()
        for keys in bands:
            links.link(keys, active, self.table, parent)
        links.roots(parent)
        return parent

    def united(self, rows: int, edges: Iterable[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
        """The lowest row that each of `rows` is joined to by edges."""
        parent = np.arange(rows, dtype=np.int32 if rows < 2**31 else np.int64)
        for left, right in edges:
            exchange.unite(parent, left, right)
        links.roots(parent)
        return parent

    def buckets(self, keys: np.ndarray, start: int) -> Buckets:
        """Keys that occur more than once, numbered from `start` in order of their first rows."""
        number, sizes = np.empty((2, keys.size), np.int32)
        stop = links.buckets(keys, self.table, start, number, sizes)
        return Buckets(number, sizes[: stop - start])


class Card:
    """The same on a device, a thread for each row; `table` is made anew for as many rows."""

    def __init__(self, there: Device) -> None:
        self.there = there

    def first_equal(self, low: np.ndarray, high: np.ndarray, valid: np.ndarray) -> np.ndarray:
        """As that of `Processor`."""
        return on_host(self._first(low, high, valid))

    def joined(
        self, first: np.ndarray, bands: Iterable[np.ndarray], active: np.ndarray
    ) -> np.ndarray:
        """As that of `Processor`."""
        put = self.there.put
        parent, chosen = put(first.astype(np.int32)), put(active)
        table = self._table(first.size)
        for keys in bands:
            table.fill(-1)
            per_item(cuda_links.link, first.size, put(keys), chosen, table, parent)
        return self._roots(parent)

    def united(self, rows: int, edges: Iterable[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
        """As that of `Processor`, of fewer than 2**31 rows."""
        put = self.there.put
        parent = self.there.xp.arange(rows, dtype=np.int32)
        for left, right in edges:
            ends = put(left.astype(np.int32)), put(right.astype(np.int32))
            per_item(cuda_links.unite, left.size, parent, *ends)
        return self._roots(parent)

    def buckets(self, keys: np.ndarray, start: int) -> Buckets:
        """As that of `Processor`."""
        xp = self.there.xp
        if not keys.size:
            return Buckets(np.empty(0, np.int32), np.empty(0, np.int32))
        first = self._first(keys, keys, np.ones(keys.size, np.bool_))
        counts = xp.bincount(first, minlength=keys.size)
        heads = (first == xp.arange(keys.size, dtype=np.int32)) & (counts > 1)
        number = xp.cumsum(heads) + (start - 1)
        number = xp.where(counts[first] > 1, number[first], -1).astype(np.int32)
        return Buckets(on_host(number), on_host(counts[heads].astype(np.int32)))

    def _first(self, low: np.ndarray, high: np.ndarray, valid: np.ndarray) -> Any:
        put, rows = self.there.put, low.size
        first = self.there.xp.empty(rows, np.int32)
        table = self._table(rows)
        table.fill(-1)
        there = put(low)
        given = there, there if high is low else put(high), put(valid), table
        per_item(cuda_links.enter, rows, *given)
        per_item(cuda_links.first_entered, rows, *given, first)
        return first

    def _table(self, rows: int) -> Any:
        return self.there.xp.empty(slots(rows), np.int32)

    def _roots(self, parent: Any) -> np.ndarray:
        found = self.there.xp.empty_like(parent)
        per_item(cuda_links.roots, parent.size, parent, found)
        return on_host(found)


Keys = Processor | Card


def grouped(what: str, rows: int, columns: int, work: Callable[[Keys], Found]) -> Found:
    """What some work with the keys of `rows` rows comes to, on the card if it is worth it.

    `columns` is how many keys each row has. The work may be done twice: on the processor as well,
    where the card gives up.
    """
    if rows * columns >= WORTH and rows < 2**31:
        found = tried(what, rows * ROW, lambda there: (work(Card(there)),))
        if found is not None:
            return found[0]
    return work(Processor(rows))


def slots(rows: int) -> int:
    """Places of a table for so many rows: a power of two, above twice as many."""
    return 1 << (2 * rows + 1).bit_length()
