"""Word n-grams of known texts found in other texts, with where they stand, in one pass.

A word is what `tamis.kernels.simplify` would leave between spaces; the tables are the same, but
the text is not rewritten: a word is its hash, and the bytes of the text that it begins and ends at.
An n-gram's key is a polynomial of the hashes of its words, so that of every length at a place comes
from two prefix sums. All known n-grams are entered by their first `least` words, of which there is
one lookup at each place; a hit is then told by 128 bits.
"""

from __future__ import annotations

import numpy as np

from tamis.kernels.jit import jit
from tamis.kernels.mask import multiply_fold
from tamis.kernels.mixing import K0, K1, K2, K3, finalise
from tamis.kernels.ordered import place
from tamis.kernels.simplify import DROP, KEEP, LONGER, OWN
from tamis.kernels.utf8 import decode, width

LONGEST = 63  # words of an n-gram: a bit each in the masks of lengths
_BASE, _OTHER = K0 | np.uint64(1), K1 | np.uint64(1)  # of the two polynomials
_0, _1, _6, _32, _63 = (np.uint64(k) for k in (0, 1, 6, 32, 63))


@jit
def split(
    data: np.ndarray,
    start: int,
    end: int,
    pages: np.ndarray,
    entries: np.ndarray,
    longer: np.ndarray,
    hashes: np.ndarray,
    begins: np.ndarray,
    ends: np.ndarray,
) -> int:
    """Hash and place (bytes from `start`) of the words of `data[start:end]`; how many there are.

    The arrays have `(end - start) // 2 + 2` entries at least: no word has fewer than two bytes
    with what sets it apart, or it has three by itself.
    """
    count, inside = np.int64(0), False
    value, last, at = K2, start, start
    first = entries[np.int64(pages[0]) << 8 :]  # the page of ASCII
    while at < end:
        size = 1
        code = np.int64(data[at])
        if code < 0x80:
            entry = np.int64(first[code])
        else:
            size = min(width(data[at]), end - at)
            code = decode(data, at, size)
            entry = np.int64(entries[(np.int64(pages[code >> 8]) << 8) + (code & 0xFF)])
        action = entry & 7
        if action == KEEP:
            if not inside:
                inside, value = True, K2
                begins[count] = at - start
            other = entry >> 3
            value = (value ^ np.uint64(other if other != 0 else code)) * K3
            value ^= value >> _32
            last = at + size
        elif action == DROP:
            pass
        elif action == LONGER:
            if not inside:
                inside, value = True, K2
                begins[count] = at - start
            row = place(longer[:, 0], code)
            for k in range(1, longer.shape[1]):
                if longer[row, k] != 0:
                    value = (value ^ np.uint64(longer[row, k])) * K3
                    value ^= value >> _32
            last = at + size
        else:  # SPACE or OWN: a word that was being read ends
            if inside:
                hashes[count], ends[count] = finalise(value), last - start
                count += 1
                inside = False
            if action == OWN:
                other = entry >> 3
                value = (K2 ^ np.uint64(other if other != 0 else code)) * K3
                hashes[count] = finalise(value ^ (value >> _32))
                begins[count], ends[count] = at - start, at + size - start
                count += 1
        at += size
    if inside:
        hashes[count], ends[count] = finalise(value), last - start
        count += 1
    return count


