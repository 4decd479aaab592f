"""Repetition of word n-grams on a device: `kernels.repetition` by all threads of a block at once.

What repeats is found as there, order by order, places of one in places of the next; n-grams are
equal when the same hashes or first places are. The difference is how the first place of a kind is
found: threads put places into a table, whoever comes first fills a slot, and the least place stays.
"""

from __future__ import annotations

import numpy as np

from tamis.kernels import mask
from tamis.kernels.card_portions import LANES, before, share
from tamis.kernels.cuda import Threads as cuda
from tamis.kernels.cuda import kernel
from tamis.kernels.ngrams import NONE, power
from tamis.kernels.repetition import COLUMNS, possible, scanned
from tamis.kernels.word_hash import pair

_COPIES, _LETTERS, _COVERED, _LONGEST, _CHARGED, _SCANNED, _HELD, _SUMMED, _POSSIBLE = range(9)
_FIGURES = len(COLUMNS)
_PENDING = np.uint32(0xFFFFFFFE)
_SPREAD = np.uint64(0x9E3779B97F4A7C15)
_1, _32 = np.uint64(1), np.uint64(32)
LOWEST = 2
"""The order that begins: words of it are compared by their hashes."""


def _key(place: np.int64, order: int, hashes: np.ndarray, below: np.ndarray) -> np.uint64:
    """What n-grams of one order are equal in: that of a pair of words, or of shorter n-grams."""
    if order == LOWEST:
        return pair(hashes[place], hashes[place + 1])
    return np.uint64(below[place]) << _32 | np.uint64(below[place + 1])


def _beyond(place, previous, order, gap, words):
    """Characters that an n-gram covers and the one before it in a list does not; -1 for none."""
    end, until = place + order, previous + order
    if previous < 0 or until <= place:
        return words[end] - words[place] + gap * (order - 1)
    return words[end] - words[until] + gap * (place - previous)


