"""Where media are looked at, a partition is gone through some rows at a time: nothing changes."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamis import Cut, Edit, Filter, Pipeline, Score, cut, measure, text, view
from tamis.frame import STRING
from tamis.media import Decoded, each
from tamis.rowwise import run


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
