"""Repeated word n-grams: the walk from each order to the next.

An n-gram can be repeated only where both (n-1)-grams in it are, so each order looks only at the
places the order below left, and two n-grams are equal when the (n-1)-grams at their start and
end are: from the second order on, equality is exact. (Two words are equal when their 64-bit hashes
are.) In a text without a repeated 2-gram nothing of a higher order is looked at. Loops over places
choose by arithmetic, not by branches, which no processor could foresee here.
"""

from __future__ import annotations

import numpy as np

from tamis.kernels import mask
from tamis.kernels.jit import jit
from tamis.kernels.word_hash import pair

_SPREAD = np.uint64(0x9E3779B97F4A7C15)
_1, _32 = np.uint64(1), np.uint64(32)
NONE = np.uint32(0xFFFFFFFF)
"""No place. Places are unsigned: a signed index costs a test for counting from the end."""


@jit
def power(size: int) -> int:
    """The least power of two, 16 at least, that is not less than `size`."""
    power = 16
    while power < size:
        power *= 2
    return power


@jit
def candidates(
    hashes: np.ndarray, low: int, keys: np.ndarray, seen: np.ndarray, places: np.ndarray
) -> int:
    """Places of the n-grams of the lowest order that may be repeated; how many there are.

    An n-gram alone in its slot of a small table is not repeated: most are left out here.
    """
    total = len(hashes) - low + 1
    if total < 2:
        return 0
    size = power(4 * total)
    seen[:size] = 0
    shift = np.uint64(64 - mask.trailing_zeros(np.uint64(size)))
    for i in range(total):
        key = hashes[i] if low == 1 else pair(hashes[i], hashes[i + 1])
        keys[i] = key
        slot = key >> shift
        seen[slot] = (seen[slot] << 1 | 1) & 255
    left = 0
    for i in range(total):
        places[left] = i
        left += np.int64(seen[keys[i] >> shift] > 1)
    return left


@jit
def group(
    left: int,
    places: np.ndarray,
    keys: np.ndarray,
    table: np.ndarray,
    first: np.ndarray,
    count: np.ndarray,
) -> None:
    """For each place the first one with the same key, and how often that key occurs."""
    size = power(2 * left)
    table[:size] = NONE
    shift = np.uint64(64 - mask.trailing_zeros(np.uint64(size)))
    last = np.uint64(size - 1)
    for p in range(left):
        i = places[p]
        key = keys[i]
        count[i] = 0
        slot = key * _SPREAD >> shift
        found = table[slot]
        found = i if found == NONE else found
        while keys[found] != key:
            slot = (slot + _1) & last
            found = table[slot]
            found = i if found == NONE else found
        table[slot] = found
        first[i] = found
        count[found] += np.uint32(1)


@jit
def longer(
    left: int,
    places: np.ndarray,
    pending: np.ndarray,
    before: np.ndarray,
    first: np.ndarray,
    keys: np.ndarray,
    table: np.ndarray,
    count: np.ndarray,
) -> int:
    """From the repeated n-grams of one order to those of the next; how many may be repeated.

    `before` is `first` of the order below. Where the n-gram goes on as the first of its kind did,
    that place is the first of the longer one too. Only the others are looked up.
    """
    kept = waiting = 0
    for p in range(left):
        i = places[p]
        one, two = before[i], before[np.uint32(i + 1)]
        fits = two != NONE
        same = fits & (before[np.uint32(one + 1)] == two)
        keys[i] = np.uint64(one) << _32 | np.uint64(two)
        first[i] = one if same else NONE
        count[i] = 0
        count[one] += np.uint32(same)
        places[kept] = i
        pending[waiting] = i
        kept += np.int64(fits)
        waiting += np.int64(fits & (not same))
    if waiting > 0:
        group(waiting, pending, keys, table, first, count)
    return kept


@jit
def settle(
    left: int, places: np.ndarray, first: np.ndarray, count: np.ndarray
) -> tuple[int, int, int]:
    """Leave out what is not repeated; how many places stay, the most frequent n-gram, its copies.

    That is the one that comes first of those equally frequent, by the place where it first stands.
    """
    kept, best, most = 0, 0, 1
    for p in range(left):
        i = places[p]
        found = first[i]
        number = np.int64(count[found])
        stays = number > 1
        places[kept] = i
        kept += np.int64(stays)
        first[i] = found if stays else NONE
        if number > most:  # met first at the first of its kind
            best, most = np.int64(i), number
    return kept, best, most
