"""The packaged cascades of speech: each fault goes by its own step, what is sound stays."""

import json
import re

import numpy as np
import pandas as pd
import pytest
import soundfile
import sounds

from tamis import Pipeline
from tamis.cli import main

FINE = "an ordinary sentence of nine words that somebody said"


def frame(tmp_path, rows):
    """Rows of id, transcript, what was heard, seconds: each with a recording of that length."""
    paths = {}
    for seconds in {row[3] for row in rows}:
        paths[seconds] = tmp_path / f"{seconds}.wav"
        paths[seconds].write_bytes(sounds.wav(sounds.tone(seconds, 16_000), 16_000))
    df = pd.DataFrame(rows, columns=["id", "text", "pred_text", "seconds"])
    return df.assign(path=df.seconds.map(paths).astype(str)).drop(columns="seconds")


def dropped_by(pipeline, df):
    found = Pipeline.from_yaml(pipeline).explain(df)
    return dict(zip(found.id, found.dropped_by.fillna(""), strict=True))


def test_granary(tmp_path):
    wanted = {
        "fine": (FINE, 3.0, ""),
        "as long as may be": (FINE, 40.0, ""),
        "short": ("hm", 0.05, "seconds"),
        "long": (FINE, 40.5, "seconds"),
        "loop": ("so so so so many", 3.0, "unique_word_ratio"),
        "few alike": ("so so so many more", 3.0, ""),
        "word": ("internationalisations " + "a" * 25, 3.0, "longest_word_length"),
        "lone word": ("he is internationalise", 3.0, "longest_word_excess"),
        "made up": ("Thank you for watching!", 3.0, "hallucination_phrase"),
        "hasty": (FINE, 1.0, "character_rate"),
        "empty": ("", 3.0, "unique_word_ratio"),
    }
    rows = [(name, said, "", seconds) for name, (said, seconds, _) in wanted.items()]
    assert dropped_by("granary", frame(tmp_path, rows)) == {k: v[2] for k, v in wanted.items()}


PRESETS = {
    "asr-clean@conservative": (1, 20, 15),
    "asr-clean@balanced": (0.5, 30, 30),
    "asr-clean@lenient": (0.3, 60, 50),
}


@pytest.mark.parametrize("preset", PRESETS)
def test_asr_clean(tmp_path, preset):
    shortest, longest, percent = PRESETS[preset]
    words = [str(k) for k in range(100)]
    long, quick = " ".join(words), "Yes, sir!"

    def heard(wrong):
        return " ".join([*("x" for _ in range(wrong)), *words[wrong:]])

    rows = [
        ("shortest", quick, "yes sir", shortest),
        ("too short", quick, "yes sir", shortest - 0.01),
        ("longest", long, long, longest),
        ("too long", long, long, longest + 0.1),
        ("at the bound", long, heard(percent), longest),
        ("beyond", long, heard(percent + 1), longest),
        ("nothing heard", quick, None, longest),
        ("nothing said", "...", "yes", longest),
        ("hasty", long, long, shortest),
    ]
    wanted = ["", "seconds", "", "seconds", "", "wer", "wer", "wer", "character_rate"]
    df = frame(tmp_path, rows)
    assert list(dropped_by(preset, df).values()) == wanted
    telephone = tmp_path / "telephone.wav"
    telephone.write_bytes(sounds.wav(sounds.tone(shortest, 8000), 8000))
    found = dropped_by(preset, df.iloc[:1].assign(path=str(telephone)))
    assert list(found.values()) == ["sample_rate"]


def test_asr_clean_is_balanced():
    assert Pipeline.from_yaml("asr-clean") == Pipeline.from_yaml("asr-clean@balanced")


