"""Error rates against jiwer and RapidFuzz; what has none, and why."""

import time

import jiwer
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import Levenshtein

import tamis
from tamis import Filter, Pipeline, Score, audio, text
from tamis.audio import transcripts_pairs

KINDS = ("substitutions", "deletions", "insertions")
WORDS = st.sampled_from(
    [
        "the",
        "cat",
        "sat",
        "on",
        "a",
        "mat",
        "and",
        "went",
        "to",
        "sleep",
        "🙂",
        "naïve",
        "日本",
        "I",
    ]
)
SENTENCES = st.lists(WORDS, max_size=80).map(" ".join)
ANY = st.text(
    st.one_of(
        st.characters(exclude_categories=["Cs"]),
        st.sampled_from(" \t\n\u00a0\u3000\x1c\u2028ab🙂é"),
    ),
    max_size=60,
)


def frame(*pairs):
    texts = [pd.Series(list(column), dtype="str") for column in zip(*pairs, strict=True)]
    return pd.DataFrame({"text": texts[0], "pred_text": texts[1]})


def measured(df, op, **settings):
    return op(df.text, df.pred_text, **settings).tolist()


@given(st.lists(st.tuples(SENTENCES, SENTENCES), min_size=1, max_size=8))
@settings(max_examples=80, deadline=None)
def test_words_are_jiwers(pairs):
    df = frame(*pairs)
    rates = measured(df, audio.wer)
    counts = [measured(df, getattr(audio, kind)) for kind in KINDS]
    shares = [measured(df, getattr(audio, f"{kind[:-1]}_rate")) for kind in KINDS]
    for row, (one, two) in enumerate(pairs):
        if not one.strip():
            assert np.isnan(rates[row]) and all(pd.isna(count[row]) for count in counts)
            continue
        wanted = jiwer.process_words(one, two)
        assert rates[row] == wanted.wer
        assert [count[row] for count in counts] == [getattr(wanted, kind) for kind in KINDS]
        assert sum(share[row] for share in shares) == pytest.approx(wanted.wer)


@given(st.lists(st.tuples(ANY, ANY), min_size=1, max_size=8))
@settings(max_examples=80, deadline=None)
def test_characters_are_jiwers(pairs):
    df = frame(*pairs)
    rates = measured(df, audio.cer)
    counts = [measured(df, getattr(audio, kind), unit="characters") for kind in KINDS]
    for row, (one, two) in enumerate(pairs):
        if not one.strip():
            assert np.isnan(rates[row])
            continue
        wanted = jiwer.process_characters(one, two)
        assert rates[row] == wanted.cer
        assert [count[row] for count in counts] == [getattr(wanted, kind) for kind in KINDS]


@given(st.lists(st.tuples(ANY, ANY), min_size=1, max_size=8))
@settings(max_examples=100, deadline=None)
def test_words_of_any_white_space(pairs):
    for rate, (one, two) in zip(measured(frame(*pairs), audio.wer), pairs, strict=True):
        ours, theirs = one.split(), two.split()
        if ours:
            assert rate == Levenshtein.distance(ours, theirs) / len(ours)


@given(st.lists(st.tuples(ANY, ANY), min_size=1, max_size=8), st.sampled_from([1, 5, 12]))
@settings(max_examples=100, deadline=None)
def test_edges_are_jiwers_of_the_edges(pairs, size):
    df = frame(*pairs)
    starts = measured(df, audio.start_edge_cer, characters=size)
    ends = measured(df, audio.end_edge_cer, characters=size)
    for row, (one, two) in enumerate(pairs):
        one, two = one.strip(), two.strip()
        if one:
            assert starts[row] == Levenshtein.distance(one[:size], two[:size]) / len(one[:size])
            assert ends[row] == Levenshtein.distance(one[-size:], two[-size:]) / len(one[-size:])


def along(one, two):
    """Runs and edges from RapidFuzz's operations, block by block."""
    ours, theirs = one.split(), two.split()
    blocks, runs, last = [[0, 0, [], []]], {"insert": 0, "delete": 0}, None
    for tag, i1, i2, j1, j2 in Levenshtein.opcodes(ours, theirs).as_list():
        if tag == "equal":
            blocks.append([0, 0, [], []])
        else:
            blocks[-1][0] += i2 - i1
            blocks[-1][1] += j2 - j1
            blocks[-1][2] += ours[i1:i2]
            blocks[-1][3] += theirs[j1:j2]
        if tag in runs:
            runs[tag] = max(runs[tag], i2 - i1, j2 - j1)
        last = tag
    edge = [abs(sum(len(w) + 1 for w in b[2]) - sum(len(w) + 1 for w in b[3])) for b in blocks]
    if last is None:
        edge = [0]
    return {
        "insertion_run": runs["insert"],
        "deletion_run": runs["delete"],
        "mismatch_run": max(max(b[0], b[1]) for b in blocks),
        "start_edge_error": edge[0],
        "end_edge_error": edge[-1],
    }


@given(st.lists(st.tuples(SENTENCES, SENTENCES), min_size=1, max_size=8))
@settings(max_examples=80, deadline=None)
def test_runs_and_edges(pairs):
    df = frame(*pairs)
    found = {name: measured(df, getattr(audio, name)) for name in along("a", "b")}
    for row, (one, two) in enumerate(pairs):
        if one.strip():
            assert {name: values[row] for name, values in found.items()} == along(one, two)


def test_edges_as_the_speech_data_processor_counts_them():
    assert audio.start_edge_error("hello there nemo", "hello there nemo") == 0
    assert audio.start_edge_error("there nemo", "my name is nemo") == len("my name is ") - 6
    assert audio.end_edge_error("nemo", "nemo is a fish") == len("is a fish ")
    assert audio.mismatch_run("hello there nemo", "hello my name is nemo") == 3


