"""Pairs of texts compared: how many words or characters differ, of which kind, and where."""

from __future__ import annotations

import numpy as np

from tamis.kernels import mask
from tamis.kernels.edit_distance import DELETE, EQUAL, INSERT, SUBSTITUTE, distance, way
from tamis.kernels.jit import jit
from tamis.kernels.unicode import SPACE, code_points, padded
from tamis.kernels.utf8 import decode, width
from tamis.kernels.word_hash import HIGH, KEPT, hash_long, hash_short

FIGURES = (
    "distance", "substitutions", "deletions", "insertions", "reference", "hypothesis",
    "insertion_run", "deletion_run", "mismatch_run", "start_edge", "end_edge",
)  # fmt: skip
"""Columns of what is found for a pair. `reference` and `hypothesis` are how many symbols there are;
runs are the most steps of a kind in a row, and the most symbols, of either text, between two that
agree; edges how far the characters before the first, after the last symbol that agrees differ in
number, a space counted with each word."""
_DISTANCE, _COUNTED, _SIZES, _RUNS, _EDGES = 0, 1, 4, 6, 9


@jit
def hash_words(
    data: np.ndarray,
    offsets: np.ndarray,
    word_offsets: np.ndarray,
    starts: np.ndarray,
    ends: np.ndarray,
    hashes: np.ndarray,
    lengths: np.ndarray,
    letters: np.ndarray,
) -> None:
    """Hash and length in characters of each word, and the sum of the lengths for each text.

    Where words lie is as `kernels.words` finds it.
    """
    for i in range(len(offsets) - 1):
        start, end = offsets[i], offsets[i + 1]
        own = slice(word_offsets[i], word_offsets[i + 1])
        if end + 128 <= len(data):
            text, base = data, start
        else:
            text, base = padded(data, start, end), 0
        letters[i] = _hash(text, base, starts[own], ends[own], hashes[own], lengths[own])


@jit
def _hash(data, base, starts, ends, hashes, lengths):
    letters = np.int64(0)
    for w in range(len(starts)):
        at, size = base + starts[w], np.int64(ends[w]) - starts[w]
        length = size
        if size <= 16:
            a = mask.load64(data, at) & KEPT[np.uint64(min(size, 8))]
            b = mask.load64(data, at + 8) & KEPT[np.uint64(min(max(size - 8, 0), 8))]
            hashes[w] = hash_short(a, b, size)
            if (a | b) & HIGH != np.uint64(0):
                length = code_points(data, at, at + size)
        else:
            hashes[w] = hash_long(data, at, at + size)
            length = code_points(data, at, at + size)
        lengths[w] = length
        letters += length
    return letters


@jit
def compare_words(
    hashes: np.ndarray,
    lengths: np.ndarray,
    offsets: np.ndarray,
    other_hashes: np.ndarray,
    other_lengths: np.ndarray,
    other_offsets: np.ndarray,
    most: int,
    figures: np.ndarray,
) -> None:
    """The `FIGURES` of each pair, int64 of [pairs, 11]; the distance is -1 beyond `most` steps."""
    longest = max(_longest(offsets), _longest(other_offsets))
    room, steps = np.empty((4, longest + 129), np.uint64), np.empty(2 * longest, np.uint8)
    for i in range(len(offsets) - 1):
        start, end = offsets[i], offsets[i + 1]
        other, stop = other_offsets[i], other_offsets[i + 1]
        row = figures[i]
        row[:] = 0
        row[_SIZES], row[_SIZES + 1] = end - start, stop - other
        shorter, same = min(end - start, stop - other), 0
        while same < shorter and hashes[start + same] == other_hashes[other + same]:
            same += 1
        start, other, shorter = start + same, other + same, shorter - same
        tail = 0
        while tail < shorter and hashes[end - 1 - tail] == other_hashes[stop - 1 - tail]:
            tail += 1
        end, stop = end - tail, stop - tail
        if start == end and other == stop:
            continue
        one, two = hashes[start:end], other_hashes[other:stop]
        row[_DISTANCE], count = way(one, two, room, most, steps)
        _tally(steps, count, row)
        sizes, other_sizes = lengths[start:end], other_lengths[other:stop]
        if same == 0:
            row[_EDGES] = _edge(steps, count, sizes, other_sizes, False)
        if tail == 0:
            row[_EDGES + 1] = _edge(steps, count, sizes, other_sizes, True)


