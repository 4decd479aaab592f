"""Samples of recordings against libsndfile and against decoding whole."""

import io

import numpy as np
import pandas as pd
import pytest
import soundfile
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st
from sounds import LOSSLESS, NAMES, encoded, riff, tone, wav

from tamis.codes import BadRecord
from tamis.viewing import Views

ON = {name: name for name in ("path", "offset", "size", "start", "end")}


def view(name, data, **columns):
    """A view over one row."""
    frame = pd.DataFrame({"path": [data], **{k: [v] for k, v in columns.items() if k in ON}})
    rest = {k: v for k, v in columns.items() if k not in ON}
    return Views(frame).get(name, ON, rest)


def recorded(data, **columns):
    found = view("recording", data, **columns)
    one = found[0]
    if one is None:
        code, _, detail = found.problems[0].partition(": ")
        raise BadRecord(code, detail)
    return one


def samples(data, seconds=0.3, **columns):
    return np.concatenate(list(recorded(data, **columns).blocks(seconds)))


@pytest.fixture(scope="module")
def made():
    kept = {}

    def make(name):
        if name not in kept:
            rate = 8000 if name in ("amr", "voc") else 48_000
            signal = tone(4, rate, 1 if name == "amr" else 2, level=0.2)
            kept[name] = encoded(name, signal, rate), signal
        return kept[name]

    return make


@pytest.mark.parametrize("name", NAMES)
def test_samples_are_those_encoded(name, made):
    data, signal = made(name)
    found = samples(data, isolate=False)
    if name in LOSSLESS:
        coarse = {"wav-u8": 1 / 128, "wav-mulaw": 0.02, "wav-alaw": 0.02, "wav-ima": 0.05,
                  "wav-ms": 0.2, "voc": 1 / 128, "wavpack": 1 / 128}  # fmt: skip
        found = found[: len(signal)]
        assert len(found) == len(signal)
        assert np.abs(found - signal).max() < coarse.get(name, 1.1 / 32768)
        return
    if name in ("opus", "webm", "ogg", "mp3"):  # in their place: no shift fits better
        assert best_shift(found[:, 0], signal[:, 0]) == 0 and len(found) == len(signal)


def best_shift(found, signal, most=400):
    """By how many frames `found` is late, by the strongest correlation."""
    middle = signal[20_000:60_000]
    scores = [np.dot(found[20_000 + k : 60_000 + k], middle) for k in range(-most, most + 1, 4)]
    return 4 * int(np.argmax(scores)) - most


@pytest.mark.parametrize("name", ["wav", "wav-24", "wav-mulaw", "wav-alaw", "flac", "ogg", "mp3"])
def test_samples_are_libsndfiles(name, made):
    data, _ = made(name)
    expected, _ = soundfile.read(io.BytesIO(data), dtype="float32", always_2d=True)
    np.testing.assert_allclose(samples(data), expected, atol=1e-7)


@pytest.mark.parametrize("name", NAMES)
def test_other_process_gives_the_same(name, made):
    data, _ = made(name)
    np.testing.assert_array_equal(samples(data, isolate=True), samples(data, isolate=False))


@pytest.mark.parametrize("name", NAMES)
def test_a_part_is_a_part_of_the_whole(name, made):
    data, _ = made(name)
    whole, one = samples(data, isolate=False), recorded(data, isolate=False)
    for start, end in ((0.0, 1.0), (1.7, 2.3), (2.9, 3.9)):
        part = samples(data, start=start, end=end, isolate=False)
        expected = whole[round(start * one.rate) : round(end * one.rate)]
        assert part.shape == expected.shape
        if one.header.subtype == "aac":  # its noise is made anew by every decoder
            assert np.corrcoef(part[:, 0], expected[:, 0])[0, 1] > 0.98
        else:
            assert np.abs(part - expected).max() < (1e-4 if name == "webm" else 1e-6)


@settings(max_examples=25)
@given(st.floats(0, 4), st.floats(0, 4.2), st.sampled_from(["wav", "flac", "ogg", "mp3", "m4a"]))
def test_any_part(start, end, name):
    data, _ = _kept(name)
    whole = _whole(name)
    try:
        part = samples(data, start=start, end=end, isolate=False)
    except BadRecord as bad:
        assert bad.code == "audio.span"
        assert round(end * 48_000) <= round(start * 48_000) or end > len(whole) / 48_000 + 0.09
        return
    expected = whole[round(start * 48_000) : round(end * 48_000)]
    assert part.shape == expected.shape
    assert not len(part) or np.abs(part - expected).max() < (0.1 if name == "m4a" else 1e-6)


_CACHE = {}


def _kept(name):
    if name not in _CACHE:
        signal = tone(4, 48_000, 2, level=0.2)
        data = encoded(name, signal)
        _CACHE[name] = data, samples(data, isolate=False)
    return _CACHE[name]


def _whole(name):
    return _kept(name)[1]


