"""CTC recognisers of transformers, beside their tokenizers' own decoding."""

import json

import numpy as np
import pytest
from speech import Held, frame
from tiny_models import wav2vec2

from tamis import Score, audio
from tamis.audio.alignment import emissions
from tamis.audio.asr.ctc import spoken
from tamis.audio.computed import Streams
from tamis.audio.models import recogniser

pytest.importorskip("transformers")
RNG = np.random.default_rng(4)


def noise(samples):
    """Something that changes: bursts of several pitches."""
    at = np.arange(samples)
    pitch = np.repeat(RNG.uniform(0.02, 1.5, samples // 1500 + 1), 1500)[:samples]
    return (0.3 * np.sin(at * pitch) * RNG.uniform(0.5, 1, samples)).astype(np.float32)


PIECES = [noise(n) for n in (16_000, 9_000, 24_000, 16_000, 300)]


@pytest.fixture(scope="module", params=[True, False], ids=["masked", "unmasked"])
def loaded(request, tmp_path_factory):
    folder = wav2vec2(tmp_path_factory.mktemp("ctc"), request.param)
    return recogniser(f"transformers:{folder}", None, None, "float32")


def test_words_are_the_tokenizers(loaded):
    for piece, heard in zip(PIECES, loaded.recognise(PIECES, [None] * 5, True), strict=True):
        (chances,) = loaded.emissions([piece])
        told = loaded.tokenizer.decode(chances.argmax(1), output_word_offsets=True)
        assert heard.text == " ".join(told.text.split())
        offsets = [one for one in told.word_offsets if one["word"].strip()]
        assert [w.text.strip() for w in heard.words] == [one["word"] for one in offsets]
        each = 320 / 16_000
        for word, one in zip(heard.words, offsets, strict=True):
            assert word.start == pytest.approx(one["start_offset"] * each)
            assert word.end == pytest.approx(one["end_offset"] * each)
    assert sum(len(h.text) for h in loaded.recognise(PIECES, [None] * 5, True)) > 10


def test_a_batch_is_each_alone(loaded):
    together = loaded.emissions(PIECES)
    for piece, chances in zip(PIECES, together, strict=True):
        (alone,) = loaded.emissions([piece])
        assert alone.shape == chances.shape
        np.testing.assert_allclose(alone, chances, atol=2e-3)


def test_runs_become_tokens():
    best = np.array([0, 5, 5, 0, 5, 6, 6, 6, 0])
    chances = np.log(np.where(np.eye(8)[best] > 0, 0.93, 0.01)).astype(np.float32)
    said = spoken(chances, 0)
    assert [(one.token, one.start, one.end) for one in said] == [(5, 1, 3), (5, 4, 5), (6, 5, 8)]
    assert said[0].chance == pytest.approx(0.93)
    assert spoken(chances[:0], 0) == []


def test_windows_of_emissions_are_the_whole(loaded, monkeypatch):
    long = noise(16_000 * 9)
    (whole,) = loaded.emissions([long])
    monkeypatch.setattr(loaded, "longest", 4.0)
    found, seconds = emissions(loaded, Streams([Held(long)]), 0, 4, 1.6)
    assert abs(len(found) - len(whole)) <= 2
    assert seconds == 0.02
    if loaded.masked:  # the other is normalised over its window
        same = min(len(found), len(whole))
        agree = (found[:same].argmax(1) == whole[:same].argmax(1)).mean()
        assert agree > 0.8


def test_long_recordings_have_words_in_order(loaded):
    heard = Score(
        audio.transcript_words, model=f"transformers:{loaded.tokenizer.name_or_path}",
        window=2.0, overlap=0.5, batch=3,
    )(frame(noise(16_000 * 7), None))  # fmt: skip
    words = json.loads(heard.iloc[0, -1])
    assert len(words) > 3
    assert all(w["start"] <= w["end"] <= 7 for w in words)
    starts = [w["start"] for w in words]
    assert starts == sorted(starts)
    assert heard.iloc[1, -1] is None or heard.iloc[:, -1].isna()[1]
