"""Substrings: count a string in each text, or what is lost when an n-gram is deleted."""

from __future__ import annotations

import numpy as np

from tamis.kernels import mask
from tamis.kernels.jit import jit
from tamis.kernels.unicode import ONES, padded, valid


@jit
def contains(
    data: np.ndarray, offsets: np.ndarray, pattern: np.ndarray, where: int, result: np.ndarray
) -> None:
    """Whether each text has the bytes of `pattern` anywhere (0), at its start (1) or end (2)."""
    size = len(pattern)
    for i in range(len(offsets) - 1):
        start, end = offsets[i], offsets[i + 1]
        if size > end - start:
            result[i] = False
        elif where == 1:
            result[i] = same(data, start, pattern, size)
        elif where == 2:
            result[i] = same(data, end - size, pattern, size)
        elif size == 0:
            result[i] = True
        elif end + 128 <= len(data):
            result[i] = occurrences(data, start, end, pattern, size, 1) > 0
        else:
            copy = padded(data, start, end)
            result[i] = occurrences(copy, 0, end - start, pattern, size, 1) > 0


@jit
def deleted(
    data: np.ndarray,
    offsets: np.ndarray,
    word_offsets: np.ndarray,
    starts: np.ndarray,
    ends: np.ndarray,
    lengths: np.ndarray,
    top: np.ndarray,
    order: int,
    gap: int,
    lost: np.ndarray,
) -> None:
    """Characters lost when the n-gram that starts at word `top[i]` is deleted from text i.

    Its words are joined by `gap` (0 or 1) spaces and deleted wherever that string stands, as
    `str.replace(…, "")` does it. Texts of fewer than `order` words get -1.
    """
    pattern = np.empty(4096, np.uint8)
    for i in range(len(offsets) - 1):
        start, end = offsets[i], offsets[i + 1]
        word = word_offsets[i] + top[i]
        if word_offsets[i + 1] - word_offsets[i] < order:
            lost[i] = -1
            continue
        size, characters = gap * (order - 1), gap * (order - 1)
        for w in range(word, word + order):
            size += np.int64(ends[w]) - starts[w]
            characters += np.int64(lengths[w])
        if size > len(pattern):
            pattern = np.empty(2 * size, np.uint8)
        at = 0
        for w in range(word, word + order):
            if w > word and gap == 1:
                pattern[at] = 32
                at += 1
            for k in range(start + starts[w], start + ends[w]):
                pattern[at] = data[k]
                at += 1
        if end + 128 <= len(data):
            found = occurrences(data, start, end, pattern, size, -1)
        else:
            found = occurrences(padded(data, start, end), 0, end - start, pattern, size, -1)
        lost[i] = found * characters


@jit
def occurrences(
    data: np.ndarray, start: int, end: int, pattern: np.ndarray, size: int, limit: int
) -> int:
    """How often the first `size` bytes of `pattern` stand in `data[start:end]` without overlap.

    From left to right, as `str.count` counts; stops at `limit`. Reads up to 64 bytes past `end`.
    """
    count = 0
    free = start  # where the next one may start
    stop = end - size + 1
    half = size >> 1
    head, middle, tail = pattern[0], pattern[half], pattern[size - 1]
    at = start
    while at < stop:
        bits = mask.equal(data, at, head) & mask.equal(data, at + size - 1, tail)
        bits &= mask.equal(data, at + half, middle) & valid(at, stop)
        if free > at:
            bits &= ONES << np.uint64(free - at)
        while bits != np.uint64(0):
            here = at + mask.trailing_zeros(bits)
            bits &= bits - np.uint64(1)
            if here >= free and same(data, here, pattern, size):
                count += 1
                free = here + size
                if count == limit:
                    return count
        at += 64
        if free > at:
            at = free
    return count


@jit
def same(data: np.ndarray, at: int, pattern: np.ndarray, size: int) -> bool:
    """Whether the first `size` bytes of `pattern` stand in `data` at `at`."""
    for k in range(size):  # noqa: SIM110  a loop compiles to a loop
        if data[at + k] != pattern[k]:
            return False
    return True
