"""Optical flow between two frames that follow one another, some times a second."""

from __future__ import annotations

from typing import Any

import numpy as np

from tamis.errors import MissingPackageError
from tamis.media.resizing import reduced, resize
from tamis.video.luma import eight_bits

LEAST = 8, 12  # pixels of the short and the long side that DIS takes
SIDE = 120  # pixels of the short side: what tells one motion from another is seen at that


class Flow:
    """Flow of frames as they come, by DIS (Kroeger et al. 2016)."""

    def __init__(self) -> None:
        self._held: np.ndarray | None = None
        self._method = dis()

    def at(self, luma: np.ndarray, shift: int, wanted: bool) -> np.ndarray | None:
        """How far each pixel moved since the frame before, by width plus height.

        None where that was not `wanted`: the flow from this frame to the next one is if it is now;
        and of frames that are too small for it.
        """
        held, self._held = self._held, None
        if held is None and not wanted:
            return None
        whole = eight_bits(luma, shift)
        small = resize(whole, *reduced(whole.shape[0], whole.shape[1], SIDE))
        if wanted:
            self._held = small
        large = min(small.shape) >= LEAST[0] and max(small.shape) >= LEAST[1]
        if held is None or held.shape != small.shape or not large:
            return None
        return lengths(self._method.calc(held, small, None))


def lengths(flow: np.ndarray) -> np.ndarray:
    """Lengths of the vectors of a field [height, width, 2], by height plus width."""
    right, down = flow[..., 0], flow[..., 1]
    return np.sqrt(right * right + down * down) / np.float32(flow.shape[0] + flow.shape[1])


def dis() -> Any:
    """OpenCV's DIS at its fastest, but for the finest scale: half the size, not a quarter.

    At a quarter of 120 pixels small things that move slowly were not seen: the order of clips was
    Farneback's by 0.86 then, and is by 0.96, at the same cost.
    """
    method = opencv().DISOpticalFlow_create(opencv().DISOPTICAL_FLOW_PRESET_ULTRAFAST)
    method.setFinestScale(1)
    return method


def opencv() -> Any:
    """OpenCV, or a `MissingPackageError` that says how to install it."""
    try:
        import cv2
    except ImportError as error:
        raise MissingPackageError(
            f"optical flow needs OpenCV: pip install 'tamis[video]' ({error})"
        ) from None
    return cv2
