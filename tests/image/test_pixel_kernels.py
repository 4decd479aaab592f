"""The loops over pixels against plain NumPy, OpenCV and Pillow, on generated pictures."""

import cv2
import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image, ImageFilter

from tamis.image.edges import small_size
from tamis.kernels.borders import borders
from tamis.kernels.edges import edge_spread
from tamis.kernels.laplacian import laplacian_variance
from tamis.kernels.pixels import LIGHTS, luma_of, tones
from tamis.kernels.shrink import shrink

SIDES = st.integers(1, 40)


@st.composite
def pictures(draw, channels=True):
    """Noise, few colours, one colour; of 1 × 1, 1 × n and more."""
    height, width = draw(SIDES), draw(SIDES)
    shape = (height, width, 3) if channels else (height, width)
    levels = draw(st.sampled_from([st.integers(0, 255), st.sampled_from([0, 255]), st.just(7)]))
    if draw(st.booleans()):
        return draw(arrays.arrays(np.uint8, shape, elements=levels))
    seed, most = draw(st.integers(0, 2**32 - 1)), draw(st.sampled_from([1, 2, 9, 256]))
    return np.random.default_rng(seed).integers(0, most, shape).astype(np.uint8)


LARGE = np.random.default_rng(0).integers(0, 256, (61, 83, 3), np.uint8)  # more than two blocks


def counted(rgb, step=1):
    luma, lights = np.zeros(256, np.int64), np.zeros(LIGHTS, np.int64)
    channels, sums = np.zeros((3, 256), np.int64), np.zeros(4, np.int64)
    tones(rgb, step, luma, lights, channels, sums)
    return luma, lights, channels, sums


@settings(max_examples=60)
@given(pictures())
@example(LARGE)
@example(np.full((50, 60, 3), 255, np.uint8))
def test_tones_count_every_pixel(rgb):
    luma, lights, channels, sums = counted(rgb)
    gray = np.asarray(Image.fromarray(rgb).convert("L"))
    assert (luma == np.bincount(gray.ravel(), minlength=256)).all()
    for k in range(3):
        assert (channels[k] == np.bincount(rgb[..., k].ravel(), minlength=256)).all()
    r, g, b = (rgb[..., k].astype(np.int64) for k in range(3))
    brightness = 4 * np.sqrt(0.241 * r**2 + 0.691 * g**2 + 0.068 * b**2)
    met = np.sort(np.repeat(np.arange(LIGHTS), lights))
    assert len(met) == brightness.size
    assert np.abs(met - np.sort(brightness.ravel())).max() <= 0.5 + 1e-3
    high, low = rgb.max(axis=2).astype(int), rgb.min(axis=2).astype(int)
    most = np.maximum(high, 1)
    saturation = ((510 * (high - low) + most) // (2 * most)).sum()  # in 255ths, halves up
    assert sums[0] == ((r - g) ** 2).sum()
    assert sums[1] == ((r + g - 2 * b) ** 2).sum()
    assert sums[2] == saturation
    assert sums[3] == (high - low <= 8).sum()


@settings(max_examples=20)
@given(pictures(), st.integers(1, 3))
@example(np.random.default_rng(3).integers(0, 256, (3, 5000, 3), np.uint8), 2)
def test_tones_of_some_rows_are_those_of_the_rows(rgb, step):
    for found, expected in zip(counted(rgb, step), counted(rgb[::step].copy()), strict=True):
        assert (found == expected).all()


@settings(max_examples=60)
@given(pictures())
@example(LARGE)
def test_luma_is_pillows(rgb):
    assert (luma_of(rgb) == np.asarray(Image.fromarray(rgb).convert("L"))).all()


@settings(max_examples=60)
@given(pictures(channels=False))
@example(np.random.default_rng(1).integers(0, 256, (5, 2500), np.uint8))  # longer than a stretch
@example(np.tile(np.array([[0, 255], [255, 0]], np.uint8), (20, 1100)))  # the largest squares
def test_laplacian_is_opencvs(gray):
    expected = 0.0 if gray.size == 1 else cv2.Laplacian(gray, cv2.CV_64F).var()
    np.testing.assert_allclose(laplacian_variance(gray), expected, rtol=1e-12, atol=1e-9)


@settings(max_examples=60)
@given(pictures(channels=False), st.data())
@example(luma_of(LARGE), None)
def test_shrink_is_opencvs_area(gray, data):
    height, width = gray.shape
    rows = 17 if data is None else data.draw(st.integers(1, height))
    columns = 23 if data is None else data.draw(st.integers(1, width))
    grid = np.full((rows, columns), np.nan, np.float32)
    shrink(gray, grid)
    # the mean over areas, by exact whole-number enlargement
    fine = np.repeat(np.repeat(gray.astype(np.float64), rows, 0), columns, 1)
    expected = fine.reshape(rows, height, columns, width).mean(axis=(1, 3))
    np.testing.assert_allclose(grid, expected, atol=2e-3)


@settings(max_examples=60)
@given(pictures(channels=False))
def test_edges_are_pillows(gray):
    edges, counts = edge_spread(gray)
    image = Image.fromarray(gray)
    np.testing.assert_allclose(counts, np.std(image.histogram()), atol=1e-9)
    if min(gray.shape) >= 3:
        found = np.asarray(image.filter(ImageFilter.FIND_EDGES), np.float64)
        np.testing.assert_allclose(edges, found.std(), atol=1e-6)


def test_small_size_is_cleanvisions():
    assert small_size(64, 20) == (64, 20)
    assert small_size(480, 640) == (48, 64)
    assert small_size(1000, 1) == (64, 1)
    assert small_size(427, 640) == (42, 64)


def border_by_hand(rgb, tolerance):
    """Lines are taken away one at a time while they look like the corner they began at."""
    whole = rgb.astype(int)
    height, width = whole.shape[:2]

    def like(lines, corner):
        return np.abs(lines - corner).max() <= tolerance

    top = bottom = left = right = 0
    while top < height and like(whole[top], whole[0, 0]):
        top += 1
    while top + bottom < height and like(whole[height - 1 - bottom], whole[-1, 0]):
        bottom += 1
    if top + bottom == height:
        return top, bottom, 0, 0
    inner = whole[top : height - bottom]
    while left < width and like(inner[:, left], inner[0, 0]):
        left += 1
    while left + right < width and like(inner[:, width - 1 - right], inner[0, -1]):
        right += 1
    return top, bottom, left, right


@settings(max_examples=80)
@given(pictures(), st.integers(0, 4), st.integers(0, 4), st.integers(0, 2), st.data())
def test_borders(rgb, above, beside, tolerance, data):
    colour = data.draw(st.integers(0, 255))
    framed = np.pad(rgb, ((above, 1), (beside, above), (0, 0)), constant_values=colour)
    found = borders(framed, tolerance)
    assert found == border_by_hand(framed, tolerance)
    top, bottom, left, right = found
    assert top >= above and (top + bottom == len(framed) or (bottom >= 1 and left >= beside))
    assert top + bottom <= framed.shape[0] and left + right <= framed.shape[1]
