"""Words: where they are, and the hash, length and class of each."""

from __future__ import annotations

import numpy as np

from tamis.kernels import mask
from tamis.kernels.jit import jit
from tamis.kernels.unicode import ALPHA, code_points, decode, padded, space, valid
from tamis.kernels.word_hash import HIGH, KEPT, hash_long, hash_short

ALPHABETIC, SYMBOL, COMMON, INITIAL, STOP = 1, 2, 4, 16, 32
"""Flags of a word: has an alphabetic character; is a symbol; is a common English word; begins with
an ASCII letter; is a common English word in either case."""
TALLIES = ("characters", "longest", "alphabetic", "symbols", "common")

COMMON_WORDS = ("the", "be", "to", "of", "and", "that", "have", "with")
ELLIPSES = ("...", "[...]", "…", "(...)", "[…]", "-»")
_SPREAD = np.uint64(
    0x1027C4D1C386BBC5
)  # found by search: no two of the fourteen words share a slot
_SHIFT = np.uint64(58)
_SMALL = np.uint64(0x2020202020202020)
_1, _3, _56, _63 = np.uint64(1), np.uint64(3), np.uint64(56), np.uint64(63)
_0, _16, _35 = np.uint64(0), np.uint64(16), np.uint64(0x23)  # 0x23 is #
_255 = np.uint64(0xFF)


def _known() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The words with a flag of their own, each at the slot its bytes and size multiply to.

    Their keys, the keys with bit 0x20 of every byte set, by which they are found, and two flags:
    the one they have as they stand and the one they have in either case.
    """
    keys, small, flags = np.zeros(64, np.uint64), np.zeros(64, np.uint64), np.zeros(64, np.uint16)
    for flag, words in ((COMMON | STOP << 8, COMMON_WORDS), (SYMBOL, ELLIPSES)):
        for word in words:
            utf8 = word.encode()
            size = len(utf8) << 56
            key = int.from_bytes(utf8, "little") | size
            folded = int.from_bytes(bytes(byte | 0x20 for byte in utf8), "little") | size
            slot = (folded * int(_SPREAD) & 0xFFFFFFFFFFFFFFFF) >> int(_SHIFT)
            keys[slot], small[slot], flags[slot] = key, folded, flag
    return keys, small, flags


KNOWN_KEYS, KNOWN_SMALL, KNOWN_FLAGS = _known()


@jit
def find(data: np.ndarray, offsets: np.ndarray, masks: np.ndarray, counts: np.ndarray) -> None:
    """Mark the bytes of words, 64 to an entry of `masks`, each text from a new entry; count them.

    Words are what `str.split()` gives. `masks` has `sum(ceil(bytes / 64))` entries.
    """
    block = 0
    for i in range(len(offsets) - 1):
        start, end = offsets[i], offsets[i + 1]
        if end + 128 <= len(data):
            counts[i] = find_within(data, start, end, masks, block, _0, _0)
        else:
            whole = padded(data, start, end)
            counts[i] = find_within(whole, 0, end - start, masks, block, _0, _0)
        block += (end - start + 63) >> 6


@jit
def find_within(
    data: np.ndarray,
    start: int,
    end: int,
    masks: np.ndarray,
    block: int,
    spill: np.uint64,
    before: np.uint64,
) -> int:
    """How many words begin in `data[start:end]`; their bytes are marked from entry `block` on.

    `spill` is what a white-space character begun before `start` leaves to it, `before` is 1 where
    the byte before is one of a word.
    """
    found = np.int64(0)
    for at in range(start, end, 64):
        white, spill = space(data, at, spill)
        live = ~white & valid(at, end)
        found += mask.popcount(live & ~(live << _1 | before))
        before = live >> _63
        masks[block] = live
        block += 1
    return found


@jit
def spans(
    masks: np.ndarray,
    offsets: np.ndarray,
    word_offsets: np.ndarray,
    starts: np.ndarray,
    ends: np.ndarray,
) -> None:
    """From the marks of `find`, where each word starts and ends within its text.

    Eight entries are written at a time, so `starts` and `ends` have eight to spare.
    """
    block = 0
    for i in range(len(offsets) - 1):
        size = offsets[i + 1] - offsets[i]
        first, last, before = word_offsets[i], word_offsets[i], _0
        for at in range(0, size, 64):
            live = masks[block]
            block += 1
            shifted = live << _1 | before
            before = live >> _63
            first = _emit(live & ~shifted, at, starts, first)
            last = _emit(shifted & ~live, at, ends, last)
        if last < first:  # the last word runs to the end of the text
            ends[last] = size


@jit
def _emit(bits: np.uint64, at: int, positions: np.ndarray, into: int) -> int:
    stop = into + mask.popcount(bits)
    while into < stop:
        for k in range(8):
            positions[into + k] = at + mask.trailing_zeros(bits)
            bits &= bits - _1
        into += 8
    return stop


@jit
def describe(
    data: np.ndarray,
    offsets: np.ndarray,
    word_offsets: np.ndarray,
    starts: np.ndarray,
    ends: np.ndarray,
    table: np.ndarray,
    hashes: np.ndarray,
    lengths: np.ndarray,
    flags: np.ndarray,
    tallies: np.ndarray,
) -> None:
    """Hash, length in characters and flags of each word; the `TALLIES` of each text."""
    for i in range(len(offsets) - 1):
        start, end = offsets[i], offsets[i + 1]
        own = slice(word_offsets[i], word_offsets[i + 1])
        where = (starts[own], ends[own])
        out = (hashes[own], lengths[own], flags[own], tallies[i])
        if end + 128 <= len(data):
            describe_within(data, start, where, table, out)
        else:
            describe_within(padded(data, start, end), 0, where, table, out)


@jit
def describe_within(data, start, where, table, out):
    """Describe words of a text, from where they start and end; `out` ends `describe`'s list."""
    starts, ends = where
    hashes, lengths, flags, row = out
    marked = np.int64(0)
    for w in range(len(starts)):
        at = start + starts[w]
        size = np.int64(ends[w]) - starts[w]
        kept = KEPT[np.uint64(min(size, 8))]
        a = mask.load64(data, at) & kept
        b = mask.load64(data, at + 8) & KEPT[np.uint64(min(max(size - 8, 0), 8))]
        # a known word has fewer than eight bytes, so its highest byte here is its size alone
        key = a | np.uint64(min(size, 128)) << _56
        small = key | (_SMALL & kept)
        slot = small * _SPREAD >> _SHIFT
        known = np.int64(KNOWN_FLAGS[slot])
        flag = (known & 255) * np.int64(KNOWN_KEYS[slot] == key)
        flag |= (known >> 8) * np.int64(KNOWN_SMALL[slot] == small)
        flag |= np.int64(a & _255 == _35) << 3
        marked |= flag
        letters = _letters(a)
        flag |= np.int64(letters >> _3 & _16)
        lengths[w] = size
        if size <= 16:
            hashes[w] = hash_short(a, b, size)
            flag |= np.int64(letters | _letters(b) != _0)
            if (a | b) & HIGH != _0:
                lengths[w] = code_points(data, at, at + size)
                flag |= np.int64(_alphabetic(data, at, at + size, table))
        else:
            hashes[w] = hash_long(data, at, at + size)
            lengths[w] = code_points(data, at, at + size)
            flag |= np.int64(_alphabetic(data, at, at + size, table))
        flags[w] = flag
    if marked & 8 != 0:  # a word begins with #
        for w in range(len(starts)):
            if flags[w] & 8 != 0:
                at, end = start + starts[w], start + ends[w]
                flags[w] &= 7
                flags[w] |= SYMBOL if _mostly_hashes(data, at, end, lengths[w]) else 0
    _tally(lengths, flags, row)


