"""Blends: amounts met, evenly mixed, no record beside itself, the same whatever the partitions."""

import dask.dataframe as dd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamis.errors import ColumnError, DataError, SettingError
from tamis.frame import STRING
from tamis.sets import blend
from tamis.sets.measuring import LIMIT, Tally, merged, tally


def source(name, count, seed=0):
    rng = np.random.default_rng(seed)
    texts = ["ä" * int(k) for k in rng.integers(1, 40, count)]
    return pd.DataFrame(
        {
            "id": pd.array([f"{name}{k}" for k in range(count)], STRING),
            "text": pd.array(texts, STRING),
            "tokens": rng.integers(0, 30, count),
        }
    )


def amount(rows, unit):
    if unit == "rows":
        return len(rows)
    return rows.text.str.encode("utf-8").str.len().sum() if unit == "bytes" else rows[unit].sum()


@settings(max_examples=12)
@given(
    st.integers(3, 60), st.integers(3, 60), st.floats(0.2, 5), st.sampled_from(["rows", "bytes",
    "tokens"]), st.integers(1, 300), st.integers(0, 9), st.integers(1, 4),
)  # fmt: skip
def test_laws(first, second, ratio, unit, size, seed, parts):
    frames = {"a": source("a", first, seed), "b": source("b", second, seed + 1)}
    if any(amount(frame, unit) == 0 for frame in frames.values()):
        return
    weights = {"a": ratio, "b": 1.0}
    options = {"weights": weights, "unit": unit, "size": size, "max_passes": 10**6, "seed": seed}
    made = blend(frames, **options)
    assert made.id.is_unique
    for name, frame in frames.items():
        rows = made[made.source == name]
        wanted = size * weights[name] / sum(weights.values())
        largest = {"rows": 1, "bytes": 80, "tokens": 30}[unit]
        assert abs(amount(rows, unit) - wanted) <= largest / 2 + 1e-6 * wanted
        times = rows.id.str.split("#").str[0].value_counts()
        times = times.reindex(frame.id, fill_value=0)
        assert times.max() - times.min() <= 1
        origin = frame.set_index("id").loc[rows.id.str.split("#").str[0]]
        assert rows.text.tolist() == origin.text.tolist()
    pieces = {k: dd.from_pandas(f, npartitions=parts, sort=False) for k, f in frames.items()}
    lazy = blend(pieces, count=3, **options)
    assert (lazy._meta.dtypes == made.dtypes).all()
    pd.testing.assert_frame_equal(lazy.compute().reset_index(drop=True), made)


def test_copies_are_far_apart_and_sources_even():
    frames = {"a": source("a", 400), "b": source("b", 30)}
    made = blend(frames, weights={"a": 2, "b": 1}, size=600)
    place = pd.Series(np.arange(len(made)), index=made.id.str.split("#").str[0])
    gaps = place[place.index.str.startswith("b")].groupby(level=0).diff().dropna()
    assert len(gaps) == 170 and gaps.min() > 600 / (200 / 30) * 0.8
    for tenth in np.split(made.source.to_numpy() == "b", 10):
        assert 10 <= tenth.sum() <= 30


def test_without_a_size_nothing_is_repeated():
    frames = {"a": source("a", 100), "b": source("b", 30)}
    made = blend(frames, weights={"a": 1, "b": 1})
    assert made.source.value_counts().to_dict() == {"a": 30, "b": 30}
    assert not made.id.str.contains("#").any()
    large = blend(frames, weights={"a": 1, "b": 1}, size=100)
    assert set(made[made.source == "a"].id) < set(large[large.source == "a"].id)


def test_columns_of_all_sources():
    left = source("a", 5).drop(columns="tokens").assign(url="u", score=0.5)
    right = source("b", 5).drop(columns="tokens")
    made = blend({"a": left, "b": right}, weights={"a": 1, "b": 1}, column=None)
    assert list(made.columns) == ["id", "text", "url", "score"]
    assert made[made.id.str.startswith("b")][["url", "score"]].isna().all(axis=None)


def test_a_tally_beyond_its_limit_does_not_depend_on_parts(monkeypatch):
    monkeypatch.setattr("tamis.sets.measuring.LIMIT", 500)
    rng = np.random.default_rng(0)
    keys, sizes = rng.integers(0, 2**64, 3000, np.uint64), rng.integers(1, 9, 3000)
    whole = tally(keys, sizes)
    assert whole.keys.size <= 500 < LIMIT and whole.cut > 0 and whole.total == sizes.sum()
    for cuts in ([1500], [10, 20, 2999]):
        parts = zip(np.split(keys, cuts), np.split(sizes, cuts), strict=True)
        for one, other in zip(merged([tally(*part) for part in parts]), whole, strict=True):
            assert np.array_equal(one, other)
    last = whole.last(6000)
    assert abs(sizes[keys <= last].sum() - 6000) <= whole.sums.max() / 2
    assert whole.last(0) == -1 and Tally(keys[:0], sizes[:0]).last(5) == -1


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"weights": {"a": 1}}, SettingError, "differ in 'b'"),
        ({"weights": {"a": 1, "b": 0}}, SettingError, "weight 0 of 'b'"),
        ({"size": -1}, SettingError, "size=-1"),
        ({"unit": "words"}, ColumnError, "no column 'words'"),
        ({"size": 10_000}, DataError, r"passes, above max_passes=10"),
        ({"column": "text"}, ColumnError, "exists already"),
        ({"seed": "x"}, SettingError, "seed='x'"),
    ],
)
def test_what_is_wrong_is_said(change, error, said):
    frames = {"a": source("a", 9), "b": source("b", 9)}
    with pytest.raises(error, match=said):
        blend(frames, **{"weights": {"a": 1, "b": 1}, "size": 10, **change})


def test_sources_that_do_not_fit_together():
    left, right = source("a", 4), source("b", 4)
    weights = {"a": 1, "b": 1}
    with pytest.raises(ColumnError, match="int64 has no nulls"):
        blend({"a": left, "b": right.drop(columns="tokens")}, weights=weights)
    with pytest.raises(ColumnError, match="in another source"):
        blend({"a": left, "b": right.astype({"tokens": "Int64"})}, weights=weights)
    with pytest.raises(DataError, match="'b' is empty"):
        blend({"a": left, "b": right.iloc[:0]}, weights=weights)
    with pytest.raises(SettingError, match="make them alike"):
        blend({"a": left, "b": dd.from_pandas(right, npartitions=1)}, weights=weights)
