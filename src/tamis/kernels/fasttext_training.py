"""A fastText classifier trained (Joulin et al., 2016): texts as numbers of words, and the descent.

What a text consists of is what `kernels.fasttext` sees in it. One text after another moves the
rows that it is made of, in an order that is given, so the same texts give the same model.
"""

from __future__ import annotations

import numpy as np

from tamis.kernels.fasttext import MIX, OFFSET, RUN, hash_bytes, ngrams, same, white
from tamis.kernels.jit import jit
from tamis.kernels.mixing import finalise

_STEP = np.uint64(0x9E3779B97F4A7C15)
_11 = np.uint64(11)


@jit
def words(
    data: np.ndarray,
    offsets: np.ndarray,
    marks: np.ndarray,
    places: np.ndarray,
    identities: np.ndarray,
    hashes: np.ndarray,
    counts: np.ndarray,
) -> int:
    """The words of each text, without those that begin as labels do, up to `</s>`; how many.

    Into `places` go their starts and ends, into `identities` (uint64) what tells them apart, into
    `hashes` (uint32) fastText's hash, into `counts` how many each text has. Where the first three
    have no room, words are counted only. `marks` is as for `fasttext.hidden`.
    """
    room, found, size = len(identities), 0, len(marks) - 5
    for i in range(len(offsets) - 1):
        at, end, before = offsets[i], offsets[i + 1], found
        while True:
            while at < end and white(data[at]):
                at += 1
            start = at
            mixed = np.uint64(0)
            while at < end and not white(data[at]):
                mixed = (mixed ^ np.uint64(data[at] + 1)) * MIX
                mixed ^= mixed >> np.uint64(29)
                at += 1
            if at == start or same(data, start, at, marks, 0, 4):
                break
            if at - start >= size and same(data, start, start + size, marks, 5, size):
                continue
            if found < room:
                places[found, 0], places[found, 1] = start, at
                identities[found] = finalise(mixed ^ np.uint64(at - start))
                hashes[found] = hash_bytes(data, start, at, OFFSET)
            found += 1
        counts[i] = found - before
    return found


@jit
def parts(
    data: np.ndarray,
    offsets: np.ndarray,
    known: int,
    plain: int,
    shortest: int,
    longest: int,
    buckets: int,
    firsts: np.ndarray,
    rows: np.ndarray,
) -> int:
    """The rows of each word by itself: `rows[firsts[i]:firsts[i + 1]]`; how many there are.

    The first `known` words have a row of their own; all but word `plain` (the end of a text) have
    those of their n-grams of characters. Where `rows` has no room, they are counted only.
    """
    found, most = 0, 64
    word = np.empty(most, np.uint8)
    inner = np.empty(most * max(longest, 1), np.int64)
    for i in range(len(offsets) - 1):
        firsts[i] = found
        if i < known:
            if found < len(rows):
                rows[found] = i
            found += 1
        if longest > 0 and i != plain:
            size = offsets[i + 1] - offsets[i] + 2
            if size > most:
                most = 2 * size
                word = np.empty(most, np.uint8)
                inner = np.empty(most * longest, np.int64)
            word[0], word[size - 1] = 0x3C, 0x3E
            for k in range(size - 2):
                word[k + 1] = data[offsets[i] + k]
            count = ngrams(word, size, shortest, longest, buckets, inner)
            for k in range(count):
                if found < len(rows):
                    rows[found] = known + inner[k]
                found += 1
    firsts[len(offsets) - 1] = found
    return found


@jit
def mark_runs(
    tokens: np.ndarray,
    offsets: np.ndarray,
    hashes: np.ndarray,
    last: int,
    longest: int,
    buckets: int,
    marked: np.ndarray,
) -> None:
    """Mark the buckets that runs of two to `longest` words fall into; `last` ends each text."""
    for i in range(len(offsets) - 1):
        end = offsets[i + 1]
        for first in range(offsets[i], end):
            mixed = np.uint64(hashes[tokens[first]])
            for at in range(first + 1, min(end + 1, first + longest)):
                word = tokens[at] if at < end else last
                mixed = mixed * RUN + np.uint64(hashes[word])
                marked[mixed % np.uint64(buckets)] = 1


