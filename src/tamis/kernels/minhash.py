"""MinHash signatures of texts: shingle, hash, and the least of many permutations, in one pass.

A permutation is `h * a + b` modulo 2**32 with odd `a` (a bijection, so minima are minima of random
orders), of the 32 low bits of a strongly mixed shingle hash. With a strong finaliser in front its
error is that of ideal MinHash, sqrt(J * (1 - J) / hashes).

Source: A. Broder, "On the resemblance and containment of documents" (1997); multiply-shift as in
M. Dietzfelbinger et al., "A reliable randomized algorithm for the closest-pair problem" (1997).
"""

from __future__ import annotations

import numpy as np

from tamis.kernels.jit import jit
from tamis.kernels.mask import multiply_fold
from tamis.kernels.mixing import K1, K2, K3, finalise
from tamis.kernels.normal import prepare, room
from tamis.kernels.shingle import STATE, UNITS, begin, next_shingles, next_units
from tamis.kernels.wide import LANES, lower_minima

_MOST = np.uint32(0xFFFFFFFF)
_LOW_HALF = np.uint64(0xFFFFFFFF)


def permutations(hashes: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Odd factors and terms (uint32) for `hashes` permutations, padded to whole vectors."""
    padded = -(-hashes // LANES) * LANES
    drawn = np.random.Generator(np.random.PCG64(seed)).integers(
        0, 2**32, (padded, 2), dtype=np.uint32
    )
    return np.ascontiguousarray(drawn[:, 0] | np.uint32(1)), np.ascontiguousarray(drawn[:, 1])


@jit
def sign_texts(
    data: np.ndarray,
    offsets: np.ndarray,
    unit: int,
    ngram: int,
    pages: np.ndarray,
    entries: np.ndarray,
    longer: np.ndarray,
    factors: np.ndarray,
    terms: np.ndarray,
    rows: int,
    keys: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    counts: np.ndarray,
    signatures: np.ndarray,
) -> None:
    """Sketch each text.

    Fills `keys` (uint64[bands, texts]: a hash of each band of `rows` minima), `low` and `high` (a
    128-bit hash of the run of shingles: equal for texts of the same words), `counts` (shingles;
    with 0 there are no keys) and, unless it has no columns, `signatures` (the low byte of minima).
    """
    largest = 0
    for i in range(counts.size):
        largest = max(largest, offsets[i + 1] - offsets[i])
    text = np.zeros(room(largest), np.uint8)
    inside = np.zeros(room(largest) // 64 + 2, np.uint64)
    breaks = np.zeros(room(largest) // 64 + 2, np.uint64)
    units = np.zeros(UNITS + ngram, np.uint64)
    shingles = np.zeros(UNITS + ngram, np.uint64)
    edges = np.zeros(UNITS, np.int64)
    hashes = np.zeros(UNITS + ngram, np.uint32)
    minima = np.zeros(factors.size, np.uint32)
    state = np.zeros(STATE, np.int64)
    content = np.zeros(2, np.uint64)
    for i in range(counts.size):
        start, end = offsets[i], offsets[i + 1]
        size = prepare(unit, data, start, end, pages, entries, longer, text, inside, breaks)
        minima[:] = _MOST
        begin(state, content)
        total = np.int64(0)
        while True:
            got = next_units(unit, text, size, inside, breaks, state, units, edges)
            if got < 0:
                break
            made = next_shingles(units, got, ngram, size, state, content, shingles)
            if made > 0:
                for k in range(made):
                    hashes[k] = np.uint32(finalise(shingles[k]) & _LOW_HALF)
                for at in range(0, factors.size, LANES):
                    lower_minima(hashes, made, factors, terms, at, minima)
                total += made
        counts[i] = total
        length = np.uint64(total)
        low[i] = finalise(multiply_fold(content[0] ^ length, K3) ^ content[1])
        high[i] = finalise(multiply_fold(content[1] ^ length, K1) + content[0])
        band_keys(minima, rows, i, keys)
        for k in range(signatures.shape[1]):
            signatures[i, k] = np.uint8(minima[k] & np.uint32(0xFF))


@jit
def band_keys(minima: np.ndarray, rows: int, at: int, keys: np.ndarray) -> None:
    """Hash each band of `rows` minima into `keys[:, at]`."""
    for band in range(keys.shape[0]):
        value = K2 + np.uint64(band)
        for k in range(band * rows, (band + 1) * rows):
            value = multiply_fold(value ^ np.uint64(minima[k]), K1)
        keys[band, at] = finalise(value)
