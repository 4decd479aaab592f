"""How light frames are, and what is black of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tamis.errors import SettingError
from tamis.media.decoded import each
from tamis.op import measure
from tamis.video.scan import Scan
from tamis.video.taking import taken

_INFINITE = float("inf")
_CUT = 0.1  # mean difference of two frames from which on it is no flicker but another picture

Scans = Sequence[Scan | None]


@measure(dtype="float64", range=(0, 1), heavy=True)
def brightness(video_scan: Scans, *, take: str = "mean") -> np.ndarray:
    """Mean luma of a frame, 0 (black) to 1 (white): `take` "mean", "min" or "max" of all frames."""
    return each(video_scan, lambda one: np.clip(taken(one.light, take), 0, 1))


@measure(dtype="float64", range=(0, 1), heavy=True)
def contrast(video_scan: Scans, *, take: str = "mean") -> np.ndarray:
    """Standard deviation of a frame's luma, 0 to 0.5 (root-mean-square contrast; Peli 1990).

    `take` "mean", "min" or "max" of a frame a second.
    """
    return each(video_scan, lambda one: min(taken(one.contrast, take), 1.0))


@measure(dtype="float64", range=(0, _INFINITE), heavy=True)
def sharpness(video_scan: Scans, *, take: str = "mean") -> np.ndarray:
    """Variance of the Laplacian of whole frames' luma (0 to 255): small where they are blurred.

    `take` "mean", "min" or "max" of a frame a second. It grows with noise and shrinks with size:
    compare videos of one height. Source: Pech-Pacheco et al. 2000.
    """
    return each(video_scan, lambda one: taken(one.sharpness, take))


@measure(dtype="float64", range=(0, 1), heavy=True)
def black_ratio(video_scan: Scans, *, pixels: float = 0.98) -> np.ndarray:
    """Share of the frames that are black: `pixels` of them or more have less luma than 0.1.

    Source of both figures: ffmpeg's blackdetect. Some 9,000 pixels of each frame are looked at.
    """
    if not 0 < pixels <= 1:
        raise SettingError(f"pixels={pixels} is not a share above 0 and up to 1")
    return each(video_scan, lambda one: float((one.dark >= pixels).mean()))


@measure(dtype="float64", range=(0, 1), heavy=True)
def letterbox(video_scan: Scans) -> np.ndarray:
    """Share of the picture that is black bars at its edges throughout the clip, 0 to 1.

    Rows and columns from the edges inwards whose mean luma is never above 24 of 255, by a frame a
    second (ffmpeg's cropdetect with its default limit). 1 for a clip that is black throughout.
    """
    return each(video_scan, _bars)


def _bars(one: Scan) -> float:
    top, bottom, left, right = one.edges.T
    tall, wide = max(int(bottom.max() - top.min()), 0), max(int(right.max() - left.min()), 0)
    return 1 - tall * wide / (one.size[0] * one.size[1])


@measure(dtype="float64", range=(0, 1), heavy=True)
def flicker(video_scan: Scans) -> np.ndarray:
    """How much the light of the whole frame jumps to and fro, 0 to 1.

    The mean over frames of a quarter of the second difference of mean luma, which is d for a light
    that alternates by ± d, and 0 for one that fades. Cuts do not count.
    """
    return each(video_scan, _flicker)


def _flicker(one: Scan) -> float:
    if len(one.light) < 3:
        return 0.0
    jumps = np.abs(np.diff(one.light.astype(np.float64), 2)) / 4
    same = (one.change[1:-1] < _CUT) & (one.change[2:] < _CUT)
    return float(np.where(same, jumps, 0).sum() / max(same.sum(), 1))
