"""What one pass sees, beside whole frames by numpy, published formulas and known motions."""

import cv2
import numpy as np
import pandas as pd
import pytest
import scipy.stats
from videos import all_frames, made, panned, photo

from tamis import Pipeline, Score, video
from tamis.errors import SettingError
from tamis.kernels import frames as kernel
from tamis.media.carried import Carried
from tamis.media.pointers import media
from tamis.video import passes
from tamis.video.flow import Flow
from tamis.video.views import clip, video_header, video_scan

LOSSLESS = {"qp": "0"}


def seen(path, isolate=False):
    rows = media(pd.Series([str(path)], dtype="str"))
    return video_scan(clip(rows, video_header(rows, isolate=isolate), isolate=isolate), Carried())[
        0
    ]


@pytest.fixture(scope="module")
def pan(tmp_path_factory):
    return made(tmp_path_factory.mktemp("pan") / "pan.mp4", panned(60, 288, 384), gop=15)


def test_as_numpy_sees_whole_frames(pan):
    found = seen(pan)
    times, grey = all_frames(pan, "gray")
    grey = np.stack(grey).astype(float) / 255
    np.testing.assert_allclose(found.times, times)
    np.testing.assert_allclose(found.light, grey.mean(axis=(1, 2)), atol=0.01)
    np.testing.assert_allclose(found.dark, (grey < 0.1).mean(axis=(1, 2)), atol=0.02)
    changes = abs(np.diff(grey, axis=0)).mean(axis=(1, 2))
    np.testing.assert_allclose(found.change[1:], changes, rtol=0.1)
    fields = grey.reshape(60, 9, 32, 16, 24).mean(axis=(2, 4))
    away = abs(fields - fields[0]).mean(axis=(1, 2))
    np.testing.assert_allclose(found.away, away, rtol=0.1, atol=0.003)
    assert np.isnan(found.change[0]) and not found.damaged.any() and found.lost == 0


def test_whole_frames_once_a_second(pan):
    found = seen(pan)
    _, grey = all_frames(pan, "gray")
    chosen = [grey[k] for k in (0, 25, 50)]
    np.testing.assert_allclose(found.contrast, [f.std() / 255 for f in chosen], rtol=0.01)
    sharp = [cv2.Laplacian(f, cv2.CV_64F).var() for f in chosen]
    np.testing.assert_allclose(found.sharpness, sharp, rtol=0.05)
    blurred = [cv2.GaussianBlur(p, (0, 0), 3) for p in panned(5, 288, 384)]
    path = made(pan.with_name("blurred.mp4"), blurred)
    assert video.sharpness(str(path)) < 0.1 * video.sharpness(str(pan))


def test_another_process_sees_the_same(pan):
    for one, other in zip(seen(pan), seen(pan, True), strict=True):
        np.testing.assert_array_equal(one, other)


def test_parts_do_not_show(pan, monkeypatch):
    whole = seen(pan)
    defaults = passes.looked.__kwdefaults__
    monkeypatch.setattr(passes.looked, "__kwdefaults__", {**defaults, "part": 7})
    for burst in (8, 3, 1):
        monkeypatch.setattr(passes, "BURST", burst)
        for one, other in zip(whole, seen(pan), strict=True):
            np.testing.assert_array_equal(one, other)


def grey(level, count=10, size=(96, 128)):
    return [np.full((*size, 3), level, np.uint8)] * count


def test_black(tmp_path):
    path = made(tmp_path / "v.mp4", grey(0, 20) + grey(128, 30))
    assert video.black_ratio(str(path)) == pytest.approx(0.4)
    assert video.brightness(str(path)) == pytest.approx(0.6 * 128 / 255, abs=0.01)
    assert video.brightness(str(path), take="min") == pytest.approx(0, abs=0.01)
    with pytest.raises(SettingError, match="take"):
        video.brightness(str(path), take="most")


def test_frozen(tmp_path):
    moving = list(panned(25, 96, 128))
    path = made(tmp_path / "v.mp4", moving + [moving[-1]] * 75 + moving, gop=250, crf="3")
    frozen = 76 / 125  # 75 repeats and the frame that they repeat
    assert video.frozen_ratio(str(path)) == pytest.approx(frozen, abs=0.03)
    assert video.frozen_ratio(str(path), seconds=4.0) == 0
    assert not video.is_still(str(path))
    still = made(tmp_path / "s.mp4", [moving[0]] * 60, gop=250, crf="3")
    assert video.frozen_ratio(str(still)) == 1 and video.is_still(str(still))
    assert video.motion(str(still)) == pytest.approx(0, abs=1e-6)


