"""Texts laid over recordings: by construction, and by a model of random weights."""

import json

import numpy as np
import pandas as pd
import pytest
from asr.speech import frame
from asr.tiny_models import wav2vec2

from tamis import Pipeline, Score, audio
from tamis.audio.alignment import _laid, spelled
from tamis.errors import SettingError


class Letters:
    """What alignment asks of a model: its classes."""

    names = ("<pad>", "|", *"ABC'")
    silent = frozenset({0})
    gap = "|"


def certain(path, classes=6):
    return np.log(np.where(np.eye(classes)[path] > 0, 0.95, 0.01)).astype(np.float32)


def test_texts_are_spelled_in_the_models_letters():
    words, labels, whose = spelled("Ab, 42 c'a!", Letters)
    assert words == ["Ab,", "42", "c'a!"]
    assert labels.tolist() == [2, 3, 1, 4, 5, 2]  # what it has no letters for is left out
    assert whose.tolist() == [0, 0, -1, 2, 2, 2]


def test_pieces_of_words_are_the_longest_that_are_known():
    class Pieces:
        names = ("<pad>", "▁a", "▁", "b", "ab", "a")
        silent = frozenset({0})
        gap = None

    _, labels, whose = spelled("aab bab", Pieces)
    assert labels.tolist() == [1, 4, 2, 3, 4]
    assert whose.tolist() == [0, 0, 1, 1, 1]


def test_words_have_the_times_of_their_letters():
    words, labels, whose = spelled("AB C", Letters)
    path = [0, 0, 2, 2, 0, 3, 1, 1, 0, 4, 4, 0]
    found = _laid(certain(path), 0.02, words, labels, whose, 0)
    assert [(w.text, w.start, w.end) for w in found.words] == [
        (" AB", pytest.approx(0.04), pytest.approx(0.12)),
        (" C", pytest.approx(0.18), pytest.approx(0.22)),
    ]
    assert found.score == pytest.approx(np.log(0.95))
    assert found.words[0].confidence == pytest.approx(0.95)
    other = _laid(certain(path), 0.02, *spelled("CA B", Letters), 0)
    assert other.score < found.score - 1
    assert _laid(certain(path[:3]), 0.02, words, labels, whose, 0) is None


def test_measures(tmp_path, monkeypatch):
    pytest.importorskip("transformers")
    model = {"model": f"transformers:{wav2vec2(tmp_path, masked=True)}"}
    rng = np.random.default_rng(0)
    sounds = [(rng.standard_normal(n) * 0.2).astype(np.float32) for n in (32_000, 48_000, 600)]
    rows = frame(sounds[0], sounds[1], sounds[2], None, sounds[0], sounds[0])
    rows["text"] = pd.array(["bad cab", "Dead, bee!", "a bad cab", "a", None, "42"], "str")
    steps = [Score(audio.aligned_words, **model), Score(audio.alignment_score, **model)]
    found = Pipeline(steps).explain(rows)
    assert found.aligned_words.isna().tolist() == [False, False, True, True, True, True]
    assert found.alignment_score.isna().tolist() == [False, False, True, True, True, True]
    for text, told, seconds in zip(rows.text[:2], found.aligned_words[:2], (2, 3), strict=True):
        words = json.loads(told)
        assert [w["word"] for w in words] == text.split()
        times = [t for w in words for t in (w["start"], w["end"])]
        assert times == sorted(times) and times[0] >= 0 and times[-1] <= seconds
    assert (found.alignment_score[:2] < 0).all()
    monkeypatch.setattr("tamis.audio.alignment.ROOM", 100)
    assert Score(audio.aligned_words, **model)(rows).aligned_words.isna().all()


def test_only_ctc_aligns():
    rows = frame(np.zeros(1000, np.float32)).assign(text=pd.array(["a"], "str"))
    with pytest.raises(SettingError, match="not trained by CTC"):
        Score(audio.aligned_words, model="pocketsphinx")(rows)
