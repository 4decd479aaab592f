"""The packaged cascades of speech: each fault goes by its own step, what is sound stays."""

import pandas as pd
import pytest
import sounds

from tamis import Pipeline

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
