"""Pictures brought to a size, and written as files again: the modes of img2dataset."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from tamis.codes import BadRecord
from tamis.errors import MissingPackageError, SettingError
from tamis.image.decode import MAX_PIXELS, decode, header
from tamis.image.decode import warm_up as warm_up  # for the sandbox
from tamis.image.resize import opencv, resize

LARGEST = 16_384  # pixels of a side that is asked for: WebP has no more
MODES = ("no", "keep_ratio", "keep_ratio_largest", "center_crop", "border")
FORMATS = {"jpg": "jpeg", "png": "png", "webp": "webp"}
QUALITY = {"jpg": 95, "png": 3, "webp": 95}  # img2dataset's 95; PNG: how hard zlib tries, 0 to 9


class Fitted(NamedTuple):
    """A file, its size in pixels, and that of the picture it was made of."""

    data: bytes
    width: int
    height: int
    original_width: int
    original_height: int


def fitted(
    data: bytes,
    *,
    mode: str,
    size: int,
    only_if_bigger: bool = False,
    format: str = "jpg",
    quality: int | None = None,
    max_pixels: int = MAX_PIXELS,
) -> Fitted:
    """A picture file brought to `size` pixels and encoded anew.

    `keep_ratio` gives the short side that size, `keep_ratio_largest` the long one, `center_crop` is
    the square in the middle of the former, `border` the latter on a white square. Reduced by area
    means, enlarged by Lanczos. `only_if_bigger` leaves those alone that are not larger (short side
    of the first and third, long side of the others). A file that needs no change keeps its bytes if
    it is of `format` already. Raises `BadRecord` as `decode` does.
    """
    kind = header(data)
    height, width = _aim(kind.height, kind.width, mode, size)
    bigger = height < kind.height or width < kind.width
    change = mode != "no" and (bigger or not only_if_bigger)
    if not change and kind.format == FORMATS[format]:
        decode(data, short_side=1, max_pixels=max_pixels)  # damage is told all the same
        return Fitted(data, kind.width, kind.height, kind.width, kind.height)
    short = min(height, width) if change and bigger else None
    picture = decode(data, short_side=short, max_pixels=max_pixels)
    if change:
        picture = _exactly(picture, height, width)
        if mode == "center_crop":
            top, left = (picture.shape[0] - size) // 2, (picture.shape[1] - size) // 2
            picture = picture[top : top + size, left : left + size]
        elif mode == "border":
            square = np.full((size, size, 3), 255, np.uint8)
            top, left = (size - height) // 2, (size - width) // 2
            square[top : top + height, left : left + width] = picture
            picture = square
    written = encode(picture, format, quality)
    return Fitted(written, picture.shape[1], picture.shape[0], kind.width, kind.height)


def encode(picture: np.ndarray, format: str = "jpg", quality: int | None = None) -> bytes:
    """uint8 [h, w, 3] RGB as a file; `quality` is 1 to 100, for PNG 0 to 9 (effort)."""
    quality = QUALITY[format] if quality is None else quality
    picture = np.ascontiguousarray(picture)
    if format == "jpg":
        try:
            import simplejpeg
        except ImportError as error:
            raise MissingPackageError(
                "writing JPEG needs simplejpeg: pip install 'tamis[image]'"
            ) from error
        return bytes(simplejpeg.encode_jpeg(picture, quality, colorsubsampling="420"))
    cv2: Any = opencv()
    flag = cv2.IMWRITE_PNG_COMPRESSION if format == "png" else cv2.IMWRITE_WEBP_QUALITY
    done, data = cv2.imencode(f".{format}", picture[:, :, ::-1], [flag, quality])
    if not done:
        raise BadRecord("decode.bomb", f"too large for {format}: {picture.shape[1::-1]}")
    return data.tobytes()


def check(mode: str, size: int | None, format: str, quality: int | None) -> None:
    """Refuse settings of `fitted` that cannot be right."""
    if mode not in MODES:
        raise SettingError(f"resize must be one of {', '.join(MODES)}, found {mode!r}")
    if mode != "no" and (not isinstance(size, int) or size < 1):
        raise SettingError(f"resize={mode!r} needs size=, a number of pixels; found {size!r}")
    if size is not None and size > LARGEST:
        raise SettingError(f"size={size}: at most {LARGEST} pixels")
    if format not in FORMATS:
        raise SettingError(f"encode must be one of {', '.join(FORMATS)}, found {format!r}")
    low, high = (0, 9) if format == "png" else (1, 100)
    if quality is not None and not low <= quality <= high:
        raise SettingError(f"quality of {format} is {low} to {high}, found {quality}")


def _aim(height: int, width: int, mode: str, size: int) -> tuple[int, int]:
    """Height and width before cropping or padding."""
    if mode == "no":
        return height, width
    side = min(height, width) if mode in ("keep_ratio", "center_crop") else max(height, width)
    return tuple(max(1, (2 * n * size + side) // (2 * side)) for n in (height, width))  # type: ignore[return-value]


def _exactly(picture: np.ndarray, height: int, width: int) -> np.ndarray:
    if picture.shape[0] >= height and picture.shape[1] >= width:
        return resize(picture, height, width)
    cv2: Any = opencv()
    return np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_LANCZOS4))
