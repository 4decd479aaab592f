"""Groups of rows with equal keys, by hash tables that fill while union-find joins what meets.

Rows with one key are joined to the first of them (a star, never all pairs), so a key shared by a
million rows costs a million steps. Union-find: R. Tarjan (1975), with path halving; the root of a
tree is its lowest row, so the outcome does not depend on the order of joining.
"""

from __future__ import annotations

import numpy as np

from tamis.kernels.jit import jit


@jit
def find(parent: np.ndarray, row: int) -> int:
    """The root of a row's tree, halving the path on the way."""
    while parent[row] != row:
        parent[row] = parent[parent[row]]
        row = parent[row]
    return row


@jit
def join(parent: np.ndarray, left: int, right: int) -> None:
    """Make two rows members of one tree."""
    left, right = find(parent, left), find(parent, right)
    if left < right:
        parent[right] = left
    elif right < left:
        parent[left] = right


@jit
def roots(parent: np.ndarray) -> None:
    """Point every row straight at its root."""
    for row in range(parent.size):
        parent[row] = find(parent, row)


@jit
def link(keys: np.ndarray, active: np.ndarray, table: np.ndarray, parent: np.ndarray) -> None:
    """Join the active rows that share a key.

    `table` (int32, a power of two above twice the rows) is cleared here. Keys are hashes already.
    """
    table[:] = -1
    mask = np.uint64(table.size - 1)
    for row in range(keys.size):
        if not active[row]:
            continue
        key = keys[row]
        at = np.int64(key & mask)
        while table[at] >= 0 and keys[table[at]] != key:
            at = np.int64(np.uint64(at + 1) & mask)
        if table[at] < 0:
            table[at] = row
        else:
            join(parent, table[at], row)


@jit
def first_equal(
    low: np.ndarray, high: np.ndarray, valid: np.ndarray, table: np.ndarray, first: np.ndarray
) -> None:
    """For each valid row the first with the same 128-bit key; other rows stand for themselves."""
    table[:] = -1
    enter(low, high, valid, table, first, 0)


@jit
def enter(
    low: np.ndarray,
    high: np.ndarray,
    valid: np.ndarray,
    table: np.ndarray,
    first: np.ndarray,
    start: int,
) -> None:
    """`first_equal` for the rows from `start`, where `table` holds those before."""
    mask = np.uint64(table.size - 1)
    for row in range(start, low.size):
        first[row] = row
        if not valid[row]:
            continue
        at = np.int64(low[row] & mask)
        while table[at] >= 0 and (low[table[at]] != low[row] or high[table[at]] != high[row]):
            at = np.int64(np.uint64(at + 1) & mask)
        if table[at] < 0:
            table[at] = row
        else:
            first[row] = table[at]


@jit
def buckets(
    keys: np.ndarray, table: np.ndarray, start: int, bucket: np.ndarray, sizes: np.ndarray
) -> int:
    """Number the keys that occur more than once, from `start`, in order of their first rows.

    Fills `bucket` (-1 for a key that occurs once) and `sizes` (rows of bucket `start + k` at k).
    Gives the next free number.
    """
    table[:] = -1
    mask = np.uint64(table.size - 1)
    first = np.empty(keys.size, np.int32)
    count = np.zeros(keys.size, np.int32)
    for row in range(keys.size):
        key = keys[row]
        at = np.int64(key & mask)
        while table[at] >= 0 and keys[table[at]] != key:
            at = np.int64(np.uint64(at + 1) & mask)
        if table[at] < 0:
            table[at] = row
        first[row] = table[at]
        count[table[at]] += 1
    number = start
    for row in range(keys.size):
        if first[row] != row:
            bucket[row] = bucket[first[row]]
        elif count[row] == 1:
            bucket[row] = -1
        else:
            bucket[row] = number
            sizes[number - start] = count[row]
            number += 1
    return number
