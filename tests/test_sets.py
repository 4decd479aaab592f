"""Splits: no group straddles two sets, shares are met, nothing depends on order or partitions."""

import math
import sys
from itertools import pairwise
from pathlib import Path

import dask.dataframe as dd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tamis
from tamis import ExactDedup, FuzzyDedup, PerceptualDedup
from tamis.errors import ColumnError, DataError, SettingError
from tamis.sets import split

sys.path.insert(0, str(Path(__file__).parent / "dedup"))
from corpora import STRING, corpus, jaccard, shingles
from test_perceptual_dedup import images
from test_radius import brute

SHARES = st.lists(st.integers(1, 20), min_size=1, max_size=4).map(
    lambda parts: {f"s{k}": part / sum(parts) for k, part in enumerate(parts)}
)


def table(sizes, rng):
    """Records of groups of these sizes, mixed, with a source that follows the group mostly."""
    groups = [f"g{k}" for k, size in enumerate(sizes) for _ in range(size)]
    frame = pd.DataFrame({"cluster": pd.array(groups, STRING)})
    frame["id"] = pd.array([f"r{k}" for k in range(len(frame))], STRING)
    frame["lang"] = pd.array(rng.choice(["en", "de"], len(frame), p=[0.8, 0.2]), STRING)
    return frame.sample(frac=1, random_state=int(rng.integers(1000))).reset_index(drop=True)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.sampled_from([1, 1, 1, 2, 3, 9]), max_size=60), SHARES, st.integers(0, 2**63 - 1),
    st.booleans(), st.sampled_from([None, "lang"]), st.data(),
)  # fmt: skip
def test_laws(sizes, shares, seed, exact, stratify, data):
    frame = table(sizes, np.random.default_rng(seed))
    given_ = {"seed": seed, "exact": exact, "stratify": stratify, **shares}
    made = split(frame, **given_)
    pd.testing.assert_frame_equal(made.drop(columns="split"), frame)
    assert made.split.isin(list(shares)).all() and made.split.dtype == STRING
    assert (made.groupby("cluster").split.nunique() <= 1).all()
    mixed = split(frame.sample(frac=1, random_state=seed % 2**32), **given_).sort_index()
    pd.testing.assert_frame_equal(mixed, made)
    parts = data.draw(st.integers(1, 5))
    lazy = split(dd.from_pandas(frame, npartitions=parts, sort=False), **given_)
    assert (lazy._meta.dtypes == made.dtypes).all()
    pd.testing.assert_frame_equal(lazy.compute(scheduler="sync"), made)
    if exact and stratify is None:
        for name, share in shares.items():
            assert (made.split == name).sum() < share * len(made) + max(sizes, default=1)


def test_a_hash_does_not_look_at_other_records():
    frame = table([1, 2, 3] * 100, np.random.default_rng(0))
    made = split(frame).set_index("id").split
    half = split(frame[::2]).set_index("id").split
    assert half.equals(made[half.index])
    assert split(frame, seed=1).split.tolist() != made.tolist()


def test_shares_are_met():
    rng = np.random.default_rng(1)
    sizes = rng.geometric(0.4, 40_000)
    frame = table(sizes, rng)
    made = split(frame, train=0.9, valid=0.05, test=0.05)
    for name, share in {"train": 0.9, "valid": 0.05, "test": 0.05}.items():
        deviation = math.sqrt(share * (1 - share) * (sizes.astype(float) ** 2).sum())
        assert abs((made.split == name).sum() - share * len(frame)) < 4 * deviation
    made = split(frame, exact=True)
    for name, share in {"train": 0.9, "valid": 0.05, "test": 0.05}.items():
        assert abs((made.split == name).sum() - share * len(frame)) <= 2
    large = frame.groupby("cluster").size().loc[lambda s: s > 3].index
    kept = made[made.cluster.isin(large)].split.value_counts(normalize=True)
    assert abs(kept["test"] - 0.05) < 0.01  # large groups are spread as the shares are


