"""A look at each frame of a clip: what the measures of frames need of it, in some microseconds."""

from __future__ import annotations

import importlib
from collections import deque
from collections.abc import Sequence
from typing import Any

import numpy as np

from tamis.kernels import frames as kernel
from tamis.kernels.laplacian import laplacian_variance
from tamis.video.decoding import EPSILON
from tamis.video.flow import Flow
from tamis.video.formats import Header
from tamis.video.header import full_range
from tamis.video.luma import eight_bits, plane
from tamis.video.scan import FLOW_RATE, HALF_FPS, SECOND, Scan
from tamis.video.ticks import Ticks

BLACK = 0.10  # of full luma: what is darker is black, as ffmpeg's blackdetect has it
BAR = 24  # of 255: the mean luma of a row that is black, as ffmpeg's cropdetect has it
PATCH = 256  # pixels of a side of the patches of NeMo Curator's score
VECTORS = frozenset({"h264", "mpeg4", "mpeg1video", "mpeg2video", "h263", "flv1", "msmpeg4v3"})
"""Codecs whose decoders in ffmpeg tell their motion vectors."""
# A frame that is unlike the one before may be the first of a clip: it is looked at as a whole, so
# that what is seen of the video says more of short clips. No value depends on it.
_UNLIKE, _TIMES = 0.04, 2.5  # of full luma, and of the change before that

VECTOR = np.dtype([
    ("source", "<i4"), ("size", "u1", 2), ("from", "<i2", 2), ("to", "<i2", 2), ("pad", "<i2"),
    ("flags", "<u8"), ("motion", "<i4", 2), ("scale", "<u2"), ("end", "V6"),
])  # fmt: skip


