"""What fastText (Bojanowski et al., 2016; Joulin et al., 2016) sees in a text: sums of vectors.

A text is cut at ASCII white space. A word is its own row of the input matrix, if the model knows
it, and the rows that its character n-grams hash to; so are, in models made for it, runs of words.
A word that comes again within a call is looked up instead of taken apart again.
"""

from __future__ import annotations

import numpy as np

from tamis.kernels.jit import jit

OFFSET, _PRIME = np.uint32(2166136261), np.uint32(16777619)  # FNV-1a of 32 bits
RUN = np.uint64(116049371)
MIX = np.uint64(0x9E3779B97F4A7C15)
_SIGN = np.uint64(0xFFFFFFFF00000000)
WORD, LABEL = 0, 1


@jit
def white(byte: int) -> bool:
    return byte == 0x20 or 0x09 <= byte <= 0x0D or byte == 0


@jit
def hash_bytes(data: np.ndarray, start: int, end: int, hashed: np.uint32) -> np.uint32:
    """fastText's hash: FNV-1a, but bytes from 0x80 on are taken as negative numbers."""
    for at in range(start, end):
        byte = np.uint32(data[at])
        if byte >= 0x80:
            byte |= np.uint32(0xFFFFFF00)
        hashed = np.uint32((hashed ^ byte) * _PRIME)
    return hashed


@jit
def vocabulary(data: np.ndarray, offsets: np.ndarray, slots: np.ndarray) -> None:
    """Fill the hash table (int32, -1 where free, a power of two) with the numbers of the words."""
    last = len(slots) - 1
    for number in range(len(offsets) - 1):
        at = np.int64(hash_bytes(data, offsets[number], offsets[number + 1], OFFSET)) & last
        while slots[at] >= 0:
            at = (at + 1) & last
        slots[at] = number


@jit
def _known(
    data: np.ndarray,
    start: int,
    end: int,
    hashed: np.uint32,
    names: np.ndarray,
    name_offsets: np.ndarray,
    slots: np.ndarray,
) -> int:
    """The number of a word, or -1."""
    last = len(slots) - 1
    at = np.int64(hashed) & last
    while slots[at] >= 0:
        number = np.int64(slots[at])
        first = name_offsets[number]
        if name_offsets[number + 1] - first == end - start:
            k = 0
            while k < end - start and names[first + k] == data[start + k]:
                k += 1
            if k == end - start:
                return number
        at = (at + 1) & last
    return -1


@jit
def _add(row: np.ndarray, rows: np.ndarray, number: int) -> None:
    for k in range(len(row)):
        row[k] += rows[number, k]


@jit
def ngrams(
    word: np.ndarray, size: int, shortest: int, longest: int, buckets: int, found: np.ndarray
) -> int:
    """The buckets of the n-grams of `word[:size]`, `<` and `>` included; how many there were.

    `found` (int64) has room for `size * longest`.
    """
    count = 0
    for first in range(size):
        if word[first] & 0xC0 == 0x80:
            continue
        at, hashed = first, OFFSET
        for n in range(1, longest + 1):
            if at >= size:
                break
            begin = at
            at += 1
            while at < size and word[at] & 0xC0 == 0x80:
                at += 1
            hashed = hash_bytes(word, begin, at, hashed)
            if n >= shortest and not (n == 1 and (first == 0 or at == size)):
                found[count] = np.int64(hashed) % buckets
                count += 1
    return count


