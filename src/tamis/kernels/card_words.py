"""The words of texts on a device, and what Gopher's rules ask of them; a block a text."""

from __future__ import annotations

import numpy as np

from tamis.kernels import mask
from tamis.kernels.card_portions import LANES, after_white, before, collect, portion, share
from tamis.kernels.cuda import Threads as cuda
from tamis.kernels.cuda import kernel
from tamis.kernels.gopher_ends import symbols_within
from tamis.kernels.gopher_words import core_words, tally_within
from tamis.kernels.search import same
from tamis.kernels.unicode import space, valid
from tamis.kernels.words import describe_within, find_within

_0, _1, _63 = np.uint64(0), np.uint64(1), np.uint64(63)


@kernel("uint8[::1], int64[::1], int64[::1], uint64[::1], int64[:, ::1]")
def word_masks(data, offsets, blocks, masks, counts):
    """Mark the bytes of words, as `words.find`, those of text i from entry `blocks[i]`; count."""
    i, lane, lanes = cuda.blockIdx.x, cuda.threadIdx.x, cuda.blockDim.x
    rows = cuda.shared.array((LANES, 1), np.int64)
    start, end = offsets[i], offsets[i + 1]
    low, high = portion(start, end, lane, lanes)
    spill = live = _0
    if low > start and low < high:  # what the block before leaves to this one
        white, spill = space(data, low - 64, _0)
        live = ~white >> _63
    rows[lane, 0] = find_within(
        data, low, high, masks, blocks[i] + ((low - start) >> 6), spill, live
    )
    cuda.syncthreads()
    collect(rows, lane, lanes, 1, counts[i])


@kernel("int64[::1], int64[::1], uint64[::1], int64[::1], int32[::1], int32[::1]")
def word_spans(offsets, blocks, masks, word_offsets, starts, ends):
    """As `words.spans`: where each word starts and ends within its text."""
    i, lane, lanes = cuda.blockIdx.x, cuda.threadIdx.x, cuda.blockDim.x
    begun = cuda.shared.array(LANES, np.int64)
    ended = cuda.shared.array(LANES, np.int64)
    size, base = offsets[i + 1] - offsets[i], blocks[i]
    low, high = share(base, blocks[i + 1], lane, lanes)
    begun[lane] = ended[lane] = 0
    for block in range(low, high):
        live = masks[block]
        shifted = live << _1 | (masks[block - 1] >> _63 if block > base else _0)
        begun[lane] += mask.popcount(live & ~shifted)
        ended[lane] += mask.popcount(shifted & ~live)
    cuda.syncthreads()
    first = word_offsets[i] + before(begun, lane)
    last = word_offsets[i] + before(ended, lane)
    for block in range(low, high):
        live, at = masks[block], (block - base) << 6
        shifted = live << _1 | (masks[block - 1] >> _63 if block > base else _0)
        bits = live & ~shifted
        while bits != _0:
            starts[first] = at + mask.trailing_zeros(bits)
            bits &= bits - _1
            first += 1
        bits = shifted & ~live
        while bits != _0:
            ends[last] = at + mask.trailing_zeros(bits)
            bits &= bits - _1
            last += 1
    if high == blocks[i + 1] and low < high and last < first:  # a word runs to the end of the text
        ends[last] = size


@kernel(
    "uint8[::1], int64[::1], int64[::1], int32[::1], int32[::1], uint8[::1], "
    "uint64[::1], int32[::1], uint8[::1], int64[:, ::1]"
)
def word_facts(data, offsets, word_offsets, starts, ends, classes, hashes, lengths, flags, tallies):
    """As `words.describe`; a thread has every so-manieth word of a text."""
    i, lane, lanes = cuda.blockIdx.x, cuda.threadIdx.x, cuda.blockDim.x
    rows = cuda.shared.array((LANES, 5), np.int64)
    row = cuda.local.array(5, np.int64)
    for k in range(5):
        rows[lane, k] = 0
    for w in range(word_offsets[i] + lane, word_offsets[i + 1], lanes):
        where = (starts[w : w + 1], ends[w : w + 1])
        out = (hashes[w : w + 1], lengths[w : w + 1], flags[w : w + 1], row)
        describe_within(data, offsets[i], where, classes, out)
        longest = max(rows[lane, 1], row[1])
        for k in range(5):
            rows[lane, k] += row[k]
        rows[lane, 1] = longest
    cuda.syncthreads()
    collect(rows, lane, lanes, 5, tallies[i])
    if lane == 1 % lanes:
        longest = np.int64(0)
        for k in range(lanes):
            longest = max(longest, rows[k, 1])
        tallies[i, 1] = longest


@kernel(
    "uint8[::1], int64[::1], int64[::1], int32[::1], int32[::1], int32[::1], uint8[::1], "
    "int64[:, ::1], uint8[::1], int64[:, ::1]"
)
def word_kinds(data, offsets, word_offsets, starts, ends, lengths, flags, tallies, classes, counts):
    """As `gopher_words.tally`."""
    i, lane, lanes = cuda.blockIdx.x, cuda.threadIdx.x, cuda.blockDim.x
    rows = cuda.shared.array((LANES, 7), np.int64)
    for k in range(7):
        rows[lane, k] = 0
    low, high = share(word_offsets[i], word_offsets[i + 1], lane, lanes)
    words = (starts, ends, lengths, flags, low, high)
    rows[lane, 6] = tally_within(data, offsets[i], words, classes, rows[lane])
    cuda.syncthreads()
    collect(rows, lane, lanes, 6, counts[i])
    cuda.syncthreads()
    if lane == 0:
        met = np.int64(0)
        for k in range(lanes):
            met |= rows[k, 6]
        counts[i, 4] = mask.popcount(np.uint64(met))
        counts[i, 1] += tallies[i, 0]


