"""Signs of made-up transcripts against the published checks, written out slowly."""

import collections
import zlib

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from tamis import Filter, audio, text
from tamis.errors import SettingError

TEXTS = st.lists(
    st.sampled_from(["so", "and", "on", "donaudampfschifffahrtsgesellschaft", "日本", "🙂", "ok."]),
    min_size=1, max_size=40,
).map(" ".join)  # fmt: skip


@given(st.lists(TEXTS, min_size=1, max_size=6), st.sampled_from([1, 2, 3, 10]))
@examples(max_examples=150, deadline=None)
def test_as_published(texts, n):
    unique, excess = audio.unique_word_ratio(texts), audio.longest_word_excess(texts)
    repeats, ratio = audio.ngram_repeats(texts, n=n), audio.compression_ratio(texts)
    for row, given_text in enumerate(texts):
        words = given_text.split()
        assert unique[row] == len(set(words)) / len(words)
        lengths = sorted(len(word) for word in words)
        wanted = (lengths[-1] - lengths[-2]) / lengths[-2] if len(lengths) > 1 else 0
        assert excess[row] == wanted
        runs = collections.Counter(tuple(words[k : k + n]) for k in range(len(words) - n + 1))
        assert repeats[row] == max(runs.values(), default=0)
        data = given_text.encode()
        assert ratio[row] == len(data) / len(zlib.compress(data))


FLAGGED = {
    "so so so so many": "unique",
    "so so so many more": None,
    "a bbbb": "excess",
    "aa bbbbbbb": None,
    "telecommunications aaaaaaaaaaaaaaaaaaaaaaaaa": "long",
    "telecommunications aaaaaaaaaaaaaaaaaaaaaaaa": None,
    "Thank you!": "phrase",
    "Thank you for the flowers": "phrase",
    "you": "phrase",
    "you were right": None,
    "an ordinary sentence": None,
}


def test_flags_one_by_one():
    df = pd.DataFrame({"id": list(FLAGGED), "text": list(FLAGGED)})
    steps = [
        Filter(audio.unique_word_ratio, name="unique", max=0.4, invert=True),
        Filter(text.longest_word_length, name="long", max=24),
        Filter(audio.longest_word_excess, name="excess", min=3, invert=True),
        Filter(audio.hallucination_phrase, name="phrase", isin=[False]),
    ]
    found = (step.explain(df).dropped_by.fillna("").tolist() for step in steps)
    for name, *flags in zip(FLAGGED, *found, strict=True):
        assert [flag for flag in flags if flag] == ([FLAGGED[name]] if FLAGGED[name] else []), name


def test_phrases_of_ones_own(tmp_path):
    file = tmp_path / "de.txt"
    file.write_text("Vielen Dank.\n\nUntertitel im Auftrag des ZDF\n", "utf-8")
    given_texts = ["Vielen Dank", "untertitel im auftrag des zdf, 2021", "Thank you", "", None]
    wanted = [True, True, False]
    found = audio.hallucination_phrase(given_texts, phrases_file=str(file))
    assert found.tolist()[:3] == wanted and found.isna().tolist()[3:] == [True, True]
    found = audio.hallucination_phrase(
        given_texts, phrases=("vielen dank", "untertitel im auftrag")
    )
    assert found.tolist()[:3] == wanted
    with pytest.raises(SettingError, match="cannot be read"):
        audio.hallucination_phrase("a", phrases_file=str(tmp_path / "none.txt"))


def test_blank_transcripts_are_null_and_filters_say_so():
    df = pd.DataFrame({"id": list("abc"), "text": pd.Series(["", " \n", None], dtype="str")})
    for op in (audio.unique_word_ratio, audio.compression_ratio, audio.ngram_repeats):
        found = Filter(op, min=0).explain(df)
        assert found[op.short].isna().all()
        assert found.dropped_why.str.partition(":")[0].tolist() == [
            "text.empty", "text.empty", "text.null",
        ]  # fmt: skip
    with pytest.raises(SettingError, match="one word or more"):
        audio.ngram_repeats("a", n=0)


def test_long_transcripts_take_no_longer_by_the_square():
    long = " ".join(str(k % 977) for k in range(200_000))
    assert audio.unique_word_ratio(long) == 977 / 200_000
    assert audio.ngram_repeats(long) == -(-(200_000 - 9) // 977)
