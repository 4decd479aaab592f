"""Spreads of a small picture: of its edges, and of how often its levels occur."""

from __future__ import annotations

import numpy as np

from tamis.kernels.jit import jit


@jit
def edge_spread(gray: np.ndarray) -> tuple[float, float]:
    """Standard deviations of the edges of a picture, uint8[height, width], and of its 256 counts.

    Edges are Pillow's FIND_EDGES: eight times each pixel less the eight around it, cut off at 0
    and 255; pixels at the border of the picture stay as they are.
    """
    height, width = gray.shape
    counts = np.zeros(256, np.int64)
    total, squares = np.int64(0), np.int64(0)
    for y in range(height):
        for x in range(width):
            value = np.int64(gray[y, x])
            counts[value] += 1
            if 0 < y < height - 1 and 0 < x < width - 1:
                value *= 9
                for i in range(y - 1, y + 2):
                    for k in range(x - 1, x + 2):
                        value -= np.int64(gray[i, k])
                value = min(max(value, np.int64(0)), np.int64(255))
            total += value
            squares += value * value
    pixels = height * width
    mean = total / pixels
    edges = np.sqrt(max(squares / pixels - mean * mean, 0.0))
    return edges, counts.std()
