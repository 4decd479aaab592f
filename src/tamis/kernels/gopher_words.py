"""Words counted as each reading of Gopher counts them, and words without their punctuation."""

from __future__ import annotations

import numpy as np

from tamis.kernels import mask
from tamis.kernels.jit import jit
from tamis.kernels.letter_classes import ALNUM, LETTER, PUNCTUATION
from tamis.kernels.unicode import code_points, decode, padded, valid
from tamis.kernels.word_hash import hash_long
from tamis.kernels.words import ALPHABETIC, COMMON, INITIAL, STOP

COLUMNS = ("words", "characters", "with_letter", "stop_words", "distinct_stop_words", "alnum_first")
"""Words not of symbols alone and their characters; words with a letter; stop words in either case;
how many different stop words as written; words that start with a letter or digit."""
_0, _1 = np.uint64(0), np.uint64(1)
_COMMON = ALPHABETIC | COMMON | INITIAL | STOP  # all the flags that a common word has
_LONGEST = 256


@jit
def tally(
    data: np.ndarray,
    offsets: np.ndarray,
    word_offsets: np.ndarray,
    starts: np.ndarray,
    ends: np.ndarray,
    lengths: np.ndarray,
    flags: np.ndarray,
    tallies: np.ndarray,
    classes: np.ndarray,
    counts: np.ndarray,
) -> None:
    """Fill row i of `counts` (int64, `COLUMNS`) for the words of text i.

    `flags` and `tallies` are those of `words.describe`: words that begin with an ASCII letter are
    told by them, 64 at a time; only the others are looked at.
    """
    for i in range(len(offsets) - 1):
        start, end = offsets[i], offsets[i + 1]
        words = (starts, ends, lengths, flags, word_offsets[i], word_offsets[i + 1])
        row = counts[i]
        row[:] = 0
        row[1] = tallies[i, 0]
        if end + 128 <= len(data):
            met = tally_within(data, start, words, classes, row)
        else:
            met = tally_within(padded(data, start, end), 0, words, classes, row)
        row[4] = mask.popcount(np.uint64(met))


@jit
def tally_within(data, start, words, classes, row):
    """Add some words of a text to its row, all but `distinct_stop_words`: the result is their bits.

    The row has zeros at first, but for the characters of all these words.
    """
    starts, ends, lengths, flags, low, high = words
    met = stops = np.int64(0)
    for at in range(low, high, 64):
        if at + 64 <= len(flags):
            inside = valid(at, high)
            others = mask.between(flags, at, 0, INITIAL - 1) & inside
            common = mask.equal(flags, at, _COMMON) & inside
            stops += mask.popcount(mask.between(flags, at, STOP, 255) & inside)
        else:
            others = common = _0
            for w in range(at, high):
                bit = _1 << np.uint64(w - at)
                others |= bit if flags[w] < INITIAL else _0
                common |= bit if flags[w] == _COMMON else _0
                stops += np.int64(flags[w] >= STOP)
        while common != _0 and met != 255:
            w = at + mask.trailing_zeros(common)
            common &= common - _1
            first = start + starts[w]
            met |= 1 << _which(data[first], ends[w] - starts[w])
        while others != _0:
            w = at + mask.trailing_zeros(others)
            others &= others - _1
            _other(data, start + starts[w], start + ends[w], lengths[w], classes, row)
    plain = np.int64(high - low) - row[0]  # `_other` has counted what it was given
    row[0] = plain + row[0] - row[3]
    row[2] += plain
    row[3] = stops
    row[5] += plain
    return met


@jit
def _which(first: int, size: int) -> int:
    """A number from 0 to 7 for a word known to be a common one."""
    if first == 0x74:  # the, to, that
        return 0 if size == 2 else 1 if size == 3 else 2
    if first == 0x62:  # be
        return 3
    if first == 0x6F:  # of
        return 4
    if first == 0x61:  # and
        return 5
    return 6 if first == 0x68 else 7  # have, with


@jit
def _other(data, at, end, length, classes, row):
    """A word that begins with no ASCII letter; for now row[3] counts those of symbols alone."""
    letter, visible = False, False
    row[0] += 1
    row[5] += np.int64(classes[decode(data, at)] & ALNUM != 0)
    while at < end and not (letter and visible):
        code = decode(data, at)
        kind = classes[code]
        letter |= kind & LETTER != 0
        visible |= kind & PUNCTUATION == 0
        at += 1 if code < 0x80 else 2 if code < 0x800 else 3 if code < 0x10000 else 4
    row[2] += np.int64(letter)
    if not visible:
        row[3] += 1
        row[1] -= length


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
            found = core_words(data, start, words, classes, found, out)
        else:
            found = core_words(padded(data, start, end), 0, words, classes, found, out)
        core_offsets[i + 1] = found


@jit
def core_words(data, start, words, classes, found, out):
    """The cores of some words of a text from entry `found` of `out` on; where they end."""
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
