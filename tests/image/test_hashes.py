"""Perceptual hashes against the imagehash library, bit for bit and from thumbnails."""

import io
import sys

import imagehash
import numpy as np
import pandas as pd
import pytest
import pywt
from hypothesis import given, settings
from hypothesis import strategies as st
from photos import PHOTOS, coded, crops, path, rgb
from PIL import Image
from scipy import fft

import tamis
from tamis import Pipeline, Score, image
from tamis.image import imagehash as exactly
from tamis.image.resampling import cosines, weights
from tamis.kernels.pixels import luma_of

HASHES = {
    "average_hash": imagehash.average_hash,
    "difference_hash": imagehash.dhash,
    "perceptual_hash": imagehash.phash,
    "wavelet_hash": imagehash.whash,
}
SIDES = {64: 8, 256: 16}
PLAIN = [np.full((40, 50, 3), level, np.uint8) for level in (0, 7, 128, 255)]
STRIPES = np.zeros((64, 64, 3), np.uint8)
STRIPES[:, ::2] = 200
ODD = [*PLAIN, STRIPES, np.tile(np.arange(256, dtype=np.uint8)[:, None, None], (1, 99, 3))]


def apart(one, other):
    return (int(one, 16) ^ int(other, 16)).bit_count()


@pytest.mark.parametrize("bits", [64, 256])
@pytest.mark.parametrize("name", HASHES)
def test_exact_hashes_of_files_are_imagehashs(name, bits):
    files = [path(photo) for photo in ("coffee.png", "camera.png", "chelsea.png")]
    files += [coded(pixels) for pixels in (*ODD, *crops("astronaut.png", 4))]
    found = getattr(image, name)(files, bits=bits, exact=True)
    pictures = [Image.open(path(p)) for p in ("coffee.png", "camera.png", "chelsea.png")]
    pictures += [Image.fromarray(pixels) for pixels in (*ODD, *crops("astronaut.png", 4))]
    expected = [str(HASHES[name](picture, hash_size=SIDES[bits])) for picture in pictures]
    assert found.tolist() == expected


@settings(max_examples=40)
@given(st.integers(1, 70), st.integers(1, 70), st.integers(0, 2**32 - 1), st.sampled_from([2, 256]))
def test_exact_hashes_of_noise_are_imagehashs(height, width, seed, most):
    noise = np.random.default_rng(seed).integers(0, most, (height, width, 3)).astype(np.uint8)
    for name, theirs in HASHES.items():
        for side in (8, 16):
            found = getattr(exactly, name)(luma_of(noise), side)
            assert (found == theirs(Image.fromarray(noise), hash_size=side).hash).all(), name


@pytest.mark.parametrize("name", HASHES)
def test_hashes_of_thumbnails_are_within_two_bits(name):
    pixels = [p for photo in PHOTOS[:8] for p in (rgb(photo), *crops(photo, 12))]
    frame = pd.DataFrame({"path": [coded(p, "BMP") for p in pixels]})
    scores = [Score(f"image.{name}"), Score(f"image.{name}", bits=256, name="long")]
    found = Pipeline(scores)(frame)
    distances = {"long": [], name: []}
    for column, side in ((name, 8), ("long", 16)):
        for text, p in zip(found[column], pixels, strict=True):
            theirs = str(HASHES[name](Image.fromarray(p), hash_size=side))
            assert len(text) == len(theirs) == side**2 // 4
            distances[column].append(apart(text, theirs))
    assert np.mean(np.array(distances[name]) <= 2) >= 0.99
    assert np.mean(distances[name]) < 0.5
    assert np.mean(np.array(distances["long"]) <= 10) >= 0.98 and np.mean(distances["long"]) < 3


@pytest.mark.parametrize("name", HASHES)
def test_hashes_of_luma_alone_are_within_two_bits(name):
    """Decoded smaller and without colours, from JPEGs of two sizes."""
    pixels = [p for photo in PHOTOS[:8] for p in (rgb(photo), *crops(photo, 6))]
    files = [coded(p, "JPEG") for p in pixels]
    found = Score(f"image.{name}", alone=True, name="own")(pd.DataFrame({"path": files})).own
    theirs = [str(HASHES[name](Image.open(io.BytesIO(file)))) for file in files]
    distances = [apart(one, other) for one, other in zip(found, theirs, strict=True)]
    assert np.mean(np.array(distances) <= 2) >= 0.97 and np.mean(distances) < 0.7


def test_small_pictures_need_no_scipy(monkeypatch):
    small = np.random.default_rng(1).integers(0, 255, (40, 60, 3)).astype(np.uint8)
    theirs = str(HASHES["perceptual_hash"](Image.fromarray(small)))
    monkeypatch.setitem(sys.modules, "scipy", None)
    assert image.perceptual_hash([coded(small, "PNG")]).tolist() == [theirs]


def test_a_picture_of_one_colour_has_a_hash_of_its_own_kind():
    files = [coded(np.full((200, 300, 3), level, np.uint8)) for level in (0, 90, 255)]
    assert image.average_hash(files).tolist() == ["0" * 16] * 3
    assert image.difference_hash(files).tolist() == ["0" * 16] * 3
    assert image.wavelet_hash(files).tolist() == ["0" * 16] * 3
    assert image.perceptual_hash(files).tolist() == ["0" * 16, "8" + "0" * 15, "8" + "0" * 15]


@pytest.mark.parametrize("bits", [64, 256])
def test_perceptual_dedup_takes_them(bits):
    photo = rgb("coffee.png")
    small = np.asarray(Image.fromarray(photo).resize((300, 200)))
    files = [coded(photo), coded(small, "JPEG", quality=80), coded(rgb("chelsea.png")), None]
    frame = pd.DataFrame({"id": list("abcd"), "path": files})
    pipeline = Pipeline([
        Score(image.perceptual_hash, bits=bits, name="phash"),
        tamis.PerceptualDedup(on="phash", radius=bits // 12),
    ])  # fmt: skip
    assert pipeline(frame)["id"].tolist() == ["a", "c", "d"]


@pytest.mark.parametrize("size", [(640, 32), (128, 8), (20, 64), (7, 7), (1, 9)])
@pytest.mark.parametrize("filter", ["lanczos", "bicubic"])
def test_weights_are_pillows(size, filter):
    count, target = size
    line = np.random.default_rng(count).integers(0, 256, (1, count)).astype(np.float32)
    method = getattr(Image.Resampling, filter.upper())
    expected = np.asarray(Image.fromarray(line).resize((target, 1), method))
    np.testing.assert_allclose(line @ weights(count, target, filter).T, expected, atol=2e-3)


def test_cosines_are_scipys():
    line = np.random.default_rng(0).random(32)
    np.testing.assert_allclose(cosines(32, 8) @ line, fft.dct(line)[:8], rtol=1e-9)


def test_haar_is_pywavelets():
    pixels = np.random.default_rng(0).random((16, 16))
    low, (a, b, c) = pywt.dwt2(pixels, "haar")
    found = exactly._haar(pixels)
    for one, other in zip(found, (low, b, a, c), strict=True):
        assert (one == other).all()
    assert (exactly._unhaar(*found) == pywt.idwt2((low, (a, b, c)), "haar")).all()