def test_what_has_no_error_rate_says_why():
    df = frame(
        ("a b", "a b"), (None, "a"), ("a", None), (None, None), ("", ""), (" \t", "a b"), ("a", "")
    ).assign(id=list("abcdefg"))
    for op in (audio.wer, audio.cer, audio.substitutions, audio.quality_band, audio.length_ratio):
        assert op(df.text, df.pred_text).isna().tolist() == [False, *[True] * 5, False]
    found = Filter(audio.wer, max=0.5).explain(df)
    assert found.wer.tolist()[0] == 0 and found.wer.tolist()[-1] == 1
    assert found.dropped_why.fillna("kept").tolist() == [
        "kept",
        "text.null: text is null",
        "text.null: pred_text is null",
        "text.null: text is null",
        "text.empty: text is empty or blank",
        "text.empty: text is empty or blank",
        "max: 1 > 0.5",
    ]
    found = Filter(audio.wer, on={"text": "pred_text", "pred_text": "text"}, max=2).explain(df)
    assert found.dropped_why.tolist()[6] == "text.empty: pred_text is empty or blank"


def test_reasons_reach_filters_that_see_some_rows_only():
    df = frame(("a", "a"), (None, "b"), ("", "c"), ("d", None)).assign(
        id=list("wxyz"), lang=["en", "de", "de", "de"]
    )
    found = Filter(audio.cer, max=1, where={"lang": "de"}).explain(df)
    codes = found.dropped_why.str.partition(":")[0].fillna("kept").tolist()
    assert codes == ["kept", "text.null", "text.empty", "text.null"]


def test_too_long_and_too_different(monkeypatch):
    monkeypatch.setattr(transcripts_pairs, "MOST", 1000)
    long, other = "a b " * 1000, "c d " * 1000
    df = frame((long, other), (long, long), ("a", "b")).assign(id=list("xyz"))
    found = Pipeline([Filter(audio.cer, max=5), Score(audio.wer), Score(audio.length_ratio)])
    found = found.explain(df)
    assert found.dropped_why.tolist()[0] == (
        "text.too_different: text has 3,999 characters, pred_text 3,999, and they differ too much"
    )
    assert found.cer.isna().tolist() == [True, False, False]
    assert found.wer.isna().tolist() == [True, False, False]
    assert found.length_ratio.tolist() == [1, 1, 1]


def test_what_one_measure_cannot_tell_another_may(monkeypatch):
    """Characters too many to compare say nothing of the words, whichever is asked first."""
    monkeypatch.setattr(transcripts_pairs, "MOST", 200)
    df = frame(("x" * 4000 + " y", "z" * 4000 + " y"))
    for steps in ([audio.cer, audio.wer], [audio.wer, audio.cer]):
        found = Pipeline([Score(op) for op in steps]).explain(df.assign(id="a"))
        assert found.wer.tolist() == [0.5] and found.cer.isna().all()


@pytest.mark.parametrize("size", [20_000, pytest.param(100_000, marks=pytest.mark.slow)])
def test_two_and_ten_hours_of_speech(size):
    choice = np.random.default_rng(5)
    spoken = choice.integers(0, 20_000, size)
    heard = spoken.copy()
    heard[choice.permutation(size)[: size // 10]] = 20_001
    one, two = (" ".join(map(str, words)) for words in (spoken, np.delete(heard, slice(0, 500))))
    start = time.process_time()
    assert audio.wer(one, two) == Levenshtein.distance(one.split(), two.split()) / size
    assert audio.deletions(one, two) == 500
    assert time.process_time() - start < 60


def test_bands():
    words = " ".join(str(k) for k in range(100))
    wrong = [
        " ".join([*["x"] * k, *map(str, range(k, 100))])
        for k in (0, 10, 11, 25, 26, 50, 51, 75, 76)
    ]
    found = audio.quality_band([words] * len(wrong), wrong).tolist()
    assert found == [
        "excellent", "excellent", "good", "good", "moderate", "moderate", "fair", "fair", "poor",
    ]  # fmt: skip


def test_lengths():
    assert audio.length_ratio("日本語", "日本") == pytest.approx(2 / 3)
    assert audio.length_ratio("a b c d", "a b", unit="words") == 0.5
    assert audio.length_ratio("a", "") == 0


def test_settings_that_cannot_be():
    with pytest.raises(tamis.errors.SettingError, match="normalise='xx' does not fit"):
        Score(audio.wer, normalise="xx")
    with pytest.raises(tamis.errors.SettingError, match="one character or more"):
        audio.start_edge_cer("a", "b", characters=0)
    with pytest.raises(tamis.errors.ColumnError, match="no column 'pred_text'"):
        Score(audio.wer)(pd.DataFrame({"text": ["a"]}))
    with pytest.raises(tamis.errors.ColumnError, match="'pred_text' holds int64, not text"):
        Score(audio.wer)(pd.DataFrame({"text": ["a"], "pred_text": [1]}))


def test_text_measures_run_on_transcripts():
    df = frame(("four words are here", "four words"), ("a", None)).assign(id=["x", "y"])
    steps = [
        Score(text.word_count, on="pred_text"),
        Score(text.character_count, on="pred_text"),
        Score(text.longest_word_length, on="pred_text"),
        tamis.Edit(text.normalize_newlines, on="pred_text"),
        Filter(text.top_ngram_ratio, on="pred_text", max=1),
        tamis.ExactDedup(on="pred_text"),
    ]
    kept = Pipeline(steps)(df)
    assert kept.word_count_pred_text.tolist() == [2]
    assert kept.character_count_pred_text.tolist() == [10]
    assert kept.longest_word_length_pred_text.tolist() == [5]
