"""Segments by the times of words, and transcripts cut along."""

import itertools
import json

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamis import Cut, audio
from tamis.audio.word_segments import word_spans
from tamis.audio.word_times import places, timed
from tamis.codes import BadRecord
from tamis.errors import SettingError


def words_of(text, pauses, lengths):
    """Words of these lengths with these pauses before them, in quarters of a second."""
    at, made = 0, []
    for word, pause, length in zip(text, pauses, lengths, strict=False):
        made.append({"word": word, "start": (at + pause) / 4, "end": (at + pause + length) / 4})
        at += pause + length
    return made


WORDS = st.lists(
    st.tuples(st.sampled_from(["a", "b.", "c,", "d?”"]), st.integers(0, 20), st.integers(1, 30)),
    max_size=40,
)


@given(WORDS, st.integers(0, 12), st.integers(1, 20), st.integers(1, 60))
def test_segments_hold_their_rules(said, max_pause, shortest, more):
    longest = shortest + more
    words = timed(words_of(*zip(*said, strict=True)) if said else [])
    found = word_spans(words, max_pause / 4, shortest / 4, longest / 4)
    starts, ends = {w.start for w in words}, {w.end for w in words}
    for a, b in found:
        assert a in starts and b in ends and shortest / 4 <= b - a <= longest / 4
        inside = [w for w in words if a <= w.start and w.end <= b]
        assert all(y.start - x.end <= max_pause / 4 for x, y in itertools.pairwise(inside))
    assert all(x[1] <= y[0] for x, y in itertools.pairwise(found))
    # a stretch between long pauses that fits is one segment, whole
    edges = [0, *(k for k in range(1, len(words))
                  if words[k].start - words[k - 1].end > max_pause / 4), len(words)]  # fmt: skip
    for first, last in itertools.pairwise(edges):
        if first < last:
            whole = (words[first].start, words[last - 1].end)
            fits = shortest / 4 <= whole[1] - whole[0] <= longest / 4
            if fits:
                assert whole in found


def test_long_stretches_are_cut_at_sentences_then_at_pauses():
    text = ["one", "two.", "three", "four", "five"]
    words = words_of(text, [0, 1, 0, 3, 0], [4, 4, 4, 4, 4])  # 1 s each, pauses up to 0.75 s
    assert word_spans(timed(words), 2, 0.5, 4) == [(0.0, 2.25), (2.25, 6.0)]
    bare = [one | {"word": one["word"].strip(".")} for one in words]
    assert word_spans(timed(bare), 2, 0.5, 4) == [(0.0, 3.25), (4.0, 6.0)]
    assert word_spans(timed(bare), 0.5, 0.5, 9) == [(0.0, 3.25), (4.0, 6.0)]
    assert word_spans(timed(bare), 2, 0.5, 0.9) == []  # each word is too long


def test_rows_and_what_goes_along():
    words = words_of(["so", "it", "goes"], [8, 0, 16], [4, 4, 8])
    rows = pd.DataFrame(
        {
            "id": ["a", "b", "c", "d", "e"],
            "path": "x.wav",
            "start": [10.0, 0.0, 0.0, 0.0, 0.0],
            "end": [20.0, None, None, None, None],
            "text": ["So it -- goes!", None, "x", "x", "So it goes"],
            "transcript_words": [json.dumps(words), None, "[1]", "[]", json.dumps(words)],
        }
    )
    step = Cut(audio.word_segments, min_duration=0.5, max_pause=2.0, pad=0.5)
    found = step.explain(rows)
    assert found["id"].tolist() == ["a/1", "a/2", "b", "c", "d", "e/1", "e/2"]
    assert found["start"].tolist()[:2] == [11.5, 17.5] and found["end"].tolist()[:2] == [14.5, 20.0]
    assert found["text"].tolist()[:2] == ["So it --", "goes!"]
    assert json.loads(found["transcript_words"].iloc[1])[0]["start"] == 0.5
    why = found["dropped_why"].str.partition(":")[0].tolist()
    assert why[2:5] == ["cut.empty", "cut.times", "cut.empty"]
    lists = rows.iloc[[0, 4]].assign(
        transcript_words=pd.array([words, words], dtype=pd.ArrowDtype(pa.array([words]).type))
    )
    again = step(lists)
    assert again["text"].tolist() == ["So it --", "goes!", "So it", "goes"]
    assert again["transcript_words"].iloc[0][0]["word"] == "so"
    assert again["transcript_words"].dtype == lists["transcript_words"].dtype


@given(
    st.lists(st.sampled_from(["Yes", "no", "Straße", "3rd", "naïve", "你好", "ok"]), max_size=8),
    st.data(),
)
def test_places_of_words(words, data):
    between = st.sampled_from([" ", ", ", " (", "! ", "… „", ""])
    marks = [data.draw(between) for _ in words]
    marks = [m if m or w[0] > "\u4e00" else " " for m, w in zip(marks, words, strict=True)]
    text = "".join(mark + word for mark, word in zip(marks, words, strict=True)) + "."
    found = places(text, [word.upper() for word in words])
    assert found is not None and len(found) == len(words)
    if words:
        assert found[0][0] == 0 and found[-1][1] == len(text)
    assert all(x[1] == y[0] for x, y in itertools.pairwise(found))
    for (a, b), word in zip(found, words, strict=True):
        assert word in text[a:b]
        assert "".join(c for c in text[a:b] if c.isalnum()) == word
    assert places(text, [*words, "more"]) is None
    assert not words or places(text, words[:-1]) is None


@pytest.mark.parametrize(
    "value",
    [
        "text", 3, {"word": "a"}, [3], ["ab"], [["a", 1]], [{"word": "a", "start": 1}],
        [{"word": "a", "start": 2, "end": 1}], [{"word": "a", "start": "1", "end": 2}],
        [{"word": "a", "start": float("nan"), "end": 2}], [{"word": "a", "start": -1, "end": 2}],
        [{"word": "a", "start": 1, "end": float("inf")}], [["a", 1, None]], [None],
        [{"word": "a", "start": True, "end": 2}],
    ],
)  # fmt: skip
def test_times_that_make_no_sense(value):
    with pytest.raises(BadRecord) as told:
        timed(value)
    assert told.value.code == "cut.times"


def test_words_as_lhotse_has_them():
    lhotse = pytest.importorskip("lhotse.supervision")
    item = lhotse.AlignmentItem("hello", 1.5, 0.25, 0.9).serialize()
    assert timed([item])[0][:3] == ("hello", 1.5, 1.75)


def test_impossible_settings():
    rows = pd.DataFrame({"id": ["a"], "transcript_words": ["[]"]})
    for wrong in ({"min_duration": 30.0}, {"max_pause": -1.0}, {"pad": -0.1}):
        with pytest.raises(SettingError):
            Cut(audio.word_segments, **wrong)(rows)
