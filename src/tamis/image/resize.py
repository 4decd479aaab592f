"""Pictures made smaller, and turned as they are displayed."""

from __future__ import annotations

import numpy as np

from tamis.media.resizing import opencv, reduced, resize

__all__ = ["opencv", "reduced", "resize", "turn"]


def turn(picture: np.ndarray, orientation: int) -> np.ndarray:
    """As it is displayed: rotated or mirrored by its EXIF orientation of 1 to 8; contiguous."""
    if orientation >= 5:
        picture = opencv().transpose(picture)
    flip = {2: 1, 3: -1, 4: 0, 6: 1, 7: -1, 8: 0}.get(orientation)  # OpenCV: 1 = left to right
    return picture if flip is None else opencv().flip(picture, flip)
