"""The hashes of the imagehash library, version 4.3, bit for bit.

Each takes the luma of a whole picture, uint8[height, width], and a number of bits a side, and
gives their square as booleans. Pillow resizes; where the last digits decide (pictures of one
colour) the transforms are those of SciPy and PyWavelets.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tamis.errors import MissingPackageError

Hash = Callable[[np.ndarray, int], np.ndarray]
_ROOT = 0.7071067811865476  # of a half, as PyWavelets has it


def average_hash(luma: np.ndarray, side: int) -> np.ndarray:
    """Which pixels of the reduced picture are above their mean."""
    small = lanczos(luma, side, side)
    return small > small.mean()


def difference_hash(luma: np.ndarray, side: int) -> np.ndarray:
    """Which pixels of the reduced picture are above the one to the left."""
    small = lanczos(luma, side, side + 1)
    return small[:, 1:] > small[:, :-1]


def perceptual_hash(luma: np.ndarray, side: int) -> np.ndarray:
    """Which of the lowest frequencies are above their median."""
    try:
        from scipy import fftpack
    except ImportError:
        raise MissingPackageError("exact perceptual hashes need SciPy: pip install scipy") from None
    small = lanczos(luma, 4 * side, 4 * side)
    low = fftpack.dct(fftpack.dct(small, axis=0), axis=1)[:side, :side]
    return low > np.median(low)


def wavelet_hash(luma: np.ndarray, side: int) -> np.ndarray:
    """Which Haar coefficients, the mean taken out before, are above their median."""
    scale = max(2 ** int(np.log2(min(luma.shape))), side)
    levels, depth = int(np.log2(scale)), int(np.log2(scale)) - int(np.log2(side))
    details, low = [], lanczos(luma, scale, scale) / 255.0
    for _ in range(levels):
        low, *detail = _haar(low)
        details.append(detail)
    low = low * 0
    for detail in reversed(details):
        low = _unhaar(low, *detail)
    for _ in range(depth):
        low = _haar(low)[0]
    return low > np.median(low)


def _haar(x: np.ndarray) -> tuple[np.ndarray, ...]:
    """One step of the two-dimensional Haar transform; the axes in PyWavelets' order."""
    low, high = _split(x)
    return *(y.T for y in _split(low.T)), *(y.T for y in _split(high.T))


def _split(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    even, odd = x[0::2] * _ROOT, x[1::2] * _ROOT
    return even + odd, even - odd


def _unhaar(ll: np.ndarray, lh: np.ndarray, hl: np.ndarray, hh: np.ndarray) -> np.ndarray:
    return _join(_join(ll.T, lh.T).T, _join(hl.T, hh.T).T)


def _join(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    joined = np.empty((2 * len(low), low.shape[1]))
    low, high = low * _ROOT, high * _ROOT
    joined[0::2], joined[1::2] = low + high, low - high
    return joined


def lanczos(luma: np.ndarray, height: int, width: int) -> np.ndarray:
    """Luma at another size by Pillow's Lanczos filter."""
    from PIL import Image

    return np.asarray(Image.fromarray(luma).resize((width, height), Image.Resampling.LANCZOS))
