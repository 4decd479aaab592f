"""Rows dealt out to blocks by the high bits of a key, and the neighbours of nodes in a block.

Keys are hashes already, or are made so here; the high bits choose the block, so the low bits are
still good for the hash table that the block is put into.
"""

from __future__ import annotations

import numpy as np

from tamis.kernels.jit import jit
from tamis.kernels.mixing import finalise


@jit
def block_of(key: np.uint64, blocks: int) -> int:
    """Which of so many blocks (fewer than 2**32) a key belongs to."""
    return np.int64(((key >> np.uint64(32)) * np.uint64(blocks)) >> np.uint64(32))


@jit
def deal(keys: np.ndarray, blocks: int, order: np.ndarray, ends: np.ndarray) -> None:
    """Order rows by block, rows of one block as they came (a counting sort).

    Fills `order` (positions) and `ends` (`blocks + 1`, from 0: where each block begins and ends).
    """
    ends[:] = 0
    for row in range(keys.size):
        ends[block_of(keys[row], blocks) + 1] += 1
    for block in range(blocks):
        ends[block + 1] += ends[block]
    place = ends[:-1].copy()
    for row in range(keys.size):
        block = block_of(keys[row], blocks)
        order[place[block]] = row
        place[block] += 1


@jit
def scramble(nodes: np.ndarray, keys: np.ndarray) -> None:
    """The keys by which numbers of rows are dealt out."""
    for at in range(nodes.size):
        keys[at] = finalise(np.uint64(nodes[at]))


@jit
def unite(parent: np.ndarray, left: np.ndarray, right: np.ndarray) -> None:
    """Make both ends of every edge members of one tree; the root is the lowest row of a tree."""
    for at in range(left.size):
        a, b = left[at], right[at]
        while parent[a] != a:
            parent[a] = parent[parent[a]]
            a = parent[a]
        while parent[b] != b:
            parent[b] = parent[parent[b]]
            b = parent[b]
        if a < b:
            parent[b] = a
        else:
            parent[a] = b


@jit
def distinct(left: np.ndarray, right: np.ndarray, table: np.ndarray, first: np.ndarray) -> None:
    """Mark the first of all equal pairs. `table` is a power of two above twice the pairs."""
    table[:] = -1
    mask = np.uint64(table.size - 1)
    for row in range(left.size):
        key = finalise(finalise(np.uint64(left[row])) + np.uint64(right[row]))
        at = np.int64(key & mask)
        while table[at] >= 0 and (left[table[at]] != left[row] or right[table[at]] != right[row]):
            at = np.int64(np.uint64(at + 1) & mask)
        first[row] = table[at] < 0
        if first[row]:
            table[at] = row


@jit
def neighbourhoods(
    left: np.ndarray, right: np.ndarray, table: np.ndarray, slot: np.ndarray, lowest: np.ndarray
) -> None:
    """Of each pair's left node the first pair with it (`slot`), and there the lowest node it knows.

    `lowest[slot]` is the lowest of the node and of all its right nodes; other entries mean nothing.
    """
    table[:] = -1
    mask = np.uint64(table.size - 1)
    for row in range(left.size):
        at = np.int64(finalise(np.uint64(left[row])) & mask)
        while table[at] >= 0 and left[table[at]] != left[row]:
            at = np.int64(np.uint64(at + 1) & mask)
        if table[at] < 0:
            table[at] = row
            lowest[row] = left[row]
        slot[row] = table[at]
        lowest[slot[row]] = min(lowest[slot[row]], right[row])
