"""What the container says of a video, and of when its frames are shown. Nothing is decoded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from tamis.media.decoded import each
from tamis.op import measure
from tamis.video.clip import Clip
from tamis.video.formats import Coding, Header
from tamis.video.packets import Packets

_INFINITE = float("inf")
_REGULAR = 0.01  # of a frame's time by which times may differ and be regular, or 1 ms

Headers = Sequence[Header | None]
Clips = Sequence[Clip | None]
Shown = Sequence[Packets | None]


def _each(headers: Headers, field: Callable[[Header], Any], dtype: str = "Int64") -> pd.Series:
    values = [None if header is None else field(header) for header in headers]
    return pd.Series(values, dtype=dtype)


@measure(dtype="float64", range=(0, _INFINITE))
def duration(clip: Clips) -> np.ndarray:
    """Seconds by the header, of the part from `start` to `end` where those are given.

    Where the header does not say it (FLV and streams written live) the packets are counted.
    """
    return each(clip, lambda one: one.duration)


@measure(dtype="float64", range=(0, 1000))
def fps(video_header: Headers) -> np.ndarray:
    """Frames a second, on the average of the whole video; null where the header does not say."""
    return each(video_header, lambda h: h.fps or np.nan)


@measure(dtype="Int64", range=(1, _INFINITE))
def width(video_header: Headers) -> pd.Series:
    """Pixels from left to right, turned as it is displayed."""
    return _each(video_header, lambda h: h.width)


@measure(dtype="Int64", range=(1, _INFINITE))
def height(video_header: Headers) -> pd.Series:
    """Pixels from top to bottom, turned as it is displayed."""
    return _each(video_header, lambda h: h.height)


@measure(dtype="Int64", range=(1, _INFINITE))
def short_side(video_header: Headers) -> pd.Series:
    """Pixels of the shorter side: 720 for what is called 720p, also of an upright video."""
    return _each(video_header, lambda h: min(h.width, h.height))


@measure(dtype="float64", range=(0, _INFINITE))
def aspect_ratio(video_header: Headers) -> np.ndarray:
    """Width by height as it is displayed, pixels that are not square included: 1.78 for 16:9.

    data-juicer keeps 9/21 to 21/9.
    """
    return each(video_header, lambda h: h.width * h.pixel_aspect / h.height)


@measure(dtype="Int64", range=(0, 270))
def rotation(video_header: Headers) -> pd.Series:
    """By how many degrees counter-clockwise stored frames are turned to be displayed.

    0, 90, 180 or 270, as MP4 and QuickTime files say it. All that looks at frames turns them.
    """
    return _each(video_header, lambda h: h.rotation)


@measure(dtype="string")
def format(video_header: Headers) -> pd.Series:
    """What the bytes are: "mp4" (QuickTime, too), "matroska" (WebM, too), "avi", "mpegts", "flv".

    The first bytes are asked, not the file's name (`tamis.video.formats.FORMATS`).
    """
    return _each(video_header, lambda h: h.format, "str")


@measure(dtype="string")
def codec(video_header: Headers) -> pd.Series:
    """How frames are coded, in ffmpeg's words: "h264", "hevc", "vp9", "av1", "mpeg4"."""
    return _each(video_header, lambda h: h.codec, "str")


@measure(dtype="string", heavy=True)
def pixel_format(video_coding: Sequence[Coding | None]) -> pd.Series:
    """How pixels are stored, in ffmpeg's words: "yuv420p", of 10 bits "yuv420p10le"."""
    return pd.Series([None if c is None else c.pixels or None for c in video_coding], dtype="str")


@measure(dtype="string", heavy=True)
def color_matrix(video_coding: Sequence[Coding | None]) -> pd.Series:
    """By which matrix colours are coded: "bt709", "bt601", "bt2020"; null where it is not said."""
    return pd.Series([None if c is None else c.matrix or None for c in video_coding], dtype="str")


@measure(dtype="float64", range=(0, _INFINITE))
def bit_rate(video_header: Headers) -> np.ndarray:
    """Thousands of bits a second, of the pictures where the header says so, else of the file."""
    return each(video_header, lambda h: np.nan if h.bit_rate is None else h.bit_rate)


@measure(dtype="float64", range=(0, _INFINITE))
def bits_per_pixel(video_header: Headers) -> np.ndarray:
    """Bits that a pixel of a frame is given: what is coded below 0.02 or so shows it.

    `bit_rate` by `fps`, width and height; how few are enough depends on codec and motion.
    """
    return each(
        video_header,
        lambda h: (h.bit_rate or np.nan) * 1000 / ((h.fps or np.nan) * h.stored[0] * h.stored[1]),
    )


@measure(dtype="boolean")
def has_audio(video_header: Headers) -> pd.Series:
    """Whether there is a track of sound."""
    return _each(video_header, lambda h: bool(h.audio), "boolean")


@measure(dtype="boolean")
def is_interlaced(video_header: Headers) -> pd.Series:
    """Whether a frame is two half pictures of different moments; null where it is not said."""
    return _each(video_header, lambda h: h.interlaced, "boolean")


@measure(dtype="Int64", range=(0, _INFINITE))
def frame_count(video_packets: Shown) -> pd.Series:
    """How many frames the clip has: all packets are counted, none is decoded."""
    return pd.Series([None if p is None else len(p.times) for p in video_packets], dtype="Int64")


@measure(dtype="boolean")
def fps_varies(video_packets: Shown) -> pd.Series:
    """Whether frames are shown for times that differ: telephones and screen recorders do that.

    By more than a hundredth of a frame's time, and than the millisecond or so that containers
    round to. Null for less than three frames.
    """
    return pd.Series([None if p is None else _varies(p) for p in video_packets], dtype="boolean")


def _varies(packets: Packets) -> bool | None:
    steps = np.diff(packets.times)
    if len(steps) < 2:
        return None
    usual = float(np.median(steps))
    return bool(np.abs(steps - usual).max() > max(_REGULAR * usual, 1.1e-3))


@measure(dtype="float64", range=(0, _INFINITE))
def keyframe_interval(video_packets: Shown) -> np.ndarray:
    """Seconds from one keyframe to the next, on the average; of one keyframe the whole clip's.

    Clips are cut without coding them anew at keyframes only, and seeking goes to them.
    """
    return each(video_packets, _interval)


def _interval(packets: Packets) -> float:
    keys = packets.times[packets.keyframes]
    if not len(keys):
        return float("nan")
    if len(keys) == 1:
        return float(packets.ends - keys[0])
    return float((keys[-1] - keys[0]) / (len(keys) - 1))
