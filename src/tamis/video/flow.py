"""Optical flow between two frames that follow one another, some times a second."""

from __future__ import annotations

from typing import Any

import numpy as np

from tamis.errors import MissingPackageError
from tamis.media.resizing import reduced, resize
from tamis.video.luma import eight_bits

LEAST = 8, 12  # pixels of the short and the long side that DIS takes
SIDE = 64  # pixels of the short side: what tells one motion from another is seen at that


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
    """OpenCV's DIS, for the mean flow of small pictures rather than for each of their pixels.

    All scales down to the finest are used, with patches of 8 pixels side by side, each of which
    finds its place by itself in six steps. Taking over what neighbours found, as DIS does unless
    told, carries chance matches into even areas: the order of clips was less that of Farneback's.
    """
    method = opencv().DISOpticalFlow_create(opencv().DISOPTICAL_FLOW_PRESET_ULTRAFAST)
    method.setFinestScale(0)
    method.setPatchSize(8)
    method.setPatchStride(8)
    method.setGradientDescentIterations(6)
    method.setUseSpatialPropagation(False)
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
