"""Verdicts passed on between levels: what brute force says of trees, and all accounted for."""

import dask.dataframe as dd
import pandas as pd
import pytest
from dask.base import tokenize
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tamis
from tamis import Filter, Pipeline, Score, levels
from tamis.accounting import unreadable
from tamis.codes import RELATED
from tamis.errors import ColumnError, DataError
from tamis.frame import STRING
from tamis.recipe import step_from

JUDGE = Pipeline([Filter("dark", max=0.5), Filter("dull", max=0.5)])


def lazy(frame, parts):
    return dd.from_pandas(frame, npartitions=parts, sort=False)


@st.composite
def trees(draw):
    """Videos, clips of some of them (and of one that is nowhere), frames of clips; numbers 0, 1."""
    videos = [f"v{k}" for k in range(draw(st.integers(1, 5)))]
    marks = st.tuples(st.integers(0, 1), st.integers(0, 1), st.integers(0, 3))

    def below(parents):
        made = []
        for parent in parents:
            some = draw(st.lists(marks, max_size=3))
            made += [(f"{parent}/{k}", parent, *mark) for k, mark in enumerate(some, 1)]
        return made

    clips = below([*videos, "gone"])
    frames = below([clip[0] for clip in clips])
    table = lambda rows: pd.DataFrame(  # noqa: E731
        rows, columns=["id", "parent_id", "dark", "dull", "start"]
    ).astype({"id": STRING, "parent_id": STRING, "dark": float, "dull": float, "start": float})
    own = [(video, None, *draw(marks)) for video in videos]
    return [table(rows).assign(end=lambda t: t.start + 1) for rows in (own, clips, frames)]


def good(table):
    return table[(table.dark + table.dull) == 0]


def accounted(run, came):
    ledger = run.ledger().compute()
    assert ledger.id.tolist() == came.id.tolist()
    assert run.rows["in"] == run.rows["kept"] + run.rows["dropped"] == len(came)
    kept, dropped = run.kept().compute(), run.dropped().compute()
    assert kept.id.tolist() == ledger.id[ledger.dropped_by.isna()].tolist()
    codes = {why.partition(":")[0] for why in dropped.dropped_why}
    assert codes <= RELATED.keys()
    return set(kept.id), dropped.set_index("id").dropped_why.to_dict()


