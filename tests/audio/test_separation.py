"""Separation by networks whose stems are known."""

import io

import numpy as np
import pytest
import soundfile
from asr.speech import frame

from tamis import Edit, Score, audio
from tamis.audio.separation import joined, wav
from tamis.errors import SettingError

torch = pytest.importorskip("torch")
SOUND = (np.random.default_rng(3).uniform(-0.5, 0.5, 50_000)).astype(np.float32)


@pytest.fixture(scope="module")
def halves(tmp_path_factory):
    """Two stems: what is above zero, and what is below."""

    class Halves(torch.nn.Module):
        def forward(self, given):
            return torch.stack([given.clamp(min=0), given.clamp(max=0)], 1)

    file = str(tmp_path_factory.mktemp("halves") / "halves.pt")
    torch.jit.trace(Halves(), torch.rand(1, 100)).save(file)
    return file


def read(data):
    return soundfile.read(io.BytesIO(data), dtype="float32")


@pytest.mark.parametrize("stem, expected", [(0, SOUND.clip(0)), (1, SOUND.clip(None, 0))])
def test_stems_are_put_together_from_windows(halves, stem, expected):
    rows = frame(SOUND, None, b"no sound", SOUND[:100])
    step = Edit(audio.separated, to="stem", model=halves, stem=stem, window=1.0, overlap=0.25)
    found = step(rows)
    samples, rate = read(found.stem[0])
    assert rate == 16_000
    np.testing.assert_allclose(samples, expected, atol=1 / 32_768)
    assert len(read(found.stem[3])[0]) == 100
    assert found.stem.isna().tolist() == [False, True, True, False]
    again = Score(audio.duration, on="stem", name="seconds")(found)
    assert again.seconds[0] == pytest.approx(50_000 / 16_000)


def test_windows_fade_into_one_another():
    done, tail = joined([], np.empty(0), np.ones(8), 4)
    done, tail = joined(done, tail, np.zeros(6), 4)
    whole = np.concatenate([*done, tail])
    np.testing.assert_allclose(whole, [1, 1, 1, 1, 0.875, 0.625, 0.375, 0.125, 0, 0])


def test_wav_is_read_as_it_was():
    samples, rate = read(wav(SOUND, 22_050))
    assert rate == 22_050
    np.testing.assert_allclose(samples, SOUND, atol=1 / 32_768)


def test_what_cannot_be_is_told(halves):
    with pytest.raises(SettingError, match="stem=2 needs"):
        Edit(audio.separated, to="stem", model=halves, stem=2)(frame(SOUND))
    with pytest.raises(SettingError, match="overlap"):
        Edit(audio.separated, to="stem", model=halves, overlap=6.0)(frame(SOUND))
    long = Edit(audio.separated, to="stem", model=halves, max_seconds=1.0)(frame(SOUND))
    assert long.stem.isna().all()
