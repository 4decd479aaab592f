"""MurmurHash3 (Austin Appleby) as cuDF's MinHash takes it: with 1 in place of a hash of 0.

The 32-bit form is x86_32; the 64-bit form is the first word of x64_128, with a 64-bit seed.
"""

from __future__ import annotations

import numpy as np

from tamis.kernels.jit import jit
from tamis.kernels.mask import load64
from tamis.kernels.mixing import finalise

_C1, _C2 = np.uint32(0xCC9E2D51), np.uint32(0x1B873593)
_ONES = np.uint64(0xFFFFFFFFFFFFFFFF)
_D1, _D2 = np.uint64(0x87C37B91114253D5), np.uint64(0x4CF5AD432745937F)


@jit
def _rotate32(value: np.uint32, by: int) -> np.uint32:
    return np.uint32(np.uint32(value << np.uint32(by)) | np.uint32(value >> np.uint32(32 - by)))


@jit
def _rotate64(value: np.uint64, by: int) -> np.uint64:
    return (value << np.uint64(by)) | (value >> np.uint64(64 - by))


@jit
def _partial(data: np.ndarray, at: int, count: int) -> np.uint64:
    """The next `count` bytes, eight at most, as a little-endian word; 0 for none."""
    if count <= 0:
        return np.uint64(0)
    if at + 8 <= data.size:
        return load64(data, at) & (_ONES >> np.uint64(64 - 8 * count))
    word = np.uint64(0)
    for k in range(count):
        word |= np.uint64(data[at + k]) << np.uint64(8 * k)
    return word


@jit
def _mixed32(first: int, second: int, third: int, fourth: int) -> np.uint32:
    """What four bytes add to a 32-bit hash: it depends on nothing before them."""
    word = np.uint32(
        np.uint32(first)
        | np.uint32(np.uint32(second) << np.uint32(8))
        | np.uint32(np.uint32(third) << np.uint32(16))
        | np.uint32(np.uint32(fourth) << np.uint32(24))
    )
    return np.uint32(_rotate32(np.uint32(word * _C1), 15) * _C2)


@jit
def block32(data: np.ndarray, at: int) -> np.uint32:
    """The block of the four bytes from `at`."""
    return _mixed32(data[at], data[at + 1], data[at + 2], data[at + 3])


@jit
def blocks32(data: np.ndarray, start: int, count: int, blocks: np.ndarray) -> None:
    """The blocks of the four bytes from each of `count` places, `start` and those behind it.

    Slices tell the compiler that no index is negative: it makes vectors of the loop.
    """
    first, second = data[start : start + count], data[start + 1 : start + 1 + count]
    third, fourth = data[start + 2 : start + 2 + count], data[start + 3 : start + 3 + count]
    for k in range(count):
        blocks[k] = _mixed32(first[k], second[k], third[k], fourth[k])


@jit
def step32(value: np.uint32, block: np.uint32) -> np.uint32:
    """Take a block in."""
    value = _rotate32(np.uint32(value ^ block), 13)
    return np.uint32(np.uint32(value * np.uint32(5)) + np.uint32(0xE6546B64))


@jit
def final32(value: np.uint32, size: int) -> np.uint32:
    """The hash of `size` bytes whose blocks are taken in."""
    value = np.uint32(value ^ np.uint32(size))
    value = np.uint32(np.uint32(value ^ np.uint32(value >> np.uint32(16))) * np.uint32(0x85EBCA6B))
    value = np.uint32(np.uint32(value ^ np.uint32(value >> np.uint32(13))) * np.uint32(0xC2B2AE35))
    value = np.uint32(value ^ np.uint32(value >> np.uint32(16)))
    return value if value != np.uint32(0) else np.uint32(1)


@jit
def murmur32(data: np.ndarray, start: int, end: int, seed: np.uint32) -> np.uint32:
    """MurmurHash3 (x86, 32 bits) of `data[start:end]`, with 1 in place of 0."""
    value, at = seed, start
    while at + 4 <= end:
        value = step32(value, block32(data, at))
        at += 4
    return end32(value, data, at, end, start)


@jit
def end32(value: np.uint32, data: np.ndarray, at: int, end: int, start: int) -> np.uint32:
    """The hash of `data[start:end]` when its whole blocks, up to `at`, are taken in."""
    if at < end:
        word = np.uint32(_partial(data, at, end - at))
        value = np.uint32(value ^ np.uint32(_rotate32(np.uint32(word * _C1), 15) * _C2))
    return final32(value, end - start)


@jit
def murmur64(data: np.ndarray, start: int, end: int, seed: np.uint64) -> np.uint64:
    """First word of MurmurHash3 (x64, 128 bits) of `data[start:end]`, with 1 in place of 0."""
    first = second = seed
    at = start
    while at + 16 <= end:
        first ^= _rotate64(load64(data, at) * _D1, 31) * _D2
        first = (_rotate64(first, 27) + second) * np.uint64(5) + np.uint64(0x52DCE729)
        second ^= _rotate64(load64(data, at + 8) * _D2, 33) * _D1
        second = (_rotate64(second, 31) + first) * np.uint64(5) + np.uint64(0x38495AB5)
        at += 16
    low, high = _partial(data, at, min(end - at, 8)), _partial(data, at + 8, end - at - 8)
    second ^= _rotate64(high * _D2, 33) * _D1
    first ^= _rotate64(low * _D1, 31) * _D2
    size = np.uint64(end - start)
    first, second = first ^ size, second ^ size
    first += second
    second += first
    value = finalise(first) + finalise(second)
    return value if value != np.uint64(0) else np.uint64(1)
