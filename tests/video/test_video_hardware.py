"""Decoding by a device, or by the processor where there is none: the same pixels."""

import importlib.util
import logging
from pathlib import Path

import av
import numpy as np
import pandas as pd
import pytest
from videos import made, panned

from tamis import Score, video
from tamis.accelerator import Accelerators, Device
from tamis.errors import SettingError
from tamis.media.columns import Pointer
from tamis.media.pointers import Media
from tamis.media.reader import Reader
from tamis.video import hardware, readers
from tamis.video.decoding import Tally, decoded
from tamis.video.header import header
from tamis.video.views import clip_of


@pytest.fixture(scope="module")
def pan(tmp_path_factory):
    return str(made(tmp_path_factory.mktemp("pan") / "pan.mp4", panned(30), gop=10))


@pytest.fixture
def said(caplog):
    hardware.usable.cache_clear()
    hardware.gave_up.cache_clear()
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
    if hardware.usable(hwaccel, "h264", False, "pyav") is None:
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
        clip_of(Media([Pointer(pan)]), 0).frames(reader="decord", grey=True)
    with pytest.raises(SettingError, match="hwaccel"):
        Score("video.frame_measure", measure="image.entropy", hwaccel="gpu")(
            pd.DataFrame({"path": [pan]})
        )


def test_why_a_device_does_not_decode():
    """A device that ffmpeg was not built with, a codec that it does not decode: a reason each."""
    assert "knows no videotoolbox" in hardware._refused("videotoolbox", "h264")
    assert hardware._refused("cuda", "theora")


OTHERS = ("decord", "torchcodec")
CARD = Accelerators((Device(0, "a card", 1 << 30, 1 << 30, "9.0"),), "580.1", "")


def needs(reader):
    if importlib.util.find_spec(reader) is None:
        pytest.skip(f"{reader} is not installed")


@pytest.mark.parametrize("reader", OTHERS)
def test_other_readers_without_a_card(pan, said, monkeypatch, reader):
    """No driver: told before anything is tried, once for all videos of the codec."""
    needs(reader)
    monkeypatch.setattr(hardware, "accelerators", lambda: Accelerators((), "", "no driver"))
    wanted = video.read_frames(pan, fps=4.0, isolate=False)
    for _ in range(2):
        how = {"reader": reader, "hwaccel": "auto", "isolate": False}
        found = video.read_frames(pan, fps=4.0, **how)
        np.testing.assert_array_equal(found.pixels, wanted.pixels)
    (line,) = said.records
    assert "hwaccel='auto': h264 is decoded by the processor: cuda: no driver" in line.getMessage()
    video.read_frames(pan, fps=4.0, reader=reader, hwaccel="qsv", isolate=False)
    assert f'{reader} decodes by "cuda" (NVDEC) and by no qsv' in said.records[1].getMessage()


@pytest.mark.parametrize("reader", OTHERS)
def test_readers_that_were_not_built_for_a_card(pan, said, monkeypatch, reader):
    """They refuse when they are to open a video there; the processor decodes it."""
    needs(reader)
    monkeypatch.setattr(hardware, "accelerators", lambda: CARD)
    wanted = video.read_frames(pan, fps=4.0, short_side=100, isolate=False)
    for _ in range(2):
        found = video.read_frames(
            pan, fps=4.0, short_side=100, reader=reader, hwaccel="cuda", isolate=False
        )
        np.testing.assert_array_equal(found.pixels, wanted.pixels)
        np.testing.assert_allclose(found.times, wanted.times)
    (line,) = said.records
    told = {"decord": "CUDA not enabled", "torchcodec": "Unsupported device: cuda"}[reader]
    assert f"by the processor: {reader}: " in line.getMessage() and told in line.getMessage()


def tensors(fails_at=None):
    """Frames as a reader gives them of a card: tensors, here in the host's memory."""
    torch = pytest.importorskip("torch", reason="needs torch")

    def opened(data, device):
        count, at = readers._decord(data, None)
        if device is None:
            return count, at

        def on_card(numbers):
            if fails_at is not None and fails_at in numbers:
                raise RuntimeError("CUDA out of memory")
            return torch.from_numpy(at(numbers))

        return count, on_card

    return opened


