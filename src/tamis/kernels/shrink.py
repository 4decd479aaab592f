"""Reduce a picture to a grid by the mean over the area of each place."""

from __future__ import annotations

import numpy as np

from tamis.kernels.jit import jit

FEW = 4  # rows of the grid at a time

_float = np.float32


@jit
def shrink(gray: np.ndarray, grid: np.ndarray) -> None:
    """The means of the areas that a picture, uint8[height, width], is cut into, to `grid`.

    `grid` (float32[rows, columns]) may not have more rows or columns than the picture. A pixel on
    the border of areas counts for each as far as it lies in it, as in OpenCV's INTER_AREA.
    """
    height, width = gray.shape
    rows, columns = grid.shape
    down, across = height / rows, width / columns
    scale = _float(1.0 / (down * across))
    lines = np.empty((FEW, width), np.float32)
    for top in range(0, rows, FEW):
        many = min(FEW, rows - top)
        lines[:] = _float(0)
        for k in range(many):
            low, high = (top + k) * down, min((top + k + 1) * down, float(height))
            for i in range(int(low), int(np.ceil(high))):
                _add(lines[k], gray[i], _float(min(high, i + 1.0) - max(low, float(i))))
        for x in range(columns):
            left, right = x * across, min((x + 1) * across, float(width))
            start, end = int(left), int(np.ceil(right))
            total = _stretches(lines[:, start:end])
            before, beyond = _float(left - start), _float(end - right)
            for k in range(many):
                outside = before * lines[k, start] + beyond * lines[k, end - 1]
                grid[top + k, x] = (total[k] - outside) * scale


@jit
def _stretches(lines: np.ndarray) -> tuple[float, float, float, float]:
    """The sums of a stretch of each of `FEW` lines: four that need not wait for one another."""
    a, b, c, d = _float(0), _float(0), _float(0), _float(0)
    for i in range(lines.shape[1]):
        a += lines[0, i]
        b += lines[1, i]
        c += lines[2, i]
        d += lines[3, i]
    return a, b, c, d


@jit
def _add(line: np.ndarray, row: np.ndarray, weight: float) -> None:
    for i in range(len(row)):
        line[i] += weight * _float(row[i])
