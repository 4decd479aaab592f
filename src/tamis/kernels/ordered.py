"""Places in ascending values."""

from __future__ import annotations

import numpy as np

from tamis.kernels.jit import jit


@jit
def place(values: np.ndarray, wanted: int) -> int:
    """How many of `values` (ascending) are below `wanted`, by halves.

    As `np.searchsorted`, which numba compiles for most of a second in each loop that calls it.
    """
    low, high = 0, values.size
    while low < high:
        middle = (low + high) >> 1
        if values[middle] < wanted:
            low = middle + 1
        else:
            high = middle
    return low
