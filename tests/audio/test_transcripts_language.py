"""Language codes that agree, and those that do not."""

import pandas as pd
import pytest

from tamis import Filter, Score, audio, text

SAME = [("en", "EN"), ("en-US", "en_GB"), ("eng", "en"), ("zh-Hans-CN", "cmn"), ("ger", "deu"),
        ("nb", "no"), ("iw", "he"), ("gsw", "gsw"), (" fr ", "fra")]  # fmt: skip
OTHER = [("en", "de"), ("zh", "yue"), ("es", "est"), ("sr", "hr")]


@pytest.mark.parametrize(("one", "two"), SAME)
def test_same(one, two):
    assert audio.language_agreement(one, two) is True
    assert audio.language_agreement(two, one) is True


@pytest.mark.parametrize(("one", "two"), OTHER)
def test_other(one, two):
    assert audio.language_agreement(one, two) is False


def test_unknown_is_null():
    found = audio.language_agreement(["en", None, "", "de"], [None, "en", "en", "de"])
    assert found.isna().tolist() == [True, True, True, False]


def test_with_the_language_of_the_text():
    df = pd.DataFrame(
        {
            "id": ["a", "b"],
            "text": ["This is an ordinary English sentence.", "Das ist ein deutscher Satz."],
            "spoken_language": ["en-US", "en-US"],
        }
    )
    step = Filter(audio.language_agreement, isin=[True])
    assert step(Score(text.language)(df)).id.tolist() == ["a"]
