"""Where something begins in the bytes of all texts, on a CUDA device: flags to places, in order.

A thread takes 64 flags, eight at a time: it counts them, and when the counts are added up it writes
where they stand. That reads a byte twice; a sum over every flag would write eight for each.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tamis.kernels.cuda import Threads as cuda
from tamis.kernels.cuda import kernel, per_item
from tamis.kernels.mask import popcount, trailing_zeros

_1 = np.uint64(1)


@kernel("uint64[::1], int64[::1]")
def count_flags(flags, counts):
    """How many of each 64 flags, bytes of 0 or 1, are set."""
    at = cuda.grid(1)
    if at < counts.size:
        total = np.int64(0)
        for k in range(8):
            total += popcount(flags[8 * at + k])
        counts[at] = total


@kernel("uint64[::1], int64[::1], int64[::1]")
def write_places(flags, ends, found):
    """Where the flags that are set stand; those of each 64 end at `ends` in `found`."""
    at = cuda.grid(1)
    if at < ends.size:
        slot = np.int64(0)
        if at > 0:
            slot = ends[at - 1]
        for k in range(8):
            word = flags[8 * at + k]
            while word != np.uint64(0):
                found[slot] = 64 * at + 8 * k + (trailing_zeros(word) >> 3)
                slot += 1
                word &= word - _1


def flags_of(xp: Any, size: int) -> Any:
    """Flags for so many bytes, none set; uint8, whole times 64."""
    return xp.zeros(-(-size // 64) * 64, np.uint8)


def flagged(xp: Any, flags: Any) -> Any:
    """Where flags (uint8, 0 or 1, of `flags_of`) are set, int64."""
    if not flags.size:
        return xp.zeros(0, np.int64)
    words = flags.view(np.uint64)
    counts = xp.empty(flags.size // 64, np.int64)
    per_item(count_flags, counts.size, words, counts)
    ends = xp.cumsum(counts)
    found = xp.empty(int(ends[-1]), np.int64)
    if found.size:
        per_item(write_places, ends.size, words, ends, found)
    return found


def characters(xp: Any, data: Any) -> Any:
    """Where characters begin, int64."""
    flags = flags_of(xp, data.size)
    flags[: data.size] = (data & np.uint8(0xC0)) != np.uint8(0x80)
    return flagged(xp, flags)


def places(xp: Any, begins: Any, offsets: Any) -> Any:
    """For each text (and behind the last) how many of `begins` lie before it, int64."""
    if not begins.size:
        return xp.zeros(offsets.size, np.int64)
    return xp.searchsorted(begins, offsets).astype(np.int64, copy=False)
