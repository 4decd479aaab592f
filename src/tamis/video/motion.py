"""How much moves in a clip, how steady the camera is, and what does not move at all."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from tamis.errors import SettingError
from tamis.media.decoded import each
from tamis.op import measure
from tamis.video.looking import PATCH
from tamis.video.scan import Scan
from tamis.video.taking import taken

_INFINITE = float("inf")
_CUT = 0.1  # mean difference of two frames from which on they are of two scenes

Scans = Sequence[Scan | None]


@measure(dtype="float64", range=(0, _INFINITE), heavy=True)
def motion(video_scan: Scans, *, take: str = "mean") -> np.ndarray:
    """How far things move from one frame to another, by the width plus height of the frame.

    0.001 is 2 pixels at 720p. The mean over all pixels of the length of the codec's motion vectors,
    which decoding has anyway (H.264, MPEG-4, MPEG-1 and 2, H.263, FLV1), of every frame that has
    them. Other codecs (HEVC, VP9, AV1) do not tell them: there it is optical flow (DIS) of two
    frames a second and those after them. `take` "mean", "median", "min" or "max" of the frames.
    Null for a clip of nothing but keyframes.

    Vectors of a frame lead to the one it was coded from, which may be some frames away; so for
    videos by one encoder the order is meant, not the pixel.
    """
    return each(video_scan, lambda one: taken(one.motion, take))


@measure(dtype="float64", range=(0, _INFINITE), heavy=True)
def optical_flow(flow_scan: Scans, *, take: str = "mean") -> np.ndarray:
    """Mean optical flow between frames that follow one another, by width plus height of the frame.

    As `motion`, by DIS (Kroeger et al. 2016) at 64 pixels, two pairs of frames a second: one scale
    for all codecs and encoders. `take` "mean", "median", "min" or "max".
    Null for a single frame. data-juicer takes Farneback's flow between frames half a second apart:
    its bounds are of another scale.
    """
    return each(flow_scan, lambda one: taken(one.motion, take))


@measure(dtype="float64", range=(0, _INFINITE), heavy=True)
def motion_score_global_mean(video_scan: Scans) -> np.ndarray:
    """NeMo Curator's motion score of this name: `motion` of two frames a second in the first half.

    Its filter drops clips below 0.00098. Null where it refuses them: less than 256 pixels wide or
    high.
    """
    return each(video_scan, lambda one: _of_published(one.motion, one).min())


@measure(dtype="float64", range=(0, _INFINITE), heavy=True)
def motion_score_per_patch_min_256(video_scan: Scans) -> np.ndarray:
    """NeMo Curator's motion score of this name: that of the part of the picture that moves least.

    Motion is meant over time for each pixel and looked at in the middle of patches of 256 × 256
    pixels; the least of them counts. Its filter drops clips below 0.000001: something in them does
    not move at all, a slide with a speaker beside it, say.
    """
    return each(video_scan, lambda one: _of_published(one.patches, one).min())


def _of_published(values: np.ndarray, one: Scan) -> np.ndarray:
    """The means over time of what its frames have, NaN where the filter refuses the clip."""
    chosen = one.published
    if min(one.size) < PATCH or not len(chosen):
        return np.full(1, np.nan)
    found: np.ndarray = values[chosen].astype(np.float64).mean(axis=0, keepdims=values.ndim == 1)
    return found


@measure(dtype="float64", range=(0, _INFINITE), heavy=True)
def camera_shake(video_scan: Scans) -> np.ndarray:
    """How far the whole picture jumps to and fro, by its width plus height.

    The mean length of half the second difference of how far the picture as a whole was shifted
    from frame to frame, so a steady pan is 0. 0.001 is 2 pixels at 720p. Shifts are estimated as
    Lucas and Kanade (1981) do it, over the whole picture; cuts do not count.
    """
    return each(video_scan, _shake)


def _shake(one: Scan) -> float:
    still = one.change < _CUT
    good = still[2:] & still[1:-1]
    if not good.any():
        return 0.0
    jumps = np.linalg.norm(np.diff(one.shift[1:].astype(np.float64), axis=0), axis=1) / 2
    return float(jumps[good].mean())


@measure(dtype="float64", range=(0, 1), heavy=True)
def frozen_ratio(video_scan: Scans, *, noise: float = 0.001, seconds: float = 2.0) -> np.ndarray:
    """Share of the clip in which the picture stands still for `seconds` or longer.

    Still are frames whose mean absolute difference to the one before is at most `noise` of full
    luma. Source of the defaults: ffmpeg's freezedetect (−60 dB, 2 s).
    """
    if not noise >= 0 or not seconds >= 0:
        raise SettingError(f"noise={noise} and seconds={seconds} cannot be negative")
    return each(video_scan, lambda one: _frozen(one, noise, seconds))


def _frozen(one: Scan, noise: float, seconds: float) -> float:
    if len(one.times) < 2:
        return 0.0
    usual = float(np.median(np.diff(one.times)))
    starts = one.times
    ends = np.append(one.times[1:], one.times[-1] + usual)
    still = np.append(np.nan_to_num(one.change, nan=1.0) <= noise, False)
    frozen, begin = 0.0, None
    for k in range(len(starts)):  # a frame that the next one repeats begins a stretch
        if begin is None and still[k + 1]:
            begin = starts[k]
        if begin is not None and not still[k + 1]:
            lasted = ends[k] - begin
            frozen += lasted if lasted >= seconds else 0.0
            begin = None
    return float(min(frozen / (ends[-1] - starts[0]), 1.0))


@measure(dtype="boolean", heavy=True)
def is_still(video_scan: Scans, *, tolerance: float = 0.01) -> pd.Series:
    """Whether the clip is one picture: no frame differs by more than `tolerance`.

    By the mean absolute difference of luma, 0 to 1: of 9 × 16 fields to those of the first frame,
    and of pixels to the frame before. A slide, a title, the cover of an album.
    """

    if not 0 <= tolerance < np.inf:
        raise SettingError(f"tolerance={tolerance}: a share of full scale, 0 or more")

    def still(one: Scan) -> bool:
        most = np.maximum(one.away, np.nan_to_num(one.change)).max()
        return bool(most <= tolerance)

    found = [None if one is None else still(one) for one in video_scan]
    return pd.Series(found, dtype="boolean")


@measure(dtype="Int64", range=(0, _INFINITE), heavy=True)
def damaged_frames(video_scan: Scans) -> pd.Series:
    """How many frames are damaged: those of which the decoder says so, and packets without one.

    A clip with some is not dropped by that; `max=0` does it. What a decoder says is a lower bound:
    not every flipped bit shows.
    """
    found = [None if one is None else int(one.damaged.sum()) + one.lost for one in video_scan]
    return pd.Series(found, dtype="Int64")