@jit
def hidden(
    data: np.ndarray,
    offsets: np.ndarray,
    names: np.ndarray,
    name_offsets: np.ndarray,
    kinds: np.ndarray,
    slots: np.ndarray,
    buckets: np.ndarray,
    rows: np.ndarray,
    shape: np.ndarray,
    marks: np.ndarray,
    sums: np.ndarray,
    counts: np.ndarray,
) -> None:
    """Per text the sum of its rows (`sums`, float64) and how many they are (`counts`).

    `shape` has the shortest and the longest n-gram of characters and the longest run of words, and
    how many words may be remembered (a power of two); `marks` the bytes of `</s>`, which ends a
    text, and of the prefix of labels, which are no words, with a space between.
    """
    shortest, longest, runs, room = shape[0], shape[1], shape[2], shape[3]
    width = rows.shape[1]
    cached = np.zeros((room, width), np.float64)
    where = np.full((room, 2), -1, np.int64)  # start and end of the word remembered there
    howmany = np.zeros((room, 2), np.int64)  # its rows, and its hash as a signed number
    prefix = 5  # where the prefix of labels begins in `marks`
    most = 64
    word = np.empty(most, np.uint8)
    inner = np.empty(most * max(longest, 1), np.int64)
    row = np.zeros(width, np.float64)
    hashes = np.empty(64, np.int64)
    for i in range(len(offsets) - 1):
        at, end, count, words = offsets[i], offsets[i + 1], np.int64(0), np.int64(0)
        ended = False
        while not ended:
            while at < end and white(data[at]):
                at += 1
            start = at
            mixed = np.uint64(0)
            while at < end and not white(data[at]):
                mixed = (mixed ^ np.uint64(data[at])) * MIX
                at += 1
            source, first, last = data, start, at
            if at == start or same(data, start, at, marks, 0, 4):
                ended = True
                source, first, last = marks, 0, 4
                slot = np.int64(-1)
            else:
                slot = np.int64(mixed >> np.uint64(40)) & (room - 1)
                if where[slot, 0] >= 0 and same(
                    data, start, at, data, where[slot, 0], where[slot, 1] - where[slot, 0]
                ):
                    for k in range(width):
                        sums[i, k] += cached[slot, k]
                    count += howmany[slot, 0]
                    if runs > 1:
                        hashes, words = _pushed(hashes, words, howmany[slot, 1])
                    continue
            hashed = hash_bytes(source, first, last, OFFSET)
            number = _known(source, first, last, hashed, names, name_offsets, slots)
            if number >= 0 and kinds[number] == LABEL:
                continue
            size = len(marks) - prefix
            if (
                number < 0
                and last - first >= size
                and same(source, first, first + size, marks, prefix, size)
            ):
                continue
            row[:] = 0.0
            found = 0
            if number >= 0:
                _add(row, rows, number)
                found = 1
            if longest > 0 and not ended:
                if last - first + 2 > most:
                    most = (last - first + 2) * 2
                    word = np.empty(most, np.uint8)
                    inner = np.empty(most * longest, np.int64)
                word[0] = 0x3C
                for k in range(first, last):
                    word[k - first + 1] = source[k]
                word[last - first + 1] = 0x3E
                size = ngrams(word, last - first + 2, shortest, longest, len(buckets), inner)
                for k in range(size):
                    if buckets[inner[k]] >= 0:
                        _add(row, rows, buckets[inner[k]])
                        found += 1
            for k in range(width):
                sums[i, k] += row[k]
            count += found
            signed = np.int64(np.int32(hashed))
            if runs > 1:
                hashes, words = _pushed(hashes, words, signed)
            if slot >= 0:
                where[slot, 0], where[slot, 1] = start, at
                howmany[slot, 0], howmany[slot, 1] = found, signed
                for k in range(width):
                    cached[slot, k] = row[k]
        if runs > 1:
            count += _runs(hashes, words, runs, buckets, rows, sums[i])
        counts[i] = count


@jit
def same(one: np.ndarray, start: int, end: int, other: np.ndarray, at: int, size: int) -> bool:
    if end - start != size:
        return False
    for k in range(size):  # noqa: SIM110  a loop compiles to a loop
        if one[start + k] != other[at + k]:
            return False
    return True


@jit
def _pushed(hashes: np.ndarray, count: int, value: int) -> tuple[np.ndarray, int]:
    if count == len(hashes):
        hashes = np.concatenate((hashes, np.empty(count, np.int64)))
    hashes[count] = value
    return hashes, count + 1


@jit
def _runs(
    hashes: np.ndarray,
    count: int,
    longest: int,
    buckets: np.ndarray,
    rows: np.ndarray,
    row: np.ndarray,
) -> int:
    """Add the rows of runs of two to `longest` words; how many there were."""
    found = 0
    for first in range(count):
        mixed = np.uint64(hashes[first])
        for at in range(first + 1, min(count, first + longest)):
            mixed = mixed * RUN + np.uint64(hashes[at])
            number = buckets[np.int64(mixed % np.uint64(len(buckets)))]
            if number >= 0:
                _add(row, rows, number)
                found += 1
    return found
