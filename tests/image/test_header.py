"""Headers of generated files against Pillow and tifffile, and hostile ones in bounded time."""

import io
import struct
import time

import broken
import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from tamis.codes import BadRecord
from tamis.image.decode import decode, header

SIDES = st.integers(1, 70)
KINDS = st.sampled_from(["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF"])
MODES = {"grey": "L", "rgb": "RGB"}


def blank(width, height, mode="RGB"):
    return Image.new(mode, (width, height), 77 if mode == "L" else (10, 200, 30))


@given(SIDES, SIDES, KINDS, st.sampled_from(["L", "RGB"]), st.integers(1, 8))
def test_size_and_rotation(width, height, kind, mode, orientation):
    plain = kind in ("GIF", "BMP")
    settings = {} if plain else {"exif": broken.exif(orientation)}
    data = broken.encoded(blank(width, height, mode), kind, **settings)
    found = header(data)
    assert found == header(memoryview(data))
    assert found.stored == (width, height)
    shown = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    assert (found.width, found.height) == shown.size
    assert found.orientation == (1 if plain else orientation)
    assert decode(data).shape == (found.height, found.width, 3)


@given(
    st.lists(st.tuples(st.integers(0xE0, 0xEF), st.binary(max_size=60)), max_size=8),
    st.integers(0, 5),
    st.integers(1, 100),
)
def test_jpeg_segments_before_the_frame(extra, fill, quality):
    """Application segments of any content and fill bytes change nothing but what they hold."""
    data = broken.encoded(blank(33, 17), quality=quality)
    before = header(data)
    put = b""
    for marker, body in extra:
        body = b"x" + body  # so that none is taken for EXIF or Adobe's
        put += b"\xff" * fill + bytes([0xFF, marker]) + struct.pack(">H", 2 + len(body)) + body
    assert header(data[:2] + put + data[2:]) == before
    assert before.quality == quality


@given(st.binary(max_size=200), st.sampled_from([b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n",
    b"GIF89a", b"II*\0", b"MM\0*", b"II+\0\x08\0\0\0", b"RIFF\0\0\0\0WEBP", b"BM", b"",
    b"\0\0\0\x14ftypavif\0\0\0\0avif"]))  # fmt: skip
def test_any_bytes_give_a_header_or_a_reason(rest, start):
    for call in (header, decode):
        try:
            call(start + rest)
        except BadRecord as bad:
            assert bad.code.startswith(("decode.", "media.empty"))


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("settings", [
    {"photometric": "minisblack"}, {"photometric": "miniswhite"}, {"tile": (16, 16)},
    {"compression": "zlib"}, {"rowsperstrip": 5},
])  # fmt: skip
def test_tiff_of_sixteen_bits(big, order, settings):
    wide = np.random.default_rng(0).integers(0, 65_536, (40, 50)).astype(order + "u2")
    out = io.BytesIO()
    tifffile.imwrite(out, wide, bigtiff=big, byteorder=order, **settings)
    found = header(out.getvalue())
    assert found == ("tiff", 50, 40, "grey", False, 16, 1, 1, None)
    if order == ">" and (big or settings.get("photometric") == "miniswhite"):
        with pytest.raises(BadRecord) as caught:
            decode(out.getvalue())
        assert caught.value.code == "decode.format"
        return
    want = np.round(wide / 257)
    want = 255 - want if settings.get("photometric") == "miniswhite" else want
    assert np.abs(decode(out.getvalue(), grey=True) - want).max() <= 1


@pytest.mark.parametrize("planar", ["contig", "separate"])
@pytest.mark.parametrize("wide", [False, True])
def test_tiff_of_colour(planar, wide):
    photo = broken.photo()
    stored = photo.astype(np.uint16) * 257 if wide else photo
    stored = stored.transpose(2, 0, 1) if planar == "separate" else stored
    out = io.BytesIO()
    tifffile.imwrite(out, stored, photometric="rgb", planarconfig=planar)
    found = header(out.getvalue())
    assert (found.colour, found.bits) == ("rgb", 16 if wide else 8)
    if planar == "separate" and wide:  # Pillow 13 makes stripes of it
        with pytest.raises(BadRecord, match="planes"):
            decode(out.getvalue())
    else:
        assert np.array_equal(decode(out.getvalue()), photo)


def test_hostile_headers_end_soon():
    """Chains of pieces that cost nothing to write: 2 MB each, a second or two to refuse or read."""
    size = 2_000_000
    loop = b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", 65_535) * (size // 2)
    hostile = [
        b"\xff\xd8" + (b"\xff\xe0\0\2" + bytes(1000)) * (size // 1004),
        b"\xff\xd8" + b"\xff" * size,
        b"\xff\xd8\xff\xe0\0\2" + b"\xff\xe0\0\2" * (size // 4),
        b"\x89PNG\r\n\x1a\n"
        + broken.chunk(b"IHDR", struct.pack(">IIBBBBB", 9, 9, 8, 2, 0, 0, 0))
        + broken.chunk(b"tEXt", b"") * (size // 12),
        b"GIF89a\1\0\1\0\0\0\0" + b"\x2c\0\0\0\0\1\0\1\0\0\2" + b"\1\0" * (size // 2),
        b"GIF89a\1\0\1\0\0\0\0" + b"\0" * size,
        b"RIFF\xff\xff\xff\0WEBPVP8X\n\0\0\0\0\0\0\0\0\0\0\0\0\0" + bytes(size),
        loop,
        b"\0\0\0\x14ftypavif\0\0\0\0avif" + b"\0\0\0\x08free" * (size // 8),
    ]
    for data in hostile:
        start = time.process_time()
        for call in (header, decode):
            try:
                call(data)
            except BadRecord:
                continue
        assert time.process_time() - start < 3, data[:40]
