"""How far a uniform border reaches into a picture from each side."""

from __future__ import annotations

import numpy as np

from tamis.kernels.jit import jit


@jit
def borders(rgb: np.ndarray, tolerance: int) -> tuple[int, int, int, int]:
    """Lines of a picture, uint8[height, width, 3], that are border: top, bottom, left, right.

    A line belongs to the border of its side if none of its levels is further than `tolerance`
    from those of the side's outermost corner, and all lines outside it belong to it. Rows are
    looked at first; columns only between them. A picture of one colour, or of one above another,
    is all border.
    """
    height, width = rgb.shape[0], rgb.shape[1]
    top = bottom = left = right = 0
    while top < height and _row(rgb, top, rgb[0, 0], tolerance):
        top += 1
    while bottom < height - top and _row(rgb, height - 1 - bottom, rgb[height - 1, 0], tolerance):
        bottom += 1
    if top + bottom == height:
        return top, bottom, 0, 0
    low, high = top, height - bottom
    while left < width and _column(rgb, left, low, high, rgb[low, 0], tolerance):
        left += 1
    last = rgb[low, width - 1]
    while right < width - left and _column(rgb, width - 1 - right, low, high, last, tolerance):
        right += 1
    return top, bottom, left, right


@jit
def _row(rgb: np.ndarray, y: int, colour: np.ndarray, tolerance: int) -> bool:
    x, width = 0, rgb.shape[1]
    while x < width and _near(rgb[y, x], colour, tolerance):
        x += 1
    return x == width


@jit
def _column(
    rgb: np.ndarray, x: int, low: int, high: int, colour: np.ndarray, tolerance: int
) -> bool:
    y = low
    while y < high and _near(rgb[y, x], colour, tolerance):
        y += 1
    return y == high


@jit
def _near(pixel: np.ndarray, colour: np.ndarray, tolerance: int) -> bool:
    furthest = np.int32(0)
    for k in range(3):
        furthest = max(furthest, abs(np.int32(pixel[k]) - np.int32(colour[k])))
    return furthest <= tolerance
