"""Shingles of the `tamis` family on a CUDA device: units, their hashes, runs of them, signatures.

As `minhash.sign_texts`, of which all is bit by bit the same, for words, for words between spaces,
and for characters as they are. A text is not copied in lower case: whether a unit begins at a byte
is told by the character there and the one before, and a word's bytes are put in lower case as they
are hashed. Units of all texts then lie in a row, a shingle is a polynomial of some of them, and the
hash of a whole run of shingles a sum of powers, so nothing waits for what stands before it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tamis.kernels.cuda import Threads as cuda
from tamis.kernels.cuda import kernel, per_item
from tamis.kernels.cuda_minhash import STRETCH, Signed, lowered, per_piece, pieces_of, windows
from tamis.kernels.cuda_places import characters, flagged, flags_of, places
from tamis.kernels.letters import LETTER, LONGER, OWN_WORD, SEPARATOR
from tamis.kernels.mask import multiply_fold
from tamis.kernels.mixing import K0, K1, K2, K3, K4, finalise
from tamis.kernels.ordered import place
from tamis.kernels.shingle import _BASE, _BASE_HIGH, _BASE_LOW, RAW, SPACED, WORDS, _character
from tamis.kernels.utf8 import decode, width

UNITS = (WORDS, SPACED, RAW)
"""Kinds of units that are found here; characters of words are not."""
_MOST_THREADS = 256
_0, _1, _8, _FF, _64 = np.uint64(0), np.uint64(1), np.uint64(8), np.uint64(0xFF), np.uint64(64)
_LOW = np.uint64(0xFFFFFFFF)


def kind_of(data: np.ndarray, at: int, unit: int, pages: np.ndarray, entries: np.ndarray) -> int:
    """What the character that begins at `at` is: `SEPARATOR`, `LETTER` or `OWN_WORD`."""
    byte = data[at]
    if unit == SPACED:
        return SEPARATOR if byte == 32 or byte == 0 else LETTER
    if byte < 0x80:
        lower = byte | 0x20
        return LETTER if 97 <= lower <= 122 or 48 <= byte <= 57 else SEPARATOR
    return np.int64(entries[entry_of(data, at, pages)]) & 3


def entry_of(data: np.ndarray, at: int, pages: np.ndarray) -> int:
    """Where a character of several bytes stands in the table of letters."""
    count = width(data[at])
    code = decode(data, at, count) if at + count <= data.size else 0
    return (np.int64(pages[code >> 8]) << 8) + (code & 0xFF)


@kernel("uint8[::1], int64, int32[::1], uint32[::1], uint8[::1]")
def mark(data, unit, pages, entries, flags):
    """Flag the bytes where a word begins, as if all texts were one."""
    at = cuda.grid(1)
    if at < data.size and data[at] & 0xC0 != 0x80:
        kind = kind_of(data, at, unit, pages, entries)
        begins = kind == OWN_WORD or (kind == LETTER and at == 0)
        if kind == LETTER and at > 0:
            before = at - 1
            while before > 0 and data[before] & 0xC0 == 0x80:
                before -= 1
            begins = kind_of(data, before, unit, pages, entries) != LETTER
        if begins:
            flags[at] = 1


@kernel("uint8[::1], int64[::1], int64, int32[::1], uint32[::1], uint8[::1]")
def mark_firsts(data, offsets, unit, pages, entries, flags):
    """Flag the words with which texts begin."""
    text = cuda.grid(1)
    if text < offsets.size - 1 and offsets[text] < offsets[text + 1]:
        at = offsets[text]
        if kind_of(data, at, unit, pages, entries) != SEPARATOR:
            flags[at] = 1


def taken(value: np.uint64, low: np.uint64, high: np.uint64, held: np.uint64, byte: Any) -> tuple:
    """A hash with a byte more: 16 are held, and go in when another one comes."""
    if held == _8 + _8:
        value = multiply_fold(value ^ low, K2 ^ high)
        low = high = held = _0
    if held < _8:
        low |= np.uint64(byte) << (_8 * held)
    else:
        high |= np.uint64(byte) << (_8 * held - _64)
    return value, low, high, held + _1


def utf8(code: Any) -> np.uint64:
    """The bytes of a code point in UTF-8, the first one lowest."""
    last = np.uint64(0x80 | (code & 0x3F))
    if code < 0x80:
        return np.uint64(code)
    if code < 0x800:
        return np.uint64(0xC0 | code >> 6) | last << _8
    middle = np.uint64(0x80 | (code >> 6 & 0x3F))
    if code < 0x10000:
        return np.uint64(0xE0 | code >> 12) | middle << _8 | last << (_8 + _8)
    second = np.uint64(0x80 | (code >> 12 & 0x3F))
    three = np.uint64(0xF0 | code >> 18) | second << _8 | middle << (_8 + _8)
    return three | last << (_8 + _8 + _8)


@kernel("uint8[::1], int64[::1], int64, int32[::1], uint32[::1], int64[:, ::1], uint64[::1]")
def hash_words(data, begins, unit, pages, entries, longer, units):
    """`shingle.hash_word` of each word in lower case; it ends at a separator or where one begins.

    Of words between spaces, as they are.
    """
    word = cuda.grid(1)
    if word < units.size:
        at = begins[word]
        stop = begins[word + 1] if word + 1 < units.size else data.size
        value, low, high, held = K0, _0, _0, _0
        while at < stop and kind_of(data, at, unit, pages, entries) != SEPARATOR:
            byte = data[at]
            if byte < 0x80 or unit == SPACED:
                if unit != SPACED and 65 <= byte <= 90:
                    byte = byte | np.uint8(0x20)
                value, low, high, held = taken(value, low, high, held, byte)
                at += 1
                continue
            entry = np.int64(entries[entry_of(data, at, pages)])
            first, second = entry >> 3, np.int64(0)
            if entry & LONGER:
                row = place(longer[:, 0], first)
                first, second = longer[row, 1], longer[row, 2]
            at += width(byte)
            written = utf8(first)
            while written != _0:
                value, low, high, held = taken(value, low, high, held, written & _FF)
                written >>= _8
            if second != 0:
                written = utf8(second)
                while written != _0:
                    value, low, high, held = taken(value, low, high, held, written & _FF)
                    written >>= _8
        units[word] = multiply_fold(value ^ low, K1 ^ high)


@kernel("uint8[::1], int64[::1], uint64[::1]")
def hash_characters(data, begins, units):
    """Each character as it is."""
    unit = cuda.grid(1)
    if unit < units.size:
        at = begins[unit]
        units[unit] = _character(decode(data, at, width(data[at])))


def polynomial(units: np.ndarray, first: int, count: int, value: np.uint64) -> np.uint64:
    """`count` units taken into a polynomial."""
    for k in range(first, first + count):
        value = value * _BASE + units[k]
    return value


def power(base: np.uint64, exponent: int) -> np.uint64:
    """`base` to the power of `exponent`, modulo 2**64."""
    value = _1
    while exponent > 0:
        if exponent & 1:
            value *= base
        base *= base
        exponent >>= 1
    return value


@kernel(
    "uint64[::1], int64[::1], int64[:, ::1], int64, uint64[:, ::1], uint32[::1], uint64[:, ::1]"
)
def hash_shingles(units, firsts, pieces, ngram, powers, found, sums):
    """The hashes of the shingles of each piece, and what these add to the hash of the whole run.

    `powers` has those of both bases from 0 to `STRETCH`; a block of at most 256 threads each.
    """
    lows = cuda.shared.array(_MOST_THREADS, np.uint64)
    highs = cuda.shared.array(_MOST_THREADS, np.uint64)
    thread, threads, piece = cuda.threadIdx.x, cuda.blockDim.x, cuda.blockIdx.x
    text, count, where = pieces[piece, 0], pieces[piece, 2], pieces[piece, 3]
    first, held = firsts[text], firsts[text + 1] - firsts[text]
    low = high = _0
    if held < ngram:  # one shingle, of all
        if thread == 0:
            low = polynomial(units, first, held, np.uint64(held) * K2)
            high = finalise(low)
            found[where] = np.uint32(high & _LOW)
    else:
        begin = first + pieces[piece, 1]
        for k in range(thread, count, threads):
            value = polynomial(units, begin + k, ngram, _0)
            found[where + k] = np.uint32(finalise(value) & _LOW)
            low += value * powers[0, count - 1 - k]
            high += value * powers[1, count - 1 - k]
    lows[thread], highs[thread] = low, high
    left = threads
    while left > 1:
        cuda.syncthreads()
        half = (left + 1) >> 1
        if thread + half < left:
            lows[thread] += lows[thread + half]
            highs[thread] += highs[thread + half]
        left = half
    if thread == 0:
        behind = max(0, held - ngram + 1 - pieces[piece, 1] - count)
        cuda.atomic.add(sums, (0, text), lows[0] * power(_BASE_LOW, behind))
        cuda.atomic.add(sums, (1, text), highs[0] * power(_BASE_HIGH, behind))


@kernel("int64[::1], int64, uint64[:, ::1], uint64[:, ::1]")
def finish(firsts, ngram, sums, content):
    """The hash of the run of shingles of each text."""
    text = cuda.grid(1)
    if text < firsts.size - 1:
        held = firsts[text + 1] - firsts[text]
        made = max(0, held - ngram + 1)
        low = K2 * power(_BASE_LOW, made) + sums[0, text]
        high = K4 * power(_BASE_HIGH, made) + sums[1, text]
        length = np.uint64(max(made, min(held, 1)))
        content[0, text] = finalise(multiply_fold(low ^ length, K3) ^ high)
        content[1, text] = finalise(multiply_fold(high ^ length, K1) + low)


def powers() -> np.ndarray:
    """Those of both bases, uint64[2, STRETCH]."""
    bases = np.array([[_BASE_LOW], [_BASE_HIGH]])
    made = np.ones((2, STRETCH), np.uint64)
    made[:, 1:] = bases
    return np.multiply.accumulate(made, axis=1)


def sign(
    xp: Any, data: Any, offsets: Any, unit: int, ngram: int, tables: tuple[Any, Any, Any],
    factors: np.ndarray, terms: np.ndarray, stretch: int = STRETCH,
) -> Signed:  # fmt: skip
    """Sign texts that lie on a device: `data` uint8, `offsets` int64 from 0, of one text at least.

    `xp` is CuPy there; `unit` is one of `UNITS`, `tables` the letters, on the device.
    """
    texts = offsets.size - 1
    begins = characters(xp, data) if unit == RAW else words(xp, data, offsets, unit, tables)
    firsts = places(xp, begins, offsets)
    counts = windows(xp, firsts, ngram)
    there, total = pieces_of(xp, counts, stretch)
    found = xp.empty(total, np.uint32)
    sums = xp.zeros((2, texts), np.uint64)
    if found.size:
        units = xp.empty(begins.size, np.uint64)
        if unit == RAW:
            per_item(hash_characters, units.size, data, begins, units)
        else:
            per_item(hash_words, units.size, data, begins, unit, *tables, units)
        ladder = xp.asarray(powers())
        per_piece(hash_shingles, there, units, firsts, there, ngram, ladder, found, sums)
    content = xp.empty((2, texts), np.uint64)
    per_item(finish, texts, firsts, ngram, sums, content)
    return Signed(lowered(xp, found, there, texts, factors, terms), counts, content)


def words(xp: Any, data: Any, offsets: Any, unit: int, tables: tuple[Any, Any, Any]) -> Any:
    """Where words begin, int64."""
    flags = flags_of(xp, data.size)
    if data.size:
        per_item(mark, data.size, data, unit, tables[0], tables[1], flags)
        per_item(mark_firsts, offsets.size - 1, data, offsets, unit, tables[0], tables[1], flags)
    return flagged(xp, flags)
