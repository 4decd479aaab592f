"""Pictures as JPEG files: what endpoints are sent, and made smaller for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tamis.errors import SettingError
from tamis.image.fit import encode
from tamis.image.views import NEEDS
from tamis.media.decoded import Decoded, behind
from tamis.media.pointers import ROWS
from tamis.op import view


@view(rows=ROWS, needs=NEEDS)
def picture_jpegs(shrunk: Decoded[np.ndarray], *, quality: int = 90) -> Decoded[list[bytes]]:
    """Pictures of any format that is read here as JPEG, `side` pixels on the short side."""
    check_quality(quality)
    return Decoded(lambda row: jpegs([behind(shrunk, row)], quality), len(shrunk))


def jpegs(pictures: Sequence[Any] | np.ndarray, quality: int) -> list[bytes]:
    """uint8 [h, w, 3] each as a file."""
    return [encode(one, "jpg", quality) for one in pictures]


def check_quality(quality: int) -> None:
    """Refuse what JPEG does not have."""
    if not 1 <= quality <= 100:
        raise SettingError(f"quality={quality}: JPEG has 1 to 100")
