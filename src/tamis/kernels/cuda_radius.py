"""Hamming distances of all pairs of hashes on a CUDA device: a word is loaded once for 32 threads.

What an index saves on a processor it costs on a device in loads from all over its memory: comparing
all with all is ten operations a pair, and these are what a device has.
"""

from __future__ import annotations

import numpy as np

from tamis.kernels.cuda import Threads as cuda
from tamis.kernels.cuda import kernel


def apart(hashes: np.ndarray, left: int, others: np.ndarray, right: int, most: int) -> int:
    """In how many bits two hashes differ; some number above `most` where it is more."""
    count = np.int64(0)
    for k in range(hashes.shape[1]):
        count += np.int64(cuda.popc(hashes[left, k] ^ others[right, k]))
        if count > most:
            break
    return count


@kernel("uint64[:, ::1], int64, int64, int64, int32[:, ::1], int64[::1]")
def pairs(
    hashes: np.ndarray, start: int, stop: int, radius: int, found: np.ndarray, count: np.ndarray
) -> None:
    """The pairs within `radius` whose lower number is from `start` to before `stop`.

    A thread has a higher number. `count[0]` comes to how many there are, of which `found` takes as
    many as it has room for, in any order.
    """
    right = cuda.grid(1) + start + 1
    if right < hashes.shape[0]:
        for left in range(start, min(stop, right)):
            if apart(hashes, left, hashes, right, radius) <= radius:
                at = cuda.atomic.add(count, 0, 1)
                if at < found.shape[0]:
                    found[at, 0], found[at, 1] = np.int32(left), np.int32(right)


@kernel("uint64[:, ::1], uint64[:, ::1], int64, int32[::1], int16[::1]")
def nearest(
    held: np.ndarray, asked: np.ndarray, radius: int, witness: np.ndarray, distance: np.ndarray
) -> None:
    """For each hash asked the nearest that is held, the first of several; -1 if none is near."""
    row = cuda.grid(1)
    if row < asked.shape[0]:
        best, least = np.int64(-1), radius + 1
        for other in range(held.shape[0]):
            found = apart(held, other, asked, row, least - 1)
            if found < least:
                best, least = other, found
        witness[row] = np.int32(best)
        distance[row] = np.int16(least if best >= 0 else 0)
