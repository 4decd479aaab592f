"""From bytes to pixels: one function for all formats, safe limits first, one form of pixels out."""

from __future__ import annotations

import numpy as np

from tamis.codes import BadRecord
from tamis.errors import SettingError
from tamis.image import gif_blocks, png_chunks, tiff_tags, webp_chunks
from tamis.image.formats import Header, displayed, sniff
from tamis.image.header import header
from tamis.image.jpeg import jpeg
from tamis.image.jpeg_segments import segments
from tamis.image.normalise import pixels
from tamis.image.pillow import opened
from tamis.image.resize import reduced, resize, turn

__all__ = ["MAX_PIXELS", "Header", "decode", "header"]

MAX_PIXELS = 1 << 26
"""67 megapixels, 201 MB of RGB: photos of 64-megapixel telephones (9248 × 6936) pass, bombs of
13,000² (a 21 KB PNG that Pillow's own limit lets through) do not."""


def decode(
    data: bytes | memoryview,
    *,
    short_side: int | None = None,
    grey: bool = False,
    max_pixels: int = MAX_PIXELS,
) -> np.ndarray:
    """The first picture in `data` as it is displayed: uint8 [h, w, 3] RGB, or [h, w] if `grey`.

    With `short_side` the picture is reduced to exactly that many pixels on its shorter side, the
    longer one rounded to the nearest pixel, by averages over areas; it is never enlarged. A JPEG
    is then decoded at 1/2, 1/4 or 1/8 where that is enough.

    The format is told by the bytes, whatever the file was called. EXIF rotation is applied, CMYK
    converted, 16 bits scaled, alpha laid over white; of animations the first frame is taken; ICC
    profiles are ignored. Pixels are counted from the header, and more than `max_pixels` refused
    before any is decoded. All that is wrong with the bytes raises `BadRecord`:
    `decode.format`, `decode.truncated`, `decode.corrupt`, `decode.bomb` or `media.empty`.
    """
    if short_side is not None and short_side < 1:
        raise SettingError(f"short_side must be at least 1, not {short_side}")
    found = segments(data) if sniff(data) == "jpeg" else None
    kind = found.header if found else header(data)
    _limit(kind, max_pixels)
    width, height = kind.stored
    target = reduced(height, width, short_side)
    if found:
        return turn(jpeg(data, found, *target, grey), kind.orientation)
    picture = _other(data, kind, grey)
    if kind.format == "tiff":  # Pillow has turned it already
        return resize(picture, *displayed(*target, kind.orientation))
    return turn(resize(picture, *target), kind.orientation)


def _limit(kind: Header, max_pixels: int) -> None:
    count = kind.width * kind.height
    if count > max_pixels:
        raise BadRecord(
            "decode.bomb",
            f"{kind.width:,} × {kind.height:,} is {count / 1e6:,.1f} megapixels, more than "
            f"max_pixels={max_pixels:,}; raise max_pixels if such pictures are wanted",
        )


def _other(data: bytes | memoryview, kind: Header, grey: bool) -> np.ndarray:
    """By Pillow, after the checks that it does not make."""
    if kind.format == "png":
        png_chunks.check(data)
    elif kind.format == "tiff":
        tiff_tags.check(data)
    elif kind.format == "webp":
        webp_chunks.check(data)
    elif kind.format == "gif" and not gif_blocks.blocks(data).whole:
        raise BadRecord("decode.truncated", "the GIF ends within a block")
    with opened(kind.format, data) as image:
        image.load()
        if kind.format == "png":
            png_chunks.check_rows(data, image)
        return pixels(image, grey, kind.bits)


def warm_up() -> None:
    """Load and compile what decoding needs, before the sandbox forks processes that decode."""
    import io

    from PIL import Image

    for mode in ("RGB", "L", "CMYK"):
        for format in ("JPEG", "PNG", "TIFF", "WEBP", "GIF"):
            if mode == "CMYK" and format != "JPEG":
                continue
            file = io.BytesIO()
            Image.new(mode, (24, 16), "white").save(file, format)
            for grey in (False, True):
                decode(file.getvalue(), short_side=5, grey=grey)
