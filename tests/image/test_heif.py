"""HEIF through pillow-heif where that is installed, and what is said where it is not."""

import io
import sys

import broken
import numpy as np
import pytest
from PIL import Image

from tamis.codes import BadRecord
from tamis.image.decode import decode, header

START = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"


def made(picture, **settings):
    heif = pytest.importorskip("pillow_heif")
    out = io.BytesIO()
    heif.from_pillow(Image.fromarray(picture)).save(out, quality=90, **settings)
    return out.getvalue()


def test_without_its_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    for call in (header, decode):
        with pytest.raises(BadRecord, match="pillow-heif") as caught:
            call(START + bytes(100))
        assert caught.value.code == "decode.format"


@pytest.mark.parametrize("orientation", [1, 6])
def test_pictures(orientation):
    photo = broken.photo()
    exif = broken.exif(orientation)
    data = made(broken.turned(photo, orientation), exif=exif)
    found, picture = header(data), decode(data)
    assert (found.format, found.width, found.height) == ("heif", broken.WIDTH, broken.HEIGHT)
    assert np.abs(picture.astype(int) - photo).mean() < 4
    assert decode(data, short_side=50, grey=True).shape == (50, 67)


def test_alpha_and_damage():
    photo = broken.photo()
    alpha = np.full(photo.shape[:2], 128, np.uint8)
    data = made(np.dstack([photo, alpha]))
    want = broken.over_white(photo, alpha)
    assert header(data).alpha
    assert np.abs(decode(data) - want).mean() < 4
    for cut in (len(data) // 2, len(data) - 20, 100):
        with pytest.raises(BadRecord) as caught:
            decode(data[:cut])
        assert caught.value.code == "decode.truncated"
    with pytest.raises(BadRecord, match="max_pixels"):
        decode(data, max_pixels=1000)
