"""Which hashes go, from the pairs that are near: as `radius.settle` finds it with an index."""

from __future__ import annotations

import numpy as np

from tamis.kernels.jit import jit
from tamis.kernels.radius import distance


@jit
def settle(pairs: np.ndarray, hashes: np.ndarray, witness: np.ndarray, apart: np.ndarray) -> None:
    """Fill `witness` (-1 at first) and `apart` (0), taking hashes in order.

    `pairs` (int32[pairs, 2], the lower number first) are all within the radius, ascending by the
    higher number and then by the lower.
    """
    for k in range(pairs.shape[0]):
        other, row = pairs[k, 0], pairs[k, 1]
        if witness[other] >= 0:
            continue
        by = distance(hashes, row, other)
        if witness[row] < 0 or by < apart[row]:
            witness[row], apart[row] = other, by