def test_strata():
    rng = np.random.default_rng(2)
    frame = table([1] * 5000 + [3] * 500, rng)
    made = split(frame, stratify="lang", train=0.8, test=0.2)
    for _, rows in made[~made.cluster.duplicated(keep=False)].groupby("lang"):
        assert abs((rows.split == "test").mean() - 0.2) < 0.02
    assert (made.groupby("cluster").split.nunique() == 1).all()
    whole = split(frame.assign(cluster=frame.id), stratify="lang", train=0.8, test=0.2)
    for _, rows in whole.groupby("lang"):
        assert abs((rows.split == "test").sum() - 0.2 * len(rows)) <= 1


def test_by_a_step_no_near_duplicates_are_torn_apart():
    docs = corpus(3, sizes=(8, 40, 100))
    step = FuzzyDedup(threshold=0.6)
    sets = [shingles(text) for text in docs.text]
    made = split(docs, by=step, train=0.5, test=0.5)
    labels = made.split.tolist()
    near = [
        (i, j) for i in range(len(docs)) for j in range(i) if jaccard(sets[i], sets[j]) >= 0.75
    ]  # at 0.75 the bands for 0.6 miss a pair once in thousands
    assert len(near) > 60
    assert all(labels[i] == labels[j] for i, j in near)
    plain = split(docs.assign(cluster=docs.id), train=0.5, test=0.5).split.tolist()
    assert any(plain[i] != plain[j] for i, j in near)
    lazy = dd.from_pandas(docs, npartitions=6, sort=False)
    pd.testing.assert_frame_equal(split(lazy, by=step, train=0.5, test=0.5).compute(), made)
    mixed = docs.sample(frac=1, random_state=0)
    again = split(mixed, by=step, train=0.5, test=0.5).sort_index()
    pd.testing.assert_frame_equal(again, made)
    for found in (step.compare(docs), step.compare(lazy)):
        pd.testing.assert_frame_equal(split(docs, by=found, train=0.5, test=0.5), made)


def test_by_hashes():
    frame, hashes = images(1)
    made = split(frame, by=PerceptualDedup(radius=4), train=0.5, test=0.5).split.tolist()
    near = brute(hashes, 4)
    assert len(near) > 100 and all(made[i] == made[j] for i, j, _ in near)


@pytest.mark.parametrize("step", [ExactDedup(), FuzzyDedup()])
def test_by_what_find_gave(step):
    docs = corpus(4)
    found = step.find(docs)
    made = split(docs, by=found, exact=True, train=0.5, test=0.5)
    label = made.set_index("id").split
    assert (found.id.map(label) == found.cluster.map(label)).all() and len(found) > 50
    lazy = dd.from_pandas(docs, npartitions=4, sort=False)
    for records, clusters in ((lazy, step.find(lazy)), (lazy, found), (docs, step.find(lazy))):
        again = split(records, by=clusters, exact=True, train=0.5, test=0.5)
        again = again.compute() if records is lazy else again
        pd.testing.assert_frame_equal(again, made)
    nothing = split(docs, by=found.iloc[:0], train=0.5, test=0.5)
    assert (
        nothing.split.tolist()
        == split(docs.assign(cluster=docs.id), train=0.5, test=0.5).split.tolist()
    )


def test_columns_of_all_kinds():
    frame = pd.DataFrame({"id": list("abcdef"), "n": [1, 1, 2, 2, 3, 3]})
    frame["when"] = pd.to_datetime(frame.n, unit="D")
    frame["kind"] = frame.n.astype(str).astype("category")
    for by in ("n", "when", "kind"):
        assert (split(frame, by=by).groupby("n").split.nunique() == 1).all()
    frame["cluster"] = pd.array(["x", None, None, "x", None, None], STRING)
    made = split(pd.concat([frame] * 50, ignore_index=True), train=0.5, test=0.5)
    assert made.groupby("id").split.nunique().eq(1).all()
    with pytest.raises(DataError, match="'cluster' is null in 4 records, and there is no column"):
        split(frame.drop(columns="id"))


