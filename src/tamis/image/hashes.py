"""Perceptual hashes: few bits that change little when a picture is resized or coded anew.

Each is a hexadecimal text, as `str()` of a hash of the imagehash library, and what
`tamis.PerceptualDedup(on=…)` compares. They are taken from the thumbnail and within a few bits of
imagehash's; with `exact` the whole picture is looked at, the bits are those of imagehash 4.3.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd

from tamis.image import imagehash
from tamis.image.grid import Grid
from tamis.image.resampling import cosines, weights
from tamis.kernels.resample import both_sides, resize_grids
from tamis.op import measure

Bits = Literal[64, 256]
_SIDES: dict[int, int] = {64: 8, 256: 16}


@measure(dtype="string", heavy=True)
def average_hash(grid: Grid, *, bits: Bits = 64, exact: bool = False) -> pd.Series:
    """aHash: which places of a grid of 8 × 8 (256 bits: 16 × 16) are lighter than their mean.

    Source: imagehash 4.3, `average_hash`.
    """
    side = _SIDES[bits]
    small = _resized(grid, side, side)
    found = small > small.mean(axis=(1, 2), keepdims=True)
    return _texts(grid, found, imagehash.average_hash, side)


@measure(dtype="string", heavy=True)
def difference_hash(grid: Grid, *, bits: Bits = 64, exact: bool = False) -> pd.Series:
    """dHash: which places of a grid of 8 × 8 (256 bits: 16 × 16) are darker than the next one.

    Source: imagehash 4.3, `dhash`.
    """
    side = _SIDES[bits]
    small = _resized(grid, side, side + 1, twice=True)
    return _texts(grid, small[:, :, 1:] > small[:, :, :-1], imagehash.difference_hash, side)


@measure(dtype="string", heavy=True)
def perceptual_hash(grid: Grid, *, bits: Bits = 64, exact: bool = False) -> pd.Series:
    """pHash: which of the 8 × 8 lowest frequencies (256 bits: 16 × 16) are above their median.

    Source: imagehash 4.3, `phash`: the cosine transform of 32 × 32 (64 × 64) pixels. CleanVision
    calls pictures near duplicates whose 64 bits are equal.
    """
    side = _SIDES[bits]
    small = _resized(grid, 4 * side, 4 * side)
    found = _frequencies(small, side)
    return _texts(grid, found, imagehash.perceptual_hash if exact else _perceptual, side)


@measure(dtype="string", heavy=True)
def wavelet_hash(grid: Grid, *, bits: Bits = 64, exact: bool = False) -> pd.Series:
    """wHash: which of 8 × 8 places (256 bits: 16 × 16) are above the median of a Haar transform.

    Source: imagehash 4.3, `whash`.
    """
    side = _SIDES[bits]
    part = grid.values.shape[-1] // side
    low = grid.values.reshape(-1, side, part, side, part).mean(axis=(2, 4), dtype=np.float64)
    low = np.rint(low * 1e3)
    found = low > _medians(low)
    return _texts(grid, found, imagehash.wavelet_hash, side)


def _frequencies(small: np.ndarray, side: int) -> np.ndarray:
    """Which of the lowest frequencies of each picture are above their median."""
    low = np.empty((len(small), side, side))
    both_sides(cosines(4 * side, side), small, low)
    low = np.rint(low * 1e6) / 1e6  # what is nought is nought
    return low > _medians(low)


def _perceptual(luma: np.ndarray, side: int) -> np.ndarray:
    """The hash of a picture smaller than the grid, without SciPy."""
    small = imagehash.lanczos(luma, 4 * side, 4 * side)
    return _frequencies(small[None].astype(np.float64), side)[0]


def _medians(values: np.ndarray) -> np.ndarray:
    """The median of each grid, also where there is no grid at all."""
    flat = values.reshape(len(values), values.shape[1] * values.shape[2])
    middle = np.median(flat, axis=1) if len(flat) else np.empty(0)
    return middle[:, None, None]


def _resized(grid: Grid, height: int, width: int, *, twice: bool = False) -> np.ndarray:
    """The grids at another size by Pillow's Lanczos filter, in whole levels as Pillow has them.

    Pillow rounds between its two passes, too (`twice`): where neighbours are compared that decides
    in areas of one colour.
    """
    side = grid.values.shape[-1]
    found = np.empty((len(grid.values), height, width))
    resize_grids(grid.values, weights(side, width), weights(side, height), twice, found)
    return found


def _texts(grid: Grid, found: np.ndarray, exactly: imagehash.Hash, side: int) -> pd.Series:
    """The bits of the grids, and of the pictures that are looked at as they are, as texts."""
    texts: list[str | None] = [None] * grid.pictures
    for row, packed in zip(grid.rows, np.packbits(found.reshape(len(found), side * side), axis=1),
                           strict=True):  # fmt: skip
        texts[row] = packed.tobytes().hex()
    for row in grid.whole:
        luma = grid.luma(row)
        if luma is not None:
            texts[row] = np.packbits(exactly(luma, side)).tobytes().hex()
    return pd.Series(texts, dtype="str")
