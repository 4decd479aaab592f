"""The view that hashes and the blur score pick from: the luma of each picture on a small grid."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from tamis.codes import BadRecord
from tamis.image.views import MAX_PIXELS, Isolate, pictures
from tamis.kernels.pixels import luma_of
from tamis.kernels.shrink import shrink
from tamis.media.decoded import Decoded
from tamis.media.pointers import ROWS, Media
from tamis.op import view

SIDE = 128  # twice what the finest of the hashes looks at


class Grid(NamedTuple):
    """The luma of pictures on a square grid, each place the mean of its area.

    `values` (float32[pictures, 128, 128]) holds those of the rows `rows`; `shapes` their height
    and width; `whole` are the rows whose pictures are to be looked at as they are: `luma(row)`
    gives them, uint8[height, width]. Rows without a picture are in neither; `pictures` is how many
    rows there are.
    """

    pictures: int
    rows: np.ndarray
    values: np.ndarray
    shapes: np.ndarray
    whole: Sequence[int]
    luma: Callable[[int], np.ndarray | None]


@view(rows=ROWS)
def gray(thumbnail: Sequence[np.ndarray | None]) -> Decoded[np.ndarray]:
    """The luma of each thumbnail, uint8 of [height, width], as Pillow's mode "L"."""

    def load(row: int) -> np.ndarray:
        rgb = thumbnail[row]
        if rgb is None:
            raise BadRecord("decode.corrupt", "no thumbnail")  # the thumbnail says why
        return luma_of(rgb)

    return Decoded(load, len(thumbnail))


@view(rows=ROWS)
def looked_at(
    media: Media,
    gray: Decoded[np.ndarray],
    *,
    alone: bool = False,
    max_pixels: int = MAX_PIXELS,
    isolate: Isolate = "risky",
) -> Decoded[np.ndarray]:
    """The luma that hashes look at: that of the thumbnail, which other measures share.

    With `alone` luma is decoded for them, smaller and without colours: in half the time where
    nothing else is asked of a picture. The bits then differ in a few places from the shared ones.
    """
    return (
        pictures(media, isolate, max_pixels=max_pixels, grey=True, short_side=SIDE)
        if alone
        else gray
    )


@view(rows=ROWS)
def cell(looked_at: Sequence[np.ndarray | None]) -> Decoded[np.ndarray]:
    """That luma on the grid, float32 of [128, 128], unless it is smaller."""

    def load(row: int) -> np.ndarray:
        small = looked_at[row]
        if small is None or min(small.shape) < SIDE:
            raise BadRecord("decode.corrupt", "no thumbnail as large as the grid")
        values = np.empty((SIDE, SIDE), np.float32)
        shrink(small, values)
        return values

    return Decoded(load, len(looked_at))


@view
def grid(
    looked_at: Sequence[np.ndarray | None],
    cell: Sequence[np.ndarray | None],
    picture: Sequence[np.ndarray | None],
    *,
    exact: bool = False,
) -> Grid:
    """The thumbnail's luma on a grid; with `exact`, and where it is smaller, the whole as it is."""
    gray = looked_at
    count = len(gray)
    if exact:

        def luma(row: int) -> np.ndarray | None:
            rgb = picture[row]
            return None if rgb is None else luma_of(rgb)

        return Grid(count, np.empty(0, np.int64), np.empty((0, SIDE, SIDE), np.float32),
                    np.empty((0, 2), np.int64), range(count), luma)  # fmt: skip
    rows: list[int] = []
    whole: list[int] = []
    for row in range(count):
        small = gray[row]
        if small is not None:
            (whole if min(small.shape) < SIDE else rows).append(row)
    values = np.empty((len(rows), SIDE, SIDE), np.float32)
    for place, row in enumerate(rows):
        values[place] = cell[row]
    shapes = [gray[row].shape for row in rows]  # type: ignore[union-attr]
    sizes = np.asarray(shapes, np.int64).reshape(-1, 2)
    return Grid(count, np.asarray(rows, np.int64), values, sizes, whole, gray.__getitem__)
