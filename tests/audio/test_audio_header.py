"""Headers against what was encoded, and against libsndfile."""

import io

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from sounds import FFMPEG, LOSSLESS, NAMES, SNDFILE, encoded, riff, tone, wav

from tamis.audio.formats import FORMATS, sniff
from tamis.audio.header import header
from tamis.codes import BadRecord
from tamis.media.reader import Reader


@pytest.mark.parametrize("name", NAMES)
def test_header_says_what_was_encoded(name):
    rate = 8000 if name in ("amr", "voc") else 48_000
    channels = 1 if name == "amr" else 2
    samples = tone(2.5, rate, channels)
    data = encoded(name, samples, rate)
    found = header(Reader(data))
    *_, format, codec = {**SNDFILE, **FFMPEG}[name]
    assert (found.format, found.subtype) == (format, codec)
    assert (found.rate, found.channels) == (rate, channels)
    if name in LOSSLESS and "adpcm" not in codec:
        assert found.frames == len(samples)
    else:
        assert abs(found.frames - len(samples)) <= 0.06 * rate


@pytest.mark.parametrize("name", [k for k in SNDFILE if k.startswith("wav") or k == "rf64"])
def test_wav_header_is_libsndfiles(name):
    data = encoded(name, tone(0.7, 11_025, 2), 11_025)
    found, other = header(Reader(data)), soundfile.info(io.BytesIO(data))
    assert (found.frames, found.rate, found.channels) == (
        other.frames, other.samplerate, other.channels,
    )  # fmt: skip


def test_real_speech(speech_wavs):
    for file in speech_wavs.values():
        found, other = header(Reader(file.read_bytes())), soundfile.info(file)
        assert (found.frames, found.rate, found.bits) == (other.frames, other.samplerate, 16)


@pytest.mark.parametrize("name", sorted({f: n for n, (*_, f, _) in SNDFILE.items()}.values()))
def test_cover_before_the_sound(name):
    """An ID3 tag with a picture, larger than what is looked at first."""
    if name not in ("mp3", "flac"):
        return
    data = encoded(name, tone(1))
    data = data[int.from_bytes(data[6:10], "big") + 10 :] if data.startswith(b"ID3") else data
    tag = b"ID3\4\0\0" + bytes([0, 2, 0, 0]) + bytes(2 << 14)
    found = header(Reader(tag + data))
    assert found.format == name and abs(found.frames - 48_000) <= 2400


BODY = np.arange(-500, 500, dtype="<i2").tobytes()


@pytest.mark.parametrize(
    ("data", "frames", "announced", "present"),
    [
        (riff(BODY), 1000, 1000, 1000),
        (riff(BODY, said=0), 1000, None, 1000),  # written to a pipe
        (riff(BODY, said=0xFFFFFFFF), 1000, None, 1000),
        (riff(BODY, said=0x7FFFF000), 1000, None, 1000),
        (riff(b"", after=b"LIST\4\0\0\0INFO"), 0, 0, 0),  # no samples, and another chunk
        (riff(BODY, said=4000), 2000, 2000, 1000),  # cut
        (riff(BODY, said=400), 200, 200, 200),  # what is behind belongs to nobody
        (riff(BODY, before=b"LIST\3\0\0\0abc\0"), 1000, 1000, 1000),
    ],
)
def test_length_that_a_wav_says_and_has(data, frames, announced, present):
    found = header(Reader(data))
    assert (found.frames, found.announced, found.present) == (frames, announced, present)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "media.empty"),
        (b"Some words in a file named .wav\n" * 9, "decode.format"),
        (b"<html>404</html>", "decode.format"),
        (b"#EXTM3U\nfile:///etc/passwd", "decode.format"),
        (b"ffconcat version 1.0\nfile /etc/passwd", "decode.format"),
        (b"\x89PNG\r\n\x1a\n" + bytes(99), "decode.format"),
        (riff(BODY)[:30], "decode.truncated"),
        (riff(BODY)[:12], "decode.truncated"),
        (riff(BODY, rate=0), "decode.corrupt"),
        (riff(BODY, channels=0), "decode.corrupt"),
        (riff(BODY).replace(b"RIFF", b"RIFX"), "decode.format"),
        (b"OggS" + bytes(22) + b"\1\1\x80theora" + bytes(90), "audio.none"),
    ],
)
def test_what_is_no_recording(data, code):
    with pytest.raises(BadRecord) as found:
        header(Reader(data))
    assert found.value.code == code


@given(st.sampled_from(["wav", "flac", "ogg", "mp3", "aiff"]), st.data())
def test_any_start_of_a_file_has_a_format_or_a_reason(name, data):
    whole = encoded(name, tone(0.1), 48_000)
    start = whole[: data.draw(st.integers(0, min(len(whole), 200)))]
    try:
        assert sniff(start) in FORMATS
    except BadRecord as bad:
        assert bad.code in ("media.empty", "decode.format", "audio.none")


@given(st.binary(max_size=80))
def test_any_bytes_behind_a_wav_start(data):
    try:
        found = header(Reader(b"RIFF\x24\x08\0\0WAVE" + data))
    except BadRecord:
        return
    assert found.frames >= 0 and found.rate > 0 and found.channels > 0


def test_wav_is_found_under_any_name_and_rate():
    for rate in (1000, 8000, 44_100, 192_000):
        found = header(Reader(wav(tone(0.05, rate, 8), rate)))
        assert (found.rate, found.channels) == (rate, 8)
