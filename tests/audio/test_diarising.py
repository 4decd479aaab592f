"""Turns of speakers: by construction, and on real voices put one after another."""

import json

import numpy as np
import pytest
import soundfile
import soxr
from asr.speech import frame

from tamis import Cut, Pipeline, Score, audio
from tamis.audio.diarising import Turn, turns_of
from tamis.audio.pyannote import Pipeline as Pyannote
from tamis.audio.pyannote import turning
from tamis.audio.voices import Voices
from tamis.audio.who_speaks import turns_json
from tamis.errors import SettingError


def test_frames_go_to_the_nearest_window():
    middles = np.arange(10) + 0.5
    vectors = np.eye(3)[[0, 0, 0, 1, 1, 1, 0, 0, 2, 2]]
    speech = np.ones(100, bool)
    speech[48:54] = False  # 0.6 s: a pause
    found = turns_of(speech, 0.1, Voices(middles, vectors), 0.5, None)
    assert [turn.speaker for turn in found] == [0, 1, 1, 0, 2]
    np.testing.assert_allclose([turn.start for turn in found], [0, 3, 5.4, 6, 8], atol=0.11)
    np.testing.assert_allclose([turn.end for turn in found], [3, 4.8, 6, 8, 10], atol=0.11)
    assert len({t.speaker for t in turns_of(speech, 0.1, Voices(middles, vectors), 0.5, 2)}) == 2
    assert turns_of(np.zeros(100, bool), 0.1, Voices(middles, vectors), 0.5, None) == []


def test_windows_without_speech_do_not_count():
    middles = np.arange(8) + 0.5
    vectors = np.eye(2)[[0, 0, 0, 0, 1, 1, 1, 1]]  # the second half is another, but silent
    speech = np.arange(80) < 40
    found = turns_of(speech, 0.1, Voices(middles, vectors), 0.5, None)
    assert found == [Turn(0, pytest.approx(4.0), 0)]


def test_speakers_are_named_as_they_come():
    found = [Turn(0, 1, 7), Turn(1, 2.00049, 3), Turn(2, 3, 7)]
    assert json.loads(turns_json(found)) == [
        {"speaker": "A", "start": 0, "end": 1},
        {"speaker": "B", "start": 1, "end": 2.0},
        {"speaker": "A", "start": 2, "end": 3},
    ]
    many = json.loads(turns_json([Turn(k, k + 1, k) for k in range(30)]))
    assert [one["speaker"] for one in many][24:28] == ["Y", "Z", "AA", "AB"]


@pytest.fixture(scope="module")
def talk(speech_wavs):
    """Two voices in turns: of the one until 7 s, the other until 12, the one again until 15."""
    pytest.importorskip("tamis.audio.vad")
    pytest.importorskip("onnxruntime")
    found = {}
    for name in ("beckett", "two_cities"):
        samples, rate = soundfile.read(speech_wavs[name], dtype="float32")
        found[name] = soxr.resample(samples, rate, 16_000).astype(np.float32)
    one, other = found["two_cities"], found["beckett"]
    return np.concatenate([one[: 7 * 16_000], other[: 5 * 16_000], one[7 * 16_000 : 10 * 16_000]])


def test_two_voices_are_two_speakers(talk):
    steps = [Score(audio.turns), Score(audio.speaker_count)]
    rows = frame(talk, talk[: 7 * 16_000], None, np.zeros(16_000, np.float32), b"no sound")
    found = Pipeline(steps).explain(rows)
    assert found.speaker_count.tolist()[:2] == [2, 1]
    assert found.speaker_count[3] == 0 and found.turns[3] == "[]"
    assert found.turns.isna().tolist() == [False, False, True, False, True]
    said = json.loads(found.turns[0])
    truth = {"A": [(0, 7), (12, 15)], "B": [(7, 12)]}
    for turn in said:
        inside = max(min(turn["end"], b) - max(turn["start"], a) for a, b in truth[turn["speaker"]])
        assert inside > (turn["end"] - turn["start"]) - 0.5
    cut = Cut(audio.speaker_turns)(found[["id", "path", "turns"]][:1])
    assert set(cut.speaker) == {"A", "B"}


def test_settings_that_cannot_be(talk):
    for wrong in ({"threshold": 0.0}, {"threshold": 3.0}, {"speakers": 0}, {"batch": 0}):
        with pytest.raises(SettingError):
            Score(audio.turns, **wrong)(frame(talk[:16_000]))


def test_pipelines_of_pyannote_are_asked_as_its_documentation_says():
    """Not pyannote itself, which is not installed: what its objects look like from outside."""

    class Segment:
        def __init__(self, start, end):
            self.start, self.end = start, end

    class Annotation:
        def itertracks(self, yield_label=False):
            assert yield_label
            yield Segment(2, 3), "t1", "SPEAKER_01"
            yield Segment(0, 2.5), "t0", "SPEAKER_00"

    class Torch:
        @staticmethod
        def from_numpy(samples):
            return samples

    asked = []

    def pipeline(given, **told):
        asked.append((given["waveform"].shape, given["sample_rate"], told))
        return Annotation()

    from asr.speech import Held

    from tamis.audio.computed import Streams

    streams = Streams([Held(np.zeros(48_000))])
    ((row, found),) = turning(2)(Pyannote(Torch, pipeline), streams, [0])
    assert (row, found) == (0, [Turn(0, 2.5, 0), Turn(2, 3, 1)])
    assert asked == [((1, 48_000), 16_000, {"num_speakers": 2})]