@jit
def _begin(row: np.ndarray, number: int, seed: int) -> None:
    """Random numbers from minus to plus one over the width, which the row and a seed decide."""
    width = len(row)
    state = finalise(np.uint64(seed) ^ finalise(np.uint64(number) + _STEP))
    for k in range(width):
        state += _STEP
        share = np.float64(finalise(state) >> _11) * 2.0**-53
        row[k] = np.float32((2.0 * share - 1.0) / width)


@jit
def _rows(
    tokens: np.ndarray,
    first: int,
    end: int,
    last: int,
    hashes: np.ndarray,
    firsts: np.ndarray,
    own: np.ndarray,
    known: int,
    longest: int,
    buckets: int,
    rows: np.ndarray,
) -> int:
    """The rows that make up one text, or how many there are, where `rows` has too little room."""
    count = 0
    for at in range(first, end + 1):
        word = tokens[at] if at < end else last
        for k in range(firsts[word], firsts[word + 1]):
            if count < len(rows):
                rows[count] = own[k]
            count += 1
    if longest > 1:
        for begin in range(first, end):
            mixed = np.uint64(hashes[tokens[begin]])
            for at in range(begin + 1, min(end + 1, begin + longest)):
                word = tokens[at] if at < end else last
                mixed = mixed * RUN + np.uint64(hashes[word])
                if count < len(rows):
                    rows[count] = known + np.int64(mixed % np.uint64(buckets))
                count += 1
    return count


@jit
def descend(
    tokens: np.ndarray,
    offsets: np.ndarray,
    labels: np.ndarray,
    order: np.ndarray,
    hashes: np.ndarray,
    firsts: np.ndarray,
    own: np.ndarray,
    shape: np.ndarray,
    rate: float,
    progress: np.ndarray,
    entered: np.ndarray,
    input: np.ndarray,
    output: np.ndarray,
) -> float:
    """Go through texts in `order`, each a step down the slope of its loss; the sum of the losses.

    `shape` has the word that ends a text, how many words have rows, the longest run of words, the
    number of buckets and the seed. `progress` has how many words were seen and will be in all; the
    rate of the steps falls from `rate` to 0 along them. A row that is met for the first time
    (`entered`) begins at random numbers, all others stay 0.
    """
    last, known, longest, buckets, seed = shape[0], shape[1], shape[2], shape[3], shape[4]
    count, width = output.shape
    hidden, slope = np.zeros(width, np.float32), np.zeros(width, np.float32)
    scores = np.empty(count, np.float64)
    rows = np.empty(1024, np.int64)
    losses = 0.0
    for text in order:
        first, end = offsets[text], offsets[text + 1]
        size = _rows(tokens, first, end, last, hashes, firsts, own, known, longest, buckets, rows)
        if size > len(rows):
            rows = np.empty(2 * size, np.int64)
            size = _rows(
                tokens, first, end, last, hashes, firsts, own, known, longest, buckets, rows
            )
        now = np.float32(rate * (1.0 - progress[0] / progress[1]))
        progress[0] += end - first + 1
        if size == 0:
            continue
        hidden[:] = 0
        for k in range(size):
            row = input[rows[k]]
            if not entered[rows[k]]:
                entered[rows[k]] = 1
                _begin(row, rows[k], seed)
            for j in range(width):
                hidden[j] += row[j]
        share = np.float32(1.0) / np.float32(size)
        for j in range(width):
            hidden[j] *= share
        top = -np.inf
        for i in range(count):
            total = 0.0
            for j in range(width):
                total += np.float64(output[i, j]) * np.float64(hidden[j])
            scores[i] = total
            top = max(top, total)
        total = 0.0
        for i in range(count):
            scores[i] = np.exp(scores[i] - top)
            total += scores[i]
        losses -= np.log(scores[labels[text]] / total + 1e-5)
        slope[:] = 0
        for i in range(count):
            wanted = 1.0 if i == labels[text] else 0.0
            by = now * np.float32(wanted - scores[i] / total)
            for j in range(width):
                slope[j] += by * output[i, j]
                output[i, j] += by * hidden[j]
        for j in range(width):
            slope[j] *= share
        for k in range(size):
            row = input[rows[k]]
            for j in range(width):
                row[j] += slope[j]
    return losses
