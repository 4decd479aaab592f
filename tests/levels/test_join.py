"""Rows of two levels joined: what pandas and brute force say, whatever the partitions."""

import dask
import dask.dataframe as dd
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tamis
from tamis import join
from tamis.errors import ColumnError, DataError, SettingError
from tamis.frame import STRING
from tamis.levels.spans import Spans, covered, overlapping, shared

NAMES = [*"abcdefg", "ä/1"]
REDUCED = {
    "count": "count", "sum": ("n", "sum"), "mean": ("x", "mean"), "min": ("n", "min"),
    "max": ("x", "max"), "any": ("flag", "any"), "all": ("flag", "all"),
    "first": ("text", "first"), "last": ("n", "last"), "text": ("text", "text"),
}  # fmt: skip


def lazy(frame, parts):
    return dd.from_pandas(frame, npartitions=parts, sort=False)


@st.composite
def two_levels(draw):
    """Parents of distinct ids, and children of these, of others, of none."""
    names = draw(st.permutations(NAMES))[: draw(st.integers(0, len(NAMES)))]
    of = draw(st.lists(st.sampled_from([*NAMES, None]), max_size=14))
    rng = np.random.default_rng(draw(st.integers(0, 9)))
    parents = pd.DataFrame({
        "id": pd.array(names, STRING), "fps": rng.integers(0, 60, len(names)),
        "good": rng.random(len(names)) < 0.5,
        "box": pd.array([[1.0]] * len(names), pd.ArrowDtype(pa.list_(pa.float32()))),
    })  # fmt: skip
    children = pd.DataFrame({
        "id": pd.array([f"k{k}" for k in range(len(of))], STRING),
        "parent_id": pd.array(of, STRING), "x": rng.normal(size=len(of)),
        "n": pd.array([k if k % 3 else None for k in range(len(of))], "Int64"),
        "text": pd.array([f"t{k}" if k % 4 else None for k in range(len(of))], STRING),
        "flag": rng.random(len(of)) < 0.5,
    })  # fmt: skip
    return parents, children


@settings(max_examples=15, deadline=None)
@given(two_levels())
def test_children_have_what_pandas_merges(levels):
    parents, children = levels
    found = join(parents, children)
    told = (
        parents.astype({"fps": "Int64", "good": "boolean"})
        .add_prefix("parent_")
        .rename(columns={"parent_id": "parent_key"})
    )
    merged = children.merge(told, left_on="parent_id", right_on="parent_key", how="left")
    expected = merged.drop(columns="parent_key")
    known = children.parent_id.isin(parents.id)
    pd.testing.assert_frame_equal(found, expected)
    kept = join(parents, children, orphans="drop", columns={"rate": "fps"})
    assert kept.id.tolist() == children.id[known].tolist()
    assert kept.columns.tolist() == [*children.columns, "rate"]
    pd.testing.assert_frame_equal(join(parents, children, orphans="only"), children[~known])


@settings(max_examples=25, deadline=None)
@given(two_levels())
def test_parents_have_what_their_children_come_to(levels):
    parents, children = levels
    found = join(parents, children, to="parents", columns=REDUCED)
    assert found[parents.columns].equals(parents)
    for row in found.itertuples():
        own = children[children.parent_id == row.id]
        numbers = own.n.dropna().astype(int).tolist()
        assert row.count == len(own) and row.sum == sum(numbers)
        assert row.any == any(own.flag) and row.all == all(own.flag)
        assert (row.min == min(numbers)) if numbers else pd.isna(row.min)
        assert pd.isna(row.max) if own.empty else row.max == max(own.x)
        assert pd.isna(row.mean) if own.empty else row.mean == pytest.approx(np.mean(own.x))
        first, last = (None, None) if own.empty else (own.text.iloc[0], own.n.iloc[-1])
        assert pd.isna(row.first) if pd.isna(first) else row.first == first
        assert pd.isna(row.last) if pd.isna(last) else row.last == last
        told = own.text.dropna().tolist()
        assert row.text == " ".join(told) if told else pd.isna(row.text)


