"""Which frames are given, and that their pixels are those that PyAV alone gives."""

import tarfile

import av
import cv2
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from videos import all_frames, made, panned

from tamis import Score, video
from tamis.codes import BadRecord
from tamis.errors import SettingError
from tamis.media.carried import Carried
from tamis.media.pointers import media
from tamis.media.reader import Reader
from tamis.media.resizing import reduced
from tamis.video import decoding, moments
from tamis.video.clip import together
from tamis.video.frames import blocks
from tamis.video.header import header
from tamis.video.moments import shown_at
from tamis.video.views import clip, clip_frames, keyframes, video_header, video_packets


@pytest.fixture(scope="module")
def pan(tmp_path_factory):
    return made(tmp_path_factory.mktemp("pan") / "pan.mp4", panned(60), gop=10)


def opened(path, start=None, end=None, isolate=False):
    rows = media(pd.Series([str(path)], dtype="str"))
    columns = [None if v is None else pd.Series([v]) for v in (start, end)]
    return clip(rows, video_header(rows, isolate=isolate), *columns, isolate=isolate)


def whole(path, **asked):
    file = Reader(path.read_bytes())
    return together(blocks(file, header(file), **asked))


def test_all_of_them(pan):
    times, pixels = all_frames(pan)
    found = whole(pan, short_side=None)
    np.testing.assert_allclose(found.times, times)
    np.testing.assert_array_equal(found.pixels, pixels)
    assert not found.damaged.any()


def test_reduced_by_area(pan):
    _, pixels = all_frames(pan)
    found = whole(pan, short_side=72)
    assert found.pixels.shape == (60, *reduced(144, 256, 72), 3)
    expected = cv2.resize(pixels[7], (128, 72), interpolation=cv2.INTER_AREA).astype(int)
    assert abs(found.pixels[7] - expected).max() <= 1
    assert whole(pan, short_side=999).pixels.shape[1:] == (144, 256, 3)
    grey = whole(pan, size=(36, 64), grey=True, fps=1)
    expected = cv2.resize(all_frames(pan, "gray")[1][25], (64, 36), interpolation=cv2.INTER_AREA)
    assert abs(grey.pixels[1] - expected.astype(int)).max() <= 1


@pytest.mark.parametrize("isolate", [False, "risky"])
@pytest.mark.parametrize(("start", "end"), [(0.4, 0.8), (1.0, 1.04), (1.32, None), (2.0, 2.4)])
def test_from_start_to_end(pan, start, end, isolate):
    times, pixels = (np.array(part) for part in all_frames(pan))
    one = opened(pan, start, end, isolate)[0]
    found = together(one.frames(short_side=None))
    wanted = (times >= start - 1e-6) & (times < (end or 99) - 1e-6)
    np.testing.assert_allclose(found.times, times[wanted])
    np.testing.assert_array_equal(found.pixels, pixels[wanted])
    packets = video_packets(opened(pan, start, end, isolate))[0]
    np.testing.assert_allclose(packets.times, times[wanted], atol=1e-9)
    assert one.duration == pytest.approx((end or 2.4) - start)


FRAMES = st.lists(st.integers(0, 60), min_size=1, max_size=12, unique=True).map(sorted)


@settings(max_examples=200, deadline=None)
@given(FRAMES, st.floats(0.3, 40), st.integers(0, 30))
def test_shown_at_each_moment(places, fps, begin):
    """By brute force: at each moment the last frame that is not later, each frame once."""
    times = [(m + begin) / 25 for m in places]
    start, rate = times[0], 25.0
    found = [t for t, _ in shown_at(iter([(t, None) for t in times]), start, None, fps, None, rate)]
    expected, k = [], 0
    while start + k / fps < times[-1] + 1 / rate - 5e-4:
        shown = max(t for t in times if t <= start + k / fps + 5e-4)
        expected += [shown] if shown not in expected else []
        k += 1
    assert found == expected


def test_at_some_times(pan):
    found = whole(pan, times=(0.0, 0.05, 0.5, 2.39), short_side=None)
    np.testing.assert_allclose(found.times, [0, 0.04, 0.48, 2.36], atol=1e-6)


def test_keyframes_only(pan):
    found = whole(pan, keyframes=True)
    np.testing.assert_allclose(found.times, np.arange(6) * 0.4)
    packets = video_packets(opened(pan))[0]
    np.testing.assert_allclose(packets.times[packets.keyframes], np.arange(6) * 0.4, atol=1e-9)