def test_in_a_run(tmp_path):
    docs = corpus(5, bases=40)
    lazy = split(dd.from_pandas(docs, npartitions=3, sort=False), by=FuzzyDedup(), exact=True)
    run = tamis.Pipeline([FuzzyDedup()]).run(lazy, tmp_path / "out", partition_on="split")
    assert {path.name for path in (tmp_path / "out/kept").iterdir()} <= {
        f"split={name}" for name in ("train", "valid", "test")
    }
    assert run.rows["in"] == len(docs)
    computed = lazy.compute().set_index("id").split
    kept = run.kept().compute().set_index("id").split.astype(STRING)
    assert kept.equals(computed[kept.index])


@pytest.mark.parametrize(
    ("given_", "error", "says"),
    [
        ({"train": 0.9, "test": 0.2}, SettingError, "train=0.9, test=0.2 add up to 1.1, not to 1"),
        ({"train": 1.5}, SettingError, "train=1.5 is not a share"),
        ({"train": True}, SettingError, "train=True is not a share"),
        ({"shares": 0.5}, SettingError, "shares=0.5 are not names of sets with their shares"),
        ({"shares": {"a": 1.0}, "test": 0.5}, SettingError, "shares=… and test=…: give the sets"),
        ({"by": "idd"}, ColumnError, "pass by=….* did you mean 'id'"),
        ({"seed": -1}, SettingError, "seed=-1"),
        ({"by": 3}, SettingError, "by=3 is no column, deduplication step"),
        ({"by": "site"}, ColumnError, r"no column 'site' \(have: cluster, id, lang\)"),
        ({"stratify": "site"}, ColumnError, "no column 'site'"),
        ({"by": FuzzyDedup()}, ColumnError, "no column 'text'"),
        ({"by": tamis.LineDedup(on="lang")}, SettingError, "by=lines_dedup compares parts of te"),
        ({"by": tamis.SubstringDedup(on="lang")}, SettingError, r"compares whole ones \(exact, fu"),
        ({"by": pd.DataFrame({"id": []})}, ColumnError, "a frame without 'cluster'"),
        ({"column": "lang"}, ColumnError, "a column 'lang' exists already"),
    ],
)
def test_what_cannot_be(given_, error, says):
    frame = table([1, 2], np.random.default_rng(0))
    with pytest.raises(error, match=says):
        split(frame, **given_)
    with pytest.raises(error, match=says):
        split(dd.from_pandas(frame, npartitions=1, sort=False), **given_)


def test_names_that_are_no_names_of_python():
    frame = table([1] * 40, np.random.default_rng(0))
    made = split(frame, by="id", exact=True, shares={"dev-test": 0.25, "train": 0.75})
    assert made.split.value_counts().to_dict() == {"train": 30, "dev-test": 10}
    assert made.equals(split(frame, by="id", exact=True, **{"dev-test": 0.25, "train": 0.75}))


def test_by_addresses_and_what_the_default_is():
    urls = ["https://x.org/a", "http://www.x.org/a/", "https://y.org"]
    frame = pd.DataFrame({"id": list("abc"), "url": urls, "text": ["One line\nhere."] * 3})
    made = split(frame, by=tamis.UrlDedup(), train=0.5, test=0.5)
    assert made.split[0] == made.split[1]
    with pytest.raises(
        ColumnError, match=r"no column 'cluster' .*; by= is that column by default; "
    ):
        split(frame, train=0.9, test=0.1)
    with pytest.raises(ColumnError, match=r"'site' \(have: id, url, text\); pass by=…") as error:
        split(frame, by="site")
    assert "default" not in str(error.value)
    found = tamis.LineDedup().compare(frame)
    with pytest.raises(SettingError, match="by=lines_dedup compares parts of texts"):
        split(frame, by=found)
    with pytest.raises(SettingError, match="joins no records"):
        found.connected()


def test_pieces_agree_with_the_whole():
    frame = table([1, 2, 3] * 30, np.random.default_rng(3))
    cuts = [0, 10, 10, 100, len(frame)]
    pieces = [split(frame.iloc[a:b]) for a, b in pairwise(cuts)]
    pd.testing.assert_frame_equal(pd.concat(pieces), split(frame))