@pytest.mark.slow
@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(trees(), st.integers(1, 3), st.integers(1, 3))
def test_policies_are_those_of_brute_force(tmp_path_factory, tree, some, others):
    videos, clips, frames = tree
    at = tmp_path_factory.mktemp("tree")
    first = JUDGE.run(lazy(videos, 1), at / "videos", progress=False)
    second = JUDGE.run(lazy(clips, some), at / "clips", progress=False)
    third = JUDGE.run(lazy(frames, others), at / "frames", progress=False)
    for run, rows in ((first, videos), (second, clips), (third, frames)):
        assert set(run.kept().compute().id) == set(good(rows).id)

    def judged(rows, **step):
        op = getattr(levels, step.pop("op"))
        durably = step.pop("durably", False)
        steps = [Filter(op, run=str(at / step.pop("run")), **step)]
        explained = Pipeline(steps).explain(rows).set_index("id")
        pieces = [Pipeline(steps).explain(rows.iloc[a : a + 2]) for a in range(0, len(rows), 2)]
        if pieces:
            pd.testing.assert_frame_equal(pd.concat(pieces).set_index("id"), explained)
        if not durably:
            why = explained.dropped_why
            return set(why.index[why.isna()]), why.dropna().to_dict()
        out = at / f"out{len(list(at.iterdir()))}"
        return accounted(Pipeline(steps).run(lazy(rows, others), out, progress=False), rows)

    alive = set(good(videos).id)
    kept, why = judged(clips, op="parent_kept", run="videos", isin=[True], durably=True)
    assert kept == set(clips.id[clips.parent_id.isin(alive)])
    for name, told in why.items():
        parent = name.rpartition("/")[0]
        known = {"gone": "parent.unknown: the run has no record gone"}
        row = videos.set_index("id").reindex([parent]).iloc[0]
        step = "dark" if row.dark else "dull"
        assert told == known.get(parent, f"parent.dropped: {parent} went by {step}")

    left = good(frames).groupby("parent_id").size().reindex(clips.id, fill_value=0)
    total = frames.groupby("parent_id").size().reindex(clips.id, fill_value=0)
    for step, wanted in (
        ({"op": "children_left", "min": 1}, left >= 1),
        ({"op": "children_left", "max": 0}, left == 0),
        ({"op": "children_share", "min": 1}, (left == total) & (total > 0)),
        ({"op": "children_share", "min": 0.5, "null": "keep"}, left >= total / 2),
    ):
        kept, why = judged(clips, run="frames", **step)
        assert kept == set(wanted.index[wanted])
        for name, told in why.items():
            assert told.startswith("children.none") == (not left[name])
            gone = frames[(frames.parent_id == name) & (frames.dark + frames.dull > 0)]
            by = gone.dark.map({1.0: "dark", 0.0: "dull"}).value_counts()
            assert all(f"{step} {count}" in told for step, count in by.items())

    kept, _ = judged(videos, op="children_share", run="clips", min=0.5)
    shares = (clips.dark + clips.dull == 0).groupby(clips.parent_id).mean()
    assert kept == set(videos.id[videos.id.map(shares) >= 0.5])
    kept, _ = judged(clips, op="record_kept", run="clips", isin=[True])
    assert kept == set(good(clips).id)
    kept, why = judged(clips, op="dropped_overlap", run="clips", max=0.3, durably=True)
    for row in clips.itertuples():
        near = clips[(clips.parent_id == row.parent_id) & (clips.dark + clips.dull > 0)]
        assert (row.id in kept) == (not (near.start == row.start).any())


def test_a_record_that_was_cut_is_kept_if_something_of_it_is(tmp_path):
    frame = pd.DataFrame(
        {"id": ["a", "b", "c"], "text": ["x x\n\ny y y", "z\n\nz", ""]}, dtype=STRING
    )
    steps = [tamis.Cut(tamis.text.parts, separator="\n\n"), Filter("text.word_count", min=2)]
    Pipeline(steps).run(frame, tmp_path / "run", progress=False)
    judge = Filter(levels.record_kept, run=str(tmp_path / "run"), isin=[True])
    told = judge.explain(frame).set_index("id").dropped_why
    assert pd.isna(told["a"])
    assert told["b"] == "record.dropped: none of 2 is left that b was cut into (word_count 2)"
    assert told["c"].startswith("record.dropped: c went by parts")


def test_overlaps_and_what_has_no_times(tmp_path):
    said = pd.DataFrame({
        "id": list("abcd"), "parent_id": ["v", "v", "v", "w"], "start": [0, 1, 5, 0],
        "end": [2, 3, 6, 9], "n": [1, 1, 0, 1],
    }).astype({"id": STRING, "parent_id": STRING})  # fmt: skip
    Pipeline([Filter("n", max=0, name="said")]).run(said, tmp_path / "said", progress=False)
    clips = pd.DataFrame({
        "id": list("klmnop"), "parent_id": ["v", "v", "v", "x", None, "w"],
        "start": [0.0, 2, 5, 0, 0, None], "end": [4.0, 4, 6, 1, 1, None],
    }).astype({"id": STRING, "parent_id": STRING})  # fmt: skip
    step = Filter(levels.dropped_overlap, run=str(tmp_path / "said"), max=0.6, name="over")
    found = step.explain(clips)
    assert found.over.fillna(-1).tolist() == [0.75, 0.5, 0, 0, -1, -1]
    assert found.dropped_why.dropna().tolist() == [
        "overlap.dropped: 75 % of its time (said); max: 0.75 > 0.6",
        "overlap.none: it has no parent, or no length",
        "overlap.none: it has no parent, or no length",
    ]
    other = Filter(levels.dropped_overlap, run=str(tmp_path / "said"), min=0.6, null="keep")
    assert other.explain(clips).dropped_why[2].startswith("overlap.free: nothing of its time")


