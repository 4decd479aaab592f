"""Keyframes decoded alone: those that ffprobe tells, in the order in which they are shown."""

import functools
import json
import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from moving_pictures import encoded, film
from videos import all_frames, made, panned

from tamis.media.pointers import media
from tamis.video.clip import together
from tamis.video.views import clip, keyframes, video_header

av = pytest.importorskip("av")
FORMATS = {"libx264": ("mp4", "matroska", "mpegts"), "libx265": ("mp4", "matroska", "mpegts"),
           "mpeg2video": ("mpegts", "mpeg"), "mpeg4": ("avi",)}  # fmt: skip


def opened(path, start=None, end=None):
    rows = media(pd.Series([str(path)]))
    spans = [None if one is None else pd.Series([one]) for one in (start, end)]
    return clip(rows, video_header(rows, isolate=False), *spans, isolate=False)


def told(path):
    """Seconds of keyframes from the first frame on, by ffprobe, which decodes all frames."""
    if shutil.which("ffprobe") is None:
        pytest.skip("ffprobe is not installed")
    show = "frame=best_effort_timestamp_time,key_frame"
    asked = ["ffprobe", "-v", "error", "-select_streams", "v", "-show_entries", show, "-of", "json"]
    found = json.loads(subprocess.run([*asked, path], capture_output=True, check=True).stdout)
    # The last frames of MPEG program streams may have none; of keyframes all have.
    frames = [(f.get("best_effort_timestamp_time"), f["key_frame"]) for f in found["frames"]]
    times = [(float(time), key) for time, key in frames if time is not None or key]
    return np.array([time - times[0][0] for time, key in times if key])


@functools.cache
def moving():
    return film()[60:170]


@st.composite
def coded(draw):
    """A codec, a format and options: groups of pictures that are open, of any make."""
    codec = draw(st.sampled_from(sorted(FORMATS)))
    format = draw(st.sampled_from(FORMATS[codec]))
    if codec.startswith("mpeg"):
        return (
            codec,
            format,
            {"bf": str(draw(st.integers(0, 2)) if codec == "mpeg2video" else 0), "g": "12"},
        )
    keyint, bframes = draw(st.sampled_from([5, 12, 20, 50])), draw(st.integers(0, 4))
    asked = (
        f"open-gop=1:bframes={bframes}:keyint={keyint}:scenecut={draw(st.sampled_from([0, 40]))}"
    )
    if codec == "libx265":
        return codec, format, {"preset": "ultrafast", "x265-params": asked + ":log-level=none"}
    asked += f":b-pyramid={draw(st.sampled_from(['none', 'strict', 'normal']))}:b-adapt=2"
    asked += f":ref={draw(st.integers(1, 4))}:min-keyint=2"
    return codec, format, {"preset": "veryfast", "x264-params": asked}


@pytest.mark.slow
@settings(max_examples=8, deadline=None)
@given(coded())
def test_they_are_those_of_ffprobe(tmp_path_factory, how):
    codec, format, options = how
    path = tmp_path_factory.mktemp("open") / f"a.{format}"
    path.write_bytes(encoded(moving(), codec=codec, format=format, options=options))
    expected = told(path)
    found = together(opened(path)[0].frames(keyframes=True)).times
    np.testing.assert_allclose(found, expected, atol=2e-3)
    some = keyframes(opened(path, 1.0, 3.5))[0]
    within = expected[(expected > 1.0 - 5e-4) & (expected < 3.5 - 5e-4)]
    np.testing.assert_allclose([] if some is None else some.times, within, atol=2e-3)


@pytest.mark.parametrize("params", [
    "open-gop=1:bframes=2:keyint=20:b-pyramid=normal:ref=2:scenecut=0",  # were told backwards
    "open-gop=1:bframes=8:keyint=50:min-keyint=5:scenecut=80:ref=2",  # or were lost
    "intra-refresh=1:keyint=30",
])  # fmt: skip
def test_of_open_groups(tmp_path, params):
    """Times and pixels are those of the keyframes among all frames."""
    path = tmp_path / "a.mp4"
    path.write_bytes(encoded(moving(), options={"preset": "medium", "x264-params": params}))
    with av.open(str(path)) as container:
        expected = [f for f in container.decode(video=0) if f.key_frame]
        pixels = [f.to_ndarray(format="rgb24") for f in expected]
    found = together(opened(path)[0].frames(keyframes=True, short_side=None))
    np.testing.assert_allclose(found.times, [f.time for f in expected], atol=1e-6)
    np.testing.assert_array_equal(found.pixels, pixels)
    np.testing.assert_allclose(found.times, told(path), atol=1e-6)


@pytest.mark.skipif(sys.platform != "linux", reason="the wheel's encoder")
def test_of_av1(tmp_path):
    path = made(tmp_path / "a.mp4", panned(40), "libsvtav1", gop=8, preset="10")
    times, _ = all_frames(path)
    found = together(opened(path)[0].frames(keyframes=True)).times
    np.testing.assert_allclose(found, times[::8], atol=1e-6)
