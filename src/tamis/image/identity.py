"""Which pictures are the same picture, pixel for pixel."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tamis.media.identity import bytes_hash
from tamis.op import measure


@measure(dtype="string", heavy=True)
def pixel_hash(picture: Sequence[np.ndarray | None]) -> list[str | None]:
    """A hash of size and pixels, 128 bits in hexadecimal: equal whatever the file format.

    `ExactDedup(on="pixel_hash")` drops pictures that differ in nothing that is seen: the same PNG
    packed anew, with other metadata, or turned by EXIF. A JPEG saved again has other pixels.
    """
    return [
        None if pixels is None else bytes_hash(repr(pixels.shape).encode(), pixels.tobytes())
        for pixels in picture
    ]
