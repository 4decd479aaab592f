"""What takes up room in a picture without being its subject: borders, codes."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np

from tamis.errors import MissingPackageError
from tamis.kernels.borders import borders
from tamis.media import each
from tamis.op import measure

Pictures = Sequence[np.ndarray | None]
_local = threading.local()


@measure(dtype="float64", range=(0, 1), heavy=True)
def border_ratio(thumbnail: Pictures, *, tolerance: int = 12) -> np.ndarray:
    """Share of the thumbnail that is a uniform border: 1 for a picture of one colour.

    A line at a side belongs to the border if all its levels are within `tolerance` (of 255) of
    those of the side's outermost corner; the default lets pass what JPEG does to one colour at
    quality 75.
    """

    def share(rgb: np.ndarray) -> float:
        top, bottom, left, right = borders(rgb, tolerance)
        height, width = rgb.shape[:2]
        return 1 - (height - top - bottom) * (width - left - right) / (height * width)

    return each(thumbnail, share)


@measure(dtype="float64", range=(0, 1), heavy=True)
def qr_code_ratio(luma: Pictures) -> np.ndarray:
    """Share of the picture that QR codes take up, found by OpenCV at full size.

    NeMo Curator drops pictures above 0.05. It takes several times as long as the decode, and is
    asked only of rows that no filter before it drops.
    """
    return each(luma, _code_area)


def _code_area(gray: np.ndarray) -> float:
    cv2 = _cv2()
    if min(gray.shape) < 21:  # the smallest code has 21 modules
        return 0.0
    if not hasattr(_local, "detector"):
        _local.detector = cv2.QRCodeDetectorAruco()
    found, corners = _local.detector.detectMulti(gray)
    if not found or corners is None:
        return 0.0
    mask = np.zeros(gray.shape, np.uint8)
    for code in corners:
        cv2.fillPoly(mask, [np.rint(code).astype(np.int32).reshape(-1, 1, 2)], 1)
    return float(np.count_nonzero(mask)) / gray.size


def _cv2() -> Any:
    try:
        import cv2
    except ImportError:
        raise MissingPackageError(
            "qr_code_ratio needs OpenCV: pip install 'tamis[image]'"
        ) from None
    return cv2
