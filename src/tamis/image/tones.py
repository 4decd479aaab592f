"""The view that measures of light and colour pick from: how many pixels have which levels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from tamis.kernels import pixels
from tamis.op import view

MANY = 1 << 15  # pixels, from which on every second row of a thumbnail says the same


class Tones(NamedTuple):
    """Counts of pixels, an entry for each row of the partition; zeros where there is no picture.

    `pixels` (int64) is how many were counted; `luma` (int64[rows, 256]) those of each luma,
    `lights` (int64[rows, 1021]) of each perceived brightness in steps of a quarter of a level,
    `channels` (int64[rows, 3, 256]) of each level of R, G and B; `sums` (int64[rows, 4]) are those
    of `tamis.kernels.pixels.SUMS`.
    """

    pixels: np.ndarray
    luma: np.ndarray
    lights: np.ndarray
    channels: np.ndarray
    sums: np.ndarray

    def mean(self, values: np.ndarray) -> np.ndarray:
        """Sums over pixels as means; NaN where there is no picture."""
        return values / np.where(self.pixels, self.pixels, np.nan)


@view
def tones(
    thumbnail: Sequence[np.ndarray | None],
    picture: Sequence[np.ndarray | None],
    *,
    exact: bool = False,
) -> Tones:
    """What the pixels of each thumbnail are; with `exact`, every pixel of the whole picture.

    Of a thumbnail of more than 32,768 pixels every second row is counted: it is a sample of the
    picture as it is, and percentiles move by less than 0.005 by that.
    """
    source = picture if exact else thumbnail
    rows = len(source)
    made = Tones(
        np.zeros(rows, np.int64),
        np.zeros((rows, 256), np.int64),
        np.zeros((rows, pixels.LIGHTS), np.int64),
        np.zeros((rows, 3, 256), np.int64),
        np.zeros((rows, len(pixels.SUMS)), np.int64),
    )
    for row in range(rows):
        rgb = source[row]
        if rgb is None:
            continue
        height, width = rgb.shape[:2]
        step = 1 if exact or height * width <= MANY else 2
        made.pixels[row] = -(-height // step) * width
        pixels.tones(
            np.ascontiguousarray(rgb), step, made.luma[row], made.lights[row], made.channels[row],
            made.sums[row],
        )  # fmt: skip
    return made