@jit
def compare_characters(
    data: np.ndarray,
    offsets: np.ndarray,
    other_data: np.ndarray,
    other_offsets: np.ndarray,
    table: np.ndarray,
    edge: int,
    most: int,
    counted: bool,
    figures: np.ndarray,
) -> None:
    """The same of characters, white space at either end left out; no edges.

    Of the first `edge` characters of both texts, or of the last where it is negative; 0: of all.
    Unless they are to be `counted`, there are no kinds and runs.
    """
    longest = max(_longest(offsets), _longest(other_offsets))
    room = np.empty((4, longest + 129), np.uint64)
    steps = np.empty(2 * longest if counted else 0, np.uint8)
    one, two = np.empty(longest, np.uint64), np.empty(longest, np.uint64)
    for i in range(len(offsets) - 1):
        start, end = _part(data, offsets[i], offsets[i + 1], table, edge)
        other, stop = _part(other_data, other_offsets[i], other_offsets[i + 1], table, edge)
        row = figures[i]
        row[:] = 0
        row[_SIZES], row[_SIZES + 1] = _count(data, start, end), _count(other_data, other, stop)
        shorter, same = min(end - start, stop - other), 0
        while same < shorter and data[start + same] == other_data[other + same]:
            same += 1
        while same > 0 and (_inside(data, start + same, end) or
                            _inside(other_data, other + same, stop)):  # fmt: skip
            same -= 1
        start, other, shorter = start + same, other + same, shorter - same
        tail = 0
        while tail < shorter and data[end - 1 - tail] == other_data[stop - 1 - tail]:
            tail += 1
        while tail > 0 and _inside(data, end - tail, end):
            tail -= 1
        end, stop = end - tail, stop - tail
        if start == end and other == stop:
            continue
        n, m = _decoded(data, start, end, one), _decoded(other_data, other, stop, two)
        if counted:
            row[_DISTANCE], count = way(one[:n], two[:m], room, most, steps)
            _tally(steps, count, row)
        else:
            row[_DISTANCE] = distance(one[:n], two[:m], room, most)


@jit
def most_frequent(hashes: np.ndarray, offsets: np.ndarray, n: int, counts: np.ndarray) -> None:
    """How often the most frequent run of `n` symbols stands in each text; 0 where there is none."""
    for i in range(len(offsets) - 1):
        start, size = offsets[i], offsets[i + 1] - offsets[i] - n + 1
        counts[i] = 0
        if size < 1:
            continue
        runs = np.empty(size, np.uint64)
        for at in range(size):
            run = np.uint64(0)
            for k in range(n):
                run = (run ^ hashes[start + at + k]) * np.uint64(0x9E3779B97F4A7C15)
                run ^= run >> np.uint64(29)
            runs[at] = run
        runs.sort()
        count = 1
        counts[i] = 1
        for at in range(1, size):
            count = count + 1 if runs[at] == runs[at - 1] else 1
            counts[i] = max(counts[i], count)


@jit
def _longest(offsets: np.ndarray) -> int:
    longest = 0
    for i in range(len(offsets) - 1):
        longest = max(longest, offsets[i + 1] - offsets[i])
    return longest


@jit
def _tally(steps: np.ndarray, count: int, row: np.ndarray) -> None:
    """Count the kinds of steps and the longest runs; steps are written last to first."""
    inserted = deleted = ours = theirs = 0
    for at in range(count):
        step = steps[at]
        inserted = inserted + 1 if step == INSERT else 0
        deleted = deleted + 1 if step == DELETE else 0
        if step == EQUAL:
            ours = theirs = 0
        else:
            row[_COUNTED + step - SUBSTITUTE] += 1
            ours += step != INSERT
            theirs += step != DELETE
        row[_RUNS] = max(row[_RUNS], inserted)
        row[_RUNS + 1] = max(row[_RUNS + 1], deleted)
        row[_RUNS + 2] = max(row[_RUNS + 2], ours, theirs)


@jit
def _edge(
    steps: np.ndarray, count: int, sizes: np.ndarray, other_sizes: np.ndarray, last: bool
) -> int:
    """By how many characters the words at an edge differ up to the first that agree."""
    i, j, ours, theirs = 0, 0, 0, 0
    for k in range(count):
        step = steps[k] if last else steps[count - 1 - k]
        if step == EQUAL:
            break
        if step != INSERT:
            ours += sizes[len(sizes) - 1 - i if last else i] + 1
            i += 1
        if step != DELETE:
            theirs += other_sizes[len(other_sizes) - 1 - j if last else j] + 1
            j += 1
    return abs(ours - theirs)


@jit
def _part(data: np.ndarray, start: int, end: int, table: np.ndarray, edge: int) -> tuple[int, int]:
    """A text without the white space around it, or the first or last characters of that."""
    while start < end:
        count = min(width(data[start]), end - start)
        if table[decode(data, start, count)] & SPACE == 0:
            break
        start += count
    while end > start:
        lead = end - 1
        while lead > start and data[lead] & 0xC0 == 0x80:
            lead -= 1
        if table[decode(data, lead, end - lead)] & SPACE == 0:
            break
        end = lead
    if edge > 0:
        at = start
        for _ in range(edge):
            at = min(at + width(data[at]), end) if at < end else end
        return start, at
    at = end
    for _ in range(-edge):
        at = max(at - 1, start)
        while at > start and data[at] & 0xC0 == 0x80:
            at -= 1
    return (at, end) if edge < 0 else (start, end)


@jit
def _count(data: np.ndarray, start: int, end: int) -> int:
    count = 0
    for at in range(start, end):
        count += data[at] & 0xC0 != 0x80
    return count


@jit
def _inside(data: np.ndarray, at: int, end: int) -> bool:
    """Whether a byte is one within a character."""
    return at < end and data[at] & 0xC0 == 0x80


@jit
def _decoded(data: np.ndarray, start: int, end: int, symbols: np.ndarray) -> int:
    count = 0
    while start < end:
        code, size = np.int64(data[start]), 1
        if code >= 0x80:
            size = min(width(data[start]), end - start)
            code = decode(data, start, size)
        symbols[count] = np.uint64(code)
        count += 1
        start += size
    return count
