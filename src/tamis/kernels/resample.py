"""Small products of matrices in a fixed order of sums: the same bits on every machine.

BLAS adds up in whatever order suits the processor and its threads, and the bits of a hash hang on
the last digit; for grids this small its threads cost more than they bring, too.
"""

from __future__ import annotations

import numpy as np

from tamis.kernels.jit import jit


@jit
def resize_grids(
    values: np.ndarray, across: np.ndarray, down: np.ndarray, twice: bool, out: np.ndarray
) -> None:
    """Grids, float32[n, side, side], by weights[width, side] and weights[height, side].

    Fills `out`, float64[n, height, width], in whole levels from 0 to 255; with `twice` it is
    rounded between the two passes as well.
    """
    side, width, height = values.shape[1], across.shape[0], down.shape[0]
    turned = np.empty((side, side), np.float32)  # columns as rows: loops over them are vectors
    narrow = np.empty((width, side), np.float32)
    columns, rows = _spans(across), _spans(down)
    for n in range(values.shape[0]):
        for y in range(side):
            for k in range(side):
                turned[k, y] = values[n, y, k]
        narrow[:] = np.float32(0)
        for x in range(width):
            for k in range(columns[x, 0], columns[x, 1]):
                weight = across[x, k]
                for y in range(side):
                    narrow[x, y] += weight * turned[k, y]
            if twice:
                for y in range(side):
                    narrow[x, y] = _level(narrow[x, y])
        for y in range(height):
            for x in range(width):
                total = np.float32(0)
                for k in range(rows[y, 0], rows[y, 1]):
                    total += narrow[x, k] * down[y, k]
                out[n, y, x] = _level(total)


@jit
def both_sides(rows: np.ndarray, values: np.ndarray, out: np.ndarray) -> None:
    """`rows @ values[n] @ rows.T` in float64: rows[low, size], values[n, size, size]."""
    low, size = rows.shape
    half = np.empty((low, size))
    for n in range(values.shape[0]):
        for i in range(low):
            for x in range(size):
                total = 0.0
                for k in range(size):
                    total += rows[i, k] * values[n, k, x]
                half[i, x] = total
        for i in range(low):
            for j in range(low):
                total = 0.0
                for k in range(size):
                    total += half[i, k] * rows[j, k]
                out[n, i, j] = total


@jit
def _spans(weights: np.ndarray) -> np.ndarray:
    """Of each row of weights from where to where they are not nought."""
    found = np.zeros((weights.shape[0], 2), np.int64)
    for y in range(weights.shape[0]):
        first, last = weights.shape[1], 0
        for k in range(weights.shape[1]):
            if weights[y, k] != 0:
                first, last = min(first, k), k + 1
        found[y, 0], found[y, 1] = min(first, last), last
    return found


@jit
def _level(value: float) -> float:
    return min(max(np.rint(value), 0.0), 255.0)
