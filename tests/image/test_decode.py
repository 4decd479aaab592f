"""Decoding against the pixels that were encoded, Pillow's full decode, and OpenCV."""

import io
import threading

import broken
import cv2
import numpy as np
import pytest
import simplejpeg
import skimage.data
from PIL import Image, ImageOps

from tamis.codes import BadRecord
from tamis.errors import SettingError
from tamis.image.decode import decode, header
from tamis.image.resize import reduced, resize

GOOD = {sample.name: sample for sample in broken.good()}
BAD = {sample.name: sample for sample in broken.broken()}


@pytest.mark.parametrize("name", GOOD)
def test_good_pictures(name):
    sample = GOOD[name]
    found, picture = header(sample.data), decode(sample.data)
    assert picture.dtype == np.uint8 and picture.flags.c_contiguous
    assert picture.shape == (sample.size[1], sample.size[0], 3)
    assert (found.width, found.height) == sample.size
    assert np.abs(picture.reshape(-1, 3).mean(0) - sample.mean).max() <= sample.near
    grey = decode(memoryview(sample.data), grey=True)
    assert grey.shape == picture.shape[:2]
    luma = picture @ np.array([0.299, 0.587, 0.114])
    assert np.abs(grey - luma).mean() < 1.5


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("settings", [{}, {"short_side": 32}, {"grey": True}])
def test_broken_pictures(name, settings):
    with pytest.raises(BadRecord) as caught:
        decode(BAD[name].data, **settings)
    assert caught.value.code == BAD[name].code, caught.value.detail
    assert caught.value.detail


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_rotation_as_pillow_does_it(kind, orientation):
    stored = broken.encoded(broken.photo(), kind, exif=broken.exif(orientation))
    want = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(stored))).convert("RGB"))
    picture, found = decode(stored), header(stored)
    assert picture.shape == want.shape and found.orientation == orientation
    assert np.abs(picture.astype(int) - want).mean() < 1
    assert found.stored == (broken.WIDTH, broken.HEIGHT)
    small = decode(stored, short_side=50)
    assert small.shape[:2] == ((50, 67) if orientation < 5 else (67, 50))
    assert np.abs(small - cv2.resize(want, small.shape[1::-1], interpolation=3)).mean() < 128


def test_header_fields():
    def told(name):
        found = header(GOOD[name].data)
        return found.format, found.colour, found.alpha, found.bits, found.channels, found.frames

    assert told("jpeg-grey") == ("jpeg", "grey", False, 8, 1, 1)
    assert told("jpeg-cmyk-adobe") == ("jpeg", "cmyk", False, 8, 4, 1)
    assert told("png-alpha") == ("png", "rgb", True, 8, 4, 1)
    assert told("png-grey-16") == ("png", "grey", False, 16, 1, 1)
    assert told("png-grey-alpha") == ("png", "grey", True, 8, 2, 1)
    assert told("png-palette-clear") == ("png", "palette", True, 1, 2, 1)
    assert told("png-animated") == ("png", "rgb", False, 8, 3, 4)
    assert told("gif-animated")[-1] == told("webp-animated")[-1] == 4
    assert told("gif-palette-clear")[:3] == ("gif", "palette", True)
    assert told("webp-alpha") == ("webp", "rgb", True, 8, 4, 1)
    assert told("tiff-pages") == ("tiff", "rgb", False, 8, 3, 2)
    assert told("tiff-cmyk")[1] == "cmyk"
    assert told("bmp-alpha") == ("bmp", "rgb", True, 8, 4, 1)
    assert told("bmp-1-bit") == ("bmp", "palette", False, 1, 1, 1)
    assert told("avif-alpha") == ("avif", "rgb", True, 8, 4, 1)
    assert header(BAD["png-half"].data) == header(broken.encoded(broken.photo(), "PNG"))


@pytest.mark.parametrize("subsampling", [0, 2])
@pytest.mark.parametrize("progressive", [False, True])
def test_quality_is_the_one_it_was_saved_with(subsampling, progressive):
    for quality in range(30, 96):
        data = broken.encoded(
            broken.photo(), quality=quality, subsampling=subsampling, progressive=progressive
        )
        assert abs(header(data).quality - quality) <= 1
    assert header(GOOD["png"].data).quality is None


def test_full_jpeg_is_that_of_libjpeg():
    data = broken.encoded(skimage.data.astronaut(), quality=87)
    want = np.asarray(Image.open(io.BytesIO(data))).astype(int)
    assert np.abs(decode(data) - want).mean() < 0.1
    luma = np.asarray(Image.open(io.BytesIO(data)).convert("L")).astype(int)
    assert np.abs(decode(data, grey=True) - luma).mean() < 0.6


def test_sixteen_bits_are_scaled_like_opencv_reads_them():
    wide = (np.arange(65_536, dtype=np.uint16)).reshape(256, 256)
    data = cv2.imencode(".png", wide)[1].tobytes()
    stored = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    want = np.round(stored / 257.0)
    for found in (decode(data, grey=True), decode(data)[:, :, 2]):
        assert np.array_equal(found, want)


