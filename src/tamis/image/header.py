"""What the first bytes of a picture say, no pixel decoded."""

from __future__ import annotations

import struct

from tamis.codes import BadRecord
from tamis.image import gif_blocks, iso_boxes, png_chunks, tiff_tags, webp_chunks
from tamis.image.formats import Header, displayed, sniff
from tamis.image.ifd import orientation
from tamis.image.jpeg_segments import segments
from tamis.image.pillow import opened


def header(data: bytes | memoryview) -> Header:
    """Format, size, colour, alpha, bits, frames, EXIF rotation and JPEG quality of a picture.

    Raises `BadRecord`: `media.empty`, `decode.format` for bytes of another kind,
    `decode.truncated` and `decode.corrupt` where even the header cannot be read. A file whose
    pixels are cut off or damaged still has a header.

    >>> from tamis.image.decode import header
    >>> start = b"GIF89a" + bytes([64, 0, 48, 0, 0, 0, 0])
    >>> found = header(start + bytes([44, 0, 0, 0, 0, 64, 0, 48, 0, 0, 2, 0, 59]))
    >>> found.format, found.width, found.height, found.colour, found.frames
    ('gif', 64, 48, 'palette', 1)
    """
    kind = sniff(data)
    try:
        if kind == "jpeg":
            return segments(data).header
        if kind == "png":
            return png_chunks.header(data)
        if kind == "webp":
            return webp_chunks.header(data)
        if kind == "gif":
            return gif_blocks.blocks(data).header
        if kind == "bmp":
            return _bmp(data)
        if kind == "tiff":
            return tiff_tags.header(data)
        return _iso(kind, data)
    except (IndexError, struct.error):
        raise BadRecord("decode.truncated", f"the {kind.upper()} ends within its header") from None


def _bmp(data: bytes | memoryview) -> Header:
    size = int.from_bytes(data[14:18], "little")
    if size == 12:  # OS/2
        width, height, _, bits = struct.unpack_from("<HHHH", data, 18)
        compression = 0
    else:
        width, height, _, bits, compression = struct.unpack_from("<iiHHI", data, 18)
        height = abs(height)  # negative: rows from the top
    if width <= 0 or not height:
        raise BadRecord("decode.corrupt", f"the BMP's header says {width} × {height} pixels")
    # Only masks say that the fourth byte is alpha; without them it is padding.
    masked = bits == 32 and compression == 3 and size >= 56
    alpha = masked and struct.unpack_from("<I", data, 66)[0] != 0
    colour = "palette" if bits <= 8 else "rgb"
    return Header("bmp", width, height, colour, alpha, bits if bits <= 8 else 8)


def _iso(kind: str, data: bytes | memoryview) -> Header:
    """AVIF and HEIF keep their sizes deep in boxes: their libraries read them."""
    with opened(kind, data) as image:
        turn = orientation(image.info.get("exif") or b"")
        width, height = image.size
        size = displayed(width, height, turn)
        frames = int(getattr(image, "n_frames", 1))
        alpha = "A" in image.getbands()
        colour = "grey" if image.mode.startswith(("L", "I")) else "rgb"
        return Header(kind, *size, colour, alpha, iso_boxes.depth(kind, data), frames, turn)
