"""Words counted as each reading of Gopher counts them, and words without their punctuation."""

from __future__ import annotations

import numpy as np

from tamis.kernels import mask
from tamis.kernels.jit import jit
from tamis.kernels.letter_classes import ALNUM, LETTER, PUNCTUATION
from tamis.kernels.unicode import code_points, decode, padded
from tamis.kernels.word_hash import KEPT, hash_long

COLUMNS = ("words", "characters", "with_letter", "stop_words", "distinct_stop_words", "alnum_first")
"""Words not of symbols alone and their characters; words with a letter; stop words in either case;
how many different stop words as written; words that start with a letter or digit."""
_SPREAD = np.uint64(0x1027C4D1C386BBC5)  # of the factor of `words`: no two words share a slot


def _stop_words() -> tuple[np.ndarray, np.ndarray]:
    """The stop words, each at the slot its bytes and size multiply to, and a bit for each."""
    keys, bits = np.zeros(64, np.uint64), np.zeros(64, np.uint64)
    for k, word in enumerate(b"the be to of and that have with".split()):
        key = int.from_bytes(word, "little") | len(word) << 56
        slot = (key * int(_SPREAD) & 0xFFFFFFFFFFFFFFFF) >> 58
        keys[slot], bits[slot] = key, 1 << k
    return keys, bits


_STOP, _BITS = _stop_words()
_56, _58, _0 = np.uint64(56), np.uint64(58), np.uint64(0)
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
    met = _0
    for w in range(low, high):
        at, end = start + starts[w], start + ends[w]
        size = end - at
        first = data[at]
        if 0x61 <= first | 0x20 <= 0x7A:
            alnum += 1
            lettered += 1
            counted += 1
            characters += lengths[w]
            kept = KEPT[np.uint64(min(size, 4))]
            key = mask.load64(data, at) & kept | np.uint64(min(size, 5)) << _56
            small = key | _SMALL & kept
            slot = small * _SPREAD >> _58
            if _STOP[slot] == small:
                stops += 1
                met |= _BITS[slot] if small == key else _0
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
    distinct = mask.popcount(met)
    row[0], row[1], row[2], row[3], row[4], row[5] = (
        counted, characters, lettered, stops, distinct, alnum,
    )  # fmt: skip


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
    hashes: np.ndarray,
    lengths: np.ndarray,
    classes: np.ndarray,
    core_offsets: np.ndarray,
    core_hashes: np.ndarray,
    core_lengths: np.ndarray,
) -> None:
    """Words from their first to their last letter or digit: hashes and lengths; others left out."""
    found = 0
    core_offsets[0] = 0
    for i in range(len(offsets) - 1):
        start, end = offsets[i], offsets[i + 1]
        words = (starts, ends, hashes, lengths, word_offsets[i], word_offsets[i + 1])
        out = (core_hashes, core_lengths)
        if end + 128 <= len(data):
            found = _cores(data, start, words, classes, found, out)
        else:
            found = _cores(padded(data, start, end), 0, words, classes, found, out)
        core_offsets[i + 1] = found


@jit
def _cores(data, start, words, classes, found, out):
    starts, ends, hashes, lengths, low, high = words
    core_hashes, core_lengths = out
    for w in range(low, high):
        first, last = start + starts[w], start + ends[w]
        one, two = data[first], data[last - 1]
        if one | two < 0x80 and classes[one] & classes[two] & ALNUM != 0:  # of one kind: common
            core_hashes[found], core_lengths[found] = hashes[w], lengths[w]
            found += 1
            continue
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
        core_hashes[found] = hash_long(data, first, last)
        core_lengths[found] = code_points(data, first, last)
        found += 1
    return found
