"""All hashes within a Hamming distance of one another, none missed and none looked at in vain.

Some bits of a hash are dealt into blocks. Two hashes that differ in at most r bits differ, in one
of s blocks, in at most r // s of them (pigeonhole), so whoever is that near is found under the
values of a block with up to that many bits flipped (M. Norouzi, A. Punjani, D. Fleet, "Fast exact
search in Hamming space with multi-index hashing", 2014). A block is a directory: value to a short
list of hashes. A value that too many hashes share is not a list but a node: an index of its own
over the bits that are left, with the radius that is left.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tamis.kernels.jit import jit
from tamis.kernels.links import join, roots

_M1 = np.uint64(0x5555555555555555)
_M2 = np.uint64(0x3333333333333333)
_M4 = np.uint64(0x0F0F0F0F0F0F0F0F)
_H01 = np.uint64(0x0101010101010101)
_1, _2, _4, _56 = np.uint64(1), np.uint64(2), np.uint64(4), np.uint64(56)


class Index(NamedTuple):
    """Nodes, their blocks, and what stands under each value of a block; node 0 is the root."""

    node: np.ndarray  # int64[nodes + 1]: the first block of each node
    width: np.ndarray  # int64[blocks]: bits of a block
    bits: np.ndarray  # int16: the bits of all blocks, one block after another
    bits_at: np.ndarray  # int64[blocks]: where those of a block begin
    places: np.ndarray  # int64[blocks]: where the places of a block begin, one for each value
    starts: np.ndarray  # int64[places + 1]: where the list of a place begins
    filled: np.ndarray  # int32[places]: hashes in the list; below 0 it is node -1 - filled
    lists: np.ndarray  # int32: numbers of hashes
    words: np.ndarray  # uint64: the first word of each of them, so that few are looked up
    masks: np.ndarray  # int64: for each width all values, those of fewest bits first
    masks_at: np.ndarray  # int64[widths, bits + 2]: where those of so many bits begin
    room: int  # nodes that may wait for a visit


@jit
def ones(word: np.uint64) -> int:
    """How many bits of a word are set (compilers know this form and emit one instruction)."""
    word = word - ((word >> _1) & _M1)
    word = (word & _M2) + ((word >> _2) & _M2)
    word = (word + (word >> _4)) & _M4
    return np.int64((word * _H01) >> _56)


@jit
def distance(hashes: np.ndarray, left: int, right: int) -> int:
    """In how many bits two hashes (rows of uint64[hashes, words]) differ."""
    count = 0
    for k in range(hashes.shape[1]):
        count += ones(hashes[left, k] ^ hashes[right, k])
    return count


@jit
def block_value(hashes: np.ndarray, row: int, bits: np.ndarray, start: int, width: int) -> int:
    """The bits of a block, packed."""
    value = 0
    for k in range(start, start + width):
        bit = np.int64(bits[k])
        word = hashes[row, bit >> 6]
        value = (value << 1) | np.int64((word >> np.uint64(bit & 63)) & _1)
    return value


@jit
def block_values(
    hashes: np.ndarray, rows: np.ndarray, bits: np.ndarray, values: np.ndarray
) -> None:
    """`block_value` of some rows."""
    for k in range(rows.size):
        values[k] = block_value(hashes, rows[k], bits, 0, bits.size)


@jit
def bit_counts(hashes: np.ndarray, rows: np.ndarray, counts: np.ndarray) -> None:
    """Of some rows, how many have each bit set; `counts` is int64[bits]."""
    for row in rows:
        for bit in range(counts.size):
            counts[bit] += np.int64((hashes[row, bit >> 6] >> np.uint64(bit & 63)) & _1)


@jit
def put(index: Index, hashes: np.ndarray, row: int, stack: np.ndarray) -> None:
    """Enter a hash."""
    stack[0, 0] = 0
    waiting = 1
    while waiting > 0:
        waiting -= 1
        node = stack[waiting, 0]
        for block in range(index.node[node], index.node[node + 1]):
            value = block_value(hashes, row, index.bits, index.bits_at[block], index.width[block])
            place = index.places[block] + value
            count = index.filled[place]
            if count < 0:
                stack[waiting, 0] = -1 - count
                waiting += 1
            else:
                index.lists[index.starts[place] + count] = row
                index.words[index.starts[place] + count] = hashes[row, 0]
                index.filled[place] = count + 1


@jit
def near(
    index: Index,
    hashes: np.ndarray,
    row: int,
    radius: int,
    stack: np.ndarray,
    seen: np.ndarray,
    found: np.ndarray,
) -> tuple:
    """The hashes entered so far that differ from a row in at most `radius` bits, each once.

    Gives how many, and `found` (int32), longer than before if that was needed. `seen` is int32 per
    hash, -1 at first.
    """
    count = 0
    stack[0, 0], stack[0, 1] = 0, radius
    waiting = 1
    while waiting > 0:
        waiting -= 1
        node, left = stack[waiting, 0], stack[waiting, 1]
        first, blocks = index.node[node], index.node[node + 1] - index.node[node]
        least, more = left // blocks, left % blocks
        for block in range(first, first + blocks):
            flips = least if block - first <= more else least - 1
            if flips < 0:
                break
            width = index.width[block]
            value = block_value(hashes, row, index.bits, index.bits_at[block], width)
            for flipped in range(min(flips, width) + 1):
                for k in range(index.masks_at[width, flipped], index.masks_at[width, flipped + 1]):
                    place = index.places[block] + (value ^ index.masks[k])
                    held = index.filled[place]
                    if held < 0:
                        stack[waiting, 0], stack[waiting, 1] = -1 - held, left - flipped
                        waiting += 1
                        continue
                    start = index.starts[place]
                    for at in range(start, start + held):
                        if ones(index.words[at] ^ hashes[row, 0]) > radius:
                            continue
                        other = index.lists[at]
                        if seen[other] == row or distance(hashes, row, other) > radius:
                            continue
                        seen[other] = row
                        if count == found.size:
                            longer = np.empty(2 * count, np.int32)
                            for old in range(count):
                                longer[old] = found[old]
                            found = longer
                        found[count] = other
                        count += 1
    return count, found


@jit
def settle(
    index: Index,
    hashes: np.ndarray,
    radius: int,
    witness: np.ndarray,
    apart: np.ndarray,
) -> None:
    """Which hashes go, taken in order: those within `radius` of one that stays.

    Fills `witness` (int32: the nearest that stays, the first of several; -1 for who stays) and
    `apart` (int16: its distance). Only those that stay are entered into the index.
    """
    stack = np.zeros((index.room, 2), np.int64)
    seen = np.full(hashes.shape[0], -1, np.int32)
    found = np.zeros(64, np.int32)
    for row in range(hashes.shape[0]):
        count, found = near(index, hashes, row, radius, stack, seen, found)
        best, least = -1, radius + 1
        for k in range(count):
            apart_by = distance(hashes, row, found[k])
            if apart_by < least or (apart_by == least and found[k] < best):
                best, least = found[k], apart_by
        witness[row] = best
        apart[row] = least if best >= 0 else 0
        if best < 0:
            put(index, hashes, row, stack)


@jit
def connect(index: Index, hashes: np.ndarray, radius: int, parent: np.ndarray) -> None:
    """Point every hash at the lowest that it is joined to by steps within `radius`.

    `parent` (int32) has every hash point at itself at first.
    """
    stack = np.zeros((index.room, 2), np.int64)
    seen = np.full(hashes.shape[0], -1, np.int32)
    found = np.zeros(64, np.int32)
    for row in range(hashes.shape[0]):
        count, found = near(index, hashes, row, radius, stack, seen, found)
        for k in range(count):
            join(parent, found[k], row)
        put(index, hashes, row, stack)
    roots(parent)


@jit
def enter(index: Index, hashes: np.ndarray) -> None:
    """Enter every hash."""
    stack = np.zeros((index.room, 2), np.int64)
    for row in range(hashes.shape[0]):
        put(index, hashes, row, stack)


@jit
def nearest_entered(
    index: Index,
    hashes: np.ndarray,
    first: int,
    radius: int,
    witness: np.ndarray,
    apart: np.ndarray,
) -> None:
    """For each row from `first` on the nearest hash that was entered, -1 if none is that near.

    `witness` and `apart` are as those of `settle`, an entry for each of these rows.
    """
    stack = np.zeros((index.room, 2), np.int64)
    seen = np.full(hashes.shape[0], -1, np.int32)
    found = np.zeros(64, np.int32)
    for row in range(first, hashes.shape[0]):
        count, found = near(index, hashes, row, radius, stack, seen, found)
        best, least = -1, radius + 1
        for k in range(count):
            apart_by = distance(hashes, row, found[k])
            if apart_by < least or (apart_by == least and found[k] < best):
                best, least = found[k], apart_by
        witness[row - first] = best
        apart[row - first] = least if best >= 0 else 0


@jit
def pairs(
    index: Index, hashes: np.ndarray, start: int, stop: int, radius: int, most: int
) -> np.ndarray:
    """The pairs (int32[pairs, 2], the lower number first) whose higher number is in a range.

    Stops after more than `most` of them.
    """
    stack = np.zeros((index.room, 2), np.int64)
    seen = np.full(hashes.shape[0], -1, np.int32)
    found = np.zeros(64, np.int32)
    made = np.empty((1024, 2), np.int32)
    total = 0
    for row in range(start, stop):
        count, found = near(index, hashes, row, radius, stack, seen, found)
        while total + count > made.shape[0]:
            longer = np.empty((2 * made.shape[0], 2), np.int32)
            for k in range(total):
                longer[k, 0], longer[k, 1] = made[k, 0], made[k, 1]
            made = longer
        for k in range(count):
            if found[k] < row:
                made[total, 0], made[total, 1] = found[k], row
                total += 1
        if total > most:
            break
    return made[:total]
