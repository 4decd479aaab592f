"""The variance of a picture's Laplacian, the usual measure of how sharp it is."""

from __future__ import annotations

import numpy as np

from tamis.kernels.jit import jit

STRETCH = 1024  # pixels whose squares, 1020² at most, 32 bits can hold

_int = np.int32


@jit
def laplacian_variance(gray: np.ndarray) -> float:
    """The variance of the 3×3 Laplacian of a picture, uint8[height, width], mirrored at its edges.

    Sums are of whole numbers, so the value is that of `cv2.Laplacian(gray, cv2.CV_64F).var()` to
    the last digits.
    """
    height, width = gray.shape
    total, squares = np.int64(0), np.int64(0)
    for y in range(height):
        row, up, down = gray[y], gray[mirrored(y - 1, height)], gray[mirrored(y + 1, height)]
        for x in range(0, width, max(width - 1, 1)):
            value = np.int64(up[x]) + np.int64(down[x]) - 4 * np.int64(row[x])
            value += np.int64(row[mirrored(x - 1, width)]) + np.int64(row[mirrored(x + 1, width)])
            total += value
            squares += value * value
        for start in range(1, width - 1, STRETCH):
            end = min(start + STRETCH, width - 1)
            some, more = _stretch(
                row[start - 1 : end - 1], row[start:end], row[start + 1 : end + 1],
                up[start:end], down[start:end],
            )  # fmt: skip
            total += some
            squares += more
    count = height * width
    mean = total / count
    return squares / count - mean * mean


@jit
def _stretch(
    left: np.ndarray, row: np.ndarray, right: np.ndarray, up: np.ndarray, down: np.ndarray
) -> tuple[int, int]:
    """The sums of the Laplacians within a row and of their squares."""
    total, squares = _int(0), _int(0)
    for i in range(len(row)):
        beside = _int(_int(left[i]) + _int(right[i]))
        above = _int(_int(up[i]) + _int(down[i]))
        value = _int(_int(beside + above) - _int(_int(4) * _int(row[i])))
        total = _int(total + value)
        squares = _int(squares + _int(value * value))
    return total, squares


@jit
def mirrored(i: int, count: int) -> int:
    """The place beyond an edge is the one as far before it; the edge itself is not repeated."""
    if count == 1:
        return 0
    if i < 0:
        return -i
    return i if i < count else 2 * count - 2 - i
