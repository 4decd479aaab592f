"""Repeated word n-grams of every order from one walk: which is most frequent, how much is repeated.

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
def repeats(
    hashes: np.ndarray,
    lengths: np.ndarray,
    word_offsets: np.ndarray,
    low: int,
    high: int,
    gap: int,
    top: np.ndarray,
    charged: np.ndarray,
) -> None:
    """For the orders `low` (1 or 2) to `high`: most frequent n-gram and characters charged.

    `top[i, n - low]` (int32) is the word at which the most frequent n-gram of text i first starts,
    the earliest of equals; `charged[i, n - low]` (int64) the characters of n-grams seen before,
    words counted once where they overlap, `gap` for each space between words.
    """
    most = 0
    for i in range(len(word_offsets) - 1):
        most = max(most, word_offsets[i + 1] - word_offsets[i])
    keys = np.empty(most + 8, np.uint64)
    seen = np.empty(_power(4 * most), np.uint8)
    table = np.empty(_power(2 * most), np.uint32)
    places, pending = np.empty(most + 8, np.uint32), np.empty(most + 8, np.uint32)
    first, count = np.empty(most + 8, np.uint32), np.empty(most + 8, np.uint32)
    before = np.empty(most + 8, np.uint32)  # `first` of the order below
    reach = np.empty(most + 8, np.int64)
    for i in range(len(word_offsets) - 1):
        start, end = word_offsets[i], word_offsets[i + 1]
        size = end - start - low + 2
        left = _candidates(hashes[start:end], low, keys, seen, places)
        if left > 0:
            first[:size] = NONE
            _group(left, places, keys, table, first, count)
            _reach(lengths[start:end], gap, reach)
        for order in range(low, high + 1):
            if order > low and left > 0:
                first, before = before, first
                first[:size] = NONE
                left = _next(left, places, pending, before, first, keys, table, count)
            left, best, characters = _settle(left, order, gap, places, first, count, reach)
            top[i, order - low] = best
            charged[i, order - low] = characters


@jit
def _power(size: int) -> int:
    power = 16
    while power < size:
        power *= 2
    return power


@jit
def _candidates(
    hashes: np.ndarray, low: int, keys: np.ndarray, seen: np.ndarray, places: np.ndarray
) -> int:
    """Places of the n-grams of the lowest order that may be repeated; how many there are.

    An n-gram alone in its slot of a small table is not repeated: most are left out here.
    """
    total = len(hashes) - low + 1
    if total < 2:
        return 0
    size = _power(4 * total)
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
def _group(
    left: int,
    places: np.ndarray,
    keys: np.ndarray,
    table: np.ndarray,
    first: np.ndarray,
    count: np.ndarray,
) -> None:
    """For each place the first one with the same key, and how often that key occurs."""
    size = _power(2 * left)
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
def _next(
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

    Where the n-gram goes on as the first of its kind did, that place is the first of the longer
    one too. Only the others are looked up.
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
        _group(waiting, pending, keys, table, first, count)
    return kept


@jit
def _reach(lengths: np.ndarray, gap: int, reach: np.ndarray) -> None:
    """Characters and gaps before each word."""
    total = np.int64(0)
    for w in range(len(lengths)):
        reach[w] = total
        total += lengths[w] + gap
    reach[len(lengths)] = total


@jit
def _settle(
    left: int,
    order: int,
    gap: int,
    places: np.ndarray,
    first: np.ndarray,
    count: np.ndarray,
    reach: np.ndarray,
) -> tuple[int, int, int]:
    """Leave out what is not repeated; how many stay, the most frequent, characters charged."""
    kept, best, most = 0, 0, 1
    charged = np.int64(0)
    since = np.int64(-order)  # where the n-gram charged last starts
    for p in range(left):
        i = places[p]
        found = first[i]
        number = np.int64(count[found])
        stays, leads = number > 1, found == i
        places[kept] = i
        kept += np.int64(stays)
        first[i] = found if stays else NONE
        if number > most:  # met first at the first of its kind
            best, most = np.int64(i), number
        fresh = min(i - since, order)  # words of this n-gram that the last one did not have
        end = np.uint32(i + order)
        added = reach[end] - reach[np.uint32(end - fresh)] - (gap if fresh == order else 0)
        charged += 0 if leads else added
        since = since if leads else np.int64(i)
    return kept, best, charged
