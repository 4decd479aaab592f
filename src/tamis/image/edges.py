"""CleanVision's score for blur, of a picture's luma at its small size."""

from __future__ import annotations

import math

import numpy as np

from tamis.kernels.edges import edge_spread

LONG_SIDE = 64  # pixels: CleanVision 0.3.7, MAX_RESOLUTION_FOR_BLURRY_DETECTION
FACTOR, LEAST = 0.01, 0.18  # its `normalizing_factor` and `color_threshold`


def small_size(height: int, width: int) -> tuple[int, int]:
    """Height and width with the long side at 64 pixels, rounded down as CleanVision does."""
    ratio = max(height, width) / LONG_SIDE
    if ratio <= 1:
        return int(height), int(width)
    return max(int(height // ratio), 1), max(int(width // ratio), 1)


def blur_score(gray: np.ndarray) -> float:
    """The score of a picture, uint8[height, width]: 0 where nothing is to be seen, 1 at most."""
    edges, counts = edge_spread(gray)
    levels = 1 - math.exp(-FACTOR * counts)
    return min(1 - math.exp(-FACTOR * edges) + (levels if levels > LEAST else 0.0), 1.0)
