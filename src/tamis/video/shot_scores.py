"""How each frame of a video differs from the one before it, added up frame by frame.

A frame is looked at once, small, and forgotten: what is kept are a few numbers of it, so a video
may be of any length. All that finds shots, black and frozen parts is made of these numbers.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from tamis.kernels.shots import FOUND, compare, compare_planes, concluded

WIDTH = 256  # pixels of the small frames: PySceneDetect's
DARK = (
    37  # luma (0..255) of a pixel that counts as black: 10 %, as in ffmpeg's blackdetect, rounded
)
STEADY = 0.001 * 255  # mean difference of luma in a frozen picture: ffmpeg's freezedetect, -60 dB
_BINS = 128
_PLANAR = {"yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p"}


class ShotScores(NamedTuple):
    """Of each frame: `times` (seconds), and how it differs from the one before.

    `hue`, `saturation`, `value`: mean absolute differences (0 to 179, 255, 255); `correlation` of
    the histograms of luma, 128 bins; 0, 0, 0 and 1 for the first. `brightness`: the mean of R, G
    and B. `dark`: the share of pixels that are black. `still`: whether the picture is the one that
    stood before. `layout` uint8[n, 4, 4, 3]: the mean colours of 16 fields.
    """

    times: np.ndarray
    hue: np.ndarray
    saturation: np.ndarray
    value: np.ndarray
    correlation: np.ndarray
    brightness: np.ndarray
    dark: np.ndarray
    still: np.ndarray
    layout: np.ndarray

    @property
    def nbytes(self) -> int:
        """Bytes in memory."""
        return sum(part.nbytes for part in self)


class Comparing:
    """Frames one after another, all of one size, then `scores()`."""

    def __init__(self) -> None:
        self._times, self._numbers = array("d"), array("d")
        self._levels, self._sums = np.zeros(256, np.int64), np.zeros(5, np.int64)
        self._found, self._extent = np.zeros(FOUND), np.zeros(4, np.int64)
        self._before = np.zeros((4, 0, 0), np.uint8)
        self._reference = self._before[3]
        self._histogram = np.zeros(_BINS)
        self._layouts, self._layout = bytearray(), np.zeros((4, 4, 3), np.uint8)

    def add(self, rgb: np.ndarray, time: float) -> None:
        """Look at the next frame, uint8[h, w, 3]."""
        first = self._sized(rgb.shape[:2])
        compare(
            np.ascontiguousarray(rgb), self._before, self._reference, self._levels, self._sums,
            self._layout,
        )  # fmt: skip
        self._conclude(first, time)

    def add_frame(self, frame: Any, time: float) -> None:
        """The same of a frame of a decoder, not turned, reduced to 256 pixels or less."""
        width, height = small_size(frame.width, frame.height)
        name = frame.format.name
        if name not in _PLANAR:
            self.add(frame.reformat(width, height, "rgb24").to_ndarray(), time)
            return
        first = self._sized((height, width))
        luma, blue, red = frame.planes[:3]
        self._extent[:] = (frame.height, frame.width, blue.height, blue.width)
        full = name.startswith("yuvj") or int(frame.color_range) == 2
        compare_planes(
            _plane(luma), _plane(blue), _plane(red), self._extent, full, self._before,
            self._reference, self._levels, self._sums, self._layout,
        )  # fmt: skip
        self._conclude(first, time)

    def _sized(self, shape: tuple[int, ...]) -> bool:
        """Whether the frame is the first, or the first of its size."""
        if self._reference.shape == shape:
            return False
        self._before = np.zeros((4, *shape), np.uint8)
        self._reference = np.zeros(shape, np.uint8)
        return True

    def _conclude(self, first: bool, time: float) -> None:
        concluded(
            self._levels, self._sums, first, DARK, STEADY, self._before, self._reference,
            self._histogram, self._found,
        )  # fmt: skip
        self._numbers.frombytes(self._found.tobytes())
        self._layouts += self._layout.tobytes()
        self._times.append(time)

    def __len__(self) -> int:
        return len(self._times)

    @property
    def changed(self) -> float:
        """The mean difference of hue, saturation and value of the last frame to the one before."""
        return float(self._found[:3].mean())

    def scores(self) -> ShotScores:
        """What was found since the last call."""
        *numbers, still = np.array(self._numbers).reshape(-1, FOUND).T.copy()
        layouts = np.frombuffer(bytes(self._layouts), np.uint8).reshape(-1, 4, 4, 3)
        found = ShotScores._make([np.array(self._times), *numbers, still > 0, layouts])
        self._layouts = bytearray()
        self._times, self._numbers = array("d"), array("d")
        return found


class ShotLook:
    """A look at each frame of a clip: `at(time, frame)`, then `part()`."""

    def __init__(self) -> None:
        self._comparing = Comparing()

    def at(self, time: float, frame: Any) -> None:
        """Look at the next frame."""
        self._comparing.add_frame(frame, time)

    @property
    def changed(self) -> float:
        """The mean difference of hue, saturation and value of the last frame to the one before."""
        return self._comparing.changed

    def part(self, lost: int = 0) -> ShotScores:
        """The scores of the frames since the last part."""
        return self._comparing.scores()


def joined(parts: Iterator[ShotScores]) -> ShotScores:
    """All parts as one."""
    found = list(parts)
    return ShotScores(*(np.concatenate(columns) for columns in zip(*found, strict=True)))


def _plane(plane: Any) -> np.ndarray:
    """The bytes of a plane, uint8 of [height, columns], of which the last are no pixels."""
    return np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)


def warm_up() -> None:
    """Compile what this needs, or load what was compiled."""
    plane = np.frombuffer(bytes(81), np.uint8).reshape(9, 9)
    extent, small = np.full(4, 9, np.int64), np.zeros((4, 4), np.uint8)
    levels, sums, layout = np.zeros(256, np.int64), np.zeros(5, np.int64), np.zeros((4, 4, 3))
    for one in (plane, plane.copy()):  # decoders lend their memory to be read only, or not
        compare_planes(one, one, one, extent, False, np.zeros((4, 4, 4), np.uint8), small, levels,
                       sums, layout.astype(np.uint8))  # fmt: skip
    Comparing().add(layout.astype(np.uint8), 0.0)


def small_size(width: int, height: int) -> tuple[int, int]:
    """Width and height of the small frame: the longer side 256, as PySceneDetect shrinks.

    >>> small_size(1280, 720), small_size(100, 50)
    ((256, 144), (100, 50))
    """
    factor = max(1.0, max(width, height) / WIDTH)
    return max(1, round(width / factor)), max(1, round(height / factor))