@settings(max_examples=3, deadline=None)
@given(two_levels(), st.integers(1, 4), st.integers(1, 5))
def test_partitions_have_no_part_in_it(levels, some, others):
    parents, children = levels
    frames = lazy(parents, some), lazy(children, others)
    for how in (
        {},
        {"orphans": "drop"},
        {"orphans": "only"},
        {"to": "parents", "columns": REDUCED},
    ):
        expected, found = join(parents, children, **how), join(*frames, **how)
        assert (found._meta.dtypes == expected.dtypes).all()
        assert found.npartitions == frames[how.get("to") != "parents"].npartitions
        made = found.compute(scheduler="sync")
        pd.testing.assert_frame_equal(made.reset_index(drop=True), expected.reset_index(drop=True))


SPAN = st.tuples(st.integers(-1, 2), st.integers(0, 12), st.integers(0, 12))


@settings(max_examples=120, deadline=None)
@given(st.lists(SPAN, max_size=12), st.lists(SPAN, max_size=12), st.integers(1, 40))
def test_overlaps_are_those_of_brute_force(one, other, most):
    from tamis.levels import spans as module

    first, second = (
        Spans(*(np.array([row[k] for row in rows], (np.int64, float, float)[k]) for k in range(3)))
        for rows in (one, other)
    )
    standing, module._MOST = module._MOST, most  # several batches
    try:
        pairs = overlapping(first, second)
    finally:
        module._MOST = standing
    brute = {
        (i, j): set(range(max(a[1], b[1]), min(a[2], b[2])))
        for i, a in enumerate(one) for j, b in enumerate(other) if a[0] == b[0] >= 0
    }  # fmt: skip
    brute = {pair: shares for pair, shares in brute.items() if shares}
    found = list(zip(*(side.tolist() for side in pairs), strict=True))
    assert sorted(found) == sorted(brute) and [i for i, _ in found] == sorted(i for i, _ in found)
    assert shared(first, second, pairs).tolist() == [len(brute[pair]) for pair in found]
    union = [set().union(*(brute[i, j] for i2, j in found if i2 == i)) for i in range(len(one))]
    assert covered(first, second, pairs).tolist() == list(map(len, union))


def said():
    clips = pd.DataFrame({
        "id": [f"v/{k}" for k in range(5)] + ["w/0"], "parent_id": ["v"] * 5 + ["w"],
        "start": [0.0, 2, 4, 6, 8, None], "end": [2.0, 4, 6, 8, None, None],
    })  # fmt: skip
    rows = [("v", 1, 3, "one"), ("v", 0.5, 1, "zero"), ("v", 5.5, 20, "three"), ("w", 1, 2, "w"),
            ("v", 2, 2, "no time"), ("x", 0, 9, "elsewhere"), (None, 0, 9, "nowhere")]  # fmt: skip
    text = pd.DataFrame(rows, columns=["parent_id", "start", "end", "text"])
    return clips.astype({"id": STRING, "parent_id": STRING}), text.assign(
        parent_id=text.parent_id.astype(STRING), start=text.start.astype(float)
    )


def test_sentences_and_clips():
    clips, sentences = said()
    sentences = sentences.astype({"text": STRING})
    found = join(
        clips, sentences, on="overlap", to="parents",
        columns={"text": ("text", "text"), "seconds": ("overlap", "sum"), "count": "count"},
    )  # fmt: skip
    assert found.text.fillna("").tolist() == ["zero one", "one", "three", "three", "three", "w"]
    assert found.seconds.tolist() == [1.5, 1, 0.5, 2, 12, 1]
    pairs = join(clips, sentences, on="overlap", columns={"clip": "id"})
    assert pairs.text.tolist() == [
        "one", "one", "zero", "three", "three", "three", "w", "no time", "elsewhere", "nowhere"
    ]  # fmt: skip
    assert pairs["clip"].dropna().tolist() == ["v/0", "v/1", "v/0", "v/2", "v/3", "v/4", "w/0"]
    alone = join(clips, sentences, on="overlap", orphans="only", columns=["id"])
    assert alone.text.tolist() == ["no time", "elsewhere", "nowhere"]
    for parts in (1, 3):
        frames = lazy(clips, parts), lazy(sentences, 4)
        again = join(*frames, on="overlap", columns={"clip": "id"}).compute(scheduler="sync")
        pd.testing.assert_frame_equal(again, pairs)


