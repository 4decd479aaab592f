"""Images as measures see them: header, whole picture, its luma, and a thumbnail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tamis.codes import BadRecord
from tamis.errors import SettingError
from tamis.image import decode as decoding
from tamis.image import on_card
from tamis.image.decode import MAX_PIXELS, Header, decode
from tamis.image.formats import sniff
from tamis.media import sandbox
from tamis.media.decoded import Decoded
from tamis.media.pointers import ROWS, Media
from tamis.op import view

Isolate = bool | str | tuple[str, ...]

_DECODE = "tamis.image.decode:decode"
NEEDS = {"image": ("PIL", "simplejpeg", "cv2")}
SIDE = 256  # pixels of a thumbnail's short side


@view(rows=ROWS)
def header(media: Media) -> Decoded[Header]:
    """What the first bytes say: `tamis.image.decode.Header`, no pixel decoded."""
    return _decoded(media, decoding.header)


@view(rows=ROWS, needs=NEEDS)
def picture(
    media: Media, *, max_pixels: int = MAX_PIXELS, isolate: Isolate = "risky"
) -> Decoded[np.ndarray]:
    """Whole pictures, uint8 of [height, width, 3], as they are displayed.

    Pictures of more than `max_pixels` are refused by their header. `isolate` says what is decoded
    in a process of its own, so that a file that kills its decoder costs that file: "risky" (TIFF,
    AVIF, HEIF), True, False, or several formats (`tamis.media.sandbox`).
    """
    return pictures(media, isolate, max_pixels=max_pixels)


@view(rows=ROWS, needs=NEEDS)
def luma(
    media: Media, *, max_pixels: int = MAX_PIXELS, isolate: Isolate = "risky"
) -> Decoded[np.ndarray]:
    """The brightness of whole pictures, uint8 of [height, width] (ITU-R 601)."""
    return pictures(media, isolate, max_pixels=max_pixels, grey=True)


@view(rows=ROWS, needs=NEEDS)
def thumbnail(
    media: Media, *, max_pixels: int = MAX_PIXELS, isolate: Isolate = "risky"
) -> Decoded[np.ndarray]:
    """Pictures reduced to 256 pixels on the short side, uint8 of [height, width, 3].

    Smaller ones stay as they are. It is decoded at reduced size where the format allows.
    """
    return pictures(media, isolate, max_pixels=max_pixels, short_side=SIDE)


@view(rows=ROWS)
def shrunk(
    media: Media,
    picture: Decoded[np.ndarray],
    thumbnail: Decoded[np.ndarray],
    *,
    side: int | None = SIDE,
    max_pixels: int = MAX_PIXELS,
    isolate: Isolate = "risky",
    decoder: on_card.Decoder = "host",
) -> Decoded[np.ndarray]:
    """Pictures as models are given them: reduced to `side` pixels on the short side, None: whole.

    At 256 they are the thumbnails that the other measures share. `decoder="card"` has JPEG files
    decoded and reduced by a GPU, and what it refuses, or where there is none, by the host, as by
    default. Its pixels differ by a few levels (docs/design/images.md).
    """
    if side is not None and side < 1:
        raise SettingError(f"side={side}: a picture has at least one pixel, None leaves it whole")
    found = by_card(media, isolate, max_pixels, side, decoder)
    if found is not None:
        return found
    if side is None:
        return picture
    if side == SIDE:
        return thumbnail
    return pictures(media, isolate, max_pixels=max_pixels, short_side=side)


def by_card(
    media: Media, isolate: Isolate, max_pixels: int, side: int | None, decoder: on_card.Decoder
) -> Decoded[np.ndarray] | None:
    """The pictures of a `decoder` on a card; None where the host is asked, or no card is there."""
    on_card.check(decoder)
    if decoder == "host":
        return None
    settings = {"max_pixels": max_pixels, "short_side": side}
    pictures(media, isolate, **settings)  # says what is wrong with them
    there = on_card.card(isolated=isolate is not False and sandbox.wanted(isolate, "jpeg"))
    if there is None:
        return None
    return on_card.CardPictures(
        media, there, lambda data: pixels(data, isolate, **settings), side, max_pixels
    )


def pictures(media: Media, isolate: Isolate, **settings: Any) -> Decoded[np.ndarray]:
    """The pictures, each decoded here or in another process, as its format asks."""
    if settings.get("max_pixels", 1) < 1:
        raise SettingError(f"max_pixels={settings['max_pixels']}: a picture has at least one pixel")
    sandbox.wanted(isolate, "jpeg")  # says what is wrong with the setting
    return _decoded(media, lambda data: pixels(data, isolate, **settings))


def pixels(data: bytes, isolate: Isolate = "risky", **settings: Any) -> np.ndarray:
    """One picture as `tamis.image.decode.decode` gives it, decoded where its format asks for."""
    if isolate is False or not sandbox.wanted(isolate, sniff(data)):
        return decode(data, **settings)
    preload = ("PIL.Image", "simplejpeg", "cv2")
    (found,) = sandbox.isolated(_DECODE, [(data, settings)], preload=preload)
    if isinstance(found, BadRecord):
        raise found
    return found


def _decoded(media: Media, function: Callable[[bytes], Any]) -> Decoded[Any]:
    def load(row: int) -> Any:
        data = media[row]
        if data is None:
            code, _, detail = media.problems[row].partition(": ")
            raise BadRecord(code, detail)
        try:
            return function(data)
        except BadRecord as bad:
            raise media.blame(row, bad) from None

    return Decoded(load, len(media))
