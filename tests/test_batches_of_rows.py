"""Where media are looked at, a partition is gone through some rows at a time: nothing changes."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamis import Cut, Edit, Filter, Pipeline, Score, cut, measure, text, view
from tamis.codes import BadRecord
from tamis.errors import SettingError
from tamis.frame import STRING
from tamis.media import Decoded, each
from tamis.rowwise import plan, run
from tamis.viewing import VIEWS


@view(rows=3)
def few(path):
    """Three rows at a time."""
    few.most = max(getattr(few, "most", 0), len(path))
    return Decoded(lambda row: str(path.iloc[row]), len(path))


@measure(dtype="float64", namespace="test_batches")
def letters(few):
    """How long the path is."""
    return each(few, len)


@cut(columns={"text": "string"}, namespace="test_batches")
def pieces(text):
    """The pieces between full stops; what has none is not cut."""
    made = [(k, part) for k, t in enumerate(text) if pd.notna(t) for part in t.split(".") if part]
    return {"parent": np.array([k for k, _ in made], int), "text": [part for _, part in made]}


TEXTS = st.lists(
    st.none() | st.text(alphabet="ab. \n", max_size=30) | st.just("One two. Three four five."),
    max_size=14,
)


@cut(
    columns={"path": "string"}, along={"text": None, "length": "float64"}, namespace="test_batches"
)
def halves(few, text=None):
    """Each path in two, the text of a row only in the first."""
    made = [(k, half) for k, t in enumerate(few) if t for half in (t[: len(t) // 2], t)]
    told = [None if text is None else text.iloc[k] for k, _ in made]
    return {
        "parent": np.array([k for k, _ in made], int),
        "path": [part for _, part in made],
        "text": [t if n % 2 else "" for n, t in enumerate(told, 1)],
        "length": [len(part) / 2 for _, part in made],
    }


CHAIN = [
    Filter(text.word_count, min=2),
    Edit(text.normalize_newlines),
    Cut(pieces),
    Score(text.mean_word_length),
    Filter(text.word_count, max=2, name="short"),
]


@settings(max_examples=60, deadline=None)
@given(TEXTS, st.integers(0, len(CHAIN)))
def test_batches_change_nothing(texts, place):
    frame = pd.DataFrame(
        {
            "id": pd.Series([f"r{k}" for k in range(len(texts))], dtype=STRING),
            "text": pd.Series(texts, dtype=STRING),
            "path": pd.Series(["p" * (k % 5 + 1) for k in range(len(texts))], dtype=STRING),
        }
    )
    plain = Pipeline(CHAIN)
    batched = Pipeline([*CHAIN[:place], Score(letters), *CHAIN[place:]])
    named = [(step.name, step) for step in batched]
    outcome = run(frame, named)
    found, wanted = batched.explain(frame), plain.explain(frame)
    pd.testing.assert_frame_equal(
        found.drop(columns="letters").reset_index(drop=True), wanted.reset_index(drop=True)
    )
    places = np.sort(np.concatenate([outcome.kept_at, outcome.dropped_at]))
    assert places.tolist() == list(range(len(found)))
    counts, whole = outcome.counts, run(frame, [(step.name, step) for step in plain]).counts
    for name, count in whole.items():
        mine = counts.get(name)
        if mine is None:
            assert not len(frame)
            continue
        told = (mine.rows_in, mine.rows_out, mine.cut, mine.reasons)
        assert told == (count.rows_in, count.rows_out, count.cut, count.reasons)


CUTS = [
    Cut(halves),
    Score(letters),
    Filter(letters, min=2, name="long"),
    Cut(halves, name="quarters"),
    Filter("length", max=1),
    Filter(letters, min=1, name="there"),
]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 9), max_size=9), st.booleans())
def test_spans_of_media_are_gone_through_some_at_a_time_as_well(lengths, transcribed):
    frame = pd.DataFrame(
        {
            "id": pd.Series([f"r{k}" for k in range(len(lengths))], dtype=STRING),
            "path": pd.Series(["p" * n for n in lengths], dtype=STRING),
            "length": pd.Series([*lengths], dtype="Int64"),
        }
    )
    if transcribed:
        frame["text"] = pd.Series(["t"] * len(lengths), dtype=STRING)
    few.most = 0
    found = Pipeline(CUTS).explain(frame)
    assert few.most <= 3
    step_by_step = frame
    for step in CUTS:
        step_by_step = step.explain(step_by_step)
    columns = [*frame.columns, "parent_id", "letters", "dropped_by"]
    pd.testing.assert_frame_equal(
        found[columns].reset_index(drop=True), step_by_step[columns].reset_index(drop=True)
    )
    outcome = run(frame, [(step.name, step) for step in CUTS])
    places = np.sort(np.concatenate([outcome.kept_at, outcome.dropped_at]))
    assert places.tolist() == list(range(len(found)))
    cuts = sum(count.cut for count in outcome.counts.values())
    assert len(found) == len(frame) + cuts
    assert dict(found.dtypes) == plan(dict(frame.dtypes), [(s.name, s) for s in CUTS])


def test_what_goes_along_with_a_cut_is_cut_where_it_is_there():
    frame = pd.DataFrame({"id": ["a"], "path": ["abcd"], "text": ["t"], "length": [4]})
    whole = Cut(halves)(frame)
    assert whole[["path", "text", "length"]].values.tolist() == [
        ["ab", "t", 1.0],
        ["abcd", "", 2.0],
    ]
    assert whole["length"].dtype == np.float64 and whole["text"].dtype == frame["text"].dtype
    bare = Cut(halves)(frame[["id", "path"]])
    assert bare.columns.tolist() == ["id", "path", "parent_id"]


def test_two_views_of_one_name_are_an_error_not_the_last_one():
    def utf8(text):
        return text

    utf8.__module__ = "tamis.somewhere"
    with pytest.raises(SettingError, match="two views 'utf8'"):
        view(utf8)
    assert VIEWS["utf8"].function.__module__ == "tamis.views"


@view(rows=3)
def broken_few(path):
    """As `few`; what has an x cannot be decoded."""

    def load(row):
        if "x" in path.iloc[row]:
            raise BadRecord("decode.corrupt", "an x")
        return path.iloc[row]

    return Decoded(load, len(path))


@cut(columns={"path": "string"}, namespace="test_batches")
def letters_of(broken_few):
    """Each letter."""
    made = [(k, one) for k, t in enumerate(broken_few) if t is not None for one in t]
    return {"parent": [k for k, _ in made], "path": [one for _, one in made]}


def test_a_row_whose_medium_cannot_be_decoded_says_so_where_it_would_be_cut():
    frame = pd.DataFrame({"id": list("abcde"), "path": ["ab", "x", "", "c", "yx"]})
    found = Cut(letters_of).explain(frame)
    assert found["id"].tolist() == ["a/1", "a/2", "b", "c", "d/1", "e"]
    why = found["dropped_why"].tolist()
    assert why[2] == why[5] == "decode.corrupt: an x" and why[3].startswith("cut.empty")


def test_a_view_shows_no_more_rows_than_it_says():
    few.most = 0
    frame = pd.DataFrame({"path": ["a"] * 50})
    assert Score(letters)(frame).letters.tolist() == [1.0] * 50
    assert few.most == 3


def test_an_item_is_decoded_once_and_only_if_it_is_asked_for():
    asked = []

    def load(row):
        asked.append(row)
        return np.zeros(10, np.uint8)

    items = Decoded(load, 5, room=25)  # room for two
    assert [items[k].size for k in (1, 3, 1, 3)] == [10] * 4 and asked == [1, 3]
    assert items[4].size == items[4].size and asked == [1, 3, 4, 4]  # no room: decoded again
    part = items.take(np.array([3, 1])).take(np.array([1]))
    assert part[0] is items[1] and len(part) == 1
    with pytest.raises(IndexError):
        items[5]