@pytest.mark.parametrize(
    ("size", "side", "near"),
    [((640, 480), 256, 0.6), ((1632, 1224), 256, 1.5), ((512, 2048), 256, 1.5),
     ((640, 480), 64, 1.8), ((700, 300), 64, 3.2), ((512, 512), 256, 1.5)],
)  # fmt: skip
def test_reduced_jpeg_looks_as_the_full_one_averaged(size, side, near):
    """Two averages, one after another, blur: most where the first leaves little to the second."""
    picture = cv2.resize(skimage.data.astronaut(), size, interpolation=cv2.INTER_AREA)
    data = broken.encoded(picture, quality=87)
    full = np.asarray(Image.open(io.BytesIO(data)))
    for grey in (False, True):
        small = decode(data, short_side=side, grey=grey)
        assert min(small.shape[:2]) == side
        want = cv2.resize(full, small.shape[1::-1], interpolation=cv2.INTER_AREA).astype(int)
        if grey:
            want = want @ np.array([0.299, 0.587, 0.114])
        assert np.abs(small - want).mean() < near
        assert abs(max(small.shape[:2]) - side * max(size) / min(size)) <= 0.5


@pytest.mark.parametrize("size", [(269, 300), (281, 1203), (523, 517), (1025, 777)])
def test_reduced_jpeg_is_not_shifted(size):
    """Sizes that are no multiple of the scale: a ramp would show a shift of a fifth of a pixel."""
    height, width = size
    y, x = np.mgrid[:height, :width]
    ramp = np.stack([255 * x / width, 255 * y / height, 0 * x], 2).astype(np.uint8)
    data = broken.encoded(ramp, quality=98, subsampling=0)
    full = np.asarray(Image.open(io.BytesIO(data)))
    small = decode(data, short_side=64)
    want = cv2.resize(full, small.shape[1::-1], interpolation=cv2.INTER_AREA)
    assert np.abs(small.astype(int) - want).mean() < 0.5


def test_reduced_png_is_opencv_area_within_a_level():
    rng = np.random.default_rng(0)
    for _ in range(200):
        height, width = (int(n) for n in rng.integers(1, 120, 2))
        tall, wide = int(rng.integers(1, height + 1)), int(rng.integers(1, width + 1))
        for channels in ((), (3,)):
            picture = rng.integers(0, 256, (height, width, *channels), dtype=np.uint8)
            want = cv2.resize(picture, (wide, tall), interpolation=cv2.INTER_AREA)
            found = resize(picture, tall, wide).astype(int)
            assert np.abs(found - want.reshape(found.shape)).max() <= 1


def test_sizes():
    assert reduced(480, 640, 256) == (256, 341)
    assert reduced(641, 480, 256) == (342, 256)  # 341.87
    assert reduced(3, 2, 1) == (2, 1)  # 1.5: halves up
    assert reduced(100, 640, 256) == (100, 640)  # never enlarged
    assert reduced(1, 10_000, 256) == (1, 10_000)
    with pytest.raises(SettingError):
        decode(GOOD["png"].data, short_side=0)


def test_limit_names_the_setting_and_is_one():
    with pytest.raises(BadRecord, match="max_pixels=29,999"):
        decode(GOOD["png"].data, max_pixels=29_999)
    assert decode(GOOD["png"].data, max_pixels=30_000).shape == (150, 200, 3)
    photo = broken.jpeg_says(GOOD["jpeg-q95"].data, 12_000, 9_000)
    with pytest.raises(BadRecord, match=r"12,000 × 9,000 is 108.0 megapixels.*raise max_pixels"):
        decode(photo)


def test_limit_may_be_above_that_of_pillow(recwarn):
    data = broken.png(14_000, 13_000, bytes((14_000 // 8 + 1) * 13_000), colour=0, bits=1)
    picture = decode(data, grey=True, short_side=13, max_pixels=10**9)
    assert picture.shape == (13, 14) and not picture.any()
    assert not recwarn.list


def test_result_is_not_overwritten_by_the_next():
    """Threads reuse memory for pictures that are made smaller; what is returned is never that."""
    first = broken.encoded(skimage.data.astronaut(), quality=90)
    second = broken.encoded(255 - skimage.data.astronaut(), quality=90)
    for side in (256, 100, 64, 512, None):
        kept = decode(first, short_side=side)
        before = kept.copy()
        decode(second, short_side=side)
        assert np.array_equal(kept, before)


def test_threads_agree():
    data = [sample.data for sample in broken.good()]
    want = [decode(item, short_side=40) for item in data]
    wrong = []

    def work():
        for item, expected in zip(data, want, strict=True):
            if not np.array_equal(decode(item, short_side=40), expected):
                wrong.append(item)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not wrong


def test_sampling_factors_that_turbojpeg_has_no_name_for():
    data = broken.three_by_one()
    with pytest.raises(ValueError, match="subsampling"):
        simplejpeg.decode_jpeg(data)
    assert (np.asarray(Image.open(io.BytesIO(data))) == 128).all()
    assert decode(data, short_side=4).shape == (4, 12, 3)
    with pytest.raises(BadRecord):
        decode(data[:-5])


def test_other_formats_behind_a_wrong_name_are_told_by_their_bytes():
    for name in ("jpeg-q60", "png", "webp", "gif", "tiff", "bmp", "avif"):
        assert header(GOOD[name].data).format == name.split("-")[0]
