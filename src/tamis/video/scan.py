"""One pass over a clip, in which all measures of its frames add up what they need."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from tamis.kernels import frames as kernel
from tamis.kernels.laplacian import laplacian_variance
from tamis.media.reader import Reader
from tamis.video.decoding import EPSILON, Tally, decoded
from tamis.video.flow import Flow
from tamis.video.formats import Header
from tamis.video.header import full_range
from tamis.video.luma import eight_bits, plane

PART = 500  # frames of one part
_HALF_FPS = 2.0  # frames a second whose motion NeMo Curator's filter looks at
SECONDS = 1.0  # between two frames that are looked at as a whole
BLACK = 0.10  # of full luma: what is darker is black, as ffmpeg's blackdetect has it
VECTORS = frozenset({"h264", "mpeg4", "mpeg1video", "mpeg2video", "h263", "flv1", "msmpeg4v3"})
"""Codecs whose decoders in ffmpeg tell their motion vectors."""

VECTOR = np.dtype([
    ("source", "<i4"), ("size", "u1", 2), ("from", "<i2", 2), ("to", "<i2", 2), ("pad", "<i2"),
    ("flags", "<u8"), ("motion", "<i4", 2), ("scale", "<u2"), ("end", "V6"),
])  # fmt: skip


class Scan(NamedTuple):
    """What was seen of each frame of a clip, and of the clip as a whole.

    For each of n frames: `times` seconds; `damaged`; `light`, mean luma from 0 to 1; `dark`, the
    share of pixels with less luma than 0.1; `change`, the mean absolute difference of luma to the
    frame before, 0 to 1, NaN for the first; `away`, the same to the first frame; `shift` float32 of
    [n, 2], how far the whole picture moved since the frame before, by width plus height; `motion`,
    the mean length of its motion vectors by width plus height, NaN where it has none or was not
    asked. For each of m frames, one a second: `sharpness`, variance of the Laplacian, and
    `contrast`, standard deviation of luma.

    `field` float64 of [rows, columns] is the sum of the motion in cells of 8 × 8 pixels over
    `moved` frames; `half_field` and `half_moved` are those of the frames that NeMo Curator looks
    at, two a second of the first half. `rows` and `columns` are the largest means of luma, 0 to
    255, of the rows and columns of a frame. `lost` packets gave no frame.
    """

    times: np.ndarray
    damaged: np.ndarray
    light: np.ndarray
    dark: np.ndarray
    change: np.ndarray
    away: np.ndarray
    shift: np.ndarray
    motion: np.ndarray
    sharpness: np.ndarray
    contrast: np.ndarray
    field: np.ndarray
    moved: int
    half_field: np.ndarray
    half_moved: int
    rows: np.ndarray
    columns: np.ndarray
    lost: int

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of a stored frame."""
        return len(self.rows), len(self.columns)

    @property
    def nbytes(self) -> int:
        """Bytes in memory."""
        return sum(value.nbytes for value in self if isinstance(value, np.ndarray))


def scanned(
    file: Reader, header: Header, start: float = 0.0, end: float | None = None, *,
    flow: bool = False, part: int = PART,
) -> Iterator[Scan]:  # fmt: skip
    """What is seen of the frames from `start` to `end`, `part` of them at a time.

    With `flow` motion is optical flow even where the codec tells its vectors.
    """
    tally = Tally()
    told = header.codec in VECTORS and not flow
    until = header.duration if end is None else end
    look = _Look(header, 0.0 if until is None else until - start, told)
    found = decoded(file, header, start, end, vectors=told, tally=tally)
    for time, frame in found:
        look.at(time, frame)
        del frame
        if len(look.times) >= part:
            yield look.part(0)
    yield look.part(tally.lost)


def joined(parts: Iterator[Scan]) -> Scan:
    """All parts as one."""
    found = [part for part in parts if len(part.times) or part.lost]
    whole = [np.concatenate([part[k] for part in found]) for k in range(10)]
    big = [part for part in found if part.field.size] or found[:1]
    same = [part for part in big if part.field.shape == big[0].field.shape]
    return same[0]._replace(
        **dict(zip(Scan._fields, whole, strict=False)),
        field=np.sum([part.field for part in same], axis=0),
        moved=sum(part.moved for part in same),
        half_field=np.sum([part.half_field for part in same], axis=0),
        half_moved=sum(part.half_moved for part in same),
        rows=np.max([part.rows for part in same], axis=0),
        columns=np.max([part.columns for part in same], axis=0),
        lost=sum(part.lost for part in found),
    )