@kernel(
    "uint64[::1], int64[::1], int64[::1], int64, int64, int64, int64, boolean, int64[::1], "
    "uint32[::1], uint32[:, ::1], int32[:, ::1], int64[:, :, ::1]"
)
def word_ngrams(
    hashes, words, word_offsets, gap, high, high_top, low_repeat, scan, tables, table, scratch,
    top, figures,
):  # fmt: skip
    """As `repetition.repetition` from the order 2 on; "scanned" only where `scan` asks for it.

    `words` has the characters of all words before each, and of all. Text i has the entries of
    `table` from `tables[i]` on, a power of two of them, twice as many as it has words.
    `scratch` has five rows with an entry a word.
    """
    i, lane, lanes = cuda.blockIdx.x, cuda.threadIdx.x, cuda.blockDim.x
    kept = cuda.shared.array(LANES, np.int64)
    waiting = cuda.shared.array(LANES, np.int64)
    most = cuda.shared.array(LANES, np.int64)
    best = cuda.shared.array(LANES, np.int64)
    equal = cuda.shared.array(LANES, np.int64)
    later = cuda.shared.array(LANES, np.int64)
    chosen = cuda.shared.array(LANES, np.int64)
    sums = cuda.shared.array((LANES, 5), np.int64)
    low, stop = word_offsets[i], word_offsets[i + 1]
    total, base = stop - low, tables[i]
    hashes, words = hashes[low:stop], words[low : stop + 1]
    first, below, count = scratch[0, low:stop], scratch[1, low:stop], scratch[2, low:stop]
    places, others = scratch[3, low:stop], scratch[4, low:stop]
    left = max(total - LOWEST + 1, 0) if total > LOWEST else 0
    for w in range(lane, total, lanes):
        first[w] = below[w] = NONE
        places[w] = w
    for order in range(LOWEST, high + 1):
        row = figures[i, order - LOWEST]
        if order > LOWEST:
            first, below = below, first
        # which of the places left go on, and which of those as the first of their kind did
        cuda.syncthreads()
        begin, end = share(0, left, lane, lanes)
        waiting[lane] = 0
        for p in range(begin, end):
            place = np.int64(places[p])
            count[place] = 1
            if order == LOWEST:
                first[place] = _PENDING
                waiting[lane] += 1
                continue
            one, two = below[place], below[place + 1]
            if two == NONE:
                first[place] = NONE
            elif below[one + 1] == two:
                first[place] = one
            else:
                first[place] = _PENDING
                waiting[lane] += 1
        cuda.syncthreads()
        number = before(waiting, lanes)
        if number > 0:
            size = power(2 * number)
            for slot in range(lane, size, lanes):
                table[base + slot] = NONE
            cuda.syncthreads()
            shift, last = np.uint64(64 - mask.trailing_zeros(np.uint64(size))), np.uint64(size - 1)
            for p in range(lane, left, lanes):
                place = np.int64(places[p])
                if first[place] != _PENDING:
                    continue
                key = _key(place, order, hashes, below)
                slot = key * _SPREAD >> shift
                while True:
                    at = base + np.int64(slot)
                    found = table[at]
                    if found == NONE:
                        found = cuda.atomic.cas(table, at, NONE, np.uint32(place))
                        if found == NONE:
                            break
                    if _key(np.int64(found), order, hashes, below) == key:
                        cuda.atomic.min(table, at, np.uint32(place))
                        break
                    slot = (slot + _1) & last
                others[p] = np.int64(slot)
            cuda.syncthreads()
            for p in range(lane, left, lanes):
                if first[places[p]] == _PENDING:
                    first[places[p]] = table[base + others[p]]
            cuda.syncthreads()
        for p in range(begin, end):
            place = places[p]
            kind = first[place]
            if kind != NONE and kind != place:
                cuda.atomic.add(count, np.int64(kind), np.uint32(1))
        cuda.syncthreads()
        # what is not repeated is left out; the most frequent one
        kept[lane] = best[lane] = equal[lane] = 0
        most[lane] = 1
        for p in range(begin, end):
            place = places[p]
            kind = first[place]
            copies = np.int64(count[kind]) if kind != NONE else np.int64(0)
            kept[lane] += np.int64(copies > 1)
            if kind == place and copies > most[lane]:
                best[lane], most[lane], equal[lane] = place, copies, 1
            elif kind == place and copies == most[lane] and copies > 1:
                equal[lane] += 1
        cuda.syncthreads()
        into, winner, copies, ties = before(kept, lane), np.int64(0), np.int64(1), np.int64(0)
        for k in range(lanes):
            if most[k] > copies:
                winner, copies, ties = best[k], most[k], equal[k]
            elif most[k] == copies:
                ties += equal[k]
        for p in range(begin, end):
            place = places[p]
            if first[place] != NONE and count[first[place]] > 1:
                others[into] = place
                into += 1
            else:
                first[place] = below[place] = NONE
        left = before(kept, lanes)
        places, others = others, places
        cuda.syncthreads()
        # what they cover: each adds to what the one before it in a list does
        begin, end = share(0, left, lane, lanes)
        later[lane] = chosen[lane] = -1
        for p in range(begin, end):
            place = places[p]
            if first[place] != place:
                later[lane] = place
            if first[place] == winner:
                chosen[lane] = place
        for k in range(5):
            sums[lane, k] = 0
        cuda.syncthreads()
        met = alike = np.int64(-1)
        for k in range(lane):
            met, alike = max(met, later[k]), max(alike, chosen[k])
        for p in range(begin, end):
            place = np.int64(places[p])
            kind = np.int64(first[place])
            long = words[place + order] - words[place]
            if kind != place:
                sums[lane, 0] += _beyond(place, met, order, gap, words)
                met = place
            elif count[place] == copies:
                sums[lane, 4] = max(sums[lane, 4], long)
            if kind == winner:
                sums[lane, 1] += _beyond(place, alike, order, gap, words)
                alike = place
            previous = np.int64(places[p - 1]) if p > 0 else np.int64(-1)
            sums[lane, 2] += _beyond(place, previous, order, 0, words)
            sums[lane, 3] += long
        cuda.syncthreads()
        if lane == 0:
            top[i, order - LOWEST] = winner
            for k in range(_FIGURES):
                row[k] = 0
            row[_COPIES] = copies
            if total >= order:
                row[_LETTERS] = words[winner + order] - words[winner]
            if order >= low_repeat:
                row[_POSSIBLE] = possible(order, total, words)
            if left > 0:
                row[_CHARGED] = before(sums[:, 0], lanes)
                if order <= high_top:
                    row[_COVERED] = before(sums[:, 1], lanes)
                    row[_LONGEST] = row[_LETTERS]
                    if ties > 1:
                        for k in range(lanes):
                            row[_LONGEST] = max(row[_LONGEST], sums[k, 4])
                if order >= low_repeat:
                    row[_HELD], row[_SUMMED] = before(sums[:, 2], lanes), before(sums[:, 3], lanes)
                    if scan:
                        row[_SCANNED] = scanned(left, places, order, first, count, words)
