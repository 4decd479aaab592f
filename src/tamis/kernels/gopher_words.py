"""Words counted as each reading of Gopher counts them, and words without their punctuation."""

from __future__ import annotations

import numpy as np

from tamis.kernels import mask
from tamis.kernels.jit import jit
from tamis.kernels.letter_classes import ALNUM, LETTER, PUNCTUATION
from tamis.kernels.unicode import code_points, decode, padded
from tamis.kernels.word_hash import KEPT, hash_long, hash_short

COLUMNS = ("words", "characters", "with_letter", "stop_words", "distinct_stop_words", "alnum_first")
"""Words not of symbols alone and their characters; words with a letter; stop words in either case;
how many different stop words as written; words that start with a letter or digit."""
_STOP = np.array(
    [int.from_bytes(w, "little") for w in b"be to of the and that have with".split()], np.uint64
)
_SMALL = np.uint64(0x20202020)
_LONGEST = 256


@jit
def tally(
    data: np.ndarray,
    offsets: np.ndarray,
    word_offsets: np.ndarray,
    starts: np.ndarray,
    ends: np.ndarray,
    lengths: np.ndarray,
    classes: np.ndarray,
    counts: np.ndarray,
) -> None:
    """Fill row i of `counts` (int64, `COLUMNS`) for the words of text i."""
    for i in range(len(offsets) - 1):
        start, end = offsets[i], offsets[i + 1]
        words = (starts, ends, lengths, word_offsets[i], word_offsets[i + 1])
        if end + 128 <= len(data):
            _tally(data, start, words, classes, counts[i])
        else:
            _tally(padded(data, start, end), 0, words, classes, counts[i])


@jit
def _tally(data, start, words, classes, row):
    starts, ends, lengths, low, high = words
    counted = characters = lettered = stops = alnum = np.int64(0)
    met = np.int64(0)
    for w in range(low, high):
        at, end = start + starts[w], start + ends[w]
        size = end - at
        first = data[at]
        if 0x61 <= first | 0x20 <= 0x7A:
            alnum += 1
            lettered += 1
            counted += 1
            characters += lengths[w]
            if 2 <= size <= 4:
                key = mask.load64(data, at) & KEPT[size]
                small = (key | _SMALL) & KEPT[size]
                which = _stop(small, size)
                if which >= 0:
                    stops += 1
                    if small == key:
                        met |= np.int64(1) << which
            continue
        kind = classes[decode(data, at)]
        alnum += np.int64(kind & ALNUM != 0)
        letter, visible = False, False
        while at < end and not (letter and visible):
            code = decode(data, at)
            kind = classes[code]
            letter |= kind & LETTER != 0
            visible |= kind & PUNCTUATION == 0
            at += 1 if code < 0x80 else 2 if code < 0x800 else 3 if code < 0x10000 else 4
        lettered += np.int64(letter)
        if visible:
            counted += 1
            characters += lengths[w]
    distinct = mask.popcount(np.uint64(met))
    row[0], row[1], row[2], row[3], row[4], row[5] = (
        counted, characters, lettered, stops, distinct, alnum,
    )  # fmt: skip


@jit
def _stop(word: np.uint64, size: int) -> int:
    """Which stop word this is, -1 for none."""
    low, high = (0, 3) if size == 2 else (3, 5) if size == 3 else (5, 8)
    for k in range(low, high):
        if word == _STOP[k]:
            return k
    return -1


@jit
def twice_median(word_offsets: np.ndarray, lengths: np.ndarray, result: np.ndarray) -> None:
    """Twice the median of the lengths of each text's words; 0 where there are none."""
    histogram = np.zeros(_LONGEST, np.int64)
    for i in range(len(word_offsets) - 1):
        own = lengths[word_offsets[i] : word_offsets[i + 1]]
        count = len(own)
        if count == 0:
            result[i] = 0
            continue
        longest = np.int64(0)
        for w in range(count):
            longest = max(longest, np.int64(own[w]))
        if longest >= _LONGEST:
            ordered = np.sort(own)
            result[i] = np.int64(ordered[(count - 1) // 2]) + np.int64(ordered[count // 2])
            continue
        histogram[: longest + 1] = 0
        for w in range(count):
            histogram[own[w]] += 1
        low = _ranked(histogram, (count - 1) // 2)
        result[i] = low + (low if count % 2 else _ranked(histogram, count // 2))


@jit
def _ranked(histogram: np.ndarray, rank: int) -> int:
    value, before = 0, histogram[0]
    while before <= rank:
        value += 1
        before += histogram[value]
    return value


@jit
def cores(
    data: np.ndarray,
    offsets: np.ndarray,
    word_offsets: np.ndarray,
    starts: np.ndarray,
    ends: np.ndarray,
    classes: np.ndarray,
    core_offsets: np.ndarray,
    hashes: np.ndarray,
    lengths: np.ndarray,
) -> None:
    """Words from their first to their last letter or digit: hashes and lengths; others left out."""
    found = 0
    core_offsets[0] = 0
    for i in range(len(offsets) - 1):
        start, end = offsets[i], offsets[i + 1]
        words = (starts, ends, word_offsets[i], word_offsets[i + 1])
        if end + 128 <= len(data):
            found = _cores(data, start, words, classes, found, hashes, lengths)
        else:
            found = _cores(padded(data, start, end), 0, words, classes, found, hashes, lengths)
        core_offsets[i + 1] = found


@jit
def _cores(data, start, words, classes, found, hashes, lengths):
    starts, ends, low, high = words
    for w in range(low, high):
        first, last = start + starts[w], start + ends[w]
        while first < last and classes[decode(data, first)] & ALNUM == 0:
            first += 1
            while first < last and data[first] & 0xC0 == 0x80:
                first += 1
        while last > first:
            lead = last - 1
            while data[lead] & 0xC0 == 0x80:
                lead -= 1
            if classes[decode(data, lead)] & ALNUM != 0:
                break
            last = lead
        size = last - first
        if size == 0:
            continue
        if size <= 16:
            a = mask.load64(data, first) & KEPT[min(size, 8)]
            b = mask.load64(data, first + 8) & KEPT[min(max(size - 8, 0), 8)]
            hashes[found] = hash_short(a, b, size)
        else:
            hashes[found] = hash_long(data, first, last)
        lengths[found] = code_points(data, first, last)
        found += 1
    return found
