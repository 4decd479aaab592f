"""Decoding by a device, or by the processor where there is none: the same pixels."""

import logging

import numpy as np
import pandas as pd
import pytest
from videos import made, panned

from tamis import Score, video
from tamis.errors import SettingError
from tamis.video import hardware


@pytest.fixture(scope="module")
def pan(tmp_path_factory):
    return str(made(tmp_path_factory.mktemp("pan") / "pan.mp4", panned(30), gop=10))


@pytest.fixture
def said(caplog):
    hardware.usable.cache_clear()
    caplog.set_level(logging.INFO, "tamis.video.hardware")
    return caplog


@pytest.mark.parametrize("hwaccel", ["auto", "cuda"])
def test_the_same_pixels_with_a_device_or_without(pan, said, hwaccel):
    wanted = video.read_frames(pan, fps=4.0, isolate=False)
    for _ in range(2):
        found = video.read_frames(pan, fps=4.0, hwaccel=hwaccel, isolate=False)
        np.testing.assert_allclose(found.times, wanted.times)
        # from another layout of the same levels colours are converted by other code
        assert abs(found.pixels.astype(int) - wanted.pixels).max() <= 2
    if hardware.usable(hwaccel, "h264", False) is None:
        (line,) = said.records
        assert f"hwaccel={hwaccel!r}: h264 is decoded by the processor: cuda" in line.getMessage()
        assert (found.pixels == wanted.pixels).all()


def test_in_a_process_of_its_own_the_processor_decodes(pan, said):
    rows = pd.DataFrame({"path": [pan] * 2})
    look = {"measure": "image.colorfulness", "fps": 4.0}
    found, wanted = (Score("video.frame_measure", name="x", **look, **how)(rows).x.tolist()
                     for how in ({"hwaccel": "auto"}, {}))  # fmt: skip
    assert found == wanted
    (line,) = said.records
    assert "pass isolate=False" in line.getMessage()


def test_what_is_refused(pan):
    with pytest.raises(SettingError, match='None, "auto" or one of cuda'):
        video.read_frames(pan, hwaccel="gpu")
    with pytest.raises(SettingError, match="neither"):
        video.read_frames(pan, hwaccel="auto", reader="decord")
    with pytest.raises(SettingError, match="hwaccel"):
        Score("video.frame_measure", measure="image.entropy", hwaccel="gpu")(
            pd.DataFrame({"path": [pan]})
        )


def test_why_a_device_does_not_decode():
    """A device that ffmpeg was not built with, a codec that it does not decode: a reason each."""
    assert "knows no videotoolbox" in hardware._refused("videotoolbox", "h264")
    assert hardware._refused("cuda", "theora")
