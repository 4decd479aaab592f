"""The view that measures of light and colour pick from: how many pixels have which levels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from tamis.codes import BadRecord
from tamis.kernels import pixels
from tamis.media.decoded import Decoded
from tamis.media.pointers import ROWS
from tamis.op import view

_SHAPES = ((256,), (pixels.LIGHTS,), (3, 256), (len(pixels.SUMS),))
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


class Counted(NamedTuple):
    """The counts of one picture, as `Tones` has them for each row."""

    pixels: int
    luma: np.ndarray
    lights: np.ndarray
    channels: np.ndarray
    sums: np.ndarray


@view(rows=ROWS)
def counted(
    thumbnail: Sequence[np.ndarray | None],
    picture: Sequence[np.ndarray | None],
    *,
    exact: bool = False,
) -> Decoded[Counted]:
    """What the pixels of each thumbnail are; with `exact`, every pixel of the whole picture.

    Of a thumbnail of more than 32,768 pixels every second row is counted: it is a sample of the
    picture as it is, and percentiles move by less than 0.005 by that.
    """
    source = picture if exact else thumbnail

    def load(row: int) -> Counted:
        rgb = source[row]
        if rgb is None:
            raise BadRecord("decode.corrupt", "no picture")  # the picture's view says why
        height, width = rgb.shape[:2]
        step = 1 if exact or height * width <= MANY else 2
        counts = [np.zeros(shape, np.int64) for shape in _SHAPES]
        pixels.tones(np.ascontiguousarray(rgb), step, *counts)
        return Counted(-(-height // step) * width, *counts)

    return Decoded(load, len(source))


@view
def tones(counted: Sequence[Counted | None]) -> Tones:
    """The counts of all rows."""
    made = Tones(*(np.zeros((len(counted), *shape), np.int64) for shape in ((), *_SHAPES)))
    for row in range(len(counted)):
        found = counted[row]
        if found is not None:
            for whole, own in zip(made, found, strict=True):
                whole[row] = own
    return made
