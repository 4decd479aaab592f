"""Perceptual deduplication: exact, verified against a record that stays, the laws of removal."""

import pickle
import time
from itertools import pairwise

import dask.dataframe as dd
import numpy as np
import pandas as pd
import pytest
from corpora import STRING, greedy
from hypothesis import given, settings
from hypothesis import strategies as st
from test_radius import brute, clustered

import tamis
from tamis import PerceptualDedup, Pipeline
from tamis.errors import ColumnError, DataError, SettingError
from tamis.recipe import step_from


def images(seed, count=400, width=8, centres=60):
    rng = np.random.default_rng(seed)
    table = clustered(rng, count, width, centres)
    frame = pd.DataFrame(
        {
            "id": pd.array([f"doc-{k}" for k in range(count)], STRING),
            "phash": pd.array([bytes(row).hex() for row in table], STRING),
            "score": rng.integers(0, 5, count) / 4,
        }
    )
    return frame, table


def number(ids):
    return [int(name.removeprefix("doc-")) for name in ids]


def run(step, frame, parts):
    cuts = [len(frame) * k // parts for k in range(parts + 1)]
    pieces = [frame.iloc[a:b] for a, b in pairwise(cuts)]
    proposal = step.propose([step.sketch(piece) for piece in pieces])
    assert all(len(rows) == 0 for rows in step.wanted(proposal))
    return step.decide(proposal, []).to_pandas()


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 8), st.sampled_from([8, 16, 32]),
       st.sampled_from(["first", "best:score"]))  # fmt: skip
def test_brute_force(seed, radius, width, keep):
    frame, table = images(seed, 200, width, 30)
    near = {(i, j): d for i, j, d in brute(table, radius)}
    order = list(range(len(frame)))
    if keep != "first":
        order.sort(key=lambda k: (-frame.score[k], frame.id[k]))
    place = {k: n for n, k in enumerate(order)}
    leader = {}  # records of one hash act as one, in the place of the first
    for k in order:
        leader.setdefault(frame.phash[k], place[k])
    staying = greedy(order, near)
    found = PerceptualDedup(radius=radius, keep=keep).find(frame)
    gone = found[~found.keep]
    assert set(range(len(frame))) - set(number(gone.id)) == staying
    for row in gone.itertuples():
        record, witness = number([row.id, row.duplicate_of])
        first = leader[frame.phash[record]]
        away = [
            (near[min(record, k), max(record, k)], place[k], k)
            for k in staying
            if (min(record, k), max(record, k)) in near and place[k] < first
        ]
        head = order[first]
        if head != record and head in staying:
            away.append((0, place[head], head))
        assert witness == min(away)[2]
        assert row.similarity == 1 - min(away)[0] / (8 * width)
    kept = found[found.keep]
    assert kept.similarity.isna().all() and (kept.cluster == kept.id).all()
    assert set(kept.id) == set(gone.cluster)


@pytest.mark.parametrize("keep", ["first", "best:score"])
def test_partitions_do_not_matter(keep):
    frame, _ = images(1)
    frame.loc[3:9, "phash"] = None
    step = PerceptualDedup(keep=keep)
    one = run(step, frame, 1)
    assert (~one.keep).sum() > 100
    for parts in (7, 64):
        pd.testing.assert_frame_equal(run(step, frame, parts), one)
    lazy = dd.from_pandas(frame, npartitions=5, sort=False)
    for made, given_ in ((step(frame), step(lazy)), (step.explain(frame), step.explain(lazy))):
        pd.testing.assert_frame_equal(given_.compute(), made)


def test_order_does_not_matter():
    frame, _ = images(2)
    step = PerceptualDedup(keep="best:score")
    found = step.find(frame).set_index("id").sort_index()
    for seed in range(3):
        mixed = frame.sample(frac=1, random_state=seed)
        pd.testing.assert_frame_equal(step.find(mixed).set_index("id").sort_index(), found)


def test_nothing_left_to_drop():
    frame, _ = images(3)
    step = PerceptualDedup(radius=5)
    kept = step(frame)
    assert len(kept) < len(frame) - 100
    pd.testing.assert_frame_equal(step(kept), kept)


def test_forms_and_nulls():
    frame = pd.DataFrame({"id": list("abcde"), "phash": ["00ff", None, "00ff", None, "01ff"]})
    explained = PerceptualDedup(radius=1).explain(frame)
    assert explained.dropped_why.dropna().tolist() == [
        "dedup.perceptual: same hash as a",
        "dedup.perceptual: distance 1 of 16 bits to a",
    ]
    assert explained.duplicate_of.dropna().index.tolist() == [2, 4]
    assert explained.similarity.tolist()[4] == 1 - 1 / 16
    numbers = pd.DataFrame({"id": list("abc"), "phash": pd.array([-1, None, -2], "Int64")})
    assert PerceptualDedup(radius=1)(numbers).id.tolist() == ["a", "b"]
    assert PerceptualDedup(radius=0)(numbers).id.tolist() == ["a", "b", "c"]
    empty = frame.iloc[:0]
    assert len(PerceptualDedup()(empty)) == 0 and len(PerceptualDedup().find(empty)) == 0
    assert len(PerceptualDedup()(frame.assign(phash=None))) == 5