class _Look:
    """What is kept from one frame to the next."""

    def __init__(self, header: Header, duration: float, told: bool) -> None:
        width, height = header.stored
        self.low, self.span, self.limit = 16, 219, 0
        self.reach, self.told = float(width + height), told
        self.step = max(1, round((header.fps or 30.0) / _HALF_FPS))
        self.half_left = max(10, round(int(duration or 30.0) * 0.5 * _HALF_FPS))
        self.flow = None if told else Flow(header.fps)
        self.samples = np.empty((2, kernel.SAMPLES), np.uint8)
        self.cells = np.empty((2, kernel.ROWS, kernel.COLUMNS), np.float32)
        self.first: np.ndarray | None = None
        self.seen, self.next_whole = 0, -np.inf
        shape = -(-height // kernel.BLOCK), -(-width // kernel.BLOCK)
        self.one = np.zeros(shape)
        self.shape = height, width
        self.beside = importlib.import_module("av.sidedata.sidedata").SideDataContainer
        self._fresh()

    def _fresh(self) -> None:
        height, width = self.shape
        self.times: list[float] = []
        self.values: list[tuple[float, ...]] = []
        self.wholes: list[tuple[float, float]] = []
        self.field, self.moved = np.zeros(self.one.shape), 0
        self.half_field, self.half_moved = np.zeros(self.one.shape), 0
        self.rows, self.columns = np.zeros(height, np.float32), np.zeros(width, np.float32)

    def at(self, time: float, frame: Any) -> None:
        """Look at the next frame."""
        luma, shift = plane(frame)
        if self.first is None:
            if full_range(int(frame.color_range), frame.format.name):
                self.low, self.span = 0, 255
            self.limit = int(self.low + BLACK * self.span)
        now, before = self.seen % 2, 1 - self.seen % 2
        samples, cells = self.samples[now], self.cells[now]
        kernel.sample(luma, shift, samples)
        kernel.cells(samples, cells)
        total, dark = kernel.levels(samples, self.limit)
        light = (total / kernel.SAMPLES - self.low) / self.span
        scale = 1 / (kernel.SAMPLES * self.span)
        change, away, right, down = np.nan, 0.0, 0.0, 0.0
        if self.first is None:
            self.first = samples.copy()
        else:
            change = kernel.distance(samples, self.samples[before]) * scale
            away = kernel.distance(samples, self.first) * scale
            right, down = kernel.displacement(self.cells[before], cells)
        right *= luma.shape[1] / kernel.COLUMNS / self.reach
        down *= luma.shape[0] / kernel.ROWS / self.reach
        if time >= self.next_whole - EPSILON:
            self._whole(eight_bits(luma, shift))
            self.next_whole = time + SECONDS
        motion = self._motion(time, frame, luma, shift)
        self.times.append(time)
        self.values.append(
            (frame.is_corrupt, light, dark / kernel.SAMPLES, change, away, right, down, motion)
        )
        self.seen += 1

    def _whole(self, luma: np.ndarray) -> None:
        scale = 255 / self.span
        sharp = laplacian_variance(luma) * scale * scale
        self.wholes.append((sharp, kernel.spread(luma) * scale / 255))
        if luma.shape[0] <= len(self.rows) and luma.shape[1] <= len(self.columns):
            kernel.profiles(luma, self.rows[: luma.shape[0]], self.columns[: luma.shape[1]])

    def _motion(self, time: float, frame: Any, luma: np.ndarray, shift: int) -> float:
        if self.flow is not None:
            field = self.flow.at(time, luma, shift)
            if field is None:
                return np.nan
            self.one = resized(field, self.one.shape)
            self.field += self.one
            self.moved += 1
            self._half()
            return float(field.mean())
        found = _vectors(frame, self.beside)
        if found is None:
            return np.nan
        mean = kernel.vectors(
            found["size"], found["to"], found["motion"], found["scale"], self.reach, self.one,
            self.field, *self.shape,
        )  # fmt: skip
        self.moved += 1
        if self.seen % self.step == 0:
            self._half()
        return float(mean)

    def _half(self) -> None:
        if self.half_left:
            self.half_left -= 1
            self.half_moved += 1
            self.half_field += self.one

    def part(self, lost: int) -> Scan:
        """What was seen since the last part."""
        values = np.array(self.values, np.float32).reshape(-1, 8)
        wholes = np.array(self.wholes, np.float32).reshape(-1, 2)
        damaged, light, dark, change, away, right, down, motion = values.T
        found = Scan(
            np.array(self.times), damaged > 0, light, dark, change, away,
            np.stack([right, down], axis=1), motion, wholes[:, 0], wholes[:, 1],
            self.field, self.moved, self.half_field, self.half_moved, self.rows, self.columns,
            lost,
        )  # fmt: skip
        self._fresh()
        return found


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