@jit
def _tally(lengths: np.ndarray, flags: np.ndarray, row: np.ndarray) -> None:
    characters = alphabetic = symbols = common = np.int64(0)
    longest = np.int32(0)
    for w in range(len(lengths)):
        characters += lengths[w]
        longest = max(longest, lengths[w])
    for w in range(len(flags)):
        alphabetic += flags[w] & 1
        symbols += flags[w] >> 1 & 1
        common += flags[w] >> 2 & 1
    row[0], row[1], row[2], row[3], row[4] = characters, longest, alphabetic, symbols, common


@jit
def _letters(word: np.uint64) -> np.uint64:
    """Bit 7 of every byte that is an ASCII letter, in eight bytes."""
    low = (word | np.uint64(0x2020202020202020)) & ~HIGH
    above = low + np.uint64(0x1F1F1F1F1F1F1F1F)  # bit 7 from "a" on
    beyond = low + np.uint64(0x0505050505050505)  # bit 7 after "z"
    return above & ~beyond & ~word & HIGH


@jit
def _alphabetic(data: np.ndarray, start: int, end: int, table: np.ndarray) -> bool:
    """Whether a word has an alphabetic character; reads up to 64 bytes past `end`."""
    for at in range(start, end, 64):
        inside = valid(at, end)
        if mask.folded(data, at, 0x61, 0x7A) & inside != _0:
            return True
        leads = mask.between(data, at, 0xC2, 0xFF) & inside
        while leads != _0:
            if table[decode(data, at + mask.trailing_zeros(leads))] & ALPHA != 0:
                return True
            leads &= leads - _1
    return False


@jit
def _mostly_hashes(data: np.ndarray, start: int, end: int, length: int) -> bool:
    """Whether runs of `#` number more than half the characters of a word."""
    runs, before = 0, False
    for at in range(start, end):
        hash_sign = data[at] == 0x23
        runs += hash_sign and not before
        before = hash_sign
    return 2 * runs > length
