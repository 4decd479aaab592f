"""Videos as exhibits, opened again by PyAV and Pillow."""

import io

import av
import numpy as np
import pytest
from PIL import Image
from skimage.data import astronaut

from tamis.exhibits.film import filmstrip
from tamis.exhibits.making import FORMS, exhibits
from tamis.exhibits.subject import Subject


def made(path, count=50, size=(96, 128)):
    """A pan over a photo."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
        (stream.height, stream.width), stream.pix_fmt = size, "yuv420p"
        for k in range(count):
            pixels = np.ascontiguousarray(astronaut()[: size[0], 3 * k : 3 * k + size[1]])
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode())
    return path


def shown(path, medium="video", side=160, most=16_000, **row):
    pointer = {"path": "path"} | {name: name for name in row}
    rows = {"x": {"path": str(path)} | row}
    return exhibits(rows, Subject(None, pointer, medium), side, most)["x"]


def test_a_strip_and_a_preview(tmp_path):
    found = shown(made(tmp_path / "a.mp4"))
    assert not found.why and found.medium == "video"
    with Image.open(io.BytesIO(found.data)) as image:
        assert image.size == (found.width, found.height)
        assert max(image.size) <= 160
    with av.open(io.BytesIO(found.plays)) as container:
        frames = list(container.decode(video=0))
        assert container.streams.video[0].codec_context.name == "h264"
    assert len(frames) == 16 and frames[0].width <= 160
    assert found.nbytes <= 16_000 * FORMS["video"].weight
    page = found.html()
    assert page.count("<img") == page.count("<video") == 1 and "data:video/mp4;base64," in page


def test_of_a_clip_and_without_being_told(tmp_path):
    path = made(tmp_path / "a.mp4")
    whole, part = shown(path, None), shown(path, None, start=1.0, end=1.4)
    assert whole.data != part.data and whole.plays and not part.plays


@pytest.mark.parametrize("most", [200, 2_000, 100_000])
def test_no_more_bytes_than_there_is_room_for(tmp_path, most):
    found = shown(made(tmp_path / "a.mp4", size=(288, 128)), most=most, side=240)
    assert found.nbytes <= most * FORMS["video"].weight


def test_one_frame_and_none(tmp_path):
    assert shown(made(tmp_path / "one.mp4", 1)).data
    (tmp_path / "b.mp4").write_text("#EXTM3U\n/etc/passwd")
    assert shown(tmp_path / "b.mp4").why.startswith("decode.format: ")
    data = (tmp_path / "one.mp4").read_bytes()
    (tmp_path / "c.mp4").write_bytes(data[: len(data) // 2])
    assert shown(tmp_path / "c.mp4").why.startswith("decode.")


def test_frames_stand_in_rows():
    made = filmstrip([np.full((10, 20, 3), level, np.uint8) for level in (50, 100, 150)], 2, 1000)
    assert made.shape == (22, 42, 3)
    assert [int(made[5, 5, 0]), int(made[5, 30, 0]), int(made[17, 5, 0])] == [50, 100, 150]
    assert made[17, 30].max() == 0 == made[10:12].max()