@pytest.mark.parametrize("short_side", [None, 100])
def test_frames_are_made_smaller_where_they_are(pan, said, monkeypatch, short_side):
    needs("decord")
    monkeypatch.setattr(hardware, "accelerators", lambda: CARD)
    monkeypatch.setitem(readers.OPENED, "decord", tensors())
    how = {"reader": "decord", "hwaccel": "cuda", "isolate": False}
    found = video.read_frames(pan, short_side=short_side, **how)
    wanted = video.read_frames(pan, short_side=short_side, isolate=False)
    np.testing.assert_allclose(found.times, wanted.times)
    assert found.pixels.shape == wanted.pixels.shape
    assert abs(found.pixels.astype(int) - wanted.pixels).max() <= 1
    assert not said.records


def test_a_card_that_fails_on_the_way(pan, said, monkeypatch):
    """Frames before come from the card, those from there on from the processor: each once."""
    needs("decord")
    monkeypatch.setattr(hardware, "accelerators", lambda: CARD)
    monkeypatch.setitem(readers.OPENED, "decord", tensors(fails_at=20))
    found = video.read_frames(pan, short_side=100, reader="decord", hwaccel="cuda", isolate=False)
    wanted = video.read_frames(pan, short_side=100, isolate=False)
    np.testing.assert_allclose(found.times, wanted.times)
    assert abs(found.pixels.astype(int) - wanted.pixels).max() <= 1
    (line,) = said.records
    assert "decord: CUDA out of memory" in line.getMessage()


def test_what_is_to_be_turned_is_the_processor_s(tmp_path, said, monkeypatch):
    needs("decord")
    monkeypatch.setattr(hardware, "accelerators", lambda: CARD)
    monkeypatch.setitem(readers.OPENED, "decord", tensors())
    path = str(made(tmp_path / "t.mp4", panned(6), rotation=90))
    found = video.read_frames(path, reader="decord", hwaccel="cuda", isolate=False)
    np.testing.assert_array_equal(found.pixels, video.read_frames(path, isolate=False).pixels)
    assert "to be turned" in said.records[0].getMessage()


def test_torchcodec_on_a_device(pan):
    """Its tensors on "cpu": the same levels, on the device that was asked for."""
    needs("torchcodec")
    data = Path(pan).read_bytes()
    count, at = readers._torchcodec(data, "cpu")
    (_, there) = readers._torchcodec(data, None)
    frames = at([0, 3, count - 1])
    assert frames.device.type == "cpu" and frames.shape == (3, 144, 256, 3)
    np.testing.assert_array_equal(frames.numpy(), there([0, 3, count - 1]))


def test_packets_that_a_device_refuses(pan, said, monkeypatch, tmp_path):
    """The processor begins anew, and no frame comes twice: as if it had decoded all of them."""
    monkeypatch.setattr(hardware, "accelerator", lambda name: None)  # a device that decodes alike
    data = bytearray(Path(pan).read_bytes())
    with av.open(pan) as container:
        packets = [(one.pos, one.size) for one in container.demux(video=0) if one.size]
    for at, size in packets[12:14]:
        data[at : at + size] = b"\xff" * size
    path = tmp_path / "damaged.mp4"
    path.write_bytes(data)

    def frames(hwaccel):
        file = Reader(path.read_bytes(), 1 << 16)
        tally = Tally()
        found = [
            (time, frame.to_ndarray(format="rgb24").sum())
            for time, frame in decoded(file, header(file), tally=tally, hwaccel=hwaccel)
        ]
        return found, (tally.lost, tally.damaged)  # fmt: skip

    wanted = frames(None)
    assert wanted[1][0] and len(wanted[0]) > 5
    assert frames("cuda") == wanted
    (line,) = said.records
    assert "packets refused" in line.getMessage()
