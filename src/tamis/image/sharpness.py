"""How sharp a picture is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tamis.kernels.laplacian import laplacian_variance
from tamis.media import each
from tamis.op import measure

_INFINITE = float("inf")
Pictures = Sequence[np.ndarray | None]


@measure(dtype="float64", range=(0, _INFINITE), heavy=True)
def sharpness(luma: Pictures) -> np.ndarray:
    """Variance of the Laplacian of the whole picture's luma (0 to 255): small where it is blurred.

    NeMo Curator's blur filter drops pictures below 100, a figure that holds at full size only, so
    the whole picture is decoded; `thumbnail_sharpness` does without that. The value is OpenCV's
    `cv2.Laplacian(luma, cv2.CV_64F).var()`. Source: Pech-Pacheco et al. 2000, Diatom
    autofocusing in brightfield microscopy.
    """
    return each(luma, laplacian_variance)


@measure(dtype="float64", range=(0, _INFINITE), heavy=True)
def thumbnail_sharpness(gray: Pictures) -> np.ndarray:
    """Variance of the Laplacian of the thumbnail's luma (0 to 255).

    Pictures of different sizes are compared at one size: short side 256, smaller ones as they
    are. No published bound is meant for it.
    """
    return each(gray, laplacian_variance)