@jit
def split_all(
    data: np.ndarray,
    offsets: np.ndarray,
    pages: np.ndarray,
    entries: np.ndarray,
    longer: np.ndarray,
    counts: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Hashes and places of the words of all texts one after another; text i has `counts[i]`."""
    room = offsets[-1] - offsets[0] + 2 * len(offsets) if len(offsets) else 0
    hashes = np.empty(room // 2 + 2 * len(offsets), np.uint64)
    begins, ends = np.empty(hashes.size, np.int64), np.empty(hashes.size, np.int64)
    into = 0
    for i in range(len(offsets) - 1):
        counts[i] = split(
            data, offsets[i], offsets[i + 1], pages, entries, longer,
            hashes[into:], begins[into:], ends[into:],
        )  # fmt: skip
        into += counts[i]
    return hashes[:into], begins[:into], ends[:into]


@jit
def key_of(value: np.uint64, words: int) -> np.uint64:
    """The key of an n-gram from its polynomial; n-grams of other lengths have others. Never 0."""
    return max(multiply_fold(value ^ K1, (np.uint64(words) + _1) * K2), _1)


@jit
def polynomials(hashes: np.ndarray, first: int, words: int) -> tuple[np.uint64, np.uint64]:
    """Both polynomials of `words` hashes."""
    one = other = _0
    for k in range(first, first + words):
        one = one * _BASE + hashes[k]
        other = other * _OTHER + (hashes[k] ^ K3)
    return one, other


@jit
def windows(
    hashes: np.ndarray,
    counts: np.ndarray,
    most: int,
    least: int,
    keys: np.ndarray,
    checks: np.ndarray,
    heads: np.ndarray,
    text: np.ndarray,
    word: np.ndarray,
    words: np.ndarray,
) -> None:
    """The n-grams of known texts: all of `most` words; of a shorter text, from `least` on, itself.

    The arrays have an entry for each: its key and check, the key of its first `least` words, the
    number of its text, of its first word (among all) and of its words.
    """
    at = into = 0
    for i in range(counts.size):
        length = min(counts[i], most)
        if length >= least:
            for k in range(at, at + counts[i] - length + 1):
                value, checks[into] = polynomials(hashes, k, length)
                keys[into] = key_of(value, length)
                heads[into] = key_of(polynomials(hashes, k, least)[0], 0)
                text[into], word[into], words[into] = i, k, length
                into += 1
        at += counts[i]


@jit
def enter(
    keys: np.ndarray, values: np.ndarray, slots: np.ndarray, held: np.ndarray, bits: np.ndarray
) -> None:
    """Put keys with values into an open table of a power of two of slots; equal keys or values.

    `slots` and `held` are 0 at first, and so is `bits`, which has a bit for each of the leading
    `6 + log2(bits.size)` bits of a key, to turn most keys that are not there away.
    """
    last = np.uint64(slots.size - 1)
    shift = np.uint64(58 - _log2(bits.size))
    for i in range(keys.size):
        slot = keys[i] & last
        while slots[slot] != _0 and slots[slot] != keys[i]:
            slot = (slot + _1) & last
        slots[slot] = keys[i]
        held[slot] |= values[i]
        place = keys[i] >> shift
        bits[place >> _6] |= _1 << (place & _63)


@jit
def find(
    data: np.ndarray,
    offsets: np.ndarray,
    pages: np.ndarray,
    entries: np.ndarray,
    longer: np.ndarray,
    least: int,
    head_slots: np.ndarray,
    head_masks: np.ndarray,
    bits: np.ndarray,
    slots: np.ndarray,
    held: np.ndarray,
    checks: np.ndarray,
    figures: np.ndarray,
) -> np.ndarray:
    """Every place where a known n-gram stands in a text, in order.

    A row of the result: text, first word, words, first byte, byte after the last (from the start of
    the text), n-gram. `figures` gets for each text its words, and how many are in an n-gram.
    """
    powers = np.empty(LONGEST + 1, np.uint64)
    powers[0] = _1
    for k in range(LONGEST):
        powers[k + 1] = powers[k] * _BASE
    longest = np.int64(0)
    for i in range(len(offsets) - 1):
        longest = max(longest, offsets[i + 1] - offsets[i])
    hashes = np.empty(longest // 2 + 2, np.uint64)
    begins, ends = np.empty(hashes.size, np.int64), np.empty(hashes.size, np.int64)
    sums = np.empty(hashes.size + 1, np.uint64)
    hits, count = np.empty((64, 6), np.int64), 0
    shift, last, head_last = (
        np.uint64(58 - _log2(bits.size)), np.uint64(slots.size - 1),
        np.uint64(head_slots.size - 1),
    )  # fmt: skip
    for i in range(len(offsets) - 1):
        total = split(
            data, offsets[i], offsets[i + 1], pages, entries, longer, hashes, begins, ends
        )
        figures[i, 0], figures[i, 1] = total, 0
        sums[0] = _0
        for k in range(total):
            sums[k + 1] = sums[k] * _BASE + hashes[k]
        covered = 0  # words up to here are counted
        for k in range(total - least + 1):
            head = key_of(sums[k + least] - sums[k] * powers[least], 0)
            place = head >> shift
            if (bits[place >> _6] >> (place & _63)) & _1 == _0:
                continue
            slot = head & head_last
            while head_slots[slot] != _0 and head_slots[slot] != head:
                slot = (slot + _1) & head_last
            lengths = head_masks[slot]
            if head_slots[slot] == _0:
                continue
            for words in range(least, min(LONGEST, total - k) + 1):
                if (lengths >> np.uint64(words)) & _1 == _0:
                    continue
                key = key_of(sums[k + words] - sums[k] * powers[words], words)
                slot = key & last
                while slots[slot] != _0 and slots[slot] != key:
                    slot = (slot + _1) & last
                if slots[slot] == _0:
                    continue
                which = np.int64(held[slot])
                if polynomials(hashes, k, words)[1] != checks[which]:
                    continue
                if count == len(hits):
                    grown = np.empty((2 * count, 6), np.int64)
                    for old in range(count):
                        for part in range(6):
                            grown[old, part] = hits[old, part]
                    hits = grown
                row = hits[count]
                row[0], row[1], row[2], row[5] = i, k, words, which
                row[3], row[4] = begins[k], ends[k + words - 1]
                count += 1
                figures[i, 1] += max(k + words - max(covered, k), 0)
                covered = max(covered, k + words)
    return hits[:count]


@jit
def _log2(size: int) -> int:
    found = 0
    while 1 << found < size:
        found += 1
    return found
