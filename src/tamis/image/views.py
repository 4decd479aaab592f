"""Images as measures see them: header, whole picture, its luma, and a thumbnail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tamis.codes import BadRecord
from tamis.image import decode as decoding
from tamis.image.decode import MAX_PIXELS, Header, decode
from tamis.media.decoded import Decoded
from tamis.media.pointers import ROWS, Media
from tamis.op import view

SIDE = 256  # pixels of a thumbnail's short side


@view(rows=ROWS)
def header(media: Media) -> Decoded[Header]:
    """What the first bytes say: `tamis.image.decode.Header`, no pixel decoded."""
    return _decoded(media, decoding.header)


@view(rows=ROWS)
def picture(media: Media, *, max_pixels: int = MAX_PIXELS) -> Decoded[np.ndarray]:
    """Whole pictures, uint8 of [height, width, 3], as they are displayed."""
    return _decoded(media, lambda data: decode(data, max_pixels=max_pixels))


@view(rows=ROWS)
def luma(media: Media, *, max_pixels: int = MAX_PIXELS) -> Decoded[np.ndarray]:
    """The brightness of whole pictures, uint8 of [height, width] (ITU-R 601)."""
    return _decoded(media, lambda data: decode(data, grey=True, max_pixels=max_pixels))


@view(rows=ROWS)
def thumbnail(media: Media, *, max_pixels: int = MAX_PIXELS) -> Decoded[np.ndarray]:
    """Pictures reduced to 256 pixels on the short side, uint8 of [height, width, 3].

    Smaller ones stay as they are. It is decoded at reduced size where the format allows.
    """
    return _decoded(media, lambda data: decode(data, short_side=SIDE, max_pixels=max_pixels))


@view(rows=ROWS)
def shrunk(
    media: Media,
    picture: Decoded[np.ndarray],
    thumbnail: Decoded[np.ndarray],
    *,
    side: int | None = SIDE,
    max_pixels: int = MAX_PIXELS,
) -> Decoded[np.ndarray]:
    """Pictures as models are given them: reduced to `side` pixels on the short side, None: whole.

    At 256 they are the thumbnails that the other measures share.
    """
    if side is None:
        return picture
    if side == SIDE:
        return thumbnail
    return _decoded(media, lambda data: decode(data, short_side=side, max_pixels=max_pixels))


def _decoded(media: Media, function: Callable[[bytes], Any]) -> Decoded[Any]:
    def load(row: int) -> Any:
        data = media[row]
        if data is None:
            code, _, detail = media.problems[row].partition(": ")
            raise BadRecord(code, detail)
        try:
            return function(data)
        except BadRecord as bad:
            raise BadRecord(bad.code, f"{media.place(row)}: {bad.detail}") from None

    return Decoded(load, len(media))