@pytest.mark.parametrize("name", ["slow.mp4", "slow.mkv", "slow.avi", "slow.ts"])
def test_frames_far_apart_are_sought(tmp_path, name, monkeypatch):
    """The same as of all frames decoded, and far less is decoded."""
    codec = "mpeg4" if name.endswith("avi") else "libx264"
    path = made(tmp_path / name, panned(240, 48, 64), codec, fps=2, gop=9)
    asked = {"fps": 1 / 14.3, "start": 3.0, "end": 110.0}
    found = whole(path, **asked)
    seen = []
    monkeypatch.setattr(moments, "SPARSE", 1e9)
    every = decoding.onward
    counted = lambda *a: (seen.append(1) or one for one in every(*a))  # noqa: E731
    monkeypatch.setattr(moments, "onward", counted)
    monkeypatch.setattr(decoding, "onward", counted)
    expected = whole(path, **asked)
    assert len(seen) > 200
    np.testing.assert_allclose(found.times, expected.times)
    np.testing.assert_array_equal(found.pixels, expected.pixels)
    seen.clear()
    monkeypatch.setattr(moments, "SPARSE", 8.0)
    whole(path, **asked)
    assert (len(seen) < 100) == (not name.endswith("ts"))


@pytest.mark.parametrize(("name", "codec"), [
    ("a.webm", "libvpx-vp9"), ("a.mkv", "libx264"), ("a.avi", "mpeg4"), ("a.ts", "libx264"),
])  # fmt: skip
def test_keyframes_of_other_codecs(tmp_path, name, codec):
    """By PyAV, of all frames those that say that they are keyframes."""
    options = {"cpu-used": "8", "deadline": "realtime"} if codec == "libvpx-vp9" else {}
    path = made(tmp_path / name, panned(30), codec, gop=10, **options)
    with av.open(str(path)) as container:
        given = list(container.decode(container.streams.video[0]))
    expected = [f.to_ndarray(format="rgb24") for f in given if f.key_frame]
    found = whole(path, keyframes=True, short_side=None)
    assert len(found.times) == len(expected) >= 3
    np.testing.assert_array_equal(found.pixels, expected)


def test_views_take_some_of_many(pan):
    assert len(clip_frames(opened(pan), Carried(), fps=25, max_frames=7)[0].times) == 7
    found = keyframes(opened(pan), max_frames=3)[0].times
    np.testing.assert_allclose(found, [0, 0.8, 1.6])
    with pytest.raises(SettingError, match="max_frames"):
        clip_frames(opened(pan), Carried(), max_frames=0)
    with pytest.raises(SettingError, match="fps"):
        clip_frames(opened(pan), Carried(), fps=0.0)
    with pytest.raises(SettingError, match="short_side=0: at least 1 pixel"):
        opened(pan)[0].frames(short_side=0)


def test_another_process_gives_the_same(pan):
    here, away = (together(opened(pan, 0.2, 2.2, i)[0].frames()) for i in (False, True))
    for one, other in zip(here, away, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("angle", [90, 180, 270])
def test_turned_as_displayed(tmp_path, angle):
    pictures = list(panned(4))
    plain = made(tmp_path / "plain.mp4", pictures)
    turned = made(tmp_path / "turned.mp4", pictures, rotation=angle)
    expected = np.rot90(whole(plain, short_side=None).pixels, angle // 90, axes=(1, 2))
    np.testing.assert_array_equal(whole(turned, short_side=None).pixels, expected)


@pytest.mark.parametrize(("height", "width", "pix_fmt", "codec"), [
    (143, 255, "yuv444p", "libx264"), (17, 33, "bgr0", "ffv1"), (144, 256, "yuv420p10le", "ffv1"),
    (16, 16, "yuv420p", "mpeg4"), (144, 256, "gray", "ffv1"), (30, 50, "bgr0", "ffv1"),
])  # fmt: skip
def test_sizes_and_kinds_of_pixels(tmp_path, height, width, pix_fmt, codec):
    path = made(tmp_path / "v.mkv", panned(5, height, width), codec, pix_fmt=pix_fmt)
    found = whole(path, short_side=None)
    np.testing.assert_array_equal(found.pixels, all_frames(path)[1])
    grey = np.mean([frame.mean() for frame in all_frames(path, "gray")[1]]) / 255
    assert video.brightness(str(path), isolate=False) == pytest.approx(grey, abs=0.02)


def test_from_bytes_and_archives(pan, tmp_path):
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        archive.add(pan, "x/pan.mp4")
    with tarfile.open(tmp_path / "a.tar") as archive:
        member = archive.getmembers()[0]
    data = pan.read_bytes()
    frame = pd.DataFrame({
        "path": [str(tmp_path / "a.tar")], "offset": [member.offset_data],
        "size": [len(data)],
    })  # fmt: skip
    expected = video.first_frame_hash(str(pan))
    assert Score(video.first_frame_hash)(frame).first_frame_hash[0] == expected
    assert video.first_frame_hash(data) == expected
    assert Score(video.brightness)(frame).brightness[0] == video.brightness(data)


@pytest.mark.parametrize(("start", "end"), [(9, None), (0, 9), (1, 1), (-1, 1), (float("inf"), 1)])
def test_parts_that_are_not_there(pan, start, end):
    found = opened(pan, start, end)
    assert found[0] is None and found.problems[0].startswith("video.span: ")


def test_a_clip_between_two_frames(tmp_path):
    path = made(tmp_path / "slow.mp4", panned(4), times=[0, 1000, 2000, 3000])
    with pytest.raises(BadRecord, match=r"video\.empty"):
        list(opened(path, 0.2, 0.4)[0].frames())
