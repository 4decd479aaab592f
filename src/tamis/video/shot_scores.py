"""How each frame of a video differs from the one before it, added up frame by frame.

A frame is looked at once, small, and forgotten: what is kept are a few numbers of it, so a video
may be of any length. All that finds shots, black and frozen parts is made of these numbers.
"""

from __future__ import annotations

from array import array
from typing import NamedTuple

import numpy as np

from tamis.kernels.shots import RGB, STILL, compare

WIDTH = 256  # pixels of the small frames: PySceneDetect's
DARK = (
    37  # luma (0..255) of a pixel that counts as black: 10 %, as in ffmpeg's blackdetect, rounded
)
STEADY = 0.001 * 255  # mean difference of luma in a frozen picture: ffmpeg's freezedetect, -60 dB
_BINS = 128


class ShotScores(NamedTuple):
    """Of each frame: `times` (seconds), and how it differs from the one before.

    `hue`, `saturation`, `value`: mean absolute differences (0 to 179, 255, 255); `correlation` of
    the histograms of luma, 128 bins; 0, 0, 0 and 1 for the first. `brightness`: the mean of R, G
    and B. `dark`: the share of pixels that are black. `still`: whether the picture is the one that
    stood before.
    """

    times: np.ndarray
    hue: np.ndarray
    saturation: np.ndarray
    value: np.ndarray
    correlation: np.ndarray
    brightness: np.ndarray
    dark: np.ndarray
    still: np.ndarray

    @property
    def nbytes(self) -> int:
        """Bytes in memory."""
        return sum(part.nbytes for part in self)


class Comparing:
    """Frames one after another: `add(rgb, time)`, then `scores()`."""

    def __init__(self) -> None:
        self._times, self._numbers, self._still = array("d"), array("d"), array("b")
        self._levels, self._sums = np.zeros(256, np.int64), np.zeros(5, np.int64)
        self._before: np.ndarray | None = None
        self._reference = np.zeros((0, 0), np.uint8)
        self._histogram = np.zeros(_BINS)

    def add(self, rgb: np.ndarray, time: float) -> None:
        """Look at the next frame, uint8[h, w, 3], all of one size."""
        shape = rgb.shape[:2]
        first = self._before is None or self._before.shape[1:] != shape
        if first:
            self._before = np.zeros((4, *shape), np.uint8)
            self._reference = np.zeros(shape, np.uint8)
        before, levels, sums = self._before, self._levels, self._sums
        assert before is not None
        compare(np.ascontiguousarray(rgb), before, self._reference, levels, sums)
        pixels = shape[0] * shape[1]
        histogram = levels.reshape(_BINS, -1).sum(axis=1).astype(np.float64)
        still = not first and bool(sums[STILL] <= STEADY * pixels)
        if not still:
            self._reference[:] = before[3]
        alike = 1.0 if first else _correlation(self._histogram, histogram)
        self._histogram = histogram
        moved = (0.0, 0.0, 0.0) if first else tuple(float(n) / pixels for n in sums[:3])
        self._numbers.extend(
            (*moved, alike, float(sums[RGB]) / (3 * pixels), float(levels[:DARK].sum()) / pixels)
        )
        self._times.append(time)
        self._still.append(still)

    def scores(self) -> ShotScores:
        """What was found of the frames so far."""
        columns = np.array(self._numbers).reshape(-1, 6).T
        return ShotScores(
            np.array(self._times), *(np.ascontiguousarray(c) for c in columns),
            np.array(self._still, np.int8) > 0,
        )  # fmt: skip


def _correlation(one: np.ndarray, other: np.ndarray) -> float:
    """Pearson's, as OpenCV's HISTCMP_CORREL has it: 1 where nothing varies in either."""
    a, b = one - one.mean(), other - other.mean()
    spread = float(a @ a) * float(b @ b)
    return float(a @ b) / float(np.sqrt(spread)) if spread > np.finfo(float).eps else 1.0


def small_size(width: int, height: int) -> tuple[int, int]:
    """Width and height of the small frame: the longer side 256, as PySceneDetect shrinks.

    >>> small_size(1280, 720), small_size(100, 50)
    ((256, 144), (100, 50))
    """
    factor = max(1.0, max(width, height) / WIDTH)
    return max(1, round(width / factor)), max(1, round(height / factor))
