"""What a model is given of rows, and what becomes of recordings that cannot be read to the end."""

import io

import numpy as np
import pytest
import soundfile
from asr.speech import Held, frame

from tamis import Filter, audio
from tamis.audio.asr.heard import Heard, Word
from tamis.audio.computed import Computed
from tamis.audio.recognition import recognising
from tamis.codes import BadRecord


class Counter:
    """Says how many samples it was given; a word for each second of a piece."""

    rate, longest = 16_000, 4.0

    def __init__(self):
        self.batches = []

    def recognise(self, pieces, languages, words):
        self.batches.append([len(piece) for piece in pieces])
        return [
            Heard("", tuple(Word(f" {k}", k, k + 0.9) for k in range(len(p) // 16_000)), "en")
            for p in pieces
        ]


class Broken(Held):
    """Ends early."""

    def mono(self, rate=16_000, seconds=30):
        yield from super().mono(rate, seconds)
        raise BadRecord("decode.truncated", "nothing more")


def test_batches_are_of_one_length_and_only_what_is_asked_for():
    model = Counter()
    lengths = [3.0, 1.0, 3.9, 1.1, 2.9, 0.0]
    rows = [Held(np.zeros(int(16_000 * s))) for s in lengths]
    whole = Computed([*rows, None], lambda: model, recognising(2, None, 1.0, None, True), "counter")
    assert [len(heard.words) for heard in whole.take(np.array([0, 2])).of_all()] == [3, 3]
    assert model.batches == [[48_000, 62_400]]
    found = whole.of_all()
    assert [None if h is None else len(h.words) for h in found] == [3, 1, 3, 1, 2, 0, None]
    assert model.batches[1:] == [[16_000], [17_600, 46_400]]  # the first of the pair is empty
    assert whole.problems == {}


def test_long_recordings_are_never_whole():
    model = Counter()
    long = Held(np.zeros(16_000 * 60))
    (heard,) = Computed([long], lambda: model, recognising(3, None, 1.0, None, True), "c").of_all()
    assert max(map(len, model.batches)) == 3
    assert max(size for batch in model.batches for size in batch) == 64_000
    starts = [word.start for word in heard.words]
    assert starts == sorted(starts) and starts[-1] > 55


def test_what_ends_early_has_a_reason():
    rows = [Held(np.zeros(32_000)), Broken(np.zeros(32_000)), Held(np.full(32_000, np.nan))]
    whole = Computed(rows, Counter, recognising(8, None, 1.0, None, True), "counter")
    assert [heard is None for heard in whole.of_all()] == [False, True, True]
    assert whole.problems == {
        1: "decode.truncated: nothing more",
        2: "decode.corrupt: there are samples that are no numbers",
    }
    assert whole.take(np.array([2, 0])).problems == {
        0: "decode.corrupt: there are samples that are no numbers"
    }


def test_the_reason_stands_in_the_ledger():
    pytest.importorskip("pocketsphinx")
    data = io.BytesIO()
    noise = np.random.default_rng(0).uniform(-0.1, 0.1, 16_000)
    soundfile.write(data, noise, 16_000, format="WAV", subtype="PCM_16")
    rows = frame(data.getvalue()[:20_000], None)
    found = Filter(audio.transcript_log_probability, min=-99.0).explain(rows)
    assert found.dropped_why[0].startswith("decode.truncated")
    assert found.dropped_why[1].startswith("media.null")
