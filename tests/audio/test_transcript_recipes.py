"""The packaged cascades of speech: each fault goes by its own step, what is sound stays."""

import pandas as pd
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