@kernel("int64[::1], int32[::1], int64[:, ::1], int64[::1]")
def word_medians(word_offsets, lengths, tallies, doubled):
    """As `gopher_words.twice_median`: both middle lengths by halving what they can be."""
    i, lane, lanes = cuda.blockIdx.x, cuda.threadIdx.x, cuda.blockDim.x
    rows = cuda.shared.array(LANES, np.int64)
    low, high = word_offsets[i], word_offsets[i + 1]
    count, found = high - low, np.int64(0)
    for rank in ((count - 1) // 2, count // 2):
        least, most = np.int64(0), tallies[i, 1]
        while least < most:
            middle = (least + most) // 2
            rows[lane] = 0
            for w in range(low + lane, high, lanes):
                rows[lane] += np.int64(lengths[w] <= middle)
            cuda.syncthreads()
            if before(rows, lanes) > rank:
                most = middle
            else:
                least = middle + 1
            cuda.syncthreads()
        found += least
    if lane == 0:
        doubled[i] = found if count > 0 else 0


@kernel("uint8[::1], int64[::1], int64[::1], int32[::1], int64[:, ::1]")
def word_symbols(data, offsets, word_offsets, ends, counts):
    """As `gopher_ends.symbols`."""
    i, lane, lanes = cuda.blockIdx.x, cuda.threadIdx.x, cuda.blockDim.x
    rows = cuda.shared.array((LANES, 5), np.int64)
    start, end = offsets[i], offsets[i + 1]
    low, high = portion(start, end, lane, lanes)
    low, high = after_white(data, low, start, end), after_white(data, high, start, end)
    least, most = word_offsets[i], word_offsets[i + 1]
    while least < most:  # the first word that ends behind where this portion begins
        middle = (least + most) // 2
        if ends[middle] <= low - start:
            least = middle + 1
        else:
            most = middle
    symbols_within(data, low, high, start, ends[least : word_offsets[i + 1]], rows[lane])
    cuda.syncthreads()
    collect(rows, lane, lanes, 5, counts[i])


@kernel(
    "uint8[::1], int64[::1], int64[::1], int32[::1], int32[::1], uint64[::1], int32[::1], "
    "uint8[::1], uint64[::1], int32[::1], uint8[::1]"
)
def word_cores(
    data, offsets, word_offsets, starts, ends, hashes, lengths, classes, cores, sizes, kept
):
    """As `gopher_words.cores`, each word's at its own place, `kept` where it has one."""
    i, lane, lanes = cuda.blockIdx.x, cuda.threadIdx.x, cuda.blockDim.x
    for w in range(word_offsets[i] + lane, word_offsets[i + 1], lanes):
        words, out = (starts, ends, hashes, lengths, w, w + 1), (cores, sizes)
        kept[w] = core_words(data, offsets[i], words, classes, w, out) - w


@kernel(
    "uint8[::1], int64[::1], int64[::1], int32[::1], int32[::1], int32[::1], int32[::1], int64, "
    "int64[::1], uint64[::1], uint8[::1], int64[::1]"
)
def words_deleted(
    data, offsets, word_offsets, starts, ends, lengths, top, order, blocks, masks, patterns, lost
):
    """As `search.deleted`, of languages with spaces.

    The string is put together in `patterns`, as large as `data`, and found wherever it stands by
    all threads, who mark that in `masks`; what does not overlap is counted by one.
    """
    i, lane, lanes = cuda.blockIdx.x, cuda.threadIdx.x, cuda.blockDim.x
    start, end, base = offsets[i], offsets[i + 1], blocks[i]
    word = word_offsets[i] + top[i]
    if word_offsets[i + 1] - word_offsets[i] < order:
        if lane == 0:
            lost[i] = -1
        return
    size = characters = order - 1
    for w in range(word, word + order):
        size += np.int64(ends[w]) - starts[w]
        characters += np.int64(lengths[w])
    if lane == 0:
        at = start
        for w in range(word, word + order):
            if w > word:
                patterns[at] = 32
                at += 1
            for k in range(start + starts[w], start + ends[w]):
                patterns[at] = data[k]
                at += 1
    cuda.syncthreads()
    pattern, half, stop = patterns[start : start + size], size >> 1, end - size + 1
    head, middle, tail = pattern[0], pattern[half], pattern[size - 1]
    low, high = portion(start, end, lane, lanes)
    for at in range(low, high, 64):
        found = _0
        if at < stop:
            bits = mask.equal(data, at, head) & mask.equal(data, at + size - 1, tail)
            bits &= mask.equal(data, at + half, middle) & valid(at, stop)
            while bits != _0:
                here = at + mask.trailing_zeros(bits)
                if same(data, here, pattern, size):
                    found |= bits & (~bits + _1)
                bits &= bits - _1
        masks[base + ((at - start) >> 6)] = found
    cuda.syncthreads()
    if lane == 0:
        count, free, at = np.int64(0), start, start
        for block in range(base, blocks[i + 1]):
            bits = masks[block]
            while bits != _0:
                here = at + mask.trailing_zeros(bits)
                bits &= bits - _1
                if here >= free:
                    count += 1
                    free = here + size
            at += 64
        lost[i] = count * characters
