"""Whisper of transformers, beside the library's own generation and CTranslate2's."""

import json
import shutil

import numpy as np
import pytest
from scipy.ndimage import median_filter
from speech import frame
from tiny_models import whisper

from tamis import Filter, Score, audio
from tamis.audio.asr.whisper_words import frames_of, grouped, timed
from tamis.audio.models import recogniser
from tamis.errors import DataError, SettingError

pytest.importorskip("transformers")
RNG = np.random.default_rng(0)
PIECES = [
    (RNG.standard_normal(n) * 0.1 * np.sin(np.arange(n) / s)).astype(np.float32)
    for n, s in ((16_000, 100), (40_000, 3), (48_000, 900), (3_000, 50))
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return whisper(tmp_path_factory.mktemp("whisper"))


@pytest.fixture(scope="module")
def loaded(folder):
    return recogniser(f"transformers:{folder}", None, None, "float32")


def test_text_and_language_are_the_librarys(loaded):
    import torch

    told = loaded.detect(PIECES)
    given = loaded.extractor(PIECES, sampling_rate=16_000, return_tensors="pt")
    ids = loaded.model.detect_language(given.input_features)
    places = loaded.languages
    assert [places[name] for name, _ in told] == ids.tolist()
    made = loaded.model.generate(
        given.input_features, language=[f"<|{name}|>" for name, _ in told], task="transcribe",
        return_dict_in_generate=True, output_scores=True, max_new_tokens=224,
    )  # fmt: skip
    expected = loaded.tokenizer.batch_decode(made.sequences, skip_special_tokens=True)
    found = loaded.recognise(PIECES, [None] * 4, False)
    assert [one.text for one in found] == [text.strip() for text in expected]
    assert [(one.language, one.language_probability) for one in found] == told
    # the library's scores, put together by hand
    skip = made.sequences.shape[1] - len(made.scores)
    for row, one in enumerate(found):
        total, count = 0.0, 0
        for token, scores in zip(made.sequences[row, skip:].tolist(), made.scores, strict=True):
            total += float(torch.log_softmax(scores[row].float(), -1)[token])
            if token == loaded.end:
                break
            count += 1
        assert one.log_probability == pytest.approx(total / (count + 1), rel=1e-4)


@pytest.mark.slow
def test_ctranslate2_says_the_same(folder, loaded, tmp_path, monkeypatch):
    converters = pytest.importorskip("ctranslate2").converters
    pytest.importorskip("faster_whisper")
    monkeypatch.setattr("tamis.audio.asr.faster_whisper.BEAMS", 1)
    monkeypatch.setattr(loaded, "languages", {})  # it takes so small a model for English only
    converters.TransformersConverter(folder).convert(str(tmp_path / "ct2"))
    shutil.copy(f"{folder}/tokenizer.json", tmp_path / "ct2")
    other = recogniser(f"faster-whisper:{tmp_path / 'ct2'}", None, "cpu", "float32")
    ours, theirs = (one.recognise(PIECES, [None] * 4, True) for one in (loaded, other))
    for one, two in zip(ours, theirs, strict=True):
        assert one.text == two.text
        assert one.log_probability == pytest.approx(two.log_probability, abs=1e-4)
        assert one.no_speech == pytest.approx(two.no_speech, rel=1e-3)
        assert [w.text for w in one.words] == [w.text for w in two.words]
        sure = [[w.confidence for w in words] for words in (one.words, two.words)]
        np.testing.assert_allclose(*sure, atol=1e-4)


def reference_frames(attention, skip):
    """OpenAI's timing.py, written out: standardise, median of 7, mean, dynamic time warping."""
    weights = attention.astype(np.float64)
    weights = (weights - weights.mean(1, keepdims=True)) / weights.std(1, keepdims=True)
    weights = median_filter(weights, size=(1, 1, 7), mode="mirror")
    matrix = -weights.mean(0)[skip:-1]
    rows, columns = matrix.shape
    total = np.full((rows + 1, columns + 1), np.inf)
    trace = np.zeros((rows + 1, columns + 1), int)
    total[0, 0] = 0
    for j in range(1, columns + 1):
        for i in range(1, rows + 1):
            ways = [total[i - 1, j - 1], total[i - 1, j], total[i, j - 1]]
            trace[i, j] = int(np.argmin(ways))
            total[i, j] = matrix[i - 1, j - 1] + min(ways)
    i, j, first = rows, columns, [0] * rows
    while i > 0 and j > 0:
        first[i - 1] = j - 1
        kind = trace[i, j]
        i, j = i - (kind != 2), j - (kind != 1)
    return first


def test_spectra_made_by_torch_say_the_same(loaded, monkeypatch):
    """What a model on a device does, here on the processor."""
    from tamis.audio.spectra import WhisperSpectra

    wanted = loaded.recognise(PIECES, [None] * 4, True)
    there = WhisperSpectra(loaded.torch, loaded.extractor, loaded.model.device)
    monkeypatch.setattr(loaded, "spectra", there)
    found = loaded.recognise(PIECES, [None] * 4, True)
    assert [one.text for one in found] == [one.text for one in wanted]
    for one, other in zip(found, wanted, strict=True):
        assert one.log_probability == pytest.approx(other.log_probability, abs=1e-3)


@pytest.mark.parametrize("seed", range(5))
def test_times_are_those_of_the_published_algorithm(seed):
    rng = np.random.default_rng(seed)
    attention = rng.dirichlet(np.ones(40), (3, 12)).astype(np.float32)
    assert frames_of(attention, 3).tolist() == reference_frames(attention, 3)


def test_words_are_timed_by_attention_that_is_sharp():
    tokens, prompt = 4, 3
    attention = np.full((2, prompt + tokens + 1, 100), 1e-4, np.float32)
    for row in range(prompt - 1, prompt + tokens + 1):
        start = 20 * (row - prompt + 1)
        attention[:, row, start : start + 20] = 0.05
    first = frames_of(attention, prompt - 1)
    np.testing.assert_allclose(first, [0, 20, 40, 60, 80], atol=4)
    words = timed([(" a", 1), (" bc", 2), (".", 1)], first, np.array([0.9, 0.5, 0.7, 1.0]), 2.0)
    assert [w.text for w in words] == [" a", " bc."]
    assert words[1].start == pytest.approx(0.4, abs=0.08)
    assert words[1].confidence == pytest.approx(0.6)


def test_tokens_become_words():
    pieces = [b" He", b"llo", b",", b" \xe4\xb8", b"\xad", b"\xe6\x96\x87", b" x"]

    def decode(ids):
        return b"".join(pieces[k] for k in ids).decode("utf-8", "replace")

    ids = range(len(pieces))
    assert grouped(ids, decode, "en") == [(" Hello", 2), (",", 1), (" 中文", 3), (" x", 1)]
    assert [text for text, _ in grouped(ids, decode, "zh")] == [
        " He", "llo", ",", " 中", "文", " x"
    ]  # fmt: skip


def test_measures_of_one_model_share_what_was_heard(folder, monkeypatch):
    from tamis.audio.asr.whisper import WhisperRecogniser

    calls = []
    whole = WhisperRecogniser.recognise

    def counted(self, pieces, languages, words):
        calls.append(len(pieces))
        return whole(self, pieces, languages, words)

    monkeypatch.setattr(WhisperRecogniser, "recognise", counted)
    model = {"model": f"transformers:{folder}", "word_times": True, "batch": 2}
    rows = frame(PIECES[0], None, PIECES[3], b"no sound at all", PIECES[1])
    steps = [Score(op, **model) for op in (audio.transcript, audio.transcript_words,
             audio.transcript_language, audio.transcript_log_probability,
             audio.no_speech_probability)]  # fmt: skip
    from tamis import Pipeline

    found = Pipeline(steps).explain(rows)
    assert sorted(calls) == [1, 2]
    assert found.transcript.notna().tolist() == [True, False, True, False, True]
    assert found.transcript_language.dropna().isin(["en", "de", "zh"]).all()
    words = json.loads(found.transcript_words.iloc[0])
    assert " ".join(w["word"] for w in words).replace(" ", "") == found.transcript.iloc[0].replace(
        " ", ""
    )
    assert (found.transcript_log_probability.dropna() < 0).all()
    assert found.no_speech_probability.dropna().between(0, 1).all()


def test_language_alone(folder, loaded):
    model = f"transformers:{folder}"
    rows = frame(PIECES[0], PIECES[1], None)
    found = Score(audio.spoken_language, model=model, name="lang")(rows)
    sure = Score(audio.spoken_language_probability, model=model, name="sure")(rows)
    told = loaded.detect(PIECES[:2])
    assert found.lang.tolist()[:2] == [name for name, _ in told]
    np.testing.assert_allclose(sure.sure[:2], [chance for _, chance in told], rtol=1e-4)
    assert found.lang.isna().tolist()[2] and np.isnan(sure.sure[2])
    kept = Filter(audio.spoken_language, model=model, isin=[told[0][0]])(rows)
    assert "r0" in kept.id.tolist() and "r2" not in kept.id.tolist()


def test_long_recordings_are_heard_in_windows_in_one_language(loaded, monkeypatch):
    from speech import Held

    from tamis.audio.computed import Computed
    from tamis.audio.recognition import recognising

    asked = []

    class Spy:
        rate, longest = loaded.rate, loaded.longest

        def recognise(self, pieces, languages, words):
            asked.append(([len(piece) for piece in pieces], list(languages)))
            return loaded.recognise(pieces, languages, words)

    rows = [Held(np.tile(PIECES[2], 5)), Held(PIECES[0])]
    found = Computed(rows, Spy, recognising(4, 4.0, 1.0, None, False), "spy").of_all()
    (first, told), *later = asked
    assert first == [16_000, 64_000] and told == [None, None]
    assert sum(len(sizes) for sizes, _ in later) == 4
    assert all(size <= 64_000 for sizes, _ in later for size in sizes)
    assert {name for _, names in later for name in names} == {found[0].language}


def test_what_cannot_be_is_told(folder, loaded, tmp_path):
    rows = frame(PIECES[3])
    with pytest.raises(SettingError, match="the model knows de, en, zh"):
        Score(audio.transcript, model=f"transformers:{folder}", language="fr")(rows)
    with pytest.raises(SettingError, match="word_times=True"):
        Score(audio.transcript_words, model=f"transformers:{folder}")(rows)
    with pytest.raises(SettingError, match="at most 30 seconds"):
        Score(audio.transcript, model=f"transformers:{folder}", window=40.0)(rows)
    with pytest.raises(SettingError, match="overlap"):
        Score(audio.transcript, model=f"transformers:{folder}", overlap=20.0)(rows)
    with pytest.raises(SettingError, match="revision"):
        Score(audio.transcript, model="transformers:openai/whisper-tiny")(rows)
    with pytest.raises(SettingError, match="is none of"):
        Score(audio.transcript, model="wonder")(rows)
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(DataError, match="recognises no speech"):
        Score(audio.transcript, model=f"transformers:{tmp_path}")(rows)
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(DataError, match="cannot be loaded"):
        Score(audio.transcript, model=f"transformers:{tmp_path}")(rows)
    bare = whisper(tmp_path / "bare", heads=False)
    with pytest.raises(SettingError, match="alignment_heads"):
        Score(audio.transcript_words, model=f"transformers:{bare}", word_times=True)(rows)
