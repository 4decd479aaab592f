"""Open a picture with the one Pillow plugin of its format, and read what goes wrong there."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from tamis.codes import BadRecord
from tamis.errors import MissingPackageError
from tamis.image import iso_boxes

EXTRA = "pip install 'tamis[image]'"
PLUGINS = {
    "png": ("PngImagePlugin", "PngImageFile"),
    "webp": ("WebPImagePlugin", "WebPImageFile"),
    "gif": ("GifImagePlugin", "GifImageFile"),
    "bmp": ("BmpImagePlugin", "BmpImageFile"),
    "tiff": ("TiffImagePlugin", "TiffImageFile"),
    "jpeg": ("JpegImagePlugin", "JpegImageFile"),
    "avif": ("AvifImagePlugin", "AvifImageFile"),
}


@contextmanager
def opened(kind: str, data: bytes | memoryview) -> Iterator[Any]:
    """The `PIL.Image` of the bytes, nothing decoded yet; what fails inside becomes `BadRecord`.

    The plugin's class is called itself: `Image.open` would try others, and warn or refuse by a
    limit of the whole process where ours is an argument. No setting of Pillow is read or changed.
    """
    plugin = _plugin(kind)
    try:
        with plugin(io.BytesIO(data)) as image:
            yield image
    except BadRecord:
        raise
    except Exception as error:  # Pillow raises a dozen types for damaged files
        raise _unreadable(kind, data, error) from None


def _plugin(kind: str) -> Any:
    """The plugin's class, imported here: nothing of Pillow is imported with tamis."""
    if kind == "heif":
        return _heif()
    module, name = PLUGINS[kind]
    try:
        plugin = import_module(f"PIL.{module}")
    except ImportError as error:
        raise MissingPackageError(f"decoding images needs pillow ≥ 11.3: {EXTRA}") from error
    if not getattr(plugin, "SUPPORTED", True):
        detail = f"{kind.upper()}, which this Pillow was built without"
        raise BadRecord("decode.format", detail)
    return getattr(plugin, name)


def _heif() -> Any:
    try:
        from pillow_heif import HeifImageFile
    except ImportError:
        detail = "HEIF, which needs pillow-heif: pip install pillow-heif"
        raise BadRecord("decode.format", detail) from None
    return HeifImageFile


# Words by which Pillow and the libraries below it tell the three cases apart.
CUT = (
    "truncat",
    "premature end",
    "unexpected end",
    "end of file",
    "not enough",
    "buffer is not large",
)
LARGE = ("too large", "too much memory", "bomb", "exceeds limit", "memory")
UNKNOWN = (
    "unsupported",
    "not supported",
    "unknown",
    "unrecognized mode",
    "no decoder",
    "decoder not",
)


def _unreadable(kind: str, data: bytes | memoryview, error: Exception) -> BadRecord:
    said = f"{kind.upper()}: {error}" if str(error) else f"{kind.upper()}: {type(error).__name__}"
    words = said.lower()
    if isinstance(error, MemoryError) or any(word in words for word in LARGE):
        return BadRecord("decode.bomb", said)
    short = kind in ("avif", "heif") and iso_boxes.cut(data)
    if short or isinstance(error, EOFError) or any(word in words for word in CUT):
        return BadRecord("decode.truncated", said)
    if any(word in words for word in UNKNOWN):
        return BadRecord("decode.format", said)
    return BadRecord("decode.corrupt", said)
