"""Decoded frames: which of them, how large, and where in the video they are.

This is what runs in the process that decodes; `tamis.video.clip` is what the others ask.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from tamis.codes import BadRecord
from tamis.media import container as containers
from tamis.media.reader import Reader
from tamis.media.resizing import reduced, resize
from tamis.video.ends import cut_off
from tamis.video.formats import Header
from tamis.video.header import EXTRA, opened

EPSILON = 5e-4  # seconds by which times may differ and be the same: containers round to 1 ms
_MOST_BYTES = 1 << 24  # of the pixels of one block


class Frames(NamedTuple):
    """Some frames in the order in which they are shown.

    `times` are seconds from the first frame of the video (not of the clip), float64 of [n];
    `pixels` uint8 of [n, height, width, 3], RGB, or of [n, height, width] if grey, turned as they
    are displayed; `damaged` bool of [n]: the decoder had to make up some of it.
    """

    times: np.ndarray
    pixels: np.ndarray
    damaged: np.ndarray

    @property
    def nbytes(self) -> int:
        """Bytes in memory."""
        return self.pixels.nbytes


class Tally:
    """What went wrong on the way: `lost` packets that gave no picture."""

    def __init__(self) -> None:
        self.lost = 0


def decoded(
    file: Reader, header: Header, start: float = 0.0, end: float | None = None, *,
    keyframes: bool = False, vectors: bool = False, tally: Tally | None = None,
) -> Iterator[tuple[float, Any]]:  # fmt: skip
    """Frames with `start` ≤ time < `end` and their times, as PyAV has them.

    `keyframes` decodes only those. With `vectors` frames have the motion vectors of the codec
    beside them, where it has such. Packets that cannot be decoded are counted and passed over.
    Raises `BadRecord`: `video.empty` where there is no frame, `decode.truncated` where the file
    ends before what its header announces, `decode.corrupt` where nothing could be decoded. What
    came before was good.
    """
    tally = tally or Tally()
    given = 0
    with opened(file, header.format) as (container, stream):
        if keyframes:
            stream.codec_context.skip_frame = "NONKEY"
        if vectors:
            stream.codec_context.options = {"flags2": "+export_mvs"}
        sought = start > 1.0
        if sought:
            _seek(container, stream, header, start)
        found = _all(container, stream, file, header, tally)
        for time, frame in found:
            if sought and not given and time > start + EPSILON and not keyframes:
                # the index led too far, as in streams without one: from the beginning, then
                container.seek(0)
                stream.codec_context.flush_buffers()
                sought = False
                for time, frame in _all(container, stream, file, header, tally):
                    if time >= start - EPSILON:
                        if end is not None and time >= end - EPSILON:
                            return
                        given += 1
                        yield time, frame
                break
            if time < start - EPSILON:
                sought = False
                continue
            if end is not None and time >= end - EPSILON:
                return
            given += 1
            yield time, frame
    if cut_off(file, header.format):
        raise BadRecord("decode.truncated", f"the file ends early, after {given} frames")
    if not given and tally.lost:
        raise BadRecord("decode.corrupt", f"none of {tally.lost} packets could be decoded")
    if not given:
        raise BadRecord("video.empty", "it has no frames" + (f" from {start:g} s on" * bool(start)))


def blocks(
    file: Reader, header: Header, start: float = 0.0, end: float | None = None, *,
    fps: float | None = None, times: tuple[float, ...] | None = None,
    short_side: int | None = 256, size: tuple[int, int] | None = None, grey: bool = False,
    keyframes: bool = False, block: int = 32, tally: Tally | None = None,
) -> Iterator[Frames]:  # fmt: skip
    """Frames from `start` to `end`, at most `block` at a time.

    All of them, or with `fps` the ones that are shown at `start`, `start + 1/fps`, …; with `times`
    those shown at these seconds (ascending). They are reduced by area to `short_side` pixels on the
    shorter side, or to `size` (height, width), and never enlarged.
    """
    found = decoded(file, header, start, end, keyframes=keyframes, tally=tally)
    if times is not None or fps is not None:
        found = shown_at(found, start, end, fps, times, header.fps)
    picture = Pictures(short_side, size, grey)
    held: list[tuple[float, np.ndarray, bool]] = []
    for time, frame in found:
        held.append((time, picture(frame), bool(frame.is_corrupt)))
        if len(held) >= block or len(held) * held[0][1].nbytes >= _MOST_BYTES:
            yield stacked(held)
            held = []
    if held:
        yield stacked(held)


def shown_at(
    found: Iterator[tuple[float, Any]], start: float, end: float | None, fps: float | None,
    times: tuple[float, ...] | None, rate: float,
) -> Iterator[tuple[float, Any]]:  # fmt: skip
    """Those of the frames that are shown at some moments, each once.

    A frame is shown from its time until the next one's. Before the first that one is shown.
    """
    moment = _moments(start, end, fps, times)
    wanted = next(moment, None)
    before: tuple[float, Any] | None = None
    for one in found:
        if before is not None and wanted is not None and wanted < one[0] - EPSILON:
            yield before
            while wanted is not None and wanted < one[0] - EPSILON:
                wanted = next(moment, None)
        if wanted is None:
            return
        before = one
    if before is not None and wanted is not None:
        last = before[0] + (1 / rate if rate else 0.0)
        if wanted < max(last, before[0] + 2 * EPSILON) or times is not None:
            yield before


class Pictures:
    """Frames as arrays, reduced and turned: all of one size, that of the first."""

    def __init__(
        self, short_side: int | None = 256, size: tuple[int, int] | None = None, grey: bool = False
    ) -> None:
        self.short_side, self.size, self.grey = short_side, size, grey

    def __call__(self, frame: Any) -> np.ndarray:
        """uint8 of [height, width, 3], or of [height, width] if grey; contiguous."""
        turns = turned(frame)
        if self.size is None:
            stored = reduced(frame.height, frame.width, self.short_side)
            self.size = stored if turns % 2 == 0 else stored[::-1]
        height, width = self.size if turns % 2 == 0 else self.size[::-1]
        wanted = "gray" if self.grey else "rgb24"
        if frame.height < height or frame.width < width:  # the video changed its size
            pixels = frame.reformat(width, height, wanted).to_ndarray()
        else:
            pixels = resize(luma(frame) if self.grey else frame.to_ndarray(format=wanted),
                            height, width)  # fmt: skip
        return np.ascontiguousarray(np.rot90(pixels, turns)) if turns else pixels


def turned(frame: Any) -> int:
    """How many quarters counter-clockwise a frame is to be turned."""
    return round(frame.rotation / 90) % 4 if frame.rotation else 0


def luma(frame: Any) -> np.ndarray:
    """The luma of a frame, uint8 of [height, width], full range; not turned."""
    found: np.ndarray = frame.to_ndarray(format="gray")
    return found


def stacked(held: list[tuple[float, np.ndarray, bool]]) -> Frames:
    """Single pictures with their times as one value."""
    times, pixels, damaged = zip(*held, strict=True)
    return Frames(np.array(times), np.stack(pixels), np.array(damaged))


def _moments(
    start: float, end: float | None, fps: float | None, times: tuple[float, ...] | None
) -> Iterator[float]:
    if times is not None:
        yield from times
        return
    assert fps is not None
    k = 0
    while end is None or start + k / fps < end - EPSILON:
        yield start + k / fps
        k += 1


def _seek(container: Any, stream: Any, header: Header, start: float) -> None:
    """Go to the keyframe before a place."""
    at = round((start + header.first) / stream.time_base)
    container.seek(at, stream=stream, backward=True)


def _all(
    container: Any, stream: Any, file: Reader, header: Header, tally: Tally
) -> Iterator[tuple[float, Any]]:
    """Frames as they come from here on, with their times."""
    av = containers.needed(EXTRA)
    packets = container.demux(stream)
    latest, step = -1.0, 1 / header.fps if header.fps else 0.04
    while True:
        try:
            packet = next(packets, None)
        except av.FFmpegError:
            with containers.told(file, EXTRA):
                raise
        if packet is None:
            file.check()
            return
        try:
            frames = packet.decode()
        except av.FFmpegError:
            tally.lost += 1
            continue
        for frame in frames:
            if frame.pts is None:  # raw streams in AVI: counted
                latest = latest + step if latest >= 0 else 0.0
            else:
                latest = float(frame.pts * stream.time_base) - header.first
            yield latest, frame


Picture = Callable[[Any], np.ndarray]
