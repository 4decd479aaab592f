"""Cuts of videos against PySceneDetect, ffprobe and ffmpeg's own detectors, on files."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from moving_pictures import encoded, film, shot

import tamis
from tamis import Cut, video
from tamis.errors import SettingError

pytest.importorskip("av")
ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="needs ffmpeg")


@pytest.fixture(scope="module")
def movie(tmp_path_factory):
    path = tmp_path_factory.mktemp("movie") / "film.mp4"
    path.write_bytes(encoded(film(), sound=True))
    return str(path)


def cut(op, *paths, start=None, end=None, **settings):
    frame = pd.DataFrame({"id": [f"r{k}" for k in range(len(paths))], "path": list(paths)})
    if start is not None:
        frame = frame.assign(start=start, end=end)
    return Cut(op, **settings).explain(frame)


def spans(found):
    return list(zip(found["start"].tolist(), found["end"].tolist(), strict=True))


@pytest.mark.parametrize("detector", ["content", "adaptive", "histogram", "threshold"])
def test_scenes_are_those_of_pyscenedetect(movie, detector):
    scenedetect = pytest.importorskip("scenedetect")
    theirs = {
        "content": scenedetect.ContentDetector, "adaptive": scenedetect.AdaptiveDetector,
        "histogram": scenedetect.HistogramDetector, "threshold": scenedetect.ThresholdDetector,
    }[detector]  # fmt: skip
    wanted = [
        (a.seconds, b.seconds)
        for a, b in scenedetect.detect(movie, theirs(min_scene_len=0.6), start_in_scene=True)
    ]
    found = cut(video.scenes, movie, detector=detector)
    assert len(wanted) >= 2
    np.testing.assert_allclose(spans(found), wanted, atol=1e-6)
    assert found["id"].tolist() == [f"r0/{k + 1}" for k in range(len(wanted))]
    assert set(found["parent_id"]) == {"r0"}


@pytest.mark.parametrize(
    ("codec", "pixels"), [("libx264", "yuv444p"), ("libx265", "yuv420p10le"), ("mpeg4", "yuv420p")]
)
def test_scenes_in_other_kinds_of_frames(codec, pixels):
    options = {"x265-params": "log-level=error"} if codec == "libx265" else {}
    frames = [*shot(0, 20), *shot(1, 20), *shot(2, 20)]
    data = encoded(frames, codec=codec, pixels=pixels, options=options)
    found = cut(video.scenes, data, min_scene=0.2)
    np.testing.assert_allclose(spans(found), [(0, 0.8), (0.8, 1.6), (1.6, 2.4)], atol=1e-6)


def test_part_of_a_video_is_cut_as_that_part(movie):
    whole = spans(cut(video.scenes, movie))
    found = spans(cut(video.scenes, movie, start=[1.0], end=[4.5]))
    inner = [a for a, _ in whole if 1.6 <= a < 4.0]
    assert found[0][0] == 1.0 and found[-1][1] == 4.5
    assert set(inner) <= {a for a, _ in found}
    windows = cut(video.windows, movie, start=[1.0], end=[4.5], length=2, minimum=1)
    assert spans(windows) == [(1.0, 3.0), (3.0, 4.5)]


def test_limits_of_scenes(movie):
    whole = spans(cut(video.scenes, movie))
    cropped = spans(cut(video.scenes, movie, crop=0.1, min_duration=0.7))
    wanted = [(a + 0.1, b - 0.1) for a, b in whole if b - a - 0.2 >= 0.7 - 1e-6]
    np.testing.assert_allclose(cropped, wanted, atol=1e-6)
    for longer in ("stride", "truncate", "divide", "drop"):
        found = cut(video.scenes, movie, max_duration=1.0, longer=longer)
        assert (found["end"] - found["start"] <= 1.0 + 1e-6).all()
        total = (found["end"] - found["start"]).sum()
        assert (abs(total - 12) < 1e-6) == (longer in ("stride", "divide"))
    nothing = cut(video.scenes, movie, min_duration=60)
    assert nothing["dropped_why"].tolist() == ["cut.empty: no shot in it is long enough"]


def test_flashes_are_merged(movie):
    detected = spans(cut(video.scenes, movie, min_scene=0.0, threshold=40))
    merged = spans(cut(video.scenes, movie, min_scene=0.0, threshold=40, merge=12))
    assert len(merged) < len(detected)
    flash = 180 / 25  # of two frames, in a shot that goes on behind it
    assert any(abs(a - flash) < 0.1 for a, _ in detected)
    assert not any(abs(a - flash) < 0.1 for a, _ in merged)
    assert (1.6, 2.8) in merged  # real cuts stay


@ffmpeg
def test_keyframe_spans(movie):
    told = subprocess.run(
        ["ffprobe", "-v", "error", "-select_streams", "v", "-skip_frame", "nokey", "-show_frames",
         "-show_entries", "frame=pts_time", "-of", "json", movie],
        capture_output=True, check=True,
    ).stdout  # fmt: skip
    keys = [float(f["pts_time"]) for f in json.loads(told)["frames"]]
    every = spans(cut(video.keyframe_spans, movie, length=0.001, minimum=0))
    np.testing.assert_allclose(every, list(zip(keys, [*keys[1:], 12.0], strict=True)), atol=1e-6)
    found = spans(cut(video.keyframe_spans, movie, length=2.0, minimum=0))
    assert {a for a, _ in found} <= set(keys)
    assert all(b - a >= 2.0 for a, b in found[:-1])


@ffmpeg
def test_black_and_frozen_parts_are_those_of_ffmpeg(movie):
    filters = "blackdetect=d=0.5,freezedetect=d=1.0"
    told = subprocess.run(
        ["ffmpeg", "-nostdin", "-i", movie, "-vf", filters, "-an", "-f", "null", "-"],
        capture_output=True, text=True, check=True,
    ).stderr  # fmt: skip
    black = [
        tuple(map(float, m)) for m in re.findall(r"black_start:([\d.]+) black_end:([\d.]+)", told)
    ]
    frozen = list(zip(
        map(float, re.findall(r"freeze_start: ([\d.]+)", told)),
        map(float, re.findall(r"freeze_end: ([\d.]+)", told)), strict=True,
    ))  # fmt: skip
    assert len(black) == 1 and len(frozen) == 2  # black is frozen, too
    found = spans(cut(video.content_spans, movie, black=0.5, frozen=None))
    np.testing.assert_allclose([found[0][1], found[1][0]], black[0], atol=0.081)
    found = spans(cut(video.content_spans, movie, black=None, frozen=1.0))
    edges = [edge for span in frozen for edge in span]
    np.testing.assert_allclose(np.ravel(found)[1:-1], edges, atol=0.081)


def test_windows(movie):
    assert spans(cut(video.windows, movie)) == [(0, 10), (10, 12)]
    assert spans(cut(video.windows, movie, minimum=2.5)) == [(0, 10)]
    assert spans(cut(video.windows, movie, length=4, stride=3)) == [
        (0, 4),
        (3, 7),
        (6, 10),
        (9, 12),
    ]
    assert spans(cut(video.windows, movie, length=1.5)) == [
        (k, k + 1.5) for k in np.arange(8) * 1.5
    ]
    found = cut(video.windows, movie, length=13, minimum=12.5)
    assert found["dropped_why"].tolist() == ["cut.empty: it is shorter than minimum=12.5"]
    with pytest.raises(SettingError, match="no longer than they are"):
        cut(video.windows, movie, length=1, minimum=2)


def test_uneven_times_of_frames():
    steps = [0, 1, 2, 6, 7, 8, 9, 30, 31, 32, 33, 34]
    frames = [*shot(0, 7), *shot(1, 5)]
    data = encoded(frames, times=steps)
    found = spans(cut(video.scenes, data, min_scene=0.1))
    np.testing.assert_allclose(found, [(0, 1.2), (1.2, 1.4)], atol=1e-6)


def test_what_cannot_be_cut_says_why(tmp_path, movie):
    whole = Path(movie).read_bytes()
    files = [whole[: len(whole) // 2], b"#EXTM3U\nfile.ts\n", b"", encoded(film()[:1])]
    found = cut(video.scenes, *files, str(tmp_path / "none.mp4"))
    by_id = found.set_index("id")["dropped_why"]
    starts = ["decode.truncated", "decode.format", "media.empty", None, "media.missing"]
    for number, start in enumerate(starts):
        if start is not None:
            assert by_id[f"r{number}"].startswith(start), by_id[f"r{number}"]
    assert spans(found[found["parent_id"] == "r3"]) == [(0.0, 0.04)]


@pytest.mark.parametrize(
    ("op", "settings"),
    [
        (video.windows, {"length": 0.0}), (video.scenes, {"detector": "magic"}),
        (video.scenes, {"max_duration": 1.0, "min_duration": 2.0}),
        (video.scenes, {"longer": "fold"}), (video.scenes, {"weights": (0.0, 0.0, 0.0)}),
        (video.content_spans, {"black_ratio": 2.0}), (video.keyframe_spans, {"length": -1.0}),
        (video.scenes, {"threshold": -4}), (video.scenes, {"threshold": float("nan")}),
        (video.scenes, {"detector": "histogram", "threshold": 0.0}),
        (video.scenes, {"min_content": -1.0}), (video.scenes, {"merge": -4.0}),
        (video.windows, {"stride": float("inf")}),
        (video.keyframe_spans, {"minimum": float("inf")}),
    ],
)  # fmt: skip
def test_settings_that_make_no_sense(movie, op, settings):
    with pytest.raises(SettingError):
        cut(op, movie, **settings)


def test_partitions_do_not_matter(movie):
    frame = pd.DataFrame({"id": ["a", "b", "c"], "path": [movie, "nowhere.mp4", movie]})
    frame = frame.astype("string")
    step = Cut(video.scenes, crop=0.1)
    lazy = step.explain(tamis.from_pandas(frame, npartitions=3)).compute()
    pd.testing.assert_frame_equal(
        lazy.reset_index(drop=True), step.explain(frame).reset_index(drop=True)
    )
