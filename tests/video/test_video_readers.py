"""The readers give the same pixels."""

import importlib.util

import numpy as np
import pytest
from videos import made, panned

from tamis import video
from tamis.codes import BadRecord
from tamis.errors import MissingPackageError, SettingError
from tamis.video.readers import READERS


def there(reader):
    if reader != "pyav" and importlib.util.find_spec(reader) is None:
        pytest.skip(f"{reader} is not installed")


@pytest.fixture(scope="module")
def pan(tmp_path_factory):
    return made(tmp_path_factory.mktemp("pan") / "pan.mp4", panned(60), gop=10, bf="2")


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("asked", [
    {}, {"fps": 4.0}, {"start": 0.5, "end": 1.5}, {"times": (0.1, 1.0), "short_side": 100},
])  # fmt: skip
def test_the_same_pixels(pan, reader, asked):
    there(reader)
    expected = video.read_frames(str(pan), isolate=False, **asked)
    found = video.read_frames(str(pan), reader=reader, isolate=False, **asked)
    np.testing.assert_allclose(found.times, expected.times)
    np.testing.assert_array_equal(found.pixels, expected.pixels)


@pytest.mark.parametrize("reader", READERS)
def test_in_another_process(pan, reader):
    there(reader)
    found = video.read_frames(str(pan), reader=reader, fps=2.0)
    expected = video.read_frames(str(pan), fps=2.0, isolate=False)
    np.testing.assert_array_equal(found.pixels, expected.pixels)


@pytest.mark.parametrize("reader", READERS)
def test_turned_and_of_another_container(tmp_path, reader):
    there(reader)
    for path in (
        made(tmp_path / "t.mp4", panned(6), rotation=90),
        made(tmp_path / "t.mkv", panned(6), bf="2"),
    ):
        expected = video.read_frames(str(path), isolate=False)
        found = video.read_frames(str(path), reader=reader, isolate=False)
        np.testing.assert_array_equal(found.pixels, expected.pixels)


@pytest.mark.parametrize("reader", READERS)
def test_broken(pan, tmp_path, reader):
    there(reader)
    for data in (b"#EXTM3U\n/etc/passwd", pan.read_bytes()[:3000], b""):
        path = tmp_path / "x.mp4"
        path.write_bytes(data)
        with pytest.raises(BadRecord):
            video.read_frames(str(path), reader=reader)


def test_settings_and_packages(pan, monkeypatch):
    with pytest.raises(SettingError, match="pyav, decord, torchcodec"):
        video.read_frames(str(pan), reader="vlc")
    monkeypatch.setitem(__import__("sys").modules, "decord", None)
    with pytest.raises(MissingPackageError, match="video-readers"):
        video.read_frames(str(pan), reader="decord", isolate=False)
