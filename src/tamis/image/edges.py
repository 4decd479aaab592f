"""CleanVision's score for blur, of a picture's luma at its small size."""

from __future__ import annotations

import numpy as np

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
    spread = np.std(np.bincount(gray.reshape(-1), minlength=256))
    score = 1 - np.exp(-FACTOR * find_edges(gray).std())
    levels = 1 - np.exp(-FACTOR * spread)
    return float(min(score + (levels if levels > LEAST else 0.0), 1.0))


def find_edges(gray: np.ndarray) -> np.ndarray:
    """Eight times each pixel less the eight around it, 0 to 255; Pillow's FIND_EDGES.

    Pixels at the border of the picture stay as they are, so they do in Pillow.
    """
    found = gray.copy()
    if min(gray.shape) < 3:
        return found
    wide = gray.astype(np.int32)
    rows = wide[:-2] + wide[1:-1] + wide[2:]
    around = rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]
    found[1:-1, 1:-1] = np.clip(9 * wide[1:-1, 1:-1] - around, 0, 255)
    return found
