"""Groups of rows with equal keys on a CUDA device: what `links` does, a thread for each row.

A row takes the next free place of the table by one atomic exchange, or meets its key there. Trees
are joined as by J. Jaiganesh and M. Burtscher, "A high-performance connected components
implementation for GPUs" (2018): only a root is ever pointed elsewhere, by compare-and-swap, and to
a lower row. So each tree's root is its lowest row, in whatever order threads run, and the outcome
is that of the processor.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tamis.kernels.cuda import Threads as cuda
from tamis.kernels.cuda import kernel
from tamis.kernels.links import find

_FREE = np.int32(-1)


@kernel("uint64[::1], uint64[::1], boolean[::1], int32[::1]")
def enter(low: np.ndarray, high: np.ndarray, valid: np.ndarray, table: np.ndarray) -> None:
    """Put the valid rows into a table (-1 everywhere at first), of equal ones the lowest."""
    row = cuda.grid(1)
    if row >= low.size or not valid[row]:
        return
    mask = np.uint64(table.size - 1)
    at = np.int64(low[row] & mask)
    while True:
        held = cuda.atomic.cas(table, at, _FREE, np.int32(row))
        if held < 0:
            return
        if low[held] == low[row] and high[held] == high[row]:
            if row < held:
                cuda.atomic.min(table, at, np.int32(row))
            return
        at = np.int64(np.uint64(at + 1) & mask)


@kernel("uint64[::1], uint64[::1], boolean[::1], int32[::1], int32[::1]")
def first_entered(
    low: np.ndarray, high: np.ndarray, valid: np.ndarray, table: np.ndarray, first: np.ndarray
) -> None:
    """For each valid row the first that is equal, once all are entered; others are their own."""
    row = cuda.grid(1)
    if row >= low.size:
        return
    if not valid[row]:
        first[row] = np.int32(row)
        return
    mask = np.uint64(table.size - 1)
    at = np.int64(low[row] & mask)
    held = table[at]
    while low[held] != low[row] or high[held] != high[row]:
        at = np.int64(np.uint64(at + 1) & mask)
        held = table[at]
    first[row] = held


@kernel("uint64[::1], boolean[::1], int32[::1], int32[::1]")
def link(keys: np.ndarray, active: np.ndarray, table: np.ndarray, parent: np.ndarray) -> None:
    """Join the active rows that share a key; `table` has -1 everywhere at first."""
    row = cuda.grid(1)
    if row >= keys.size or not active[row]:
        return
    mask = np.uint64(table.size - 1)
    at = np.int64(keys[row] & mask)
    while True:
        held = cuda.atomic.cas(table, at, _FREE, np.int32(row))
        if held < 0:
            return
        if keys[held] == keys[row]:
            join(parent, np.int64(held), np.int64(row))
            return
        at = np.int64(np.uint64(at + 1) & mask)


@kernel("int32[::1], int32[::1], int32[::1]")
def unite(parent: np.ndarray, left: np.ndarray, right: np.ndarray) -> None:
    """Join the two rows of each edge."""
    edge = cuda.grid(1)
    if edge < left.size:
        join(parent, np.int64(left[edge]), np.int64(right[edge]))


@kernel("int32[::1], int32[::1]")
def roots(parent: np.ndarray, found: np.ndarray) -> None:
    """The root of each row's tree; trees stay as they are, for others climb them meanwhile."""
    start = cuda.grid(1)
    if start < parent.size:
        row = np.int64(start)
        while parent[row] != row:
            row = np.int64(parent[row])
        found[start] = np.int32(row)


def join(parent: np.ndarray, left: Any, right: Any) -> None:
    """Make two rows members of one tree, while other threads do the same with others."""
    left, right = find(parent, left), find(parent, right)
    while left != right:
        lower, higher = min(left, right), max(left, right)
        held = cuda.atomic.cas(parent, higher, np.int32(higher), np.int32(lower))
        if held == higher:
            return
        left, right = lower, find(parent, np.int64(held))  # it was no root any more
