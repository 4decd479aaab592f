"""Recordings as files: soundfile, Python's own wave and PyAV read them back."""

import io
import wave

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamis.audio.encode import check, encoded, integers
from tamis.audio.recording import Recording
from tamis.audio.views import audio_header
from tamis.audio.wave import WaveWriter
from tamis.codes import BadRecord
from tamis.errors import SettingError
from tamis.kernels.ogg import same_serial
from tamis.media.columns import Held
from tamis.media.pointers import Media

soundfile = pytest.importorskip("soundfile")
RATE = 16_000


def file_of(samples, subtype="PCM_16", format="WAV", rate=RATE):
    out = io.BytesIO()
    soundfile.write(out, samples, rate, format=format, subtype=subtype)
    return out.getvalue()


def recording(data, start=None, end=None, channel=None):
    media = Media([Held(data)])
    return Recording(media, 0, audio_header(media)[0], start, end, channel)


def read(data, dtype):
    return soundfile.read(io.BytesIO(bytes(data)), dtype=dtype, always_2d=True)


noise = np.random.default_rng(1).uniform(-1, 1, (RATE, 2)).astype("float32")


@pytest.mark.parametrize("subtype, dtype", [
    ("PCM_16", "int16"), ("PCM_24", "int32"), ("PCM_U8", "int16"), ("FLOAT", "float32"),
])  # fmt: skip
@pytest.mark.parametrize("format", ["wav", "flac"])
def test_samples_stay_what_they_are(subtype, dtype, format):
    """Every value of 16 bits, and noise of every depth: bit by bit."""
    samples = noise
    if subtype == "PCM_16":
        samples = np.arange(-(2**15), 2**15, dtype=np.int16).reshape(-1, 2)
    data = file_of(samples, subtype)
    whole, _ = read(data, dtype)
    made = encoded(recording(data, 0.25, 0.75), format)
    found, rate = read(made.content, dtype)
    if subtype == "FLOAT" and format == "flac":
        assert np.abs(found - whole[4000:12000]).max() <= 2**-23
    else:
        np.testing.assert_array_equal(found, whole[4000:12000])
    assert (rate, made.rate, made.channels, made.frames) == (RATE, RATE, 2, 8000)
    assert encoded(recording(data, 0.25, 0.75), format).content == made.content


def test_one_channel_and_other_rates():
    data = file_of(noise)
    found, _ = read(encoded(recording(data, channel=1), "wav").content, "float32")
    np.testing.assert_array_equal(found, read(data, "float32")[0][:, 1:])
    data = file_of(noise / 2)
    made = encoded(recording(data), "wav", rate=8000)
    assert (made.rate, made.channels, made.frames) == (8000, 2, 8000)
    soxr = pytest.importorskip("soxr")
    stereo, _ = read(data, "float32")
    wanted = soxr.resample(stereo, RATE, 8000, "HQ")
    assert np.abs(read(made.content, "float32")[0] - wanted).max() < 2**-14
    mono, _ = read(encoded(recording(data), "flac", mono=True).content, "float32")
    assert np.abs(mono[:, 0] - stereo.mean(1)).max() <= 2**-16


@pytest.mark.parametrize("rate, stored", [
    (8000, 8000), (16000, 16000), (22050, 24000), (44100, 48000),
])  # fmt: skip
def test_opus(rate, stored):
    av = pytest.importorskip("av")
    time = np.arange(2 * rate) / rate
    tone = (0.3 * np.sin(2 * np.pi * 440 * time)).astype("float32")
    data = file_of(tone, rate=rate)
    made = encoded(recording(data), "opus")
    assert made.rate == stored and made.frames == 2 * stored
    assert encoded(recording(data), "opus").content == made.content  # the serial is not random
    found, of = soundfile.read(io.BytesIO(made.content))
    peak = np.abs(np.fft.rfft(found)).argmax() * of / len(found)
    assert abs(peak - 440) < 1 and abs(len(found) / of - 2) < 0.01
    with av.open(io.BytesIO(made.content)) as container:
        assert sum(frame.samples for frame in container.decode(audio=0)) >= 2 * 48000 - 960
    broken = bytearray(made.content)
    with pytest.raises(ValueError, match="Ogg"):
        same_serial(bytes(broken[1:]), 5)


def test_what_cannot_be_stored():
    silent = file_of(np.zeros((0, 1), "float32"))
    with pytest.raises(BadRecord, match=r"audio\.empty"):
        encoded(recording(silent), "wav")
    odd = noise.copy()
    odd[5, 1] = np.nan
    data = file_of(odd, "FLOAT")
    found, _ = read(encoded(recording(data), "wav").content, "float32")
    np.testing.assert_array_equal(found, odd)
    for format in ("flac", "opus"):
        with pytest.raises(BadRecord, match=r"encode.format"):
            encoded(recording(data), format)
    nine = file_of(np.zeros((1600, 9), "float32"))
    with pytest.raises(BadRecord, match="9 channels at 16000 Hz as FLAC"):
        encoded(recording(nine), "flac")
    for settings_ in (("mp3", None), ("wav", 0), ("wav", "16000"), ("opus", 44100)):
        with pytest.raises(SettingError):
            check(*settings_)


def test_plain_wave_files():
    """The header is the 44 bytes that every reader knows; Python's own reads it."""
    data = encoded(recording(file_of(noise)), "wav").content
    with wave.open(io.BytesIO(data)) as file:
        assert file.getparams()[:4] == (2, 2, RATE, RATE)
    assert data[36:40] == b"data"
    odd = encoded(recording(file_of(noise[:333, :1], "PCM_24")), "wav").content
    assert len(odd) % 2 == 0 and read(odd, "int32")[0].shape == (333, 1)


def test_wave_files_of_more_than_4_gb(monkeypatch):
    """RF64, its lengths in 64 bits, which soundfile reads; the limit is low here."""
    monkeypatch.setattr("tamis.audio.wave._MOST", 10_000)
    file = io.BytesIO()
    samples = integers(noise[:5000], 16)
    writer = WaveWriter(file, RATE, 2, 16, frames=len(samples))
    writer.write(samples)
    assert writer.close() == 5000
    data = file.getvalue()
    assert data[:4] == b"RF64" and data[8:16] == b"WAVEds64"
    assert [int.from_bytes(data[a : a + 8], "little") for a in (20, 28, 36)] == [
        len(data) - 8, 20_000, 5000
    ]  # fmt: skip
    assert soundfile.info(io.BytesIO(data)).format == "RF64"
    np.testing.assert_array_equal(read(data, "int16")[0], samples)
    short = WaveWriter(io.BytesIO(), RATE, 2, 16)
    short.write(samples)
    with pytest.raises(BadRecord, match="too many"):
        short.close()


@settings(max_examples=50, deadline=None)
@given(st.sampled_from([16, 24]), st.lists(st.integers(-(2**23), 2**23 - 1), min_size=1))
def test_integers_undo_the_division(bits, values):
    values = np.array(values) >> (24 - bits)
    samples = (values / (1 << (bits - 1))).astype("float32")
    found = integers(samples[:, None], bits)[:, 0].astype(np.int64)
    np.testing.assert_array_equal(found if bits == 16 else found >> 8, values)
