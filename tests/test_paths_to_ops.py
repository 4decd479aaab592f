"""An op called on paths: a `pathlib.Path` is the string that it stands for."""

import wave

import pytest

from tamis import audio


def test_a_path_is_a_string(tmp_path):
    pytest.importorskip("soundfile")
    with wave.open(str(tmp_path / "a.wav"), "wb") as sound:
        sound.setparams((1, 2, 8_000, 0, "NONE", "not compressed"))
        sound.writeframes(bytes(2 * 8_000 * 3))
    path = tmp_path / "a.wav"
    assert audio.duration(path) == audio.duration(str(path)) == 3
    assert audio.duration([path, str(path)]).tolist() == [3, 3]
    assert audio.duration(path.read_bytes()) == 3
