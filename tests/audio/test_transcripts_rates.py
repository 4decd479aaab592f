"""Characters and words a second, by hand."""

import re

import numpy as np
import pandas as pd
import pytest

from tamis import Filter, Pipeline, Score, audio
from tamis.errors import ColumnError

DF = pd.DataFrame(
    {
        "id": list("abcdef"),
        "text": pd.Series(["good morning", "日本 🙂", "", None, "x", "y z"], dtype="str"),
        "duration": [2.0, 0.5, 1.0, 1.0, 0.0, np.nan],
    }
)


def test_by_duration():
    found = Pipeline([Score(audio.character_rate), Score(audio.word_rate)]).explain(DF)
    np.testing.assert_array_equal(found.character_rate, [5.5, 6, 0, np.nan, np.nan, np.nan])
    np.testing.assert_array_equal(found.word_rate, [1, 4, 0, np.nan, np.nan, np.nan])
    spaced = audio.character_rate(DF.text, DF.duration, spaces=True)
    np.testing.assert_array_equal(spaced, [6, 8, 0, np.nan, np.nan, np.nan])


def test_as_emilia_counts():
    """`get_char_count` of Emilia-Pipe, and seconds over it."""
    texts = ["Good, morning!", "“今天”，天气 很好。", "…a b\tc", "?!", None]
    wanted = [len(re.sub(r"[,.!?\"'，。！？“”‘’ ]", "", text)) for text in texts[:4]]
    assert wanted == [11, 6, 5, 0]
    assert audio.spoken_character_count(texts).tolist()[:4] == wanted
    found = audio.character_duration(texts, [2.2, 3.0, 0.0, 1.0, 1.0])
    np.testing.assert_allclose(found, [0.2, 0.5, np.nan, np.nan, np.nan])


def test_start_and_end_come_before_duration():
    df = DF.assign(start=[1.0, None, 3.0, 0, 0, None], end=[2.0, 0.25, None, 1, -1, 2])
    found = Score(audio.word_rate)(df)
    np.testing.assert_array_equal(found.word_rate, [2, 8, 0, np.nan, np.nan, 1])
    found = Score(audio.word_rate)(df.drop(columns="duration"))
    np.testing.assert_array_equal(found.word_rate, [2, 8, np.nan, np.nan, np.nan, 1])


def test_a_measured_duration_and_another_name():
    df = DF.rename(columns={"duration": "seconds"})
    found = Score(audio.word_rate, on={"duration": "seconds"})(df)
    assert found.iloc[:, -1].tolist()[:2] == [1, 4]


def test_without_any_time_the_call_says_so():
    bare = DF[["id", "text"]]
    message = r"word_rate needs duration, or start and end \(have: id, text"
    with pytest.raises(ColumnError, match=message):
        Score(audio.word_rate)(bare)
    with pytest.raises(ColumnError, match=message):
        Filter(audio.word_rate, max=1)(bare.assign(start=1.0))
    with pytest.raises(ColumnError, match="must hold seconds"):
        Score(audio.word_rate)(bare.assign(duration="long"))
