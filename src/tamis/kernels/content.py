"""A 128-bit hash of each text, for equality: as fast as memory is read, not for adversaries.

Two independent chains of multiply-and-fold (after wyhash) over 64-byte blocks. Two different texts
agree by chance with probability about 2**-128 per pair. It is no cryptographic hash: someone who
sets out to build two texts with one hash can.
"""

from __future__ import annotations

import numpy as np

from tamis.kernels.jit import jit
from tamis.kernels.mask import load64, multiply_fold, tail
from tamis.kernels.mixing import K0, K1, K2, K3, K4, K5, finalise


@jit
def hash_block(data: np.ndarray, at: int, low: np.uint64, high: np.uint64) -> tuple:
    """Both chains taken over the 64 bytes from `at`."""
    a, b = load64(data, at), load64(data, at + 8)
    c, d = load64(data, at + 16), load64(data, at + 24)
    e, f = load64(data, at + 32), load64(data, at + 40)
    g, h = load64(data, at + 48), load64(data, at + 56)
    left = (
        multiply_fold(a ^ K1, b ^ low)
        ^ multiply_fold(c ^ K2, d ^ low)
        ^ multiply_fold(e ^ K3, f ^ low)
    )
    right = (
        multiply_fold(g ^ K4, h ^ high)
        ^ multiply_fold(b ^ K5, c ^ high)
        ^ multiply_fold(f ^ K0, a ^ high)
    )
    return left ^ multiply_fold(g ^ K5, h ^ low), right ^ multiply_fold(d ^ K3, e ^ high)


@jit
def hash_span(data: np.ndarray, start: int, end: int, scratch: np.ndarray) -> tuple:
    """The two halves of the hash of `data[start:end]`; `scratch` has 128 bytes."""
    low, high, at = K2, K4, start
    while at + 64 <= end:
        low, high = hash_block(data, at, low, high)
        at += 64
    if at < end:
        tail(data, at, end, scratch)
        low, high = hash_block(scratch, 0, low, high)
    length = np.uint64(end - start)
    return finalise(multiply_fold(low ^ length, K3) ^ high), finalise(
        multiply_fold(high ^ length, K0) + low
    )


@jit
def hash_texts(data: np.ndarray, offsets: np.ndarray, low: np.ndarray, high: np.ndarray) -> None:
    """Fill `low` and `high` (uint64, one entry a text) with the hash of each text."""
    scratch = np.zeros(128, np.uint8)
    for i in range(low.size):
        low[i], high[i] = hash_span(data, offsets[i], offsets[i + 1], scratch)


@jit
def combine(low: np.ndarray, high: np.ndarray, with_low: np.ndarray, with_high: np.ndarray) -> None:
    """Take another column's hashes into those of the columns before it, in place."""
    for i in range(low.size):
        left, right = low[i], high[i]
        low[i] = finalise(multiply_fold(left ^ K1, with_low[i] ^ K2) + right)
        high[i] = finalise(multiply_fold(right ^ K3, with_high[i] ^ K4) + left)
