"""Hierarchical clustering by average linkage."""

from __future__ import annotations

import numpy as np

from tamis.kernels.jit import jit


@jit
def merges(away: np.ndarray, sizes: np.ndarray, pairs: np.ndarray, heights: np.ndarray) -> None:
    """Which groups grow together, by the chain of nearest neighbours; `away` and `sizes` change.

    `away` is the distances, float64 of [n, n], symmetric. `pairs[k]` become a member of each of the
    two groups of merge k, `heights[k]` their mean distance. Merges do not come in the order of
    heights. A group is known by its member with the largest number; ties go to the one before in
    the chain, then to the smallest number. Source: F. Murtagh, 1983.
    """
    count = away.shape[0]
    alive = np.ones(count, np.bool_)
    chain = np.empty(count, np.int64)
    length, done, first = 0, 0, 0
    while done < count - 1:
        if length == 0:
            while not alive[first]:
                first += 1
            chain[0] = first
            length = 1
        here = chain[length - 1]
        near, least = -1, np.inf
        if length > 1:
            near, least = chain[length - 2], away[here, chain[length - 2]]
        for k in range(count):
            if alive[k] and k != here and away[here, k] < least:
                near, least = k, away[here, k]
        if length > 1 and near == chain[length - 2]:
            low, high = min(here, near), max(here, near)
            pairs[done, 0], pairs[done, 1] = low, high
            heights[done] = least
            done += 1
            length -= 2
            whole = sizes[low] + sizes[high]
            for k in range(count):
                if alive[k] and k != low and k != high:
                    mean = (sizes[low] * away[low, k] + sizes[high] * away[high, k]) / whole
                    away[high, k] = mean
                    away[k, high] = mean
            sizes[high] = whole
            alive[low] = False
        else:
            chain[length] = near
            length += 1
