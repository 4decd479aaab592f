"""Images as exhibits: small WebP pictures."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from tamis.exhibits.form import Exhibit, Form, Source

QUALITIES = (75, 50, 30)  # of WebP, the best that fits
LEAST = 24  # pixels: what is smaller shows nothing
_BEGINNINGS = (
    b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a", b"BM", b"II*\0", b"MM\0*",
)  # fmt: skip


def make(source: Source, side: int, most: int) -> Exhibit:
    """The picture behind a row, no larger than `side` pixels and `most` bytes.

    Where it does not fit, quality is given up first, then size; nothing is shown where even that
    is too much. Formats whose decoders are known to crash are decoded in a process of their own.
    """
    from tamis.image.views import pixels

    return encoded(pixels(source.data, short_side=side), side, most)


def encoded(pixels: Any, side: int, most: int) -> Exhibit:
    """Pixels (uint8 of [height, width, 3], RGB) as an exhibit."""
    import cv2

    while side >= LEAST:
        small = _reduced(pixels, side)
        for quality in QUALITIES:
            done, packed = cv2.imencode(
                ".webp", small[:, :, ::-1], [cv2.IMWRITE_WEBP_QUALITY, quality]
            )
            if done and packed.size <= most:
                height, width = small.shape[:2]
                return Exhibit("image", packed.tobytes(), "image/webp", width, height)
        side = side * 2 // 3
    return Exhibit("image")


def _reduced(pixels: Any, side: int) -> Any:
    """Pixels with a long side of at most `side`; smaller ones as they are."""
    import cv2

    height, width = pixels.shape[:2]
    scale = side / max(height, width)
    if scale >= 1:
        return pixels
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)


def html(exhibit: Exhibit, picture: str, snippet: str) -> Markup:
    """An `img`; the record's id and caption stand beside it, so it has no words of its own."""
    return Markup('<img class="picture" src="{}" width="{}" height="{}" alt="">').format(
        picture, exhibit.width, exhibit.height
    )


def begins(data: bytes) -> bool:
    """Whether bytes look like an image of a format that is read here."""
    if data[:4] == b"RIFF":
        return data[8:12] == b"WEBP"
    if data[4:8] == b"ftyp":
        return data[8:12] in (b"avif", b"avis", b"heic", b"heix", b"mif1", b"msf1")
    return data.startswith(_BEGINNINGS)


FORM = Form(
    "image", make, html, begins,
    frozenset(["jpg", "jpeg", "png", "webp", "gif", "tif", "tiff", "bmp", "avif", "heic", "heif"]),
)  # fmt: skip
