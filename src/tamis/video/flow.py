"""Optical flow between two frames that follow one another, some times a second."""

from __future__ import annotations

from typing import Any

import numpy as np

from tamis.errors import MissingPackageError
from tamis.media.resizing import reduced, resize
from tamis.video.luma import eight_bits

SIDE = 180  # pixels of the short side: what tells one motion from another is seen at that


class Flow:
    """Flow of frames as they come, by DIS (Kroeger et al. 2016) at its fastest preset."""

    def __init__(self, fps: float, rate: float = 2.0) -> None:
        self.rate, self._next = rate, -np.inf
        self._held: np.ndarray | None = None
        self._method = dis()

    def at(self, time: float, luma: np.ndarray, shift: int) -> np.ndarray | None:
        """How far each pixel moved since the frame before, by width plus height; None mostly.

        At the moments that are looked at, and of the frame after each.
        """
        held, self._held = self._held, None
        if held is None and time < self._next:
            return None
        whole = eight_bits(luma, shift)
        small = resize(whole, *reduced(whole.shape[0], whole.shape[1], SIDE))
        if held is None or held.shape != small.shape:
            self._held, self._next = small, time + 1 / self.rate
            return None
        return lengths(self._method.calc(held, small, None))


def lengths(flow: np.ndarray) -> np.ndarray:
    """Lengths of the vectors of a field [height, width, 2], by height plus width."""
    return np.sqrt((flow.astype(np.float64) ** 2).sum(axis=2)) / (flow.shape[0] + flow.shape[1])


def dis() -> Any:
    """OpenCV's DIS at its fastest."""
    return opencv().DISOpticalFlow_create(opencv().DISOPTICAL_FLOW_PRESET_ULTRAFAST)


def opencv() -> Any:
    """OpenCV, or a `MissingPackageError` that says how to install it."""
    try:
        import cv2
    except ImportError as error:
        raise MissingPackageError(
            f"optical flow needs OpenCV: pip install 'tamis[video]' ({error})"
        ) from None
    return cv2