def test_a_partition_of_nulls_and_one_of_other_lengths():
    frame = pd.DataFrame({"id": list("abcd"), "phash": [None, None, "00ff", "00ff"]})
    lazy = dd.from_pandas(frame, npartitions=2, sort=False)
    assert PerceptualDedup()(lazy).compute().id.tolist() == ["a", "b", "c"]
    frame["phash"] = ["00", "01", "00ff", "00ff"]
    lazy = dd.from_pandas(frame, npartitions=2, sort=False)
    with pytest.raises(DataError, match=r"of 1 bytes \(id 'a'\) and of 2 \(id 'c'\)"):
        PerceptualDedup()(lazy).compute(scheduler="sync")


def test_a_hub_costs_its_size():
    """Half a million equal hashes, and as many that share half of their bits."""
    rng = np.random.default_rng(0)
    half = rng.integers(0, 2**32, 200_000, np.uint64)
    numbers = np.concatenate([np.full(500_000, 7, np.uint64), half])
    frame = pd.DataFrame(
        {"id": pd.array(list(map(str, range(len(numbers)))), STRING), "phash": numbers}
    )
    PerceptualDedup(radius=2)(frame.iloc[-2000:])  # compiled
    started = time.process_time()
    kept = PerceptualDedup(radius=2)(frame)
    assert time.process_time() - started < 60  # all pairs would be 2 * 10**11 comparisons
    assert kept.phash.tolist().count(7) == 1 and 150_000 < len(kept) < 200_001


def test_in_a_recipe_and_a_run(tmp_path):
    frame, _ = images(4)
    step = PerceptualDedup(radius=3, keep="best:score", name="near")
    assert step_from(step.to_dict()) == step == pickle.loads(pickle.dumps(step))
    pipeline = Pipeline.from_yaml("steps: [{dedup: perceptual, radius: 3}]")
    assert pipeline == Pipeline([PerceptualDedup(radius=3)])
    run = pipeline.run(dd.from_pandas(frame, npartitions=3, sort=False), tmp_path / "out")
    kept, dropped = run.kept().compute(), run.dropped().compute()
    assert kept.id.tolist() == pipeline(frame).id.tolist()
    assert len(kept) + len(dropped) == len(frame)
    assert dropped.dropped_why.str.contains("distance [1-3] of 64 bits to doc-|same hash as").all()
    assert tamis.PerceptualDedup is PerceptualDedup


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"radius": -1}, "radius=-1"),
        ({"radius": 2.5}, "radius=2.5"),
        ({"on": ["a", "b"]}, "compares one"),
        ({"keep": "longest"}, "all of one length"),
        ({"keep": "newest"}, "no survivor policy"),
    ],
)
def test_wrong_settings(given, says):
    with pytest.raises(SettingError, match=says):
        PerceptualDedup(**given)


def test_mixed_lengths_are_named_by_their_ids():
    frame = pd.DataFrame({"id": list("abcd"), "phash": [None, "00ff", "00ff00ff", "00ff00"]})
    said = r"hashes of 4 digits \(id 'b'\) and of 8 \(id 'c'\); all must be of one length"
    with pytest.raises(DataError, match=said):
        PerceptualDedup()(frame)
    frame["phash"] = [None, b"12", b"12", b"1"]
    with pytest.raises(DataError, match=r"of 2 bytes \(id 'b'\) and of 1 \(id 'd'\)"):
        PerceptualDedup()(frame)
    frame["phash"] = [None, "00", "zz", "01"]
    with pytest.raises(DataError, match="'zz' of id 'c' is not hexadecimal"):
        PerceptualDedup()(frame)


@pytest.mark.parametrize("make", [
    lambda: pd.array([1, 2], "Int64"), lambda: ["0" * 16, "1" * 16], lambda: [b"12345678"] * 2,
])  # fmt: skip
def test_a_radius_that_takes_all_is_refused(make):
    frame = pd.DataFrame({"id": ["a", "b"], "phash": make()})
    with pytest.raises(SettingError, match="radius=64 takes every hash of 64 bits"):
        PerceptualDedup(radius=64)(frame)
    found = PerceptualDedup(radius=63).compare(frame)
    assert found.dropped == 1
    with pytest.raises(SettingError, match="needs a radius below 64"):
        found.rethreshold(64)
    if str(frame.phash.dtype) == "Int64":
        with pytest.raises(SettingError, match="radius=64"):  # before anything is computed
            PerceptualDedup(radius=64).find(dd.from_pandas(frame, npartitions=1))
    frame["phash"] = None
    assert len(PerceptualDedup(radius=64)(frame)) == 2


def test_wrong_frames():
    frame, _ = images(5, 10)
    with pytest.raises(ColumnError, match=r"no column 'dhash' \(have: id, phash, score\)"):
        PerceptualDedup(on="dhash")(frame)
    with pytest.raises(DataError, match="occurs twice"):
        PerceptualDedup()(pd.concat([frame, frame]))
