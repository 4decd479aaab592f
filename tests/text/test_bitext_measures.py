"""Two texts side by side, and the characters of one, against plain Python."""

import re
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamis import Filter, text
from tamis.errors import SettingError

SIDES = st.none() | st.text(alphabet="ab É.1٣07 \n,", max_size=15)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(SIDES, SIDES), max_size=5))
def test_pairs(pairs):
    source = pd.Series([a for a, _ in pairs], dtype="str")
    target = pd.Series([b for _, b in pairs], dtype="str")
    words = text.length_ratio(source, target)
    signs = text.length_ratio(source, target, unit="characters")
    same, numbers = text.copied(source, target), text.number_agreement(source, target)
    for k, (a, b) in enumerate(pairs):
        if a is None or b is None:
            assert pd.isna(same.iloc[k]) and pd.isna(numbers.iloc[k])
        else:
            plain = [re.sub(r"\W", "", side.lower()) for side in (a, b)]
            assert same.iloc[k] == (plain[0] == plain[1])
            counts = [Counter(map(int, re.findall(r"\d+", side))) for side in (a, b)]
            total = sum(map(Counter.total, counts))
            shared = (counts[0] & counts[1]).total()
            assert numbers.iloc[k] == (2 * shared / total if total else 1)
        if a is None or b is None or not a.strip() or not b.strip():
            assert pd.isna(words.iloc[k]) and pd.isna(signs.iloc[k])
            continue
        for found, (one, two) in (
            (words, (len(a.split()), len(b.split()))), (signs, (len(a), len(b))),
        ):  # fmt: skip
            assert found.iloc[k] == max(one / two, two / one)


def test_languages_without_spaces():
    pytest.importorskip("jieba")
    assert text.length_ratio("我们在学习", "we are learning", source_language="zh") < 1.6
    assert text.length_ratio("我们在学习", "we are learning") == 3


def test_the_published_bound_is_strict():
    frame = pd.DataFrame({"source": ["a b c", "a b"], "target": ["x", "x"]})
    kept = Filter(text.length_ratio, max=2.999999)(frame)
    assert kept.index.tolist() == [1]


def test_histogram(tmp_path):
    file = str(Path(__file__).parent / "histogram.txt")
    value = "eat nz. \u3000Х"
    known = {"e", "a", "t", "н", ".", " ", "\u3000"}
    share = sum(c in known for c in value) / len(value)
    assert text.known_character_ratio(value, histogram=file) == share
    more = sum(c in known | {"]", "z"} for c in value) / len(value)
    assert text.known_character_ratio(value, histogram=file, stop=None) == more
    few = sum(c in {"e", " ", "\u3000"} for c in value) / len(value)
    assert text.known_character_ratio(value, histogram=file, most=1) == few
    with pytest.raises(SettingError, match="no file 'nowhere'"):
        text.known_character_ratio("a", histogram="nowhere")
    (tmp_path / "empty").write_text("]\n")
    with pytest.raises(SettingError, match="lists no characters"):
        text.known_character_ratio("a", histogram=str(tmp_path / "empty"))
