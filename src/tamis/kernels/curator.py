"""MinHash signatures of the `curator` family, as cuDF's `minhash` computes them, bit by bit.

Windows are `width` code points hashed as UTF-8 with MurmurHash3; a shorter text is one window, no
text gives zeros. 32 bits: `h * a + b` wraps modulo 2**32 (read in the kernel of cuDF 26.10);
`documented` takes it modulo 2**61 - 1 and cuts to 32 bits, as cuDF's documentation writes it.
64 bits: it wraps modulo 2**64 and is then taken modulo 2**61 - 1.

The step for a block of the 32-bit hash depends on four bytes only: it is made once for each byte of
the text and serves every window that has a block there.
"""

from __future__ import annotations

import numpy as np

from tamis.kernels.jit import jit
from tamis.kernels.mask import between, multiply_fold, trailing_zeros
from tamis.kernels.mixing import K1, K2, finalise
from tamis.kernels.murmur import blocks32, end32, final32, murmur64, step32
from tamis.kernels.wide import FEW, LANES, lower_few, lower_minima

_P61, _61 = np.uint64((1 << 61) - 1), np.uint64(61)
_ONE = np.uint64(1)
_INSIDE, _LAST_INSIDE = np.uint8(0x80), np.uint8(0xBF)  # bytes of a character but its first
_MOST = np.uint32(0xFFFFFFFF)
_LOW_HALF = np.uint64(0xFFFFFFFF)
_STRETCH = 4096  # windows hashed at a time


def permutations(hashes: int, seed: int, bits: int) -> tuple[np.ndarray, np.ndarray]:
    """Factors in [1, p) and terms in [0, p), drawn in turn from `numpy.random.RandomState(seed)`.

    p is 2**31 - 1 for 32 bits and 2**61 - 1 for 64.

    >>> permutations(2, 42, 32)[0].dtype
    dtype('uint32')
    """
    draw = np.random.RandomState(seed).randint
    kind, prime = (np.uint32, 2**31 - 1) if bits == 32 else (np.uint64, 2**61 - 1)
    drawn = [(draw(1, prime, dtype=kind), draw(0, prime, dtype=kind)) for _ in range(hashes)]
    factors, terms = np.array(drawn, kind).T
    return np.ascontiguousarray(factors), np.ascontiguousarray(terms)


@jit
def sign32(
    data: np.ndarray,
    offsets: np.ndarray,
    width: int,
    seed: np.uint32,
    factors: np.ndarray,
    terms: np.ndarray,
    documented: bool,
    counts: np.ndarray,
    signatures: np.ndarray,
) -> None:
    """Fill `signatures` (uint32[texts, hashes]) and `counts` (windows of each text).

    `seed` is that of MurmurHash3.
    """
    begins = np.zeros(_STRETCH + width, np.int64)
    blocks = np.zeros(4 * (_STRETCH + width), np.uint32)  # a character has four bytes at most
    hashes = np.zeros(_STRETCH + width, np.uint32)
    plain = np.zeros(2 * (_STRETCH + width), np.uint32)
    padded = (factors.size + FEW - 1) // FEW * FEW
    whole = padded // LANES * LANES
    minima = np.zeros(padded, np.uint32)
    wide_factors, wide_terms = np.zeros(padded, np.uint32), np.zeros(padded, np.uint32)
    for k in range(factors.size):
        wide_factors[k], wide_terms[k] = factors[k], terms[k]
    for i in range(counts.size):
        at, end, total = offsets[i], offsets[i + 1], np.int64(0)
        minima[:] = _MOST if end > at else np.uint32(0)
        while at < end:
            count = _characters(data, at, end, _STRETCH + width - 1, begins)
            window = min(width, count)
            if count == 0 or (total > 0 and count < width):
                break
            made = count - window + 1
            _hash32(data, begins, made, window, seed, blocks, hashes, plain)
            if documented:
                _lower_documented(hashes, made, factors, terms, minima)
            else:
                for lane in range(0, whole, LANES):
                    lower_minima(hashes, made, wide_factors, wide_terms, lane, minima)
                for lane in range(whole, padded, FEW):
                    lower_few(hashes, made, wide_factors, wide_terms, lane, minima)
            total += made
            at = begins[made]
        counts[i] = total
        for k in range(factors.size):
            signatures[i, k] = minima[k]


@jit
def sign64(
    data: np.ndarray,
    offsets: np.ndarray,
    width: int,
    seed: np.uint64,
    factors: np.ndarray,
    terms: np.ndarray,
    counts: np.ndarray,
    signatures: np.ndarray,
) -> None:
    """Fill `signatures` (uint64[texts, hashes]) and `counts` (windows of each text)."""
    begins = np.zeros(_STRETCH + width, np.int64)
    hashes = np.zeros(_STRETCH + width, np.uint64)
    for i in range(counts.size):
        at, end, total = offsets[i], offsets[i + 1], np.int64(0)
        signatures[i, :] = _P61 if end > at else np.uint64(0)
        while at < end:
            count = _characters(data, at, end, _STRETCH + width - 1, begins)
            window = min(width, count)
            if count == 0 or (total > 0 and count < width):
                break
            made = count - window + 1
            for k in range(made):
                hashes[k] = murmur64(data, begins[k], begins[k + window], seed)
            for p in range(factors.size):
                least = signatures[i, p]
                signatures[i, p] = lowest64(hashes[:made], factors[p], terms[p], least)
            total += made
            at = begins[made]
        counts[i] = total


