"""Partitions that are not what their frame declares: converted without loss, or refused by name."""

import dask.dataframe as dd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tamis
from tamis import Filter, Pipeline
from tamis.drift import declared
from tamis.errors import ColumnError

STEPS = Pipeline([Filter(tamis.text.word_count, min=1)])
DOCS = pd.DataFrame({"id": list("abcdef"), "text": ["x y"] * 6, "k": range(1, 7)})


def drifted(change, count=3):
    """A frame that declares what `DOCS` has, and whose partitions are what `change` makes."""
    frame = dd.from_pandas(DOCS, npartitions=count, sort=False)

    def read(number):
        return change(frame.partitions[number].compute(scheduler="sync"), number)

    return dd.from_map(read, range(count), meta=frame._meta, enforce_metadata=False)


def test_a_merge_that_leaves_holes(tmp_path):
    right = pd.DataFrame({"k": [1, 2, 3], "n": [10, 20, 30]})
    docs = dd.from_pandas(DOCS, npartitions=3, sort=False)
    merged = docs.map_partitions(
        pd.DataFrame.merge, right, on="k", how="left", meta=docs._meta.merge(right, on="k")
    )
    with pytest.raises(ColumnError, match=r"column 'n' .*int64, but partition [12] .*missing") as e:
        STEPS.run(merged, tmp_path / "out")
    assert "declare it as 'Int64'" in str(e.value)
    mended = merged.assign(n=merged["n"].astype("Int64"))
    kept = STEPS.run(mended, tmp_path / "out").kept().compute()
    assert kept["n"].tolist() == [10, 20, 30, pd.NA, pd.NA, pd.NA]
    shuffled = docs.merge(dd.from_pandas(right, npartitions=1), on="k", how="left")
    with pytest.raises(ColumnError, match=r"column 'n' .*int64"):
        STEPS.run(shuffled, tmp_path / "out2")


def test_floats_of_whole_numbers_are_integers_again(tmp_path):
    frame = drifted(lambda part, number: part.astype({"k": "float64"}) if number == 1 else part)
    kept = STEPS.run(frame, tmp_path / "out").kept().compute()
    assert kept["k"].tolist() == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda p, n: p.assign(k=p.k + 0.5),
            r"'k' is declared as int64, .* value [135]\.5",
        ),
        (lambda p, n: p.assign(k="x"), "'k' is declared as int64, but partition"),
        (lambda p, n: p.assign(text=3), "'text' is declared as string, but .* not text"),
        (lambda p, n: p.drop(columns="k") if n == 2 else p, "partition 2 has no column 'k'"),
        (lambda p, n: p.assign(z=1) if n == 1 else p, "partition 1 has a column 'z' that the"),
    ],
)
def test_what_would_change_or_is_missing_is_refused(tmp_path, change, said):
    with pytest.raises(ColumnError, match=said):
        STEPS.run(drifted(change), tmp_path / "out")


def test_columns_in_another_order_are_put_in_order(tmp_path):
    frame = drifted(lambda part, number: part[["k", "text", "id"]] if number else part)
    kept = STEPS.run(frame, tmp_path / "out").kept().compute()
    assert list(kept.columns) == ["id", "text", "k"] and kept["id"].tolist() == list("abcdef")


NUMBERS = ["int8", "uint8", "int64", "uint64", "float32", "float64", "Int64", "UInt8", "Float64"]


@given(
    st.lists(st.integers(-(2**63), 2**64 - 1) | st.floats() | st.integers(-3, 300), max_size=4),
    st.sampled_from(NUMBERS),
    st.sampled_from(NUMBERS),
)
def test_a_number_stays_the_same_number_or_is_refused(values, held, wanted):
    try:
        series = pd.Series(values, dtype=held)
    except (ValueError, TypeError, OverflowError):
        return
    frame = pd.DataFrame({"n": series})
    try:
        found = declared(frame, {"n": pd.Series([], dtype=wanted).dtype}, 0)["n"]
    except ColumnError:
        return
    assert found.dtype == wanted
    for before, after in zip(series.tolist(), found.tolist(), strict=True):
        assert (pd.isna(before) and pd.isna(after)) or before == after


def test_lossless_conversions_are_made():
    frame = pd.DataFrame({"n": [1.0, np.nan], "t": pd.Categorical(["a", None])})
    made = declared(frame, {"n": pd.Int64Dtype(), "t": tamis.frame.STRING}, 0)
    assert made["n"].tolist() == [1, pd.NA] and made["t"].tolist() == ["a", pd.NA]
