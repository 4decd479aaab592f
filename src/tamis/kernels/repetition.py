"""How much of a text repeated word n-grams are, as NeMo Curator and each reading of Gopher say it.

All of them speak of the same n-grams, so they are measured in one walk over the words.
"""

from __future__ import annotations

import numpy as np

from tamis.kernels.jit import jit
from tamis.kernels.ngrams import NONE, candidates, group, longer, power, settle

COLUMNS = (
    "copies", "letters", "covered", "longest", "charged", "scanned", "held", "summed", "possible",
)  # fmt: skip
"""Of the most frequent n-gram (the earliest of equals): its copies; characters of its words;
characters its copies cover, spaces between words too, each once; characters of the longest of those
as frequent. Of n-grams that stood before: characters they cover; characters one scan finds that
jumps over each n-gram it has seen. Of all copies: characters of words they cover; the sum of their
characters. Last the sum of the characters of all n-grams, repeated or not."""
_COPIES, _LETTERS, _COVERED, _LONGEST, _CHARGED, _SCANNED, _HELD, _SUMMED, _POSSIBLE = range(9)
_SEEN = np.uint32(1 << 31)


@jit
def repetition(
    hashes: np.ndarray,
    lengths: np.ndarray,
    word_offsets: np.ndarray,
    gap: int,
    low: int,
    high: int,
    high_top: int,
    low_repeat: int,
    top: np.ndarray,
    figures: np.ndarray,
) -> None:
    """For each order from `low` (1 or 2) to `high`: the most frequent n-gram, and the `COLUMNS`.

    `top[i, n - low]` (int32) is the word of text i at which its most frequent n-gram first starts.
    `figures[i, n - low]` (int64) has "covered" and "longest" up to the order `high_top`, "scanned",
    "held", "summed" and "possible" from `low_repeat` on, 0 elsewhere; orders longer than the text
    have 0. `gap` is how many spaces stand between words.
    """
    most = 0
    for i in range(len(word_offsets) - 1):
        most = max(most, word_offsets[i + 1] - word_offsets[i])
    keys = np.empty(most + 8, np.uint64)
    seen = np.empty(power(4 * most), np.uint8)
    table = np.empty(power(2 * most), np.uint32)
    places, pending = np.empty(most + 8, np.uint32), np.empty(most + 8, np.uint32)
    first, count = np.empty(most + 8, np.uint32), np.empty(most + 8, np.uint32)
    below = np.empty(most + 8, np.uint32)  # `first` of the order below
    before = np.zeros(most + high + 8, np.int64)  # characters of the words before each
    for i in range(len(word_offsets) - 1):
        start, end = word_offsets[i], word_offsets[i + 1]
        total = np.int64(end - start)
        _sum(lengths[start:end], before)
        left = candidates(hashes[start:end], low, keys, seen, places)
        if left > 0:
            first[: total - low + 2] = NONE
            group(left, places, keys, table, first, count)
        for order in range(low, high + 1):
            row = figures[i, order - low]
            row[:] = 0
            if order > low and left > 0:
                first, below = below, first
                first[: total - low + 2] = NONE
                left = longer(left, places, pending, below, first, keys, table, count)
            left, best, copies = settle(left, places, first, count)
            top[i, order - low] = best
            row[_COPIES] = copies
            if total >= order:
                row[_LETTERS] = before[best + order] - before[best]
            if order >= low_repeat:
                row[_POSSIBLE] = _possible(order, total, before)
            if left > 0:
                found = (left, order, places, first, count, before)
                if order <= high_top:
                    row[_COVERED], row[_LONGEST] = _most(found, gap, best, copies)
                if order < low_repeat:
                    row[_CHARGED] = _charged(found, gap)
                else:
                    row[_CHARGED], row[_HELD], row[_SUMMED] = _repeated(found, gap)
                    row[_SCANNED] = _scanned(found)


@jit
def _sum(lengths: np.ndarray, before: np.ndarray) -> None:
    total = np.int64(0)
    for w in range(len(lengths)):
        before[w] = total
        total += lengths[w]
    before[len(lengths)] = total


@jit
def _most(found, gap, best, copies):
    """Characters covered by the most frequent n-gram; of the longest of those as frequent."""
    left, order, places, first, count, before = found
    covered = longest = np.int64(0)
    until = np.int64(0)  # the word after the last one covered
    for p in range(left):
        i = np.uint32(places[p])
        if first[i] == best:
            fresh = max(np.int64(i), until)
            covered += before[np.int64(i) + order] - before[fresh]
            covered += gap * (np.int64(i) + order - 1 - fresh + np.int64(until > i))
            until = np.int64(i) + order
        if first[i] == i and count[i] == copies:
            longest = max(longest, before[np.int64(i) + order] - before[i])
    return covered, longest


@jit
def _charged(found, gap):
    """Characters of n-grams that stood before, words counted once where they overlap."""
    left, order, places, first, _, before = found
    charged = np.int64(0)
    since = np.int64(-order)  # where the n-gram charged last starts
    for p in range(left):
        i = places[p]
        leads = first[i] == i
        fresh = min(np.int64(i) - since, order)  # words of it that the last one did not have
        end = np.uint32(i + order)
        added = before[end] - before[np.uint32(end - fresh)] + gap * (fresh - (fresh == order))
        charged += 0 if leads else added
        since = since if leads else np.int64(i)
    return charged


@jit
def _repeated(found, gap):
    """As `_charged`; the same of all copies, without spaces; the sum of all copies."""
    left, order, places, first, _, before = found
    charged = held = summed = np.int64(0)
    since = last = np.int64(-order)
    for p in range(left):
        i = places[p]
        leads = first[i] == i
        end = np.uint32(i + order)
        fresh = min(np.int64(i) - since, order)
        added = before[end] - before[np.uint32(end - fresh)] + gap * (fresh - (fresh == order))
        charged += 0 if leads else added
        since = since if leads else np.int64(i)
        held += before[end] - before[np.uint32(end - min(np.int64(i) - last, order))]
        last = np.int64(i)
        summed += before[end] - before[i]
    return charged, held, summed


@jit
def _scanned(found):
    """One scan that jumps over each n-gram seen before; what it jumps over is never noted.

    A mark in `count`, which the next order makes anew, says that the scan has seen an n-gram.
    """
    left, order, places, first, count, before = found
    characters = np.int64(0)
    free = np.int64(0)
    for p in range(left):
        i = np.int64(places[p])
        if i < free:
            continue
        kind = first[i]
        if count[kind] & _SEEN != 0:
            characters += before[i + order] - before[i]
            free = i + order
        else:
            count[kind] |= _SEEN
    return characters


@jit
def _possible(order, total, before):
    """Characters of all n-grams: each word as often as n-grams have it."""
    characters = np.int64(0)
    for k in range(order):
        if total - order + 1 + k > k:
            characters += before[total - order + 1 + k] - before[k]
    return characters
