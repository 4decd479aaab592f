"""Pillow's filters as matrices: one from the left and one from the right resize a picture."""

from __future__ import annotations

import functools
from typing import Literal

import numpy as np

Filter = Literal["lanczos", "bicubic"]
_SUPPORT = {"lanczos": 3.0, "bicubic": 2.0}


@functools.lru_cache(256)
def weights(size: int, target: int, filter: Filter = "lanczos") -> np.ndarray:
    """float32[target, size]: what each of `size` pixels gives to each of `target`.

    As Pillow's `precompute_coeffs`: the filter is widened to what a new pixel covers, cut off at
    the edges, and each row adds up to one.
    """
    scale = size / target
    wide = max(scale, 1.0)
    support = _SUPPORT[filter] * wide
    centre = (np.arange(target) + 0.5) * scale
    low = np.maximum((centre - support + 0.5).astype(int), 0)[:, None]
    high = np.minimum((centre + support + 0.5).astype(int), size)[:, None]
    at = np.arange(size)[None, :]
    found = _shape((at - centre[:, None] + 0.5) / wide, filter)
    found = np.where((at >= low) & (at < high), found, 0.0)
    return (found / found.sum(axis=1, keepdims=True)).astype(np.float32)


@functools.lru_cache(8)
def cosines(size: int, orders: int) -> np.ndarray:
    """float64[orders, size]: the first rows of the discrete cosine transform, type II."""
    angle = np.pi * np.arange(orders)[:, None] * (2 * np.arange(size)[None, :] + 1) / (2 * size)
    return 2 * np.cos(angle)


def _shape(x: np.ndarray, filter: Filter) -> np.ndarray:
    x = np.abs(x)
    if filter == "lanczos":
        return np.where(x < 3, np.sinc(x) * np.sinc(x / 3), 0.0)
    inner = (1.5 * x - 2.5) * x**2 + 1
    outer = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return np.where(x < 1, inner, np.where(x < 2, outer, 0.0))
