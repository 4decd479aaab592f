"""Recordings as exhibits: what is drawn, what plays, and what cannot be read."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import tamis
from tamis.exhibits import FORMS, Exhibit, Subject, exhibits
from tamis.exhibits.spectrogram import LEVELS, png, spectrogram

soundfile = pytest.importorskip("soundfile")
RATE = 16_000


def tone(hertz: float, seconds: float = 2.0, rate: int = RATE) -> np.ndarray:
    return (
        np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate).astype(np.float32) / 2
    )


@pytest.mark.parametrize("hertz", [300.0, 1000.0, 3000.0, 7000.0])
def test_a_tone_is_a_line_at_its_height(hertz: float) -> None:
    levels = spectrogram(tone(hertz), RATE, 100, 64)
    mel = [2595 * np.log10(1 + f / 700) for f in (hertz, RATE / 2)]
    row = 63 - int(mel[0] / mel[1] * 64)  # equal steps of the mel scale, counted from below
    inside = levels[:, 10:90]
    brightest = set(inside.argmax(0).tolist())
    assert all(abs(found - row) <= 1 for found in brightest)
    assert inside[row].mean() > 3 * inside.mean()


def test_time_runs_to_the_right() -> None:
    levels = spectrogram(np.concatenate([np.zeros(RATE, np.float32), tone(500, 1)]), RATE, 100, 64)
    assert levels[:, :45].max() == 0 and levels[:, 55:].max() == LEVELS - 1


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 3000), st.integers(1, 200_000), st.integers(1, 300), st.integers(1, 200),
    st.sampled_from([0.0, 1e-30, 1.0, np.nan, np.inf]),
)  # fmt: skip
def test_any_samples_are_drawn(n: int, rate: int, width: int, height: int, odd: float) -> None:
    samples = np.random.default_rng(n).normal(size=n).astype(np.float32)
    samples[: n // 3] = odd
    levels = spectrogram(samples, rate, width, height)
    assert levels.shape == (height, width) and levels.dtype == np.uint8 and levels.max() < LEVELS
    opened = Image.open(io.BytesIO(png(levels)))
    opened.load()
    assert opened.size == (width, height)
    assert len(opened.getcolors()) == len(np.unique(levels))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    speech = np.concatenate([tone(200, 3), tone(2000, 3), tone(6000, 3)])
    soundfile.write(tmp_path / "a.wav", speech, RATE)
    soundfile.write(tmp_path / "b.flac", np.stack([tone(440, 40)] * 2, 1), RATE)
    soundfile.write(tmp_path / "short.wav", tone(440, 0.05), RATE)
    soundfile.write(tmp_path / "none.wav", np.zeros((0, 1), np.float32), RATE)
    (tmp_path / "text.wav").write_text("no sound at all")
    return tmp_path


def made(folder: Path, most: int = 16_000, **row: object) -> Exhibit:
    pointer = (
        {"path": "path", "start": "start", "end": "end"} if "start" in row else {"path": "path"}
    )
    row["path"] = str(folder / str(row["path"]))
    return exhibits({"x": row}, Subject(None, pointer, "audio"), 160, most)["x"]


def played(exhibit: Exhibit) -> tuple[np.ndarray, int]:
    assert exhibit.plays_as == "audio/ogg"
    return soundfile.read(io.BytesIO(exhibit.plays))


def loudest(samples: np.ndarray, rate: int) -> float:
    return float(np.abs(np.fft.rfft(samples)).argmax() * rate / len(samples))


def test_what_plays_is_what_was_recorded(folder: Path) -> None:
    found = made(folder, path="a.wav")
    samples, rate = played(found)
    assert rate == RATE and abs(len(samples) / rate - 9) < 0.1
    for second, hertz in ((1, 200), (4, 2000), (7, 6000)):
        assert abs(loudest(samples[second * rate : (second + 1) * rate], rate) - hertz) < 10
    assert Image.open(io.BytesIO(found.data)).size == (found.width, found.height) == (160, 64)


def test_a_piece_plays_the_piece(folder: Path) -> None:
    samples, rate = played(made(folder, path="a.wav", start=3.5, end=5.5))
    assert abs(len(samples) / rate - 2) < 0.1
    assert abs(loudest(samples, rate) - 2000) < 10


@pytest.mark.parametrize("most", [1_000, 4_000, 16_000])
def test_no_exhibit_is_larger_than_asked(folder: Path, most: int) -> None:
    for name in ("a.wav", "b.flac", "short.wav"):
        found = made(folder, most, path=name)
        assert found.nbytes <= most * FORMS["audio"].weight
        assert found.data and not found.why


def test_what_cannot_be_read_says_why(folder: Path) -> None:
    assert made(folder, path="text.wav").why.startswith("decode.format: ")
    assert made(folder, path="gone.wav").why.startswith("media.missing: ")
    assert str(folder / "text.wav") in made(folder, path="text.wav").why
    assert not made(folder, path="none.wav").plays
    (folder / "cut.flac").write_bytes((folder / "b.flac").read_bytes()[:2_000])
    why = made(folder, path="cut.flac").why
    assert why.startswith("decode.") and why.count(str(folder)) == 1


def test_exhibits_travel_as_json(folder: Path) -> None:
    found = made(folder, path="a.wav")
    assert Exhibit.from_dict(found.to_dict()) == found
    page = str(found.html())
    assert page.count("<img") == 1 and 'src="data:audio/ogg;base64,' in page


def test_recordings_in_a_notebook(folder: Path) -> None:
    frame = tamis.read_files(str(folder / "*.wav"))
    page = tamis.show(frame)._repr_html_()
    assert page.count("<audio") == 2  # a.wav, short.wav
    assert "decode.format" in page
