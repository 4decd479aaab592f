"""Scores of frames and the cuts made of them, against PySceneDetect and OpenCV."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from moving_pictures import film

from tamis.kernels.shots import compare, compare_planes
from tamis.video.shot_boundaries import (
    adaptive_cuts,
    content_cuts,
    content_score,
    fade_cuts,
    histogram_cuts,
)
from tamis.video.shot_scores import Comparing

scenedetect = pytest.importorskip("scenedetect")
from scenedetect import FrameTimecode  # noqa: E402
from scenedetect.detectors import (  # noqa: E402
    AdaptiveDetector,
    ContentDetector,
    HistogramDetector,
    ThresholdDetector,
)
from scenedetect.stats_manager import StatsManager  # noqa: E402

RATE = 25.0
FRAMES = film()


@pytest.fixture(scope="module")
def scores():
    comparing = Comparing()
    for k, frame in enumerate(FRAMES):
        comparing.add(frame, k / RATE)
    return comparing.scores()


def theirs(detector, frames=FRAMES):
    """The cuts and the figures of each frame of a detector of PySceneDetect."""
    detector.stats_manager = stats = StatsManager()
    stats.register_metrics(detector.get_metrics())
    cuts = []
    for k, frame in enumerate(frames):
        code = FrameTimecode(k, fps=RATE)
        cuts += [c.frame_num for c in detector.process_frame(code, frame[:, :, ::-1].copy())]
    cuts += [c.frame_num for c in detector.post_process(FrameTimecode(len(frames) - 1, fps=RATE))]

    def figures(key):
        return [stats.get_metrics(FrameTimecode(k, fps=RATE), [key])[0] for k in range(len(frames))]

    return cuts, figures


def test_colours_are_those_of_opencv():
    levels = np.arange(0, 256, 15)
    every = np.stack(np.meshgrid(levels, levels, levels), -1).reshape(18, -1, 3).astype(np.uint8)
    before = np.zeros((4, *every.shape[:2]), np.uint8)
    counts, sums = np.zeros(256, np.int64), np.zeros(5, np.int64)
    layout = np.zeros((4, 4, 3), np.uint8)
    compare(every, before, before[3].copy(), counts, sums, layout)
    hsv = cv2.cvtColor(every, cv2.COLOR_RGB2HSV)
    assert (np.moveaxis(hsv, 2, 0) == before[:3]).all()
    luma = cv2.cvtColor(every[:, :, ::-1].copy(), cv2.COLOR_BGR2YUV)[:, :, 0]
    assert (luma == before[3]).all()
    assert (counts == np.bincount(luma.ravel(), minlength=256)).all()
    assert sums[:3].tolist() == hsv.reshape(-1, 3).sum(axis=0, dtype=int).tolist()
    assert sums[3] == every.sum(dtype=int) and sums[4] == luma.sum(dtype=int)
    for k, m in np.ndindex(4, 4):
        rows, columns = (
            slice(n * i // 4, n * (i + 1) // 4) for n, i in zip(luma.shape, (k, m), strict=True)
        )
        assert (layout[k, m] == every[rows, columns].mean(axis=(0, 1)).astype(np.uint8)).all()


def small(luma, blue, red, extent, full, shape):
    """A frame of planes as small RGB, by NumPy: linear luma, the nearest chroma, BT.601."""
    height, width, c_height, c_width = extent
    f = np.float32
    places = [np.maximum((np.arange(n) + 0.5) * (m / n) - 0.5, 0.0)
              for n, m in zip(shape, (height, width), strict=True)]  # fmt: skip
    (y, x), (down, across) = places, (f(p - p.astype(int)) for p in places)
    (top, left), (low, right) = (
        [np.minimum(p.astype(int) + k, n - 1) for p, n in ((y, height), (x, width))] for k in (0, 1)
    )
    chroma = np.ix_(*(np.minimum(((p + 0.5) * c / n).astype(int), c - 1)
                      for p, c, n in ((y, c_height, height), (x, c_width, width))))  # fmt: skip
    level = luma.astype(f)
    upper, lower = (level[r][:, left] + across * (level[r][:, right] - level[r][:, left])
                    for r in (top, low))  # fmt: skip
    base, scale, more = (f(0), f(1), f(1)) if full else (f(16), f(255 / 219), f(255 / 224))
    grey = (upper + down[:, None] * (lower - upper) - base) * scale + f(0.5)
    u, v = ((plane.astype(f)[chroma] - f(128)) * more for plane in (blue, red))
    parts = grey + f(1.402) * v, grey - f(0.344136) * u - f(0.714136) * v, grey + f(1.772) * u
    return np.stack([np.clip(part, 0, 255).astype(np.uint8) for part in parts], axis=2)


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize(
    ("size", "chroma", "shape"),
    [((45, 80), (23, 40), (36, 64)), ((72, 128), (36, 64), (24, 42)),
     ((31, 50), (31, 25), (31, 50)), ((9, 2), (9, 2), (3, 1)), ((40, 300), (20, 150), (34, 256)),
     ((3, 5), (2, 3), (3, 5))],
)  # fmt: skip
def test_planes_are_compared_as_the_small_picture_they_make(size, chroma, shape, full):
    draw = np.random.default_rng(size[0])
    extent = np.array([*size, *chroma])
    states = [
        [np.zeros((4, *shape), np.uint8), np.zeros(shape, np.uint8), np.zeros(256, np.int64),
         np.zeros(5, np.int64), np.zeros((4, 4, 3), np.uint8)] for _ in range(2)
    ]  # fmt: skip
    for _ in range(2):  # the planes have more columns than there are pixels
        luma, blue, red = (draw.integers(0, 256, (h, w + 6), np.uint8)
                           for h, w in (size, chroma, chroma))  # fmt: skip
        compare_planes(luma, blue, red, extent, full, *states[0])
        compare(small(luma, blue, red, extent, full, shape), *states[1])
        for one, other in zip(*states, strict=True):
            np.testing.assert_array_equal(one, other)


def test_content(scores):
    cuts, figures = theirs(ContentDetector(min_scene_len=0.6))
    found = content_score(scores.hue, scores.saturation, scores.value)
    np.testing.assert_allclose(found[1:], figures("content_val")[1:], rtol=1e-12)
    assert len(cuts) > 4
    assert content_cuts(found, scores.times) == cuts


@pytest.mark.parametrize(
    ("threshold", "least"), [(27.0, 0.0), (10.0, 0.6), (3.0, 1.0), (60.0, 0.2)]
)
def test_content_with_other_settings(scores, threshold, least):
    cuts, _ = theirs(ContentDetector(threshold=threshold, min_scene_len=least))
    found = content_score(scores.hue, scores.saturation, scores.value)
    assert content_cuts(found, scores.times, threshold, least) == cuts


def test_weights(scores):
    weights = ContentDetector.Components(2.0, 0.5, 1.0, 0.0)
    _, figures = theirs(ContentDetector(weights=weights))
    found = content_score(scores.hue, scores.saturation, scores.value, (2.0, 0.5, 1.0))
    np.testing.assert_allclose(found[1:], figures("content_val")[1:], rtol=1e-12)


@pytest.mark.parametrize(
    ("threshold", "least", "window", "content"), [(3.0, 0.6, 2, 15.0), (1.5, 0.12, 3, 5.0)]
)
def test_adaptive(scores, threshold, least, window, content):
    cuts, _ = theirs(AdaptiveDetector(threshold, least, window, content))
    found = content_score(scores.hue, scores.saturation, scores.value)
    assert len(cuts) > 3
    assert adaptive_cuts(found, scores.times, threshold, least, window, content) == cuts


@pytest.mark.parametrize(("threshold", "least"), [(0.2, 0.6), (0.05, 0.6), (0.02, 0.12)])
def test_histogram(scores, threshold, least):
    cuts, figures = theirs(HistogramDetector(threshold=threshold, min_scene_len=least))
    theirs_of = figures("hist_diff [bins=128]")
    np.testing.assert_allclose(scores.correlation[1:], theirs_of[1:], atol=1e-6)
    assert len(cuts) > 3
    assert histogram_cuts(scores.correlation, scores.times, threshold, least) == cuts


@pytest.mark.parametrize("bias", [-1.0, 0.0, 0.4, 1.0])
def test_fades(scores, bias):
    cuts, figures = theirs(ThresholdDetector(min_scene_len=0.6, fade_bias=bias))
    np.testing.assert_allclose(scores.brightness, figures("average_rgb"), rtol=1e-12)
    assert len(cuts) == 1
    assert fade_cuts(scores.brightness, scores.times, min_scene=0.6, bias=bias) == cuts


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(0, 100), min_size=1, max_size=60), st.sampled_from([0.0, 0.04, 0.2, 0.5])
)
def test_rules_over_any_scores(values, least):
    """Frames of one colour: what their detectors say of any sequence of brightness."""
    frames = [np.full((2, 2, 3), v, np.uint8) for v in values]
    times = np.arange(len(values)) / RATE
    comparing = Comparing()
    for frame, time in zip(frames, times, strict=True):
        comparing.add(frame, time)
    made = comparing.scores()
    found = content_score(made.hue, made.saturation, made.value)
    cuts, _ = theirs(ContentDetector(8.0, least), frames)
    assert content_cuts(found, times, 8.0, least) == cuts
    cuts, _ = theirs(AdaptiveDetector(1.5, least, 1, 2.0), frames)
    assert adaptive_cuts(found, times, 1.5, least, 1, 2.0) == cuts
    cuts, _ = theirs(ThresholdDetector(30, least), frames)
    assert fade_cuts(made.brightness, times, 30, least) == cuts


def test_black_and_still(scores):
    black = [k for k, frame in enumerate(FRAMES) if frame.max() == 0]
    assert set(black) <= set(np.flatnonzero(scores.dark > 0.98))
    same = [k for k in range(1, len(FRAMES)) if (FRAMES[k] == FRAMES[k - 1]).all()]
    assert len(same) > 80
    assert set(same) <= set(np.flatnonzero(scores.still))
