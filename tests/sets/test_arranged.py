"""Order, samples, ids, buckets and joined chunks: the same whatever the partitions, and right."""

import dask.dataframe as dd
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tamis
from tamis.errors import ColumnError, DataError, SettingError
from tamis.frame import STRING
from tamis.sets import add_id, buckets, reassemble, sample, shuffle

LISTS = pd.ArrowDtype(pa.list_(pa.float32()))


def records(count, seed=0):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "id": pd.array([f"r{k}" for k in range(count)], STRING),
            "text": pd.array(["é" * (k % 5) if k % 7 else None for k in range(count)], STRING),
            "n": pd.array([k if k % 3 else None for k in range(count)], "Int64"),
            "score": rng.normal(size=count),
            "flag": rng.random(count) < 0.5,
            "lists": pd.array([[float(k)] for k in range(count)], LISTS),
            "lang": pd.array(rng.choice(["en", "de", "", None], count), STRING),
        }
    )


def lazy(frame, parts):
    return dd.from_pandas(frame, npartitions=parts, sort=False)


def same(found, expected):
    pd.testing.assert_frame_equal(found.reset_index(drop=True), expected.reset_index(drop=True))


def test_shuffle_is_a_permutation_that_partitions_have_no_part_in(tmp_path):
    frame = records(301)
    whole = shuffle(frame, seed=7)
    same(whole.sort_values("id"), frame.sort_values("id"))
    assert whole.id.tolist() != frame.id.tolist()
    assert shuffle(frame, seed=8).id.tolist() != whole.id.tolist()
    turned = frame.iloc[::-1]
    same(shuffle(turned, seed=7), whole)
    for parts, count in ((1, None), (4, 3), (9, 1), (2, 50)):
        made = shuffle(lazy(frame, parts), seed=7, count=count, folder=tmp_path / str(parts))
        assert made.npartitions == (count or parts)
        assert (made._meta.dtypes == whole.dtypes).all()
        same(made.compute(), whole)
    files = {file: file.stat().st_mtime_ns for file in (tmp_path / "4").iterdir()}
    same(shuffle(lazy(frame, 4), seed=7, count=3, folder=tmp_path / "4").compute(), whole)
    assert files == {file: file.stat().st_mtime_ns for file in (tmp_path / "4").iterdir()}
    shuffle(lazy(frame, 4), seed=8, count=3, folder=tmp_path / "4").compute()
    assert len(list((tmp_path / "4").iterdir())) == 8


def test_shuffle_is_even():
    """Where a record goes says nothing of where it was: a rank correlation of noise."""
    order = shuffle(records(5000)).id.str[1:].astype(int)
    assert abs(np.corrcoef(order, np.arange(5000))[0, 1]) < 5 / np.sqrt(5000)


def test_a_run_of_a_shuffled_frame(tmp_path):
    made = shuffle(lazy(records(50), 3), seed=1)
    run = tamis.Pipeline([tamis.Filter("score", min=-9)]).run(made, tmp_path / "o", progress=False)
    assert run.kept().compute().id.tolist() == shuffle(records(50), seed=1).id.tolist()


@pytest.mark.parametrize("weight", [None, "score"])
@pytest.mark.parametrize("by", [None, "lang"])
def test_samples_are_exact_and_nested(weight, by):
    frame = records(400).assign(score=lambda f: f.score.abs() * (f.index % 4 > 0))
    settings = {"by": by, "weight": weight}
    few, more = sample(frame, n=20, **settings), sample(frame, n=45, **settings)
    assert set(few.id) < set(more.id)
    if by is None:
        assert len(few) == 20 and len(more) == 45
    else:
        counts = more.groupby("lang", dropna=False).size()
        assert len(counts) == 4 and (counts == 45).all()
    if weight:
        assert (more.score > 0).all()
    assert few.index.is_monotonic_increasing
    for parts in (1, 6):
        same(sample(lazy(frame, parts), n=20, **settings).compute(), few)
    everything = sample(frame, n=1000, by=by)
    same(everything, frame)


