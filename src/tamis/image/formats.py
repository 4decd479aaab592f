"""Which picture format bytes are, told by how they begin and never by a file's name."""

from __future__ import annotations

from typing import NamedTuple

from tamis.codes import BadRecord

FORMATS = ("jpeg", "png", "webp", "gif", "tiff", "bmp", "avif", "heif")
COLOURS = ("grey", "rgb", "cmyk", "palette")

HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
AVIF_BRANDS = {b"avif", b"avis"}
TIFF_STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")  # the last two: BigTIFF

BMP_HEADERS = {size.to_bytes(4, "little") for size in (12, 16, 40, 52, 56, 64, 108, 124)}

# What comes instead of a picture, most often from a web server, named in the reason.
OTHERS = (
    (b"%PDF", "a PDF"), (b"PK\3\4", "a zip archive"), (b"\x1f\x8b", "gzip data"),
    (b"\xff\x0a", "JPEG XL"), (b"\0\0\0\x0cJXL ", "JPEG XL"), (b"\0\0\0\x0cjP  ", "JPEG 2000"),
    (b"\xff\x4f\xff\x51", "JPEG 2000"), (b"8BPS", "a Photoshop file"), (b"\0\0\1\0", "an icon"),
)  # fmt: skip


class Header(NamedTuple):
    """What the first bytes of a picture say.

    `width` and `height` are those of the picture as it is displayed and decoded here, after the
    rotation that `orientation` (EXIF, 1 to 8) asks for. `colour` is "grey", "rgb", "cmyk" or
    "palette"; `bits` those of a channel; `frames` the pictures of an animation or pages of a
    file; `quality` an estimate of a JPEG's setting from 1 to 100, None for other formats.
    """

    format: str
    width: int
    height: int
    colour: str
    alpha: bool = False
    bits: int = 8
    frames: int = 1
    orientation: int = 1
    quality: int | None = None

    @property
    def channels(self) -> int:
        """Stored values of a pixel, alpha included."""
        return {"grey": 1, "palette": 1, "rgb": 3, "cmyk": 4}[self.colour] + self.alpha

    @property
    def stored(self) -> tuple[int, int]:
        """Width and height before the rotation."""
        turned = self.orientation >= 5
        return (self.height, self.width) if turned else (self.width, self.height)


def displayed(width: int, height: int, orientation: int) -> tuple[int, int]:
    return (height, width) if orientation >= 5 else (width, height)


def sniff(data: bytes | memoryview) -> str:
    """The format of a picture, one of `FORMATS`; `BadRecord` for bytes of any other kind."""
    if not len(data):
        raise BadRecord("media.empty", "0 bytes")
    head = bytes(data[:64])
    if head.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "webp"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "gif"
    if head.startswith(TIFF_STARTS):
        return "tiff"
    if head.startswith(b"BM") and len(head) >= 18 and head[14:18] in BMP_HEADERS:
        return "bmp"
    if head[4:8] == b"ftyp" and (kind := _brand(head)):
        return kind
    raise BadRecord("decode.format", _what_else(head, len(data)))


def _brand(head: bytes) -> str | None:
    """ISO media files say what they are by a major brand and a list of compatible ones."""
    end = min(int.from_bytes(head[:4], "big"), len(head))
    brands = {head[8:12], *(head[at : at + 4] for at in range(16, end, 4))}
    if brands & AVIF_BRANDS:  # `mif1`, which both have, says only "a still picture"
        return "avif"
    return "heif" if brands & HEIF_BRANDS else None


def _what_else(head: bytes, size: int) -> str:
    for start, name in OTHERS:
        if head.startswith(start):
            return f"{name}, not a picture of a format read here"
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith(b"<svg") or (text.startswith(b"<?xml") and b"svg" in text):
        return "SVG, which is not opened: it may name other files"
    if text.startswith((b"<!doctype", b"<html", b"<head", b"<?xml", b"<")):
        return "markup (HTML or XML), not a picture"
    if text.startswith((b"{", b"[")):
        return "text like JSON, not a picture"
    return f"{size:,} bytes that begin {head[:8].hex(' ')}: none of {', '.join(FORMATS)}"
