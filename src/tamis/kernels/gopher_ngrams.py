"""Repeated word n-grams as each reading of Gopher measures them, all orders in one walk."""

from __future__ import annotations

import numpy as np

from tamis.kernels.gopher_ends import DATATROVE, DCLM, DOLMA, PAPER
from tamis.kernels.jit import jit
from tamis.kernels.ngrams import NONE, _candidates, _group, _next, _power, _reach, _settle

_SEEN = np.uint32(1 << 31)


@jit
def measured(
    hashes: np.ndarray,
    lengths: np.ndarray,
    word_offsets: np.ndarray,
    gap: int,
    reading: int,
    low_top: int,
    high_top: int,
    low: int,
    high: int,
    top: np.ndarray,
    repeated: np.ndarray,
    whole: np.ndarray,
) -> None:
    """Characters of the top n-gram, of repeated n-grams; column n - 2 speaks of n words.

    `top[i]`, for `low_top` to `high_top` words, is of the n-gram met most often in text i;
    `repeated[i]`, for `low` to `high` words, of what is a part of `whole[i]`, or of the text itself
    where that is -1. All int64. Orders longer than a text have 0.
    """
    most = 0
    for i in range(len(word_offsets) - 1):
        most = max(most, word_offsets[i + 1] - word_offsets[i])
    keys = np.empty(most + 8, np.uint64)
    seen = np.empty(_power(4 * most), np.uint8)
    table = np.empty(_power(2 * most), np.uint32)
    places, pending = np.empty(most + 8, np.uint32), np.empty(most + 8, np.uint32)
    first, count = np.empty(most + 8, np.uint32), np.empty(most + 8, np.uint32)
    below = np.empty(most + 8, np.uint32)  # `first` of the order below
    reach, before = np.empty(most + 8, np.int64), np.empty(most + 8, np.int64)
    for i in range(len(word_offsets) - 1):
        start, end = word_offsets[i], word_offsets[i + 1]
        total = np.int64(end - start)
        _reach(lengths[start:end], 0, before)  # characters of the words before each
        left = _candidates(hashes[start:end], 2, keys, seen, places)
        if left > 0:
            first[:total] = NONE
            _group(left, places, keys, table, first, count)
            _reach(lengths[start:end], gap, reach)
        for order in range(2, high + 1):
            if order > 2 and left > 0:
                first, below = below, first
                first[:total] = NONE
                left = _next(left, places, pending, below, first, keys, table, count)
            left, best, charged = _settle(left, order, gap, places, first, count, reach)
            found = (left, order, gap, reading, before, first, count, places)
            at = order - 2
            if low_top <= order <= high_top:
                top[i, at] = _most(found, best, total)
            if order >= low:
                repeated[i, at] = charged if reading == PAPER else _repeated(found)
            if order >= low or reading == DCLM:
                whole[i, at] = _whole(order, total, reading, before)


@jit
def _most(found, best, total):
    """Characters of the most frequent n-gram, in all its copies."""
    left, order, gap, reading, before, first, count, places = found
    if total < order:
        return np.int64(0)
    if left == 0:  # each n-gram stands once; two readings take the first of them all the same
        if reading == DATATROVE:
            return before[order] + gap * (order - 1)
        return before[order] if reading == DOLMA else np.int64(0)
    copies = np.int64(count[best])
    size = before[best + order] - before[best]
    if reading == DCLM:  # of the n-grams equally frequent the longest
        for p in range(left):
            i = np.int64(places[p])
            if np.int64(first[i]) == i and np.int64(count[i]) == copies:
                size = max(size, before[i + order] - before[i])
        return copies * size
    if reading == DOLMA:
        return copies * size
    if reading == DATATROVE:
        return copies * (size + gap * (order - 1))
    return _covered(left, order, gap, best, before, first, places)


@jit
def _covered(left, order, gap, which, before, first, places):
    """Characters covered by n-grams, spaces between their words too: one n-gram, or all (-1)."""
    covered = np.int64(0)
    until = np.int64(0)  # the word after the last one covered
    for p in range(left):
        i = np.int64(places[p])
        if which >= 0 and np.int64(first[i]) != which:
            continue
        fresh = max(i, until)
        covered += before[i + order] - before[fresh]
        joins = i + order - 1 - fresh + np.int64(until > i)
        covered += gap * joins
        until = i + order
    return covered


@jit
def _repeated(found):
    """Characters of n-grams that are repeated."""
    left, order, _, reading, before, first, count, places = found
    if left == 0:
        return np.int64(0)
    if reading == DCLM:
        return _covered(left, order, 0, -1, before, first, places)
    if reading == DATATROVE:
        return _scanned(left, order, before, first, count, places)
    characters = np.int64(0)  # dolma: every copy of every n-gram, however they overlap
    for p in range(left):
        i = np.int64(places[p])
        characters += before[i + order] - before[i]
    return characters


@jit
def _scanned(left, order, before, first, count, places):
    """One scan that jumps over each n-gram seen before; what it jumps over is never noted.

    A mark in `count`, which the next order makes anew, says that the scan has seen an n-gram.
    """
    characters = np.int64(0)
    free = np.int64(0)
    for p in range(left):
        i = np.int64(places[p])
        if i < free:
            continue
        group = first[i]
        if count[group] & _SEEN != 0:
            characters += before[i + order] - before[i]
            free = i + order
        else:
            count[group] |= _SEEN
    return characters


@jit
def _whole(order, total, reading, before):
    if reading == DCLM:
        return before[total]
    if reading != DOLMA:
        return np.int64(-1)
    characters = np.int64(0)  # of all n-grams: each word as often as n-grams have it
    for k in range(order):
        if total - order + 1 + k > k:
            characters += before[total - order + 1 + k] - before[k]
    return characters
