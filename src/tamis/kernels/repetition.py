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
    "held", "summed" and "possible" from `low_repeat` on; orders longer than the text have 0. `gap`
    is how many spaces stand between words.
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
    again = np.empty(most + 8, np.uint32)
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
            left, later, best, copies, equals = settle(left, places, again, first, count)
            top[i, order - low] = best
            row[_COPIES] = copies
            if total >= order:
                row[_LETTERS] = before[best + order] - before[best]
            if order >= low_repeat:
                row[_POSSIBLE] = possible(order, total, before)
            if left > 0:
                row[_CHARGED] = _covered(later, again, order, gap, before)
                if order <= high_top:
                    number = _all_of(best, left, places, first, pending)
                    row[_COVERED] = _covered(number, pending, order, gap, before)
                    row[_LONGEST] = row[_LETTERS]
                    if equals:
                        row[_LONGEST] = _longest(copies, left, places, order, first, count, before)
                if order >= low_repeat:
                    row[_HELD], row[_SUMMED] = _held(left, places, order, before)
                    row[_SCANNED] = scanned(left, places, order, first, count, before)


@jit
def _sum(lengths: np.ndarray, before: np.ndarray) -> None:
    total = np.int64(0)
    for w in range(len(lengths)):
        before[w] = total
        total += lengths[w]
    before[len(lengths)] = total


@jit
def _all_of(best, number, places, first, found):
    """The places of the n-gram that stands first at `best`; how many there are."""
    kept = 0
    for p in range(number):
        i = places[p]
        found[kept] = i
        kept += np.int64(first[i] == best)
    return kept


@jit
def _longest(copies, number, places, order, first, count, before):
    """Characters of the longest n-gram that stands so often."""
    longest = np.int64(0)
    for p in range(number):
        i = places[p]
        if first[i] == i and count[i] == copies:
            longest = max(longest, before[np.uint32(i + order)] - before[i])
    return longest


@jit
def _covered(number, places, order, gap, before):
    """Characters that n-grams at these places cover, each once; spaces between their words too.

    Stretches of n-grams that overlap are taken whole, so only what lies between them is looked at.
    """
    if number == 0:
        return np.int64(0)
    covered = np.int64(0)
    for p in range(number - 1):
        one, two = places[p], places[p + 1]
        end = np.uint32(one + order)
        # what lies between them is not covered; one space fewer than words in each stretch
        beyond = before[end] - before[two] + gap * (np.int64(end) - np.int64(two) - 1)
        covered += beyond if two >= end else 0
    one, end = places[0], np.uint32(places[number - 1] + order)
    return covered + before[end] - before[one] + gap * (np.int64(end) - np.int64(one) - 1)


@jit
def _held(number, places, order, before):
    """Characters of words that n-grams at these places cover; the sum of their characters."""
    held = summed = np.int64(0)
    until = np.uint32(0)  # the word after the last one covered
    for p in range(number):
        i = places[p]
        end = np.uint32(i + order)
        summed += before[end] - before[i]
        held += before[end] - before[max(i, until)]
        until = end
    return held, summed


@jit
def scanned(number, places, order, first, count, before):
    """One scan that jumps over each n-gram seen before; what it jumps over is never noted.

    A mark in `count`, which the next order makes anew, says that the scan has seen an n-gram.
    """
    characters = np.int64(0)
    free = np.uint32(0)
    for p in range(number):
        i = places[p]
        if i < free:
            continue
        kind = first[i]
        if count[kind] & _SEEN != 0:
            free = np.uint32(i + order)
            characters += before[free] - before[i]
        else:
            count[kind] |= _SEEN
    return characters


@jit
def possible(order, total, before):
    """Characters of all n-grams: each word as often as n-grams have it."""
    characters = np.int64(0)
    for k in range(order):
        if total - order + 1 + k > k:
            characters += before[total - order + 1 + k] - before[k]
    return characters
