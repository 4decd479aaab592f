"""Pictures made smaller by the mean of the area that each new pixel covers."""

from __future__ import annotations

from typing import Any

import numpy as np

from tamis.errors import MissingPackageError
from tamis.kernels.area import reduce_colour, reduce_grey
from tamis.kernels.jit import COMPILED


def reduced(height: int, width: int, short_side: int | None) -> tuple[int, int]:
    """The size with `short_side` pixels on the shorter side, never larger than it was.

    The longer side is rounded to the nearest pixel, halves up, so that aspects agree within half
    a pixel.

    >>> reduced(480, 640, 256), reduced(100, 640, 256)
    ((256, 341), (100, 640))
    """
    short = min(height, width)
    if short_side is None or short <= short_side:
        return height, width
    return tuple((2 * side * short_side + short) // (2 * short) for side in (height, width))  # type: ignore[return-value]


def resize(
    picture: np.ndarray, height: int, width: int, extent: tuple[float, float] | None = None
) -> np.ndarray:
    """uint8 [h, w] or [h, w, 3] averaged down to `height` by `width`, neither larger than before.

    As OpenCV's INTER_AREA within one level, and in a third of its time. `extent` is how many rows
    and columns hold the picture where that is no whole number: a JPEG of 269 rows decoded at 1/4
    has 67.25, and taking its 68 for whole would shift what is seen by up to a pixel.
    """
    if picture.shape[:2] == (height, width):
        return picture
    if not COMPILED:
        return opencv().resize(picture, (width, height), interpolation=opencv().INTER_AREA)
    picture = np.ascontiguousarray(picture)
    out = np.empty((height, width, *picture.shape[2:]), np.uint8)
    (reduce_grey if picture.ndim == 2 else reduce_colour)(
        picture, out, *map(float, extent or picture.shape[:2])
    )
    return out


def opencv() -> Any:
    """OpenCV, or a `MissingPackageError` that says how to install it."""
    try:
        import cv2
    except ImportError as error:
        raise MissingPackageError(
            "resizing images needs OpenCV: pip install 'tamis[image]'"
        ) from error
    return cv2