def test_weights_are_met():
    """Drawn one at a time, a record of three times the weight comes first three times as often."""
    pairs = [f"{pair}{one}" for pair in range(2000) for one in "ab"]
    frame = pd.DataFrame({"id": pairs, "w": [1.0, 3.0] * 2000})
    first = sample(frame.assign(pair=frame.id.str[:-1]), n=1, by="pair", weight="w")
    assert len(first) == 2000
    assert abs((first.w == 3).mean() - 0.75) < 4 * np.sqrt(0.75 * 0.25 / 2000)


def test_a_share():
    frame = records(4000)
    small, large = sample(frame, share=0.1), sample(frame, share=0.3)
    assert set(small.id) < set(large.id)
    assert abs(len(large) - 1200) < 4 * np.sqrt(4000 * 0.3 * 0.7)
    same(sample(lazy(frame, 5), share=0.1).compute(), small)


def test_ids_are_numbers_of_rows():
    frame = records(23).drop(columns="id")
    whole = add_id(frame, prefix="news", start=5)
    assert whole.id.tolist() == [f"news-{k}" for k in range(5, 28)]
    assert whole.columns[0] == "id" and whole.id.dtype == STRING
    for parts in (1, 4):
        same(add_id(lazy(frame, parts), prefix="news", start=5).compute(), whole)
    pieces = lazy(frame, 4)
    filtered = pieces[pieces.flag]
    assert add_id(filtered).compute().id.tolist() == [f"doc-{k}" for k in range(frame.flag.sum())]
    assert add_id(frame, prefix="").id.iloc[3] == "3"


@given(
    st.lists(st.none() | st.integers(-3, 3) | st.floats(allow_infinity=False), max_size=30),
    st.integers(2, 5),
)
@settings(max_examples=40)
def test_buckets_against_numpy(values, count):
    frame = pd.DataFrame({"score": pd.array(values, "Float64").to_numpy(float, na_value=np.nan)})
    made = buckets(frame, "score", quantiles=count)
    numbers = frame.score.dropna().to_numpy()
    if not numbers.size:
        assert made.bucket.isna().all()
        return
    with np.errstate(all="ignore"):
        bounds = np.quantile(numbers, [k / count for k in range(1, count)])
    for value, bucket in zip(frame.score, made.bucket, strict=True):
        if np.isnan(value):
            assert pd.isna(bucket)
        elif np.isfinite(bounds).all() and not np.isclose(bounds, value).any():
            assert int(bucket) == (bounds < value).sum()


def test_buckets_lazily():
    frame = records(200)
    whole = buckets(frame, "score", quantiles=[50, 90], labels=["low", "mid", "high"])
    assert whole.bucket.value_counts().to_dict() == {"low": 100, "mid": 80, "high": 20}
    same(buckets(lazy(frame, 3), "score", quantiles=[50, 90],
                 labels=["low", "mid", "high"]).compute(), whole)  # fmt: skip
    given_ = buckets(lazy(frame, 3), "n", bounds=[10, 100], column="q").compute()
    expected = frame.n.map(lambda n: str(int(n >= 10) + int(n >= 100)), na_action="ignore")
    assert given_.q.fillna("?").tolist() == expected.fillna("?").tolist()


@given(st.lists(st.lists(st.text("ab é\n", max_size=6), min_size=1, max_size=5), max_size=6),
       st.integers(1, 4), st.integers(0, 99))  # fmt: skip
