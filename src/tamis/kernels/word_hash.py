"""A strong 64-bit hash of a short span of bytes, for equality of words, lines and paragraphs."""

from __future__ import annotations

import numpy as np

from tamis.kernels import mask
from tamis.kernels.jit import jit

KEPT = np.array([(1 << 8 * k) - 1 for k in range(9)], np.uint64)
"""Masks that keep the first k of eight loaded bytes."""
HIGH = np.uint64(0x8080808080808080)

_A, _B = np.uint64(0xA0761D6478BD642F), np.uint64(0xE7037ED1A0B428DB)
_C, _D = np.uint64(0x8EBC6AF09C88C6E3), np.uint64(0x589965CC75374CC3)


@jit
def hash_short(a: np.uint64, b: np.uint64, size: int) -> np.uint64:
    """The hash of up to 16 bytes given as two words, what lies past `size` cleared."""
    return mask.multiply_fold(mask.multiply_fold(a ^ _A, b ^ _B) ^ _C, np.uint64(size) ^ _D)


@jit
def hash_long(data: np.ndarray, start: int, end: int) -> np.uint64:
    """The hash of `data[start:end]` of any size; reads up to 16 bytes past `end`."""
    size = end - start
    if size <= 16:
        a = mask.load64(data, start) & KEPT[np.uint64(min(size, 8))]
        b = mask.load64(data, start + 8) & KEPT[np.uint64(min(max(size - 8, 0), 8))]
        return hash_short(a, b, size)
    one = two = np.uint64(0)
    at = start
    while end - at > 32:
        one = _step(data, at, one, _C)
        two = _step(data, at + 16, two, _D)
        at += 32
    at = max(end - 32, start)  # the last 32 bytes, or all of 17 to 31: where they overlap, twice
    one = _step(data, at, one, _C)
    two = _step(data, end - 16, two, _D)
    return hash_short(one, two, size)


@jit
def _step(data: np.ndarray, at: int, seed: np.uint64, salt: np.uint64) -> np.uint64:
    return mask.multiply_fold(mask.load64(data, at) ^ salt, mask.load64(data, at + 8) ^ _A ^ seed)


@jit
def pair(a: np.uint64, b: np.uint64) -> np.uint64:
    """The hash of two hashes in this order."""
    return mask.multiply_fold(a ^ _A, b ^ _C)
