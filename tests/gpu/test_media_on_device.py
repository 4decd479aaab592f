"""Pictures, videos and spectra on a card: the host's, within what is documented."""

import logging

import numpy as np
import pytest

from tamis import video
from tamis.decoders_on_card import decoders_on_card, small_video
from tamis.image import on_card
from tamis.image.decode import MAX_PIXELS, decode
from tamis.media.columns import Held
from tamis.media.pointers import Media
from tamis.video import hardware

pytestmark = pytest.mark.gpu


def photo(size=(1224, 1632)):
    import cv2

    coarse = np.random.default_rng(0).integers(0, 256, (24, 32, 3), np.uint8)
    return cv2.resize(coarse, size[::-1], interpolation=cv2.INTER_CUBIC)


@pytest.mark.parametrize("sampling", ["420", "422", "444"])
@pytest.mark.parametrize("side", [None, 256])
def test_pictures_of_a_card(sampling, side):
    import simplejpeg

    there = on_card.card()
    if there is None:
        pytest.skip(decoders_on_card()["jpeg"].why)
    files = [simplejpeg.encode_jpeg(photo((h, w)), 90, colorsubsampling=sampling)
             for h, w in ((1224, 1632), (480, 640), (333, 1001))]  # fmt: skip
    files.insert(1, files[0][:9000])  # cut: the host tells
    host = lambda data: decode(data, short_side=side)  # noqa: E731
    found = on_card.CardPictures(Media([Held(f) for f in files]), there, host, side, MAX_PIXELS)
    assert found[1] is None and found.problems[1].startswith("decode.truncated")
    for row in (0, 2, 3):
        wanted = decode(files[row], short_side=side)
        assert found[row].shape == wanted.shape
        assert np.abs(found[row].astype(int) - wanted).mean() < 2
    assert not on_card._broken


@pytest.mark.parametrize("reader", ["pyav", "torchcodec", "decord"])
def test_frames_of_a_card(reader, caplog):
    trial = decoders_on_card()[reader]
    if not trial.decoder:
        pytest.skip(trial.why)
    hardware.usable.cache_clear()
    hardware.gave_up.cache_clear()
    caplog.set_level(logging.INFO, "tamis.video.hardware")
    data = small_video()
    for short_side in (None, 100):
        found = video.read_frames(
            data, reader=reader, hwaccel="cuda", short_side=short_side, isolate=False
        )
        wanted = video.read_frames(data, short_side=short_side, isolate=False)
        np.testing.assert_allclose(found.times, wanted.times)
        assert found.pixels.shape == wanted.pixels.shape
        assert np.abs(found.pixels.astype(int) - wanted.pixels).max() <= 4
    assert not caplog.records  # the card did it


def test_spectra_of_a_card():
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    from tamis.audio import spectra

    sound = np.random.default_rng(0).standard_normal((3, 48_000)).astype(np.float32) / 9
    there, here = (
        {"log_mel": spectra.log_mel(torch, torch.from_numpy(sound).to(device), 16_000),
         "mfcc": spectra.mfcc(torch, torch.from_numpy(sound).to(device), 16_000),
         "windows": spectra.mel_windows(
             torch, torch.from_numpy(sound).to(device), 16_000, 400, 160, 40),
         "whisper": spectra.WhisperSpectra(
             torch, transformers.WhisperFeatureExtractor(), torch.device(device))(list(sound)),
         "ast": spectra.AstSpectra(
             torch, transformers.ASTFeatureExtractor(), torch.device(device))(list(sound))}
        for device in ("cuda", "cpu")
    )  # fmt: skip
    for name, value in there.items():
        assert value.device.type == "cuda"
        np.testing.assert_allclose(value.cpu().numpy(), here[name].numpy(), rtol=1e-3, atol=5e-3)