@settings(max_examples=25)
def test_what_was_cut_is_joined(documents, parts, seed):
    rows = [
        {"id": f"d{d}/{k + 1}", "parent_id": f"d{d}", "start": 10 * k, "end": 0, "text": text,
         "more": d}
        for d, chunks in enumerate(documents)
        for k, text in enumerate(chunks)
    ]  # fmt: skip
    columns = ["id", "parent_id", "start", "end", "text", "more"]
    frame = pd.DataFrame(rows, columns=columns)
    frame = frame.astype({"id": STRING, "parent_id": STRING, "text": STRING})
    mixed = frame.sample(frac=1, random_state=seed)
    expected = {f"d{d}": "|".join(chunks) for d, chunks in enumerate(documents)}
    whole = reassemble(mixed, separator="|")
    assert dict(zip(whole.id, whole.text, strict=True)) == expected
    assert list(whole.columns) == ["id", "text", "more"]
    if len(mixed):
        made = reassemble(lazy(mixed, parts), separator="|").compute()
        assert dict(zip(made.id, made.text, strict=True)) == expected
        in_order = reassemble(lazy(frame, 1), separator="|", across=False).compute()
        assert in_order.id.tolist() == list(expected)


def test_joined_rows_of_a_most_length():
    frame = pd.DataFrame({"id": ["a/1", "a/2", "a/3", "b", "c/1"], "parent_id": ["a"] * 3 +
                          [None, "c"], "start": [0, 4, 8, None, 0], "text": ["1234", "5678", "9",
                          None, "x" * 20], "tokens": [2, 2, 1, 9, 7]})  # fmt: skip
    made = reassemble(frame, max_length=9, separator=" ")
    assert made.id.tolist() == ["a/1", "a/2", "b", "c"]
    assert made.text.fillna("?").tolist() == ["1234 5678", "9", "?", "x" * 20]
    made = reassemble(frame, max_length=3, length="tokens")
    assert made.text.fillna("?").tolist() == ["1234", "56789", "?", "x" * 20]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda f: shuffle(f, by="key"), "no column 'key'"),
        (lambda f: shuffle(f, seed=-1), "seed=-1"),
        (lambda f: shuffle(lazy(f, 2), count=0), "count=0"),
        (lambda f: sample(f), "share=… or n=…"),
        (lambda f: sample(f, n=2, share=0.5), "one of them"),
        (lambda f: sample(f, share=0), "share=0"),
        (lambda f: sample(f, n=True), "n=True"),
        (lambda f: sample(f, share=0.5, by="lang"), "are for n="),
        (lambda f: add_id(f), "exists already"),
        (lambda f: buckets(f, "lang", quantiles=3), "no numbers"),
        (lambda f: buckets(f, "score"), "quantiles=… or bounds=…"),
        (lambda f: buckets(f, "score", bounds=[2, 1]), "do not ascend"),
        (lambda f: buckets(f, "score", bounds=[1], labels=["a"]), "not 2 texts"),
        (lambda f: buckets(f, "score", quantiles=[0, 50]), "percentages"),
        (lambda f: reassemble(f), "no column 'parent_id'"),
        (lambda f: reassemble(f, by="lang", order="n", length="n"), "max_length"),
    ],
)
def test_what_is_wrong_is_said(call, said):
    with pytest.raises((ColumnError, SettingError), match=said):
        call(records(9))


def test_a_null_id_and_a_weight_below_nothing():
    frame = records(5)
    with pytest.raises(DataError, match="'id' is null in 1"):
        shuffle(frame.assign(id=[*frame.id[:4], None]))
    with pytest.raises(DataError, match="below 0"):
        sample(frame, n=2, weight="score")


@pytest.mark.parametrize("kind", [STRING, object])
def test_weights_that_are_no_numbers_are_told(kind):
    frame = records(20).assign(lang=pd.Series(["en"] * 20, dtype=kind))
    with pytest.raises(ColumnError, match="weights are numbers"):
        sample(frame, n=3, weight="lang")
    with pytest.raises(ColumnError, match="weights are numbers"):
        sample(lazy(frame, 2), n=3, weight="lang").compute()
    weights = frame.assign(lang=pd.Series([1.0, 0.0] * 10, dtype=object))
    assert set(sample(weights, n=10, weight="lang").id) == set(frame.id[::2])
