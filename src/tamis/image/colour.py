"""How colourful a picture is.

Taken from the thumbnail (short side 256); with `exact`, from every pixel of the whole picture.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from tamis.image.tones import Tones
from tamis.op import measure

_LEVELS = np.arange(256)


@measure(dtype="float64", range=(0, float("inf")), heavy=True)
def colorfulness(tones: Tones, *, exact: bool = False) -> np.ndarray:
    """Colourfulness M3: 0 is grey, 15 slightly, 33 moderately, 59 highly, 109 extremely colourful.

    sqrt(var(R - G) + var(Y - B)) + 0.3 sqrt(mean(R - G)² + mean(Y - B)²), Y = (R + G) / 2.
    Source: Hasler and Süsstrunk 2003, Measuring colourfulness in natural images, section 7.
    """
    red, green, blue = tones.mean((tones.channels @ _LEVELS).T)
    rg, yb = red - green, (red + green) / 2 - blue
    spread = tones.mean(tones.sums[:, 0] + tones.sums[:, 1] / 4) - rg**2 - yb**2
    return np.sqrt(np.maximum(spread, 0)) + 0.3 * np.sqrt(rg**2 + yb**2)


@measure(dtype="float64", range=(0, 1), heavy=True)
def saturation(tones: Tones, *, exact: bool = False) -> np.ndarray:
    """Mean saturation of the HSV hexcone, 0 (greys) to 1: (max - min) / max of R, G and B."""
    return tones.mean(tones.sums[:, 2] / 255)


@measure(dtype="float64", range=(0, 1), heavy=True)
def gray_ratio(tones: Tones, *, exact: bool = False) -> np.ndarray:
    """Share of pixels whose R, G and B are at most 8 of 255 levels apart.

    So much JPEG does to a grey pixel. It is 1 for a grey picture, however its file is coded.
    """
    return tones.mean(tones.sums[:, 3])


@measure(dtype="boolean", heavy=True)
def is_grayscale(tones: Tones, *, share: float = 0.99, exact: bool = False) -> pd.Series:
    """Whether at least `share` of the pixels are grey (`gray_ratio`).

    How the file is coded, which is what CleanVision asks, is told by `channels`.
    """
    found = tones.mean(tones.sums[:, 3])
    return pd.Series(found >= share, dtype="boolean").mask(np.isnan(found))