def test_letterbox(tmp_path):
    boxed = [np.pad(p, ((24, 24), (32, 0), (0, 0))) for p in panned(10, 96, 128)]
    path = made(tmp_path / "v.mp4", boxed)
    inside = (96 * 128) / (144 * 160)
    assert video.letterbox(str(path)) == pytest.approx(1 - inside, abs=0.02)
    assert video.letterbox(str(made(tmp_path / "w.mp4", panned(10, 96, 128)))) < 0.02
    assert video.letterbox(str(made(tmp_path / "x.mp4", grey(0)))) == 1


def test_flicker(tmp_path):
    bright = [np.clip(photo()[:96, :128] * (1 + 0.1 * (-1) ** k), 0, 255).astype(np.uint8)
              for k in range(20)]  # fmt: skip
    found = seen(made(tmp_path / "v.mp4", bright))
    expected = abs(np.diff(found.light.astype(float))).mean() / 2
    assert video.flicker(str(tmp_path / "v.mp4")) == pytest.approx(expected, rel=0.05)
    fading = [np.full((96, 128, 3), 4 * k, np.uint8) for k in range(20)]
    assert video.flicker(str(made(tmp_path / "f.mp4", fading))) < 0.002
    cuts = grey(20, 10) + grey(230, 10) + grey(20, 10)
    assert video.flicker(str(made(tmp_path / "c.mp4", cuts))) < 0.002


def published(path, width, height):
    """NeMo Curator's two scores by painting each vector's block, pixel by pixel."""
    import av

    found, step, most = [], 12, 10
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.codec_context.options = {"flags2": "+export_mvs"}
        for k, frame in enumerate(container.decode(stream)):
            vectors = frame.side_data.get("MOTION_VECTORS")
            if k % step == 0 and vectors is not None and len(found) < most:
                found.append(vectors.to_ndarray().copy())
    total = np.zeros((height, width))
    for vectors in found:
        flow = np.zeros((height, width))
        for wide, tall in ((8, 8), (16, 16), (16, 8), (8, 16)):
            for v in vectors[(vectors["w"] == wide) & (vectors["h"] == tall)]:
                left, top = int(v["dst_x"]) - wide // 2, int(v["dst_y"]) - tall // 2
                length = np.hypot(float(v["motion_x"]), float(v["motion_y"])) / v["motion_scale"]
                flow[max(top, 0) : top + tall, max(left, 0) : left + wide] = length
        total += flow / (width + height)
    mean = (total / len(found)).astype(np.float32)
    return mean.mean(), cv2.resize(mean, None, fx=1 / 256, fy=1 / 256).min()


@pytest.mark.parametrize(("height", "width"), [(288, 384), (360, 500)])
def test_published_scores(tmp_path, height, width):
    path = made(tmp_path / "v.mp4", panned(60, height, width, 1, "rocket"), gop=250, bf="2")
    mean, least = published(path, width, height)
    assert mean > 0.0003
    assert video.motion_score_global_mean(str(path)) == pytest.approx(mean, rel=2e-3)
    assert video.motion_score_per_patch_min_256(str(path)) == pytest.approx(least, rel=1e-4)
    small = made(tmp_path / "s.mp4", panned(10))
    assert video.motion_score_global_mean(str(small)) is None


@pytest.mark.parametrize("codec", ["libx264", "mpeg4", "libvpx-vp9"])
def test_motion_is_that_of_the_pan(tmp_path, codec):
    """By vectors or, where the codec has none, by flow: about the pixels that the camera moved."""
    options = {"libvpx-vp9": {"deadline": "realtime", "cpu-used": "8"}}.get(codec, {"bf": "0"})
    found = {}
    for step in (1, 4):
        pictures = panned(40, 288, 320, step)
        path = made(tmp_path / f"{step}.mkv", pictures, codec, gop=100, **options)
        found[step] = video.motion(str(path), take="median") * (288 + 320)
    assert found[1] == pytest.approx(1, rel=0.4)
    assert found[4] == pytest.approx(4, rel=0.4)


