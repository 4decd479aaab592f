"""The tags of a TIFF: what they say of the picture, and what Pillow would read wrongly."""

from __future__ import annotations

from tamis.codes import BadRecord
from tamis.image.formats import Header, displayed
from tamis.image.ifd import directory, pages, sound

WIDTH, HEIGHT, BITS, PHOTOMETRIC, SAMPLES, PLANAR, EXTRA = 256, 257, 258, 262, 277, 284, 338
COLOURS = {0: "grey", 1: "grey", 3: "palette", 4: "grey", 5: "cmyk"}


def header(data: bytes | memoryview) -> Header:
    """What the first page's tags say, and the number of pages."""
    tags = directory(data)
    if tags is None:
        raise BadRecord("decode.truncated", "the TIFF's directory lies past its end")
    width, height = (tags.get(tag, (0,))[0] for tag in (WIDTH, HEIGHT))
    if width <= 0 or height <= 0:
        raise BadRecord("decode.corrupt", f"the TIFF's header says {width} × {height} pixels")
    colour = COLOURS.get(tags.get(PHOTOMETRIC, (1,))[0], "rgb")
    alpha = any(extra in (1, 2) for extra in tags.get(EXTRA, ()))  # associated or not
    turn = sound(tags)
    size = displayed(width, height, turn)
    return Header("tiff", *size, colour, alpha, tags.get(BITS, (1,))[0], pages(data), turn)


def check(data: bytes | memoryview) -> None:
    """Nothing of which Pillow would make another picture without a word."""
    if bytes(data[:4]) == b"MM\0+":
        raise BadRecord(
            "decode.format", "a BigTIFF of big-endian bytes, which Pillow does not read"
        )
    tags = directory(data) or {}
    samples, bits = tags.get(SAMPLES, (1,))[0], tags.get(BITS, (1,))[0]
    if tags.get(PLANAR, (1,))[0] == 2 and samples > 1 and bits != 8:
        detail = f"a TIFF of {bits}-bit colours in separate planes, which Pillow reads wrongly"
        raise BadRecord("decode.format", detail)