class Look:
    """What is kept from one frame to the next: `at(time, frame)` each, then `part(lost)`.

    With `flow` motion is optical flow even where the codec tells its vectors. `starts` are seconds
    at which clips begin, ascending, as far as that is known.
    """

    def __init__(
        self, header: Header, start: float, *, flow: bool = False, starts: Sequence[float] = ()
    ) -> None:
        width, height = header.stored
        self.shape = height, width
        self.low, self.span, self.limit = 16, 219, 0
        self.reach = float(width + height)
        self.step = max(1, round((header.fps or 30.0) / HALF_FPS))
        self.flow = Flow() if flow or header.codec not in VECTORS else None
        self.seconds, self.moments = Ticks(SECOND, start), Ticks(FLOW_RATE, start)
        self.samples = np.empty((2, kernel.SAMPLES), np.uint8)
        self.cells = np.empty((2, kernel.ROWS, kernel.COLUMNS), np.float32)
        self.fields = np.empty((kernel.ROWS // 4, kernel.COLUMNS // 4), np.uint8)
        self.rows, self.columns = np.zeros(height, np.float32), np.zeros(width, np.float32)
        self.one = np.zeros((-(-height // kernel.BLOCK), -(-width // kernel.BLOCK)))
        self.rank, self.found = np.zeros(self.one.shape, np.uint8), np.zeros(kernel.FOUND)
        self.middles = middles(height, width)
        self.seen, self.before, self.on_time = 0, 0.0, False
        self.starts = deque(starts)
        self.beside = importlib.import_module("av.sidedata.sidedata").SideDataContainer
        self._fresh()

    def _fresh(self) -> None:
        self.times: list[float] = []
        self.values: list[tuple[float, ...]] = []
        self.patches: list[np.ndarray] = []
        self.small = bytearray()
        self.looked: list[tuple[float, ...]] = []

    def __len__(self) -> int:
        return len(self.times)

    def at(self, time: float, frame: Any) -> None:
        """Look at the next frame."""
        luma, shift = plane(frame)
        if not self.seen:
            if full_range(int(frame.color_range), frame.format.name):
                self.low, self.span = 0, 255
            self.limit = int(self.low + BLACK * self.span)
        now, before = self.seen % 2, 1 - self.seen % 2
        first = not self.seen
        kernel.sample(luma, shift, self.samples[now])
        kernel.look(
            self.samples[now], self.samples[before], self.cells[now], self.cells[before],
            self.fields, self.limit, first, self.found,
        )  # fmt: skip
        self.small += self.fields.tobytes()
        total, dark, away, right, down = self.found.tolist()
        light = (total / kernel.SAMPLES - self.low) / self.span
        change = np.nan
        if not first:
            change = away * (1 / (kernel.SAMPLES * self.span))
            first = change > max(_UNLIKE, _TIMES * self.before)
            self.before = change
        while self.starts and time >= self.starts[0] - EPSILON:
            self.starts.popleft()
            first = True
        right *= luma.shape[1] / kernel.COLUMNS / self.reach
        down *= luma.shape[0] / kernel.ROWS / self.reach
        due = self.seconds.due(time)
        if due or first:
            self._whole(time, due, eight_bits(luma, shift))
        on_time = self.on_time
        motion = self._motion(time, frame, luma, shift, first)
        self.times.append(time)
        self.values.append(
            (frame.is_corrupt, light, dark / kernel.SAMPLES, change, right, down, motion, on_time)
        )
        self.seen += 1

    def _whole(self, time: float, due: bool, luma: np.ndarray) -> None:
        scale = 255 / self.span
        sharp = laplacian_variance(luma) * scale * scale
        edges = (self.shape[0], 0, self.shape[1], 0)
        if luma.shape == self.shape:
            kernel.profiles(luma, self.rows, self.columns)
            edges = (*_light(self.rows), *_light(self.columns))
        self.looked.append((time, due, sharp, kernel.spread(luma) * scale / 255, *edges))

    def _motion(
        self, time: float, frame: Any, luma: np.ndarray, shift: int, first: bool
    ) -> float:  # fmt: skip
        """The mean motion of a frame; that in its patches is noted."""
        if self.flow is None:
            found = _vectors(frame, self.beside)
            if found is None:
                return self._none()
            mean = float(kernel.vectors(
                found["size"], found["to"], found["motion"], found["scale"], self.reach, self.one,
                self.rank, *self.shape,
            ))  # fmt: skip
            one = self.one
        else:
            self.on_time = self.moments.due(time)  # of the next frame
            field = self.flow.at(luma, shift, self.on_time or first)
            if field is None:
                return self._none()
            one, mean = resized(field, self.one.shape), float(field.mean())
        self.patches.append(one.ravel()[self.middles])
        return mean

    def _none(self) -> float:
        self.patches.append(np.full(self.middles.shape, np.nan))
        return np.nan

    def part(self, lost: int) -> Scan:
        """What was seen since the last part."""
        count, shape = len(self.times), self.fields.shape
        values = np.array(self.values, np.float32).reshape(count, 8)
        damaged, light, dark, change, right, down, motion, on_time = values.T.copy()
        looked = np.array(self.looked, np.float64).reshape(-1, 8)
        middles = np.array(self.patches, np.float64).reshape(count, *self.middles.shape)
        found = Scan(
            times=np.array(self.times), damaged=damaged > 0, light=light, dark=dark, change=change,
            shift=np.stack([right, down], axis=1), motion=motion, on_time=on_time > 0,
            patches=middles.mean(axis=2).astype(np.float32),
            fields=np.frombuffer(bytes(self.small), np.uint8).reshape(count, *shape),
            looked=looked[:, 0].copy(), regular=looked[:, 1] > 0,
            sharpness=looked[:, 2].astype(np.float32), contrast=looked[:, 3].astype(np.float32),
            edges=looked[:, 4:].astype(np.int32), size=self.shape, span=self.span, step=self.step,
            half=0, flow=self.flow is not None, lost=lost,
        )  # fmt: skip
        self._fresh()
        return found


def middles(height: int, width: int) -> np.ndarray:
    """The cells of 8 × 8 of the four pixels in the middle of each patch, int of [patches, 4].

    That is what a picture reduced to a 256th by bilinear interpolation has. Frames less than 256
    pixels high or wide have no patches.
    """
    if min(height, width) < PATCH:
        return np.zeros((0, 4), np.int64)
    rows, columns = (_two(side) // kernel.BLOCK for side in (height, width))
    wide = -(-width // kernel.BLOCK)
    return (rows[:, None, :, None] * wide + columns[None, :, None, :]).reshape(-1, 4)


def _two(side: int) -> np.ndarray:
    """The two pixels in the middle of each patch, int of [patches, 2]."""
    first = np.arange(max(1, round(side / PATCH))) * PATCH + PATCH // 2 - 1
    return np.minimum(np.stack([first, first + 1], axis=1), side - 1)


def _light(profile: np.ndarray) -> tuple[int, int]:
    """The first place that is not black and the one behind the last."""
    found = np.flatnonzero(profile > BAR)
    return (int(found[0]), int(found[-1]) + 1) if len(found) else (len(profile), 0)


def resized(field: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """A field on another grid, each cell of which takes the nearest value."""
    sides = zip(shape, field.shape, strict=True)
    return field[np.ix_(*((2 * np.arange(n) + 1) * m // (2 * n) for n, m in sides))]


def _vectors(frame: Any, beside_of: Any) -> np.ndarray | None:
    """The motion vectors of a frame, None where it has none."""
    # Not `frame.side_data`: in PyAV that and the frame refer to each other, so that a frame of some
    # megabytes would be kept until Python looks for such rings, and new memory be taken for each.
    beside = beside_of(frame).get("MOTION_VECTORS")
    found = None if beside is None else np.frombuffer(beside, VECTOR)
    return found if found is None or len(found) else None
