"""Groups of records given to splits one after another, each to the split that lacks most."""

from __future__ import annotations

import numpy as np

from tamis.kernels.jit import jit


@jit
def apportion(
    strata: np.ndarray, sizes: np.ndarray, shares: np.ndarray, chosen: np.ndarray
) -> None:
    """Fill `chosen` (int8) with the split of each group, beginning anew with each stratum.

    A group goes to the split whose share of the records so far, this group's included, exceeds most
    what it has. So none ends up above its share by a whole group or more.
    """
    have = np.zeros(shares.size, np.float64)
    total = 0.0
    for k in range(sizes.size):
        if k > 0 and strata[k] != strata[k - 1]:
            have[:] = 0.0
            total = 0.0
        total += sizes[k]
        best = 0
        for which in range(1, shares.size):
            if shares[which] * total - have[which] > shares[best] * total - have[best]:
                best = which
        have[best] += sizes[k]
        chosen[k] = best