def test_tar_url_bytes_and_struct(tmp_path):
    import fsspec

    signal = tone(1, 16_000)
    data = wav(signal, 16_000)
    expected = samples(data)
    file = tmp_path / "a.bin"
    file.write_bytes(b"x" * 700 + data + b"y" * 50)
    np.testing.assert_array_equal(samples(str(file), offset=700, size=len(data)), expected)
    fsspec.filesystem("memory").pipe_file("/sounds/a.wav", data)
    np.testing.assert_array_equal(samples("memory://sounds/a.wav"), expected)
    np.testing.assert_array_equal(samples({"bytes": data, "path": "a.wav"}), expected)


def test_long_files_are_not_read_whole(tmp_path, monkeypatch):
    """Of a sparse file of an hour only what is asked for is read."""
    from tamis.media.local import _File

    file = tmp_path / "long.wav"
    frames = 16_000 * 3600
    with open(file, "wb") as out:
        out.write(riff(b"", said=2 * frames))
        out.truncate(44 + 2 * frames)
    read = []
    told = _File.told
    monkeypatch.setattr(
        _File, "told", lambda self, path, a, n: read.append(n) or told(self, path, a, n)
    )
    found = samples(str(file), start=3000.0, end=3001.0)
    assert found.shape == (16_000, 1) and sum(read) < 400_000


def test_mono_is_soxrs(speech_wavs):
    file = str(speech_wavs["two_cities"])
    signal, rate = soundfile.read(file, dtype="float32")
    expected = soxr.resample(signal, rate, 16_000, "HQ")
    found = np.concatenate(list(recorded(file).mono(16_000, seconds=3)))
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, atol=2e-6)
    np.testing.assert_array_equal(view("speech", file)[0], found)


def test_channels():
    signal = tone(0.5, 16_000, 3)
    data = wav(signal, 16_000, "FLOAT")
    assert recorded(data).channels == 3
    np.testing.assert_array_equal(samples(data, channel=1), signal[:, 1:2])
    mixed = np.concatenate(list(recorded(data).mono(16_000)))
    np.testing.assert_allclose(mixed, signal.mean(1), atol=1e-7)
    with pytest.raises(BadRecord) as found:
        recorded(data, channel=3)
    assert found.value.code == "audio.channel"


@pytest.mark.parametrize(
    ("start", "end", "code"),
    [
        (2.0, 1.0, "audio.span"), (0.5, 0.5, "audio.span"), (-1.0, 0.5, "audio.span"),
        (0.0, 1.2, "audio.span"), (5.0, None, "audio.span"), (float("inf"), None, "audio.span"),
        (0.0, 1.05, None), (None, 0.5, None), (0.5, None, None),
    ],
)  # fmt: skip
def test_parts_that_there_are_not(start, end, code):
    data = wav(tone(1, 16_000), 16_000)
    if code is None:
        one = recorded(data, start=start, end=end)
        assert one.frames == len(samples(data, start=start, end=end)) == one.duration * 16_000
        return
    with pytest.raises(BadRecord) as found:
        recorded(data, start=start, end=end)
    assert found.value.code == code


def test_cut_data_is_told_after_what_there_is():
    data = riff(np.arange(1000, dtype="<i2").tobytes(), said=4000)
    blocks = recorded(data).blocks(0.01)
    assert len(next(blocks)) == 160
    with pytest.raises(BadRecord) as found:
        list(blocks)
    assert found.value.code == "decode.truncated" and "1000 of 2000" in found.value.detail
    found = view("speech", data)
    assert found[0] is None and found.problems[0].startswith("decode.truncated")


def test_nothing_but_numbers_is_lost():
    signal = np.array([0, np.nan, np.inf, -np.inf, 2.5, -1], np.float32)[:, None]
    np.testing.assert_array_equal(samples(wav(signal, 16_000, "FLOAT")), signal)


def test_too_long_and_empty():
    data = wav(tone(2, 8000), 8000)
    found = view("waveform", data, max_seconds=1.5)
    assert found[0] is None and found.problems[0].startswith("audio.too_long")
    found = view("speech", riff(b""))
    assert found[0] is None and found.problems[0].startswith("audio.empty")
    assert recorded(riff(b"")).duration == 0


def test_hostile_lists_open_nothing(tmp_path):
    """An HLS list and an ffconcat file under the names of recordings."""
    good = tmp_path / "secret.wav"
    good.write_bytes(wav(tone(1), 48_000))
    for text in (
        f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{good}\n#EXT-X-ENDLIST\n",
        f"ffconcat version 1.0\nfile {good}\n",
        f"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isomffconcat version 1.0\nfile {good}\n",
    ):
        found = view("recording", text.encode(), isolate=False)
        assert found[0] is None and found.problems[0].startswith("decode.")


def test_setting_errors():
    with pytest.raises(ValueError, match="channels are counted from 0"):
        view("recording", b"", channel=-1)
    with pytest.raises(ValueError, match="isolate"):
        view("recording", b"", isolate="never")
    with pytest.raises(ValueError, match="max_seconds"):
        view("speech", b"", max_seconds=0.0)
