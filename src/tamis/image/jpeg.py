"""JPEG by libjpeg-turbo, strictly: damage that it only warns of elsewhere is an error here."""

from __future__ import annotations

import threading

import numpy as np

from tamis.codes import BadRecord
from tamis.errors import MissingPackageError
from tamis.image.jpeg_segments import Segments
from tamis.image.normalise import pixels
from tamis.image.pillow import EXTRA, opened
from tamis.image.resize import resize

MOST_SCANS = 100  # encoders that search for the best progression write about 10
MOST_SCRATCH = 32 << 20  # bytes that each thread may keep: pictures of up to 11 megapixels

_local = threading.local()


def jpeg(
    data: bytes | memoryview, found: Segments, height: int, width: int, grey: bool
) -> np.ndarray:
    """Decode and reduce to `height` by `width` (as stored), at 1/2, 1/4 or 1/8 where that suffices.

    Those three have SIMD code in libjpeg-turbo; other fractions cost more than they save.
    """
    try:
        import simplejpeg
    except ImportError as error:
        raise MissingPackageError(f"decoding JPEG needs simplejpeg: {EXTRA}") from error
    _check(data, found)
    full_width, full_height = found.header.stored
    scale = scale_of(full_height, full_width, height, width)
    decoded = -(-full_height // scale), -(-full_width // scale)
    passing = decoded != (height, width)  # a resize follows and makes an array of its own
    try:
        picture = simplejpeg.decode_jpeg(
            data,
            "GRAY" if grey else "RGB",
            min_height=decoded[0] if scale > 1 else 0,
            min_width=decoded[1] if scale > 1 else 0,
            buffer=_scratch(decoded[0] * decoded[1] * (1 if grey else 3)) if passing else None,
        )
    except (ValueError, MemoryError) as error:
        if "subsampling" in str(error):  # sampling factors that TurboJPEG has no name for
            return resize(_other_sampling(data, grey), height, width)
        raise _unreadable(error) from None
    picture = picture[:, :, 0] if grey else picture
    return resize(picture, height, width, (full_height / scale, full_width / scale))


def _scratch(size: int) -> bytearray | None:
    """This thread's memory for a picture that is at once made smaller.

    New memory for each costs as much as decoding it where the allocator gives pages back at once,
    as in Dask's workers by default.
    """
    if size > MOST_SCRATCH:
        return None
    held = getattr(_local, "held", None)
    if held is None or len(held) < size:
        held = _local.held = bytearray(size)
    return held


def scale_of(height: int, width: int, wanted_height: int, wanted_width: int) -> int:
    """The denominator at which a JPEG is decoded that is wanted so large."""
    for scale in (8, 4, 2):
        # The shorter side must be there in full; the longer may lack what rounding added to it.
        enough = min(height, width) >= scale * min(wanted_height, wanted_width)
        if enough and -(-height // scale) >= wanted_height and -(-width // scale) >= wanted_width:
            return scale
    return 1


def _check(data: bytes | memoryview, found: Segments) -> None:
    if found.header.bits != 8:
        raise BadRecord("decode.format", f"a JPEG of {found.header.bits} bits a channel")
    if found.progressive and (scans := bytes(data).count(b"\xff\xda")) > MOST_SCANS:
        # Each scan passes over all pixels: a small file can ask for minutes.
        raise BadRecord(
            "decode.bomb", f"a progressive JPEG of {scans:,} scans (at most {MOST_SCANS})"
        )


def _other_sampling(data: bytes | memoryview, grey: bool) -> np.ndarray:
    with opened("jpeg", data) as image:
        image.load()
        return pixels(image, grey)


def _unreadable(error: Exception) -> BadRecord:
    said = str(error) or type(error).__name__
    if isinstance(error, MemoryError):
        return BadRecord("decode.bomb", "the JPEG asks for more memory than there is")
    cut = "Premature end of JPEG file" in said
    return BadRecord("decode.truncated" if cut else "decode.corrupt", f"JPEG: {said}")