@jit
def band_keys(signatures: np.ndarray, rows: int, keys: np.ndarray) -> None:
    """Hash each band of `rows` values of every signature into `keys` (uint64[bands, texts])."""
    for i in range(keys.shape[1]):
        for band in range(keys.shape[0]):
            value = K2 + np.uint64(band)
            for k in range(band * rows, (band + 1) * rows):
                value = multiply_fold(value ^ np.uint64(signatures[i, k]), K1)
            keys[band, i] = finalise(value)


@jit
def _characters(data: np.ndarray, start: int, end: int, most: int, begins: np.ndarray) -> int:
    """The byte where each of the next characters begins, and where the one behind them does."""
    count, at = 0, start
    while at + 64 <= end:
        inside = between(data, at, _INSIDE, _LAST_INSIDE)
        if inside == 0 and count + 64 <= most:  # one byte a character
            some = begins[count : count + 64]
            for k in range(64):
                some[k] = at + k
            count += 64
        else:
            mask = ~inside
            while mask != 0:
                begins[count] = at + trailing_zeros(mask)
                if count == most:
                    return count
                count += 1
                mask &= mask - _ONE
        at += 64
    while at < end:
        if data[at] & 0xC0 != 0x80:
            begins[count] = at
            if count == most:
                return count
            count += 1
        at += 1
    begins[count] = end
    return count


@jit
def _hash32(
    data: np.ndarray,
    begins: np.ndarray,
    count: int,
    width: int,
    seed: np.uint32,
    blocks: np.ndarray,
    hashes: np.ndarray,
    plain: np.ndarray,
) -> None:
    """The hashes of `count` windows of `width` characters; `plain` is scratch."""
    start, end = begins[0], begins[count - 1 + width]
    size, characters = end - start, count - 1 + width
    blocks32(data, start, max(size - 3, 0), blocks)
    if size == characters and width % 4 == 0:
        _hash_bytes(blocks, count, width, seed, hashes)
        return
    mostly = width % 4 == 0 and 2 * size < 3 * characters
    if mostly:  # windows of a byte a character are among all of that many bytes
        _hash_bytes(blocks, size + 1 - width, width, seed, plain)
    for k in range(count):
        at, stop, value = begins[k], begins[k + width], seed
        if mostly and stop - at == width:
            hashes[k] = plain[at - start]
            continue
        while at + 4 <= stop:
            value = step32(value, blocks[at - start])
            at += 4
        hashes[k] = end32(value, data, at, stop, begins[k])


@jit
def _hash_bytes(
    blocks: np.ndarray, count: int, width: int, seed: np.uint32, hashes: np.ndarray
) -> None:
    """The hashes of `count` windows of `width` bytes, a multiple of four."""
    hashes[:count] = seed
    for at in range(0, width, 4):
        some = blocks[at : at + count]
        for k in range(count):
            hashes[k] = step32(hashes[k], some[k])
    for k in range(count):
        hashes[k] = final32(hashes[k], width)


@jit
def lowest64(hashes: np.ndarray, factor: np.uint64, term: np.uint64, least: np.uint64) -> np.uint64:
    """The least of `hashes * factor + term` modulo 2**64, then modulo p = 2**61 - 1, and `least`.

    Folded once, a value is below p but for some eight in 2**61. So the last step is left out, and
    taken for all only where one of them needs it.
    """
    lowest, over = np.int64(least), np.uint64(0)
    for k in range(hashes.size):
        value = _folded(hashes[k] * factor + term)
        over |= value + _ONE
        lowest = min(lowest, np.int64(value))
    if over > _P61:
        for k in range(hashes.size):
            lowest = min(lowest, np.int64(_modulo_p61(hashes[k] * factor + term)))
    return np.uint64(lowest)


@jit
def _folded(value: np.uint64) -> np.uint64:
    return (value & _P61) + (value >> _61)


@jit
def _modulo_p61(value: np.uint64) -> np.uint64:
    value = _folded(value)
    return value - _P61 if value >= _P61 else value


@jit
def _lower_documented(
    hashes: np.ndarray, count: int, factors: np.ndarray, terms: np.ndarray, minima: np.ndarray
) -> None:
    for p in range(factors.size):
        factor, term = np.uint64(factors[p]), np.uint64(terms[p])
        least, over = np.int64(minima[p]), np.uint64(0)
        for k in range(count):
            value = _folded(np.uint64(hashes[k]) * factor + term)
            over |= value + _ONE
            least = min(least, np.int64(value & _LOW_HALF))
        if over > _P61:  # as in `lowest64`
            least = np.int64(minima[p])
            for k in range(count):
                value = _modulo_p61(np.uint64(hashes[k]) * factor + term)
                least = min(least, np.int64(value & _LOW_HALF))
        minima[p] = np.uint32(least)
