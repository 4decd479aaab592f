"""What the first bytes of a picture say: its size, form and coding. No pixel is decoded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd

from tamis.image.formats import COLOURS, FORMATS, Header
from tamis.op import measure

_INFINITE = float("inf")

Headers = Sequence[Header | None]


def _each(headers: Headers, field: Callable[[Header], Any], dtype: str = "Int64") -> pd.Series:
    values = [None if header is None else field(header) for header in headers]
    return pd.Series(values, dtype=dtype)


@measure(dtype="Int64", range=(1, _INFINITE))
def width(header: Headers) -> pd.Series:
    """Width in pixels, of the picture as it is displayed (after EXIF rotation)."""
    return _each(header, lambda h: h.width)


@measure(dtype="Int64", range=(1, _INFINITE))
def height(header: Headers) -> pd.Series:
    """Height in pixels, of the picture as it is displayed (after EXIF rotation)."""
    return _each(header, lambda h: h.height)


@measure(dtype="Int64", range=(1, _INFINITE))
def short_side(header: Headers) -> pd.Series:
    """The smaller of width and height, in pixels. DataComp's basic filter wants 200."""
    return _each(header, lambda h: min(h.width, h.height))


@measure(dtype="float64", range=(0, _INFINITE))
def megapixels(header: Headers) -> pd.Series:
    """Width times height, in millions of pixels."""
    return _each(header, lambda h: h.width * h.height / 1e6, "float64")


@measure(dtype="float64", range=(0, _INFINITE))
def width_to_height(header: Headers) -> pd.Series:
    """Width divided by height: above 1 for landscape, below for portrait.

    data-juicer's `image_aspect_ratio_filter` keeps 0.333 to 3, NeMo Curator's interleaved
    aspect-ratio filter 1 to 2.
    """
    return _each(header, lambda h: h.width / h.height, "float64")


@measure(dtype="float64", range=(1, _INFINITE))
def aspect_ratio(header: Headers) -> pd.Series:
    """Long side divided by short side, 1 for a square. DataComp's basic filter keeps up to 3.

    CleanVision has the inverse, short by long, and calls a picture odd below 0.35: here, above
    1 / 0.35 = 2.857.
    """
    return _each(header, lambda h: max(h.width / h.height, h.height / h.width), "float64")


@measure(dtype="string", values=FORMATS)
def format(header: Headers) -> pd.Series:
    """What the bytes are: "jpeg", "png", "webp", "gif", "tiff", "bmp", "avif" or "heif".

    The first bytes are asked, not the file's name.
    """
    return _each(header, lambda h: h.format, "str")


@measure(dtype="Int64", range=(1, 5))
def channels(header: Headers) -> pd.Series:
    """Values stored for a pixel, alpha included: 1 grey or palette, 3 RGB, 4 RGBA or CMYK."""
    return _each(header, lambda h: h.channels)


@measure(dtype="string", values=COLOURS)
def color_mode(header: Headers) -> pd.Series:
    """How colours are stored: "grey", "rgb", "cmyk" or "palette".

    CleanVision calls a picture greyscale whose file is coded so; `gray_ratio` asks the pixels.
    """
    return _each(header, lambda h: h.colour, "str")


@measure(dtype="Int64", range=(1, 64))
def bit_depth(header: Headers) -> pd.Series:
    """Bits of a channel: 8 mostly, 16 in some PNG and TIFF."""
    return _each(header, lambda h: h.bits)


@measure(dtype="boolean")
def has_alpha(header: Headers) -> pd.Series:
    """Whether there is an alpha channel, or a colour that stands for transparent."""
    return _each(header, lambda h: h.alpha, "boolean")


@measure(dtype="Int64", range=(1, _INFINITE))
def frame_count(header: Headers) -> pd.Series:
    """Pictures of an animation, pages of a TIFF; 1 for all others. Other measures see the first."""
    return _each(header, lambda h: h.frames)


@measure(dtype="Int64", range=(1, 100))
def jpeg_quality(header: Headers) -> pd.Series:
    """A JPEG's quality setting, 1 to 100, estimated from its tables; null for other formats."""
    return _each(header, lambda h: h.quality)


@measure(dtype="Int64", range=(1, _INFINITE))
def file_size(media: Sequence[bytes | None]) -> pd.Series:
    """Bytes of the file, or of the member of an archive."""
    return pd.Series([None if data is None else len(data) for data in media], dtype="Int64")
