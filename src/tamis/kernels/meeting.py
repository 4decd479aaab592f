"""Which of many rows meet a few given ones: by the key of a band, by shingles in common."""

from __future__ import annotations

import numpy as np

from tamis.kernels.jit import jit
from tamis.kernels.ordered import place

_MASK = np.uint64(0xFFFF)
_WIDE = np.uint64(0xFFFFF)


@jit
def rows_with(keys: np.ndarray, active: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """The active rows whose key is one of `wanted` (uint64, ascending; may repeat)."""
    seen = np.zeros(1 << 16, np.bool_)
    for key in wanted:
        seen[np.int64(key & _MASK)] = True
    found = np.empty(1024, np.int64)
    count = 0
    for row in range(keys.size):
        if not active[row] or not seen[np.int64(keys[row] & _MASK)]:
            continue
        at = place(wanted, keys[row])
        if at == wanted.size or wanted[at] != keys[row]:
            continue
        if count == found.size:
            larger = np.empty(2 * count, np.int64)
            for k in range(count):
                larger[k] = found[k]
            found = larger
        found[count] = row
        count += 1
    return found[:count]


@jit
def similar_to(
    values: np.ndarray,
    ends: np.ndarray,
    hashes: np.ndarray,
    owners: np.ndarray,
    sizes: np.ndarray,
    threshold: float,
    contained: bool,
) -> np.ndarray:
    """Pairs (row, owner) whose sets are as similar as the threshold, int64[pairs, 2].

    Row i has the set `values[ends[i]:ends[i + 1]]`. `hashes` (ascending) are those of all owners'
    sets with their owners, `sizes` how large these sets are.
    """
    shared = np.zeros(sizes.size, np.int64)
    met = np.empty(sizes.size, np.int64)
    seen = np.zeros(1 << 20, np.bool_)
    for value in hashes:
        seen[np.int64(value & _WIDE)] = True
    pairs = np.empty((1024, 2), np.int64)
    count = 0
    for row in range(ends.size - 1):
        size, touched = ends[row + 1] - ends[row], 0
        for k in range(ends[row], ends[row + 1]):
            if not seen[np.int64(values[k] & _WIDE)]:
                continue
            at = place(hashes, values[k])
            while at < hashes.size and hashes[at] == values[k]:
                owner = owners[at]
                if shared[owner] == 0:
                    met[touched] = owner
                    touched += 1
                shared[owner] += 1
                at += 1
        for k in range(touched):
            owner = met[k]
            common = shared[owner]
            shared[owner] = 0
            whole = min(size, sizes[owner]) if contained else size + sizes[owner] - common
            if common < threshold * whole:
                continue
            if count == pairs.shape[0]:
                larger = np.empty((2 * count, 2), np.int64)
                for old in range(count):
                    larger[old, 0], larger[old, 1] = pairs[old, 0], pairs[old, 1]
                pairs = larger
            pairs[count, 0], pairs[count, 1] = row, owner
            count += 1
    return pairs[:count]
