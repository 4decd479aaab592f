"""Frames of clips and pictures made smaller, as an endpoint gets them."""

import base64
import io
import pickle
import subprocess
import sys

import cv2
import dask.dataframe as dd
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from tamis import Pipeline, Prompt, video
from tamis.errors import ColumnError, SettingError


def film(path, frames, rate=5):
    """A film of frames that grow brighter, by OpenCV."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), rate, (160, 96))
    for k in range(frames):
        writer.write(np.full((96, 160, 3), 10 + 6 * k, np.uint8))
    writer.release()
    return str(path)


def sent(body):
    """The pictures of a request, decoded by Pillow."""
    urls = [p["image_url"]["url"] for p in body["messages"][-1]["content"] if "image_url" in p]
    assert all(url.startswith("data:image/jpeg;base64,") for url in urls)
    data = [base64.b64decode(url.partition(",")[2]) for url in urls]
    return [np.asarray(Image.open(io.BytesIO(one))) for one in data]


@pytest.fixture
def clips(tmp_path):
    (tmp_path / "bad.mp4").write_bytes(b"\0\0\0\x18ftypisom")
    place = film(tmp_path / "a.mp4", 30)
    paths = [place, place, str(tmp_path / "bad.mp4"), str(tmp_path / "none.mp4")]
    return pd.DataFrame(
        {"id": list("abcd"), "path": paths, "start": [0.0, 2, 0, 0], "end": [2.0, 6, None, None]}
    )


def test_frames_of_clips_go_to_an_endpoint(endpoint, at, clips, tmp_path):
    asked = Prompt(
        "What happens?", images="frame_jpegs", name="caption",
        view_settings={"fps": 2, "max_frames": 6, "short_side": 48, "quality": 95}, **at,
    )  # fmt: skip
    run = Pipeline([asked]).run(
        dd.from_pandas(clips, npartitions=2), tmp_path / "out", progress=False, max_errors=1.0
    )
    kept = run.kept().compute().sort_values("id")
    assert kept.caption.tolist() == [f"said: {'[picture]' * n}What happens?" for n in (4, 6)]
    why = run.dropped().compute().sort_values("id").dropped_why.tolist()
    assert why[0].startswith("decode.") and why[1].startswith("media.missing: ")
    for body, (start, end, fps) in zip(
        sorted(endpoint.bodies, key=lambda body: len(str(body))), [(0, 2, 2), (2, 6, 1.5)],
        strict=True,
    ):  # fmt: skip
        seen = sent(body)
        frames = video.read_frames(clips.path[0], start=start, end=end, fps=fps, short_side=48)
        assert len(seen) == len(frames.pixels)
        for one, other in zip(seen, frames.pixels, strict=True):
            assert one.shape == (48, 80, 3)
            assert np.abs(one.astype(int) - other).max() <= 2  # even pictures survive JPEG


def test_pictures_made_smaller_go_to_an_endpoint(endpoint, at, tmp_path):
    Image.new("RGB", (300, 200), (200, 30, 90)).save(tmp_path / "a.bmp")  # endpoints take no BMP
    frame = pd.DataFrame({"id": ["a"], "path": [str(tmp_path / "a.bmp")]})
    step = Prompt("?", images="picture_jpegs", view_settings={"side": 50}, **at)
    assert step(frame).answer.tolist() == ["said: [picture]?"]
    (seen,) = sent(endpoint.bodies[0])
    assert seen.shape == (50, 75, 3) and np.abs(seen[0, 0] - np.array([200, 30, 90.0])).max() <= 3


def test_settings_of_views_are_checked(at, clips):
    for wrong, said in (({"fsp": 2}, "no setting 'fsp'"), ({"fps": "two"}, "fps='two'")):
        with pytest.raises(SettingError, match=said):
            Prompt("?", images="frame_jpegs", view_settings=wrong, **at)
    with pytest.raises(SettingError, match="quality=0"):
        Prompt("?", images="frame_jpegs", view_settings={"quality": 0}, **at)(clips)
    with pytest.raises(ColumnError, match="frame_jpgs"):
        Prompt("?", images="frame_jpgs", **at)(clips)
    step = Prompt("?", images="frame_jpegs", **at)
    assert {"av", "cv2", "simplejpeg", "aiohttp"} <= set(step.packages)


def test_a_process_that_gets_the_step_knows_its_view(endpoint, at, clips, tmp_path):
    step = Prompt("?", images="frame_jpegs", view_settings={"fps": 1}, **at)
    (tmp_path / "both").write_bytes(pickle.dumps((step, clips[:1])))
    code = (
        "import pickle; step, rows = pickle.load(open('both', 'rb')); "
        "print(step(rows).answer.tolist())"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True)
    assert done.stdout.decode().strip() == "['said: [picture][picture]?']", done.stderr.decode()
