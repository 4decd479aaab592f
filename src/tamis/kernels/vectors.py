"""Vectors: lengths, exact cosines, sums that no order changes, and the scan of rough products.

A rough product (bfloat16 or float32, of unit vectors) says which pairs may matter; whatever lies
within its error of mattering is judged again by `dot`, in float64, where the products of two
float32 numbers are exact. So an outcome does not depend on how the rough product was made.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tamis.kernels.jit import COMPILED, jit

UNIT = 2.0**30  # a component of a unit vector as a whole number
PIECE = 64

if COMPILED:
    import numba

    def _summing(function: Callable[..., Any]) -> Callable[..., Any]:
        """Compile a loop whose sums may be taken in any order, so that it runs in vectors."""
        free = {"reassoc", "contract", "nsz"}
        return numba.njit(nogil=True, cache=True, error_model="numpy", fastmath=free)(function)

else:

    def _summing(function: Callable[..., Any]) -> Callable[..., Any]:
        return function


@_summing
def dot(left: np.ndarray, right: np.ndarray) -> float:
    """The inner product of two float32 vectors, in float64."""
    total = 0.0
    for k in range(left.size):
        total += np.float64(left[k]) * np.float64(right[k])
    return total


@jit
def lengths(vectors: np.ndarray, found: np.ndarray) -> None:
    """The Euclidean length of each row, float64; not finite where a component is not."""
    for row in range(vectors.shape[0]):
        found[row] = np.sqrt(dot(vectors[row], vectors[row]))


@jit
def scale(vectors: np.ndarray, length: np.ndarray, unit: np.ndarray) -> None:
    """Each row divided by its length, rounded to float32; rows of length 0 stay 0."""
    for row in range(vectors.shape[0]):
        by = 1.0 / length[row] if length[row] > 0.0 else 0.0
        for k in range(vectors.shape[1]):
            unit[row, k] = np.float32(np.float64(vectors[row, k]) * by)


@jit
def largest(unit: np.ndarray) -> float:
    """The largest magnitude of any component."""
    found = np.float32(0.0)
    for row in range(unit.shape[0]):
        vector = unit[row]
        for k in range(vector.size):
            found = max(found, abs(vector[k]))
    return found


@_summing
def quantise(unit: np.ndarray, step: float, whole: np.ndarray) -> float:
    """Each component as a whole number of steps; gives the largest length of what is lost."""
    lost, by = 0.0, np.float32(1.0 / step)
    for row in range(unit.shape[0]):
        vector, into = unit[row], whole[row]
        total = np.float32(0.0)
        for k in range(vector.size):
            value = np.rint(vector[k] * by)
            into[k] = np.int8(value)
            difference = vector[k] - value * np.float32(step)
            total += difference * difference
        lost = max(lost, np.float64(total))
    return np.sqrt(lost)


@jit
def add_up(unit: np.ndarray, nearest: np.ndarray, sums: np.ndarray, counts: np.ndarray) -> None:
    """Add each row to the sum of its centre, in whole numbers of 2**-30.

    Whole numbers add up to the same sum in any order, on any device.
    """
    for row in range(unit.shape[0]):
        centre = nearest[row]
        counts[centre] += 1
        into, vector = sums[centre], unit[row]
        for k in range(vector.size):
            into[k] += np.int64(np.rint(np.float64(vector[k]) * UNIT))


@jit
def gather(addresses: np.ndarray, words: int, into: np.ndarray, take: Callable[..., Any]) -> None:
    """Copy a row of 16-bit words from each memory address."""
    for row in range(addresses.size):
        source = take(addresses[row], words)
        for k in range(words):
            into[row, k] = source[k]


@jit
def highest(values: np.ndarray) -> int:
    """The largest of some whole numbers; a loop that runs in vectors."""
    found = values[0]
    for k in range(values.size):
        found = max(found, values[k])
    return found


@jit
def hits(rough: np.ndarray, bound: int, above: int, at: np.ndarray) -> int:
    """Where a rough product reaches `bound`; both are the bits of floats as signed whole numbers.

    Bits of positive floats are in the order of the floats, and those of negative ones are below.
    Fills `at` (int32[most, 2]: row, column) and gives how many there are; -1 if more than `most`.
    Of row i only columns before `above + i` count (`above` is large where all do).
    """
    count, columns = 0, rough.shape[1]
    for row in range(rough.shape[0]):
        stop = min(columns, above + row)
        if stop <= 0 or highest(rough[row, :stop]) < bound:
            continue
        for start in range(0, stop, PIECE):
            values = rough[row, start : min(start + PIECE, stop)]
            if highest(values) < bound:
                continue
            for k in range(values.size):
                if values[k] >= bound:
                    if count == at.shape[0]:
                        return -1
                    at[count, 0] = row
                    at[count, 1] = start + k
                    count += 1
    return count


@jit
def rank_last(rough: np.ndarray, last: np.ndarray) -> None:
    """Of each row the bits that only `last.shape[1] - 1` others exceed, in the last column.

    `last` (int64[rows, probe]) comes out with the largest of each row, falling.
    """
    probe, columns = last.shape[1], rough.shape[1]
    for row in range(rough.shape[0]):
        found = last[row]
        found[:] = -(2**62)
        if probe == 1:
            found[0] = highest(rough[row])
            continue
        for start in range(0, columns, PIECE):
            values = rough[row, start : min(start + PIECE, columns)]
            if highest(values) <= found[probe - 1]:
                continue
            for k in range(values.size):
                value = np.int64(values[k])
                if value <= found[probe - 1]:
                    continue
                place = probe - 1
                while place > 0 and found[place - 1] < value:
                    found[place] = found[place - 1]
                    place -= 1
                found[place] = value


@jit
def nearest(
    rough: np.ndarray, bounds: np.ndarray, unit: np.ndarray, centres: np.ndarray,
    found: np.ndarray, similarity: np.ndarray,
) -> int:  # fmt: skip
    """The `found.shape[1]` centres with the largest exact product with each row, largest first.

    Only centres whose rough product reaches the row's bound are looked at. Of equals the centre of
    the lower number comes first. Gives the number of exact products taken.
    """
    probe, columns, taken = found.shape[1], rough.shape[1], 0
    for row in range(rough.shape[0]):
        best, value = found[row], similarity[row]
        best[:] = -1
        value[:] = -np.inf
        bound = bounds[row]
        for start in range(0, columns, PIECE):
            values = rough[row, start : min(start + PIECE, columns)]
            if highest(values) < bound:
                continue
            for k in range(values.size):
                if values[k] < bound:
                    continue
                exact = dot(unit[row], centres[start + k])
                taken += 1
                if exact <= value[probe - 1]:
                    continue
                place = probe - 1
                while place > 0 and value[place - 1] < exact:
                    best[place], value[place] = best[place - 1], value[place - 1]
                    place -= 1
                best[place], value[place] = start + k, exact
    return taken


@jit
def cosines(
    left: np.ndarray, left_length: np.ndarray, right: np.ndarray, right_length: np.ndarray,
    at: np.ndarray, found: np.ndarray,
) -> None:  # fmt: skip
    """The exact cosine of each pair of rows in `at`."""
    for pair in range(at.shape[0]):
        i, j = at[pair, 0], at[pair, 1]
        value = dot(left[i], right[j]) / (left_length[i] * right_length[j])
        found[pair] = min(1.0, max(-1.0, value))


@jit
def settle(
    later: np.ndarray, earlier: np.ndarray, similarity: np.ndarray, threshold: float,
    witness: np.ndarray, value: np.ndarray,
) -> None:  # fmt: skip
    """Go through pairs in order of the later record: it goes if an earlier one that stays is near.

    Pairs are sorted by `later`, then `earlier`. `witness` is -1 for records that stay so far, and
    becomes the most similar of those that stay, the earliest of equals.
    """
    pair = 0
    while pair < later.size:
        record = later[pair]
        best, highest = -1, 0.0
        while pair < later.size and later[pair] == record:
            other = earlier[pair]
            reaches = similarity[pair] >= threshold
            if reaches and witness[other] < 0 and (best < 0 or similarity[pair] > highest):
                best, highest = other, similarity[pair]
            pair += 1
        if best >= 0 and witness[record] < 0:
            witness[record] = best
            value[record] = highest
