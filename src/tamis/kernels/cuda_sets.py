"""How much sorted sets share, on a CUDA device: a thread for each pair walks along both."""

from __future__ import annotations

import numpy as np

from tamis.kernels.cuda import Threads as cuda
from tamis.kernels.cuda import kernel


@kernel("uint64[::1], int64[::1], int32[::1], int32[::1], int64[::1]")
def shared(
    values: np.ndarray, ends: np.ndarray, left: np.ndarray, right: np.ndarray, found: np.ndarray
) -> None:
    """How many hashes the sets of each pair share; set k is `values[ends[k] : ends[k + 1]]`.

    Numbers alone, so that nobody rounds: similarities are made of them on the processor.
    """
    pair = cuda.grid(1)
    if pair < left.size:
        i, j = ends[left[pair]], ends[right[pair]]
        n, m = ends[left[pair] + 1], ends[right[pair] + 1]
        common = np.int64(0)
        while i < n and j < m:
            a, b = values[i], values[j]
            common += np.int64(a == b)
            i += np.int64(a <= b)
            j += np.int64(b <= a)
        found[pair] = common
