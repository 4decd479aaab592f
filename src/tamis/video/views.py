"""Videos as measures see them: header, open clip, packets, and some frames."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import pandas as pd

from tamis.codes import BadRecord
from tamis.errors import SettingError
from tamis.media import sandbox
from tamis.media.carried import Carried
from tamis.media.columns import pointers
from tamis.media.decoded import ROOM, Decoded, behind
from tamis.media.pointers import ROWS, Media
from tamis.media.resizing import reduced
from tamis.media.spans import seconds
from tamis.op import view
from tamis.video import apart
from tamis.video.clip import Clip, together
from tamis.video.formats import Coding, Header
from tamis.video.frame_blocks import FrameBlocks
from tamis.video.frames import Frames
from tamis.video.hardware import check as check_device
from tamis.video.learned import frames_of, seen_of
from tamis.video.packets import Packets
from tamis.video.readers import check as check_reader
from tamis.video.scan import Scan

Isolate = bool | str | tuple[str, ...]

NEEDS = {"video": ("av", "cv2")}
SIDE = 256  # pixels of the short side of frames that are looked at


def read_frames(
    path: Any,
    *,
    start: float | None = None,
    end: float | None = None,
    fps: float | None = None,
    times: tuple[float, ...] | None = None,
    short_side: int | None = None,
    reader: str = "pyav",
    hwaccel: str | None = None,
    isolate: Isolate = "risky",
) -> Frames:
    """Frames of one video: a path, a URL, or its bytes. `BadRecord` where it cannot be read.

    All from `start` to `end` seconds (None or null, as in a row: from its beginning, to its end);
    with `fps` so many a second, with `times` those shown then. `reader` and `hwaccel` as in
    `video.frame_measure`.

    >>> from tamis.video import read_frames
    >>> read_frames("missing.mp4")
    Traceback (most recent call last):
    tamis.codes.BadRecord: ('media.missing', 'no file missing.mp4')
    """
    rows = Media(pointers(pd.Series([path], dtype=object)))
    (first,), (last,) = (seconds(pd.Series([value], dtype=object), 1) for value in (start, end))
    one = clip_of(rows, 0, first, last, isolate)
    times = None if times is None else tuple(map(float, times))
    return _there(one, together(one.frames(
        fps=fps, times=times, short_side=short_side, reader=reader, hwaccel=hwaccel)))  # fmt: skip


def clip_of(
    media: Media, row: int, start: float | None = None, end: float | None = None,
    isolate: Isolate = "risky",
) -> Clip:  # fmt: skip
    """The clip of one row; `BadRecord` where it cannot be opened."""
    header = apart.header(media, row, isolate not in (False, ()))
    return Clip(media, row, header, start, end, away(isolate, header.format))


@view(rows=ROWS, needs=NEEDS)
def video_header(media: Media, *, isolate: Isolate = "risky") -> Decoded[Header]:
    """What the container says: `tamis.video.formats.Header`, nothing decoded.

    `isolate` says which formats are read in a process of its own, so that a file that kills its
    decoder costs that file: "risky" (all of them), True, False, or several formats
    (`tamis.media.sandbox`).
    """
    away(isolate, "mp4")  # says what is wrong with the setting

    def load(row: int) -> Header:
        def read() -> Header:
            return apart.header(media, row, isolate not in (False, ()))

        return media.told(row, lambda: media.once("header", row, read))

    return Decoded(load, len(media))


@view(rows=ROWS, needs=NEEDS)
def clip(
    media: Media,
    video_header: Decoded[Header],
    start: pd.Series | None = None,
    end: pd.Series | None = None,
    *,
    isolate: Isolate = "risky",
) -> Decoded[Clip]:
    """Open videos, `start` to `end` seconds of them where those columns are there and not null."""
    starts, ends = seconds(start, len(media)), seconds(end, len(media))

    def load(row: int) -> Clip:
        header = behind(video_header, row)
        make = (media, row, header, starts[row], ends[row], away(isolate, header.format))
        return media.told(row, lambda: Clip(*make))

    return Decoded(load, len(media))


@view(rows=ROWS)
def video_packets(clip: Decoded[Clip]) -> Decoded[Packets]:
    """When the frames of a clip are shown, which are keyframes and how large; none is decoded."""
    return of_each(clip, Clip.packets)


@view(rows=ROWS)
def video_coding(clip: Decoded[Clip]) -> Decoded[Coding]:
    """How the pixels of a video are coded, for which its first frames are decoded."""

    def load(one: Clip) -> Coding:
        (found,) = one.all_parts("coding")
        return found

    return of_each(clip, load)


@view(rows=ROWS)
def clip_frames(
    clip: Decoded[Clip],
    carried: Carried,
    *,
    fps: float = 1.0,
    max_frames: int = 64,
    short_side: int | None = SIDE,
    reader: str = "pyav",
    hwaccel: str | None = None,
) -> Decoded[Frames | FrameBlocks]:
    """Frames of a clip at `fps` a second, reduced to `short_side` pixels on the shorter side.

    `tamis.video.frames.Frames`. Of a clip that would have more than `max_frames` as many are taken,
    evenly spread. `short_side` None leaves them as large as they are. `reader` is "pyav", "decord"
    or "torchcodec": the same pixels by another package. `hwaccel` decodes by circuits made for it:
    "cuda" (NVDEC; the only one of decord and torchcodec), "qsv", "vaapi", "videotoolbox" or others
    of ffmpeg's, "auto": what there is. Where there is none, or `isolate` lets none be reached, the
    processor decodes, and the log says so once; levels may differ by a few. Where they are more
    than can be kept (128 MiB), whoever asks gets them block by block
    (`tamis.video.frame_blocks`).
    """
    check_reader(reader)
    check_device(hwaccel)
    _check(max_frames, short_side)
    if not 0 < fps < math.inf:
        raise SettingError(f"fps={fps}: more than 0 frames a second")

    def blocks(one: Clip, rate: float) -> Iterator[Frames]:
        if reader == "pyav" and hwaccel is None:
            known = frames_of(one, rate, short_side, carried)
            if known is not None:
                return known
        return one.frames(fps=rate, short_side=short_side, reader=reader, hwaccel=hwaccel)

    def some(one: Clip) -> Frames | FrameBlocks:
        rate = min(fps, max_frames / max(one.duration, 1e-3))
        many = min(max_frames, int(one.duration * rate) + 1)
        if many * math.prod(reduced(*one.header.stored, short_side)) * 3 > ROOM:
            return FrameBlocks(lambda: _some(one, blocks(one, rate)))
        return _there(one, together(blocks(one, rate)))

    return of_each(clip, some)


@view(rows=ROWS)
def keyframes(
    clip: Decoded[Clip], *, max_frames: int = 64, short_side: int | None = SIDE
) -> Decoded[Frames]:
    """The keyframes of a clip, of which nothing else is decoded, reduced as `clip_frames` are.

    Of more than `max_frames` as many are taken, evenly spread, and only those are decoded; of MP4
    and Matroska of those that the index lists, and what is between them is not read.
    """
    _check(max_frames, short_side)

    def some(one: Clip) -> Frames:
        blocks = one.frames(keyframes=True, short_side=short_side, most=max_frames)
        return _there(one, together(blocks))

    return of_each(clip, some)


@view(rows=ROWS)
def video_scan(clip: Decoded[Clip], carried: Carried) -> Decoded[Scan]:
    """What one pass over all frames of a clip sees (`tamis.video.scan.Scan`)."""
    return seen_of("video_scan", clip, carried)


@view(rows=ROWS)
def flow_scan(clip: Decoded[Clip], carried: Carried) -> Decoded[Scan]:
    """The same with optical flow for motion, whatever the codec."""
    return seen_of("flow_scan", clip, carried)


@view(rows=ROWS)
def first_frame(clip: Decoded[Clip]) -> Decoded[Frames]:
    """The first frame of a clip, as large as it is."""
    return of_each(
        clip, lambda one: _there(one, together(one.frames(times=(one.start,), short_side=None)))
    )


def of_each(clip: Decoded[Clip], function: Callable[[Clip], Any]) -> Decoded[Any]:
    """What a function gives of each clip."""
    return Decoded(lambda row: function(behind(clip, row)), len(clip))


def away(isolate: Isolate, format: str) -> bool:
    """Whether a format is decoded in another process.

    >>> away("risky", "mp4"), away(("avi",), "mp4"), away(False, "mp4")
    (True, False, False)
    """
    return isolate == "risky" or sandbox.wanted(isolate, format)


def _some(one: Clip, blocks: Iterator[Frames]) -> Iterator[Frames]:
    """The same blocks, of which there has to be one."""
    block = _there(one, next(blocks, None))
    yield block
    yield from blocks


def _there(one: Clip, found: Frames | None) -> Frames:
    if found is None:
        raise BadRecord("video.empty", f"{one.place}: no frame could be decoded")
    return found


def _check(max_frames: int, short_side: int | None) -> None:
    if max_frames < 1:
        raise SettingError(f"max_frames={max_frames}: at least one frame is looked at")
    if short_side is not None and short_side < 1:
        raise SettingError(f"short_side={short_side}: a frame has at least one pixel")
