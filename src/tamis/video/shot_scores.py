"""How each frame of a video differs from the one before it, added up frame by frame.

A frame is looked at once, small, and forgotten: what is kept are a few numbers of it, so a video
may be of any length. All that finds shots, black and frozen parts is made of these numbers.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from tamis.kernels.shots import STILL, alike, compare, layout, reduced

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
    """Frames one after another: `add(rgb, time)`, then `scores()`."""

    def __init__(self) -> None:
        self._times, self._numbers, self._still = array("d"), array("d"), array("b")
        self._levels, self._sums = np.zeros(256, np.int64), np.zeros(5, np.int64)
        self._before: np.ndarray | None = None
        self._reference = np.zeros((0, 0), np.uint8)
        self._histogram = np.zeros(_BINS)
        self._layouts, self._layout = bytearray(), np.zeros((4, 4, 3), np.uint8)

    def add(self, rgb: np.ndarray, time: float) -> None:
        """Look at the next frame, uint8[h, w, 3], all of one size."""
        shape = rgb.shape[:2]
        first = self._before is None or self._before.shape[1:] != shape
        if first:
            self._before = np.zeros((4, *shape), np.uint8)
            self._reference = np.zeros(shape, np.uint8)
        before, levels, sums = self._before, self._levels, self._sums
        assert before is not None
        rgb = np.ascontiguousarray(rgb)
        compare(rgb, before, self._reference, levels, sums)
        pixels = shape[0] * shape[1]
        correlation = alike(levels, self._histogram)
        still = not first and bool(sums[STILL] <= STEADY * pixels)
        if not still:
            self._reference[:] = before[3]
        hue, saturation, value, light, _ = sums.tolist()
        if first:
            hue = saturation = value = 0
            correlation = 1.0
        dark = int(levels[:DARK].sum())
        self._numbers.extend(
            (hue / pixels, saturation / pixels, value / pixels, correlation, light / (3 * pixels),
             dark / pixels)
        )  # fmt: skip
        layout(rgb, self._layout)
        self._layouts += self._layout.tobytes()
        self._times.append(time)
        self._still.append(still)

    def __len__(self) -> int:
        return len(self._times)

    def scores(self) -> ShotScores:
        """What was found since the last call."""
        numbers = np.array(self._numbers).reshape(-1, 6).T.copy()
        layouts = np.frombuffer(bytes(self._layouts), np.uint8).reshape(-1, 4, 4, 3)
        found = ShotScores(
            np.array(self._times), *numbers, np.array(self._still, np.int8) > 0, layouts
        )  # fmt: skip
        self._layouts = bytearray()
        self._times, self._numbers, self._still = array("d"), array("d"), array("b")
        return found


class ShotLook:
    """A look at each frame of a clip: `at(time, frame)`, then `part()`."""

    def __init__(self) -> None:
        self._comparing, self._small = Comparing(), Small()

    def at(self, time: float, frame: Any) -> None:
        """Look at the next frame."""
        self._comparing.add(self._small(frame), time)

    def part(self, lost: int = 0) -> ShotScores:
        """The scores of the frames since the last part."""
        return self._comparing.scores()


def joined(parts: Iterator[ShotScores]) -> ShotScores:
    """All parts as one."""
    found = list(parts)
    return ShotScores(*(np.concatenate(columns) for columns in zip(*found, strict=True)))


class Small:
    """Frames of a decoder as small RGB, all of one size, not turned; the next replaces the last."""

    def __init__(self) -> None:
        self._extent = np.zeros(4, np.int64)
        self._out = np.zeros((0, 0, 3), np.uint8)

    def __call__(self, frame: Any) -> np.ndarray:
        """uint8 of [h, w, 3], the longer side 256 or less."""
        width, height = small_size(frame.width, frame.height)
        if self._out.shape != (height, width, 3):
            self._out = np.empty((height, width, 3), np.uint8)
        name = frame.format.name
        if name not in _PLANAR:
            frame = frame.reformat(width, height, "rgb24")
            self._out[:] = frame.to_ndarray()
            return self._out
        blue = frame.planes[1]
        self._extent[:] = (frame.height, frame.width, blue.height, blue.width)
        full = name.startswith("yuvj") or int(frame.color_range) == 2
        reduced(*(_plane(plane) for plane in frame.planes[:3]), self._extent, full, self._out)
        return self._out


def _plane(plane: Any) -> np.ndarray:
    """The bytes of a plane, uint8 of [height, columns], of which the last are no pixels."""
    return np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)


def warm_up() -> None:
    """Compile what this needs, or load what was compiled."""
    plane = np.frombuffer(bytes(81), np.uint8).reshape(9, 9)
    extent, small = np.full(4, 9, np.int64), np.zeros((4, 4, 3), np.uint8)
    for one in (plane, plane.copy()):  # decoders lend their memory to be read only, or not
        reduced(one, one, one, extent, False, small)
    Comparing().add(small, 0.0)


def small_size(width: int, height: int) -> tuple[int, int]:
    """Width and height of the small frame: the longer side 256, as PySceneDetect shrinks.

    >>> small_size(1280, 720), small_size(100, 50)
    ((256, 144), (100, 50))
    """
    factor = max(1.0, max(width, height) / WIDTH)
    return max(1, round(width / factor)), max(1, round(height / factor))
