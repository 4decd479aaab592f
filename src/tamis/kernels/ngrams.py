"""Repeated word n-grams of every order from one walk: which is most frequent, how much is repeated.

An n-gram can be repeated only where both (n-1)-grams in it are, so each order looks only at the
places the order below left, and two n-grams are equal when the (n-1)-grams at their start and
end are: from the second order on, equality is exact. (Two words are equal when their 64-bit hashes
are.) In a text without a repeated 2-gram nothing of a higher order is looked at.
"""

from __future__ import annotations

import numpy as np

from tamis.kernels import mask
from tamis.kernels.jit import jit
from tamis.kernels.word_hash import pair

_SPREAD = np.uint64(0x9E3779B97F4A7C15)
_32 = np.uint64(32)


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
    places = np.empty(most + 8, np.int32)
    first = np.empty(most + 8, np.int32)
    count = np.empty(most + 8, np.int32)
    seen = np.empty(_power(4 * most), np.uint8)
    table = np.empty(_power(2 * most), np.int32)
    scratch = (keys, places, first, count, seen, table)
    for i in range(len(word_offsets) - 1):
        start, end = word_offsets[i], word_offsets[i + 1]
        left = _lowest(hashes[start:end], low, scratch)
        for order in range(low, high + 1):
            if order > low:
                left = _next(left, end - start - order, scratch)
            if left == 0:
                top[i, order - low :] = 0
                charged[i, order - low :] = 0
                break
            top[i, order - low] = _top(left, first, count, places)
            charged[i, order - low] = _charge(left, order, gap, lengths[start:end], first, places)


@jit
def _power(size: int) -> int:
    power = 16
    while power < size:
        power *= 2
    return power


@jit
def _lowest(hashes: np.ndarray, low: int, scratch) -> int:
    """Find the repeated n-grams of the lowest order; returns how many `places` hold one."""
    keys, places, first, _, seen, _ = scratch
    total = len(hashes) - low + 1
    if total < 2:
        return 0
    size = _power(4 * total)
    seen[:size] = 0
    shift = np.uint64(64 - mask.trailing_zeros(np.uint64(size)))
    for i in range(total):
        key = hashes[i] if low == 1 else pair(hashes[i], hashes[i + 1])
        keys[i] = key
        slot = np.int64(key >> shift)
        seen[slot] = (seen[slot] << 1 | 1) & 255
    kept = 0
    for i in range(total):  # most of what is alone in its slot is left out here
        places[kept] = i
        kept += np.int64(seen[np.int64(keys[i] >> shift)] > 1)
    first[: total + 1] = -1
    return _group(kept, scratch)


@jit
def _next(left: int, last: int, scratch) -> int:
    """From the repeated n-grams of one order to the next; the last may start at `last`."""
    keys, places, first, _, _, _ = scratch
    kept = 0
    for p in range(left):
        i = np.int64(places[p])
        one, two = np.int64(first[i]), np.int64(first[i + 1]) if i <= last else np.int64(-1)
        first[i] = -1
        if two >= 0:
            keys[i] = np.uint64(one) << _32 | np.uint64(two)
            places[kept] = i
            kept += 1
    return _group(kept, scratch) if kept > 1 else 0


@jit
def _group(kept: int, scratch) -> int:
    """Give `first[i]`, the first place with the same key, to each place; drop those alone."""
    keys, places, first, count, _, table = scratch
    size = _power(2 * kept)
    table[:size] = -1
    shift = np.uint64(64 - mask.trailing_zeros(np.uint64(size)))
    for p in range(kept):
        i = np.int64(places[p])
        key = keys[i]
        slot = np.int64(key * _SPREAD >> shift)
        while table[slot] >= 0 and keys[table[slot]] != key:
            slot = (slot + 1) & (size - 1)
        if table[slot] < 0:
            table[slot] = i
            count[i] = 0
        first[i] = table[slot]
        count[table[slot]] += 1
    left = 0
    for p in range(kept):
        i = places[p]
        if count[first[i]] > 1:
            places[left] = i
            left += 1
        else:
            first[i] = -1
    return left


@jit
def _top(left: int, first: np.ndarray, count: np.ndarray, places: np.ndarray) -> int:
    best, most = 0, 0
    for p in range(left):
        i = places[p]
        if first[i] == i and count[i] > most:
            best, most = i, count[i]
    return best


@jit
def _charge(left: int, order: int, gap: int, lengths, first: np.ndarray, places: np.ndarray) -> int:
    """Characters of the n-grams seen before; words charged already are passed over."""
    charged = np.int64(0)
    since = -order  # where the n-gram charged last starts
    for p in range(left):
        i = np.int64(places[p])
        if first[i] == i:
            continue
        fresh = min(i - since, order)  # words of this n-gram that the last one did not have
        for w in range(i + order - fresh, i + order):
            charged += lengths[w]
        charged += gap * min(fresh, order - 1)
        since = i
    return charged