def test_flow_is_that_of_opencv(pan):
    """The fields that the pass sums up are those of DIS on frames reduced to 64 pixels."""
    _, pictures = all_frames(pan, "gray")
    flow = Flow()
    assert flow.at(pictures[0], 0, True) is None
    field = flow.at(pictures[1], 0, False)
    size = (round(64 * pictures[0].shape[1] / pictures[0].shape[0]), 64)
    small = [cv2.resize(p, size, interpolation=cv2.INTER_AREA) for p in pictures[:2]]
    method = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
    method.setFinestScale(0)
    method.setPatchStride(8)
    method.setGradientDescentIterations(6)
    method.setUseSpatialPropagation(False)
    lengths = np.linalg.norm(method.calc(*small, None), axis=2) / sum(size)
    assert field.mean() == pytest.approx(lengths.mean(), rel=0.05)
    assert flow.at(pictures[2], 0, False) is None


@pytest.mark.parametrize(("height", "width", "moves"), [(40, 6, 0), (10, 10, 0), (8, 12, 1)])
def test_frames_too_small_for_flow_have_none(tmp_path, height, width, moves):
    path = made(tmp_path / "small.avi", panned(30, height, width, 1), "mjpeg", pix_fmt="yuvj420p")
    found = Score(video.motion, isolate=False).explain(
        pd.DataFrame({"id": ["a"], "path": [str(path)]})
    )
    assert found.motion.notna().tolist() == [bool(moves)] and found.dropped_why.isna().all()


def test_flow_orders_as_farneback_does(tmp_path):
    """Whatever the codec: rank correlation with Farneback's flow of the same frames."""
    ours, theirs = [], []
    for number, (name, step) in enumerate(
        [("rocket", 1), ("rocket", 3), ("coffee", 2), ("coffee", 5), ("astronaut", 4), ("cat", 0),
         ("cat", 6)]
    ):  # fmt: skip
        codec = ("libx264", "mpeg4")[number % 2]
        path = made(tmp_path / f"{number}.mkv", panned(30, 200, 256, step, name), codec)
        ours.append(video.optical_flow(str(path)))
        small = [cv2.resize(g, (160, 125)) for g in all_frames(path, "gray")[1][::10]]
        following = [cv2.resize(g, (160, 125)) for g in all_frames(path, "gray")[1][1::10]]
        fields = [
            cv2.calcOpticalFlowFarneback(a, b, None, 0.5, 3, 15, 3, 5, 1.2, 0)
            for a, b in zip(small, following, strict=True)
        ]
        theirs.append(np.mean([np.linalg.norm(f, axis=2).mean() for f in fields]))
    assert scipy.stats.spearmanr(ours, theirs).statistic >= 0.9


def test_camera_shake(tmp_path):
    whole, choice = photo(), np.random.default_rng(1)
    jumps = choice.integers(-4, 5, (50, 2))
    shaken = [whole[100 + y : 244 + y, 100 + x : 356 + x] for y, x in jumps]
    steady = video.camera_shake(str(made(tmp_path / "s.mp4", panned(50, step=3))))
    found = video.camera_shake(str(made(tmp_path / "t.mp4", shaken)))
    second = np.linalg.norm(np.diff(jumps, 2, axis=0), axis=1).mean() / 2 / (144 + 256)
    assert found == pytest.approx(second, rel=0.4)
    assert steady < 0.2 * found


def test_displacement_by_brute_force():
    smooth = cv2.GaussianBlur(photo()[..., 0], (0, 0), 12).astype(np.float32)
    one = np.ascontiguousarray(smooth[100:352:7, 40:488:7])
    other = np.ascontiguousarray(smooth[103:355:7, 35:483:7])
    right, down = kernel.displacement(one, other)
    assert (right, down) == pytest.approx((5 / 7, -3 / 7), abs=0.1)
    assert kernel.displacement(one * 0, one * 0) == (0.0, 0.0)


def test_one_decode_for_all(pan, monkeypatch):
    calls = []
    whole = passes.decoded
    monkeypatch.setattr(passes, "decoded", lambda *a, **k: calls.append(1) or whole(*a, **k))
    ops = ("brightness", "contrast", "sharpness", "motion", "frozen_ratio", "camera_shake")
    steps = [Score(getattr(video, name), isolate=False) for name in ops]
    Pipeline(steps)(pd.DataFrame({"path": [str(pan)]}))
    assert len(calls) == 1


def test_a_part_of_a_video(tmp_path):
    path = made(tmp_path / "v.mp4", grey(0, 25) + grey(200, 25))
    frame = pd.DataFrame(
        {"path": [str(path)] * 3, "start": [0.0, 1.0, 0.5], "end": [1.0, 2.0, 1.5]}
    )
    assert Score(video.black_ratio)(frame).black_ratio.round(3).tolist() == [1, 0, 0.48]
