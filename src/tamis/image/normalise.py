"""Any kind of pixels that Pillow can hold as 8-bit RGB or grey, over white."""

from __future__ import annotations

from typing import Any

import numpy as np

from tamis.codes import BadRecord

WIDE = ("I;16", "I;16L", "I;16B", "I;16N")


def pixels(image: Any, grey: bool, bits: int = 8) -> np.ndarray:
    """The loaded `PIL.Image` as uint8 [h, w, 3], or [h, w] where `grey` (ITU-R 601).

    `bits` are those of a channel in the file: the transparent colour of a PNG is given in them.

    16 bits are scaled by 255/65535, not clipped; what is transparent lets white through; ICC
    profiles are not applied. Refused (`decode.format`) are 32-bit integers and floats, which say
    nowhere what is white.
    """
    if image.mode in WIDE:
        plane = _sixteen(image)
        return plane if grey else np.repeat(plane[:, :, None], 3, axis=2)
    if image.mode in ("I", "F"):
        kind = "32-bit integers or signed 16-bit ones" if image.mode == "I" else "floats"
        detail = (
            f"{image.format} of {kind}: no value is known to be white; scale it to 8 or 16 bits"
        )
        raise BadRecord("decode.format", detail)
    if image.has_transparency_data:
        image = _over_white(image, bits)
    wanted = "L" if grey else "RGB"
    return np.array(image if image.mode == wanted else image.convert(wanted))


def _sixteen(image: Any) -> np.ndarray:
    wide = np.asarray(image).astype(np.uint32)
    plane = ((wide * 255 + 32767) // 65535).astype(np.uint8)
    if getattr(image, "tag_v2", {}).get(262) == 0:  # a TIFF whose 0 is white
        np.subtract(255, plane, out=plane)
    clear = image.info.get("transparency")
    if isinstance(clear, int):  # one level of grey is transparent
        plane[wide == clear] = 255
    return plane


def _over_white(image: Any, bits: int) -> Any:
    from PIL import Image

    clear = image.info.get("transparency")
    # Pillow brings pixels to 8 bits, but not the colour that they are compared with.
    if image.mode == "RGB" and isinstance(clear, tuple) and bits == 16:
        image.info["transparency"] = tuple(value >> 8 for value in clear)
    elif image.mode == "L" and isinstance(clear, int) and bits in (2, 4):
        image.info["transparency"] = clear * (255 // ((1 << bits) - 1))
    image = image.convert("RGBA")
    white = Image.new("RGB", image.size, (255, 255, 255))
    white.paste(image, mask=image.getchannel("A"))
    return white
