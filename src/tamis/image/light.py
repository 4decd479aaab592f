"""How light a picture is, and how its light is spread.

Taken from the thumbnail (short side 256); with `exact`, from every pixel of the whole picture.
Perceived brightness is CleanVision's: sqrt(0.241 R² + 0.691 G² + 0.068 B²), from 0 to 1.
"""

from __future__ import annotations

import numpy as np

from tamis.errors import SettingError
from tamis.image.tones import Tones
from tamis.kernels.pixels import LIGHTS
from tamis.op import measure

_LEVELS = np.arange(256)


def entropy_of(counts: np.ndarray) -> np.ndarray:
    """Shannon entropy in bits of counts, along the last axis; NaN where there are none."""
    totals = counts.sum(axis=-1, keepdims=True)
    share = counts / np.where(totals, totals, np.nan)
    return -(share * np.log2(share, where=counts > 0, out=np.zeros(share.shape))).sum(axis=-1)


@measure(dtype="float64", range=(0, 1), heavy=True)
def brightness(tones: Tones, *, exact: bool = False) -> np.ndarray:
    """Perceived brightness of the mean colour, from 0 (black) to 1 (white).

    Source: CleanVision, `calc_avg_brightness`.
    """
    red, green, blue = tones.mean((tones.channels @ _LEVELS).T)
    return np.sqrt(0.241 * red**2 + 0.691 * green**2 + 0.068 * blue**2) / 255


@measure(dtype="float64", range=(0, 1), heavy=True)
def brightness_percentile(tones: Tones, *, q: float = 99, exact: bool = False) -> np.ndarray:
    """The perceived brightness, 0 to 1, that `q` percent of the pixels do not exceed.

    Between two pixels it is interpolated, as `numpy.percentile` does. Values are met to within
    1/2040 (exactly for greys). CleanVision calls a picture dark whose 99th percentile is below
    0.32, and light whose 5th is above 0.95.
    """
    if not 0 <= q <= 100:
        raise SettingError(f"brightness_percentile: q={q!r} is not a percentage from 0 to 100")
    counted = tones.pixels
    place = np.maximum(counted - 1, 0) * (q / 100)
    below = np.cumsum(tones.lights, axis=1)
    low, high = ((below <= rank[:, None]).sum(axis=1) for rank in (np.floor(place), np.ceil(place)))
    value = (low + (place - np.floor(place)) * (high - low)) / (LIGHTS - 1)
    return np.where(counted, value, np.nan)


@measure(dtype="float64", range=(0, 1), heavy=True)
def dark_ratio(tones: Tones, *, below: float = 0.1, exact: bool = False) -> np.ndarray:
    """Share of pixels whose perceived brightness (0 to 1) is less than `below`."""
    dark = np.arange(LIGHTS) / (LIGHTS - 1) < below
    return tones.mean(tones.lights @ dark)


@measure(dtype="float64", range=(0, 1), heavy=True)
def bright_ratio(tones: Tones, *, above: float = 0.9, exact: bool = False) -> np.ndarray:
    """Share of pixels whose perceived brightness (0 to 1) is more than `above`."""
    bright = np.arange(LIGHTS) / (LIGHTS - 1) > above
    return tones.mean(tones.lights @ bright)


@measure(dtype="float64", range=(0, 0.5), heavy=True)
def contrast(tones: Tones, *, exact: bool = False) -> np.ndarray:
    """Standard deviation of luma, 0 to 0.5 where luma is 0 to 1 (root-mean-square contrast).

    Source: Peli 1990, J. Opt. Soc. Am. A 7(10). Luma is ITU-R 601-2, as Pillow's mode "L".
    """
    mean = tones.mean(tones.luma @ _LEVELS)
    variance = tones.mean(tones.luma @ _LEVELS**2) - mean**2
    return np.sqrt(np.maximum(variance, 0)) / 255


@measure(dtype="float64", range=(0, 8), heavy=True)
def entropy(tones: Tones, *, exact: bool = False) -> np.ndarray:
    """Shannon entropy of luma, 0 to 8 bits a pixel: near 0 for an empty picture."""
    return entropy_of(tones.luma)


@measure(dtype="float64", range=(1, 256), heavy=True)
def level_count(tones: Tones, *, exact: bool = False) -> np.ndarray:
    """How many of the 256 levels of luma occur: few in drawings and posterised pictures.

    fastdup has it as `unique`.
    """
    return np.where(tones.pixels, (tones.luma > 0).sum(axis=1), np.nan)
