"""The recogniser that comes with its package, on real speech."""

import json

import numpy as np
import pytest
import soundfile
from speech import frame

from tamis import Pipeline, Score, audio
from tamis.audio.models import recogniser

pytest.importorskip("pocketsphinx")


@pytest.fixture(scope="module")
def again(speech_wavs):
    """ "Try again.", in Beckett's words; and some before it."""
    samples, rate = soundfile.read(speech_wavs["beckett"], dtype="float32")
    assert rate == 16_000
    return samples[int(4.5 * rate) : int(5.9 * rate)], samples[int(1.4 * rate) : int(2.7 * rate)]


def test_speech_is_recognised(again):
    steps = [Score(audio.transcript), Score(audio.transcript_words),
             Score(audio.transcript_log_probability), Score(audio.transcript_language)]  # fmt: skip
    rows = frame(again[0], None, np.zeros(100), b"RIFF and no more")
    found = Pipeline(steps).explain(rows)
    assert "again" in found.transcript[0].split()
    words = json.loads(found.transcript_words[0])
    assert " ".join(w["word"] for w in words) == found.transcript[0]
    (said,) = [w for w in words if w["word"] == "again"]
    assert said["start"] == pytest.approx(0.56, abs=0.2)  # as Whisper times it
    assert said["end"] == pytest.approx(0.88, abs=0.2)
    assert 0 < said["confidence"] <= 1
    assert found.transcript_log_probability[0] < 0
    assert found.transcript_language[0] == "en"
    assert found.transcript.isna().tolist() == [False, True, False, True]
    assert found.transcript[2] == ""


def test_what_was_heard_before_changes_nothing(again):
    model = recogniser("pocketsphinx", None, None, "float32")
    one, other = again
    alone = model.recognise([one], [None], True)
    model.recognise([other], [None], True)
    assert model.recognise([one], [None], True) == alone
    assert model.recognise([np.zeros(0, np.float32)], [None], True)[0].text == ""