def test_emilia_keeps_what_emilia_keeps(tmp_path):
    """Without the two models, against `calculate_audio_stats` of Emilia-Pipe."""
    choice = np.random.default_rng(3)
    lengths = [2.9, 3.0, 4.0, 6.0, 9.0, 30.0, 30.1]
    rows = []
    for k in range(60):
        seconds = float(choice.choice(lengths))
        size = max(int(seconds * choice.normal(14, 2)), 1) if k % 9 else int(choice.integers(1, 9))
        rows.append((f"r{k:02}", "ab, c! d"[: size % 8] + "x" * size, "", seconds))
    rows += [("none", "?!", "", 4.0), ("one", "a.", "", 4.0)]
    counts = np.array([len(re.sub(r"[,.!?\"'，。！？“”‘’ ]", "", row[1])) for row in rows])
    seconds = np.array([row[3] for row in rows])
    each = np.divide(seconds, counts, out=np.zeros(len(rows)), where=counts > 0)
    q1, q3 = np.percentile(each[counts > 0], [25, 75])
    within = (q1 - 1.5 * (q3 - q1) <= each) & (each <= q3 + 1.5 * (q3 - q1))
    wanted = within & (seconds >= 3) & (seconds <= 30) & (counts >= 2)
    assert 20 < wanted.sum() < 55

    steps = list(Pipeline.from_yaml("emilia"))
    models = [steps[0], steps[-1]]
    assert [step.score.op.short for step in models] == ["spoken_language_probability", "dnsmos"]
    assert [step.bounds.min for step in models] == [0.8, 3]
    found = Pipeline(steps[1:-1]).explain(frame(tmp_path, rows))
    assert found.dropped_by.isna().tolist() == wanted.tolist()


@pytest.mark.parametrize("recipe", ["emilia", "granary@language"])
def test_a_recipe_without_its_model_says_what_to_set(tmp_path, capsys, recipe):
    place = tmp_path / "a.wav"
    place.write_bytes(sounds.wav(sounds.tone(2, 16_000), 16_000))
    row = {"audio_filepath": str(place), "text": FINE, "duration": 2.0, "language": "en"}
    (tmp_path / "m.jsonl").write_text(json.dumps(row) + "\n")
    given = ["run", recipe, "--input", str(tmp_path / "m.jsonl"), "--output", str(tmp_path / "out")]
    with pytest.raises(SystemExit):
        main(given)
    told = next(line for line in capsys.readouterr().err.splitlines() if "no model" in line)
    assert "--set STEP.model=transformers:/the/folder" in told
    assert told.endswith("(in the step 'spoken_language_probability')")


def test_granary_with_the_language():
    steps = list(Pipeline.from_yaml("granary@language"))
    plain = list(Pipeline.from_yaml("granary"))
    assert steps[: len(plain)] == plain
    rows = pd.DataFrame({"id": ["a", "b", "c"], "language": ["en-US", "de", None],
                         "spoken_language": ["en", "en", "en"]})  # fmt: skip
    assert steps[-1](rows).id.tolist() == ["a", "c"]


def test_tts_clean(tmp_path, speech_wavs):
    """A book read at 48 kHz, of which nothing above 8 kHz is left, and its faults."""
    book, rate = soundfile.read(speech_wavs["two_cities"])
    book = book[: 10 * rate]
    noise = 0.05 * np.random.default_rng(0).standard_normal(len(book))
    clips = {
        "seconds": book[: 4 * rate],
        "bandwidth": book,
        "wada_snr": book + noise,
    }
    for name, samples in clips.items():
        soundfile.write(tmp_path / f"{name}.wav", samples, rate)
    df = pd.DataFrame({"id": list(clips), "path": [str(tmp_path / f"{n}.wav") for n in clips]})
    steps = list(Pipeline.from_yaml("tts-clean"))
    assert [step.name for step in steps[5:]] == ["dnsmos", "speaker_count"]
    found = Pipeline(steps[:5]).explain(df)
    assert found.dropped_by.tolist() == list(clips)
    assert Pipeline([steps[1], *steps[3:5]]).explain(df.iloc[1:2]).dropped_by.isna().all()
