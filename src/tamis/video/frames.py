"""Decoded frames: which of them, how large, and where in the video they are.

This is what runs in the process that decodes; `tamis.video.clip` is what the others ask.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from tamis.media.reader import Reader
from tamis.video import moments
from tamis.video.decoding import Tally, decoded
from tamis.video.formats import Header
from tamis.video.keyed import some_keyframes
from tamis.video.pictures import Pictures

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


def blocks(
    file: Reader, header: Header, start: float = 0.0, end: float | None = None, *,
    fps: float | None = None, times: tuple[float, ...] | None = None,
    short_side: int | None = 256, size: tuple[int, int] | None = None, grey: bool = False,
    keyframes: bool = False, block: int = 32, tally: Tally | None = None,
    hwaccel: str | None = None, most: int | None = None,
) -> Iterator[Frames]:  # fmt: skip
    """Frames from `start` to `end`, at most `block` at a time.

    All of them, or with `fps` the ones that are shown at `start`, `start + 1/fps`, …; with `times`
    those shown at these seconds (ascending). They are reduced by area to `short_side` pixels on the
    shorter side, or to `size` (height, width), and never enlarged. Of keyframes `most` are taken,
    evenly spread.
    """
    if keyframes and most is not None:
        found = some_keyframes(file, header, start, end, most, tally or Tally())
    elif (
        fps is not None
        and 1 / fps >= moments.SPARSE
        and not keyframes
        and moments.indexed(file, header)
    ):
        found = moments.shown_far_apart(file, header, start, end, fps, tally or Tally())
    else:
        found = decoded(file, header, start, end, keyframes=keyframes, tally=tally, hwaccel=hwaccel)
    if times is not None or fps is not None:
        found = moments.shown_at(found, start, end, fps, times, header.fps)
    picture = Pictures(short_side, size, grey)
    held: list[tuple[float, np.ndarray, bool]] = []
    for time, frame in found:
        held.append((time, picture(frame), bool(frame.is_corrupt)))
        if len(held) >= block or len(held) * held[0][1].nbytes >= _MOST_BYTES:
            yield stacked(held)
            held = []
    if held:
        yield stacked(held)


def stacked(held: list[tuple[float, np.ndarray, bool]]) -> Frames:
    """Single pictures with their times as one value."""
    times, pixels, damaged = zip(*held, strict=True)
    return Frames(np.array(times), np.stack(pixels), np.array(damaged))