def test_nothing_moves_that_is_not_asked_for(tmp_path):
    rng = np.random.default_rng(0)
    videos = pd.DataFrame({"id": [f"v{k}" for k in range(40)], "size": range(40)})
    clips = pd.DataFrame({"id": [f"c{k}" for k in range(90)],
                          "parent_id": [f"v{k % 40}" for k in rng.permutation(90)],
                          "payload": ["x" * 10_000] * 90})  # fmt: skip
    frames = [lazy(frame.astype({"id": STRING}), 3) for frame in (videos, clips)]
    found = join(*frames, columns=["size"], folder=tmp_path)
    assert not list(tmp_path.iterdir())  # nothing was computed
    made = found.compute()
    assert made.id.tolist() == clips.id.tolist() and made.payload.equals(
        clips.payload.astype(STRING)
    )
    assert [f"v{size}" for size in made.parent_size] == clips.parent_id.tolist()
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) < 60_000
    assert join(*frames, columns=["size"])._name == join(*frames, columns=["size"])._name
    with dask.config.set(scheduler="sync"):
        run = tamis.Pipeline([tamis.Filter("parent_size", min=20)]).run(found, tmp_path / "out")
    assert run.rows == {"in": 90, "cut": 0, "kept": (made.parent_size >= 20).sum(),
                        "dropped": (made.parent_size < 20).sum()}  # fmt: skip


def test_what_cannot_be():
    parents = pd.DataFrame({"id": ["a", "b", "a"], "fps": [1, 2, 3]})
    children = pd.DataFrame({"id": ["a/1", "q/1"], "parent_id": ["a", "q"], "n": [1, 2]})
    twice = "the id 'a' stands twice among the parents: in partition 0 row 0 and in partition . row"
    for some, others in ((parents, children), (lazy(parents, 2), lazy(children, 1))):
        with pytest.raises(DataError, match=twice):
            dask.compute(join(some, others), scheduler="sync")
    with pytest.raises(DataError, match=r"1 of the children .* no parent of the id in 'parent_id'"):
        join(parents[:2], children, orphans="error")
    for error, says, settings_ in (
        (ColumnError, "the children have no column 'of'", {"by": "of"}),
        (ColumnError, r"parents have no column 'size' \(have: id, fps\)", {"columns": ["size"]}),
        (ColumnError, "the children have a column 'n' already", {"columns": {"n": "fps"}}),
        (ColumnError, "parents have no column 'parent_id'", {"on": "overlap"}),
        (ColumnError, "text of 'n' needs text", {"to": "parents", "columns": {"t": ("n", "text")}}),
        (SettingError, "columns='fps' is no list", {"columns": "fps"}),
        (SettingError, "neither 'count' nor a column with one of", {
            "to": "parents", "columns": {"n": ("n", "median")}}),
        (SettingError, "to='both' is not one of children, parents", {"to": "both"}),
        (SettingError, "orphans='lose'", {"orphans": "lose"}),
        (SettingError, "on='time'", {"on": "time"}),
    ):  # fmt: skip
        with pytest.raises(error, match=says):
            join(parents[:2], children, **settings_)
        with pytest.raises(error, match=says):
            join(lazy(parents[:2], 1), lazy(children, 1), **settings_)
    with pytest.raises(TypeError, match="not a frame"):
        join(parents, [1])