def test_siblings_go_together():
    rows = pd.DataFrame({"parent_id": ["a", "a", "b", "b", "b", None], "n": [0, 1, 1, 1, 1, 1]})
    steps = Pipeline([Filter("n", min=1), Filter(levels.siblings_left, min=2)])
    assert steps.explain(rows).dropped_by.fillna("").tolist() == [
        "n", "siblings_left", "", "", "", "siblings_left"
    ]  # fmt: skip


def test_a_run_made_anew_is_other_work(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    videos = pd.DataFrame({"id": ["a", "b"], "n": [1, 2]}).astype({"id": STRING})
    clips = pd.DataFrame({"id": ["a/1", "b/1"], "parent_id": ["a", "b"]}, dtype=STRING)
    steps = Pipeline([Filter(levels.parent_kept, run="videos", isin=[True])])
    assert Pipeline.from_yaml(steps.to_yaml()) == steps
    assert (
        step_from({"filter": "levels.parent_kept", "run": "videos", "isin": [True]})
        == steps.steps[0]
    )
    with pytest.raises(DataError, match="videos holds no run"):
        steps.run(clips, "out", progress=False)
    for most, kept in ((1, ["a/1"]), (2, ["a/1", "b/1"])):
        Pipeline([Filter("n", max=most)]).run(videos, "videos", progress=False)
        token = tokenize(steps)
        run = steps.run(clips, "out", progress=False)
        assert run.kept().compute().id.tolist() == kept and tokenize(steps) == token
        assert run.figures["tasks"] == {"done": 1, "reused": 0}
        before = (tmp_path / "out" / "run.json").stat().st_mtime_ns
        steps.run(clips, "out", progress=False)
        assert (tmp_path / "out" / "run.json").stat().st_mtime_ns == before


def test_what_cannot_be(tmp_path):
    frame = pd.DataFrame({"id": ["a"], "parent_id": ["a"], "start": [0.0], "end": [1.0]})
    Pipeline([Filter("start", min=1)]).run(frame[["id", "start"]], tmp_path / "run", progress=False)
    with pytest.raises(ColumnError, match="the records of the run have no 'parent_id'"):
        Filter(levels.children_left, run=str(tmp_path / "run"), min=1).explain(frame)
    with pytest.raises(ColumnError, match="the records of the run have no 'parent_id'"):
        Score(levels.dropped_overlap, run=str(tmp_path / "run")).explain(frame)
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / "_UNCOMMITTED").write_bytes(b"")
    with pytest.raises(tamis.TamisError, match="the run was not finished"):
        Score(levels.parent_kept, run=str(tmp_path / "half")).explain(frame)


def test_codes_are_no_reading_errors():
    assert not any(map(unreadable, [*RELATED, "contaminated.text"])) and unreadable("json.syntax")


def test_names_in_no_run(tmp_path):
    nothing = pd.DataFrame({"id": [], "parent_id": [], "start": [], "end": []})
    nothing = nothing.astype({"id": STRING, "parent_id": STRING, "start": float, "end": float})
    Pipeline([Filter("start", min=1)]).run(nothing, tmp_path / "run", progress=False)
    rows = pd.DataFrame({"id": ["a"], "parent_id": ["a"], "start": [0.0], "end": [1.0]})
    names = ("parent_kept", "children_left", "children_share", "dropped_overlap")
    where = str(tmp_path / "run")
    steps = [Score(getattr(levels, name), run=where, name=name) for name in names]
    found = Pipeline(steps).explain(rows).iloc[0]
    assert pd.isna(found.parent_kept) and pd.isna(found.children_share)
    assert found.children_left == 0 and found.dropped_overlap == 0
