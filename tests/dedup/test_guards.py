"""Guards against wipe-outs: who is stopped, with what figures, and how to go on."""

import dask.dataframe as dd
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamis import ExactDedup, FuzzyDedup, Pipeline
from tamis.dedup.guards import ALL, largest_cluster, tally
from tamis.dedup.removal import compare
from tamis.errors import DataError, SettingError
from tamis.frame import STRING
from tamis.recipe import load, step_from

STEPS = [ExactDedup, FuzzyDedup]


def records(origins, texts):
    """Records in as many files as `origins` names."""
    return pd.DataFrame(
        {
            "id": pd.array([f"{o}:{k}" for k, o in enumerate(origins)], STRING),
            "text": pd.array(texts, STRING),
        }
    )


def text(number):
    return " ".join(f"w{number}x{k}" for k in range(8))


def mirror():
    """1,500 own records of a, and b: 1,490 copies of them and 10 of its own (0.67 %)."""
    numbers = [*range(1500), *range(1490), *range(5000, 5010)]
    return records(["a.jsonl"] * 1500 + ["b.jsonl"] * 1500, [text(n) for n in numbers])


@pytest.mark.parametrize("kind", STEPS)
def test_a_source_wiped_out(kind, tmp_path):
    docs = mirror()
    says = (
        r"10 of 1,500 records of the source 'b.jsonl' would be left, less than min_survivors=0.01; "
        r".* pass a smaller min_survivors \(0 where a whole source may go, as a mirror does\)"
    )
    lazy = dd.from_pandas(docs, npartitions=7, sort=False)
    for call in (
        lambda: kind()(docs),
        lambda: kind().explain(docs),
        lambda: kind()(lazy).compute(),
        lambda: kind().explain(lazy).compute(),
        lambda: Pipeline([kind()])(lazy).compute(),
        lambda: Pipeline([kind()]).run(lazy, tmp_path, progress=False),
    ):
        with pytest.raises(DataError, match=says):
            call()
    assert len(kind().find(docs)) == len(kind().find(lazy).compute()) == 2980
    for allowed in (0, 0.006):
        assert len(kind(min_survivors=allowed)(docs)) == 1510
        assert len(kind(min_survivors=allowed)(lazy).compute()) == 1510


def test_a_run_goes_on_from_where_it_was_stopped(tmp_path, monkeypatch):
    lazy = dd.from_pandas(mirror(), npartitions=4, sort=False)
    with pytest.raises(DataError, match="min_survivors"):
        Pipeline([FuzzyDedup()]).run(lazy, tmp_path, progress=False)
    verdicts = next(tmp_path.glob("stages/0/verdicts*.arrow")).stat().st_mtime_ns

    def refuse(*_):
        raise AssertionError("compared again")

    monkeypatch.setattr(FuzzyDedup, "propose", refuse)
    monkeypatch.setattr(FuzzyDedup, "sketch", refuse)
    run = Pipeline([FuzzyDedup(min_survivors=0)]).run(lazy, tmp_path, progress=False)
    assert run.rows["kept"] == 1510
    assert next(tmp_path.glob("stages/0/verdicts*.arrow")).stat().st_mtime_ns == verdicts


@pytest.mark.parametrize("kind", STEPS)
def test_a_large_cluster(kind, tmp_path):
    docs = records(["a"] * 40, [text(k % 20 if k < 30 else 3) for k in range(40)])
    lazy = dd.from_pandas(docs, npartitions=3, sort=False)
    says = r"11 records would go as duplicates of 'a:3' alone, more than max_cluster=10; .*None for"
    for call in (
        lambda: kind(max_cluster=10)(docs),
        lambda: kind(max_cluster=10).explain(lazy).compute(),
        lambda: Pipeline([kind(max_cluster=10)]).run(lazy, tmp_path, progress=False),
    ):
        with pytest.raises(DataError, match=says):
            call()
    for allowed in (11, None):
        assert len(kind(max_cluster=allowed)(docs)) == 20


def test_sources_are_a_column_before_a_file():
    docs = mirror()
    docs["source"] = pd.array(["one"] * 3000, STRING)
    assert len(ExactDedup()(docs)) == 1510
    docs["source"] = pd.array(["x", None] * 750 + ["y"] * 1500, STRING)
    with pytest.raises(DataError, match="10 of 1,500 records of the source 'y'"):
        ExactDedup()(docs)
    docs["source"] = range(3000)  # a number is no source
    with pytest.raises(DataError, match=r"of the source 'b\.jsonl'"):
        ExactDedup()(docs)


def test_all_records_where_ids_name_no_file():
    docs = records(["x"] * 1200, ["the same"] * 1200)
    docs["id"] = docs["id"].str.removeprefix("x:")
    with pytest.raises(DataError, match=r"1 of 1,200 records in all would be left, less"):
        ExactDedup()(docs)
    assert len(ExactDedup()(docs.iloc[:999])) == 1
    assert len(ExactDedup(min_survivors=0)(docs)) == 1


def test_several_sources():
    docs = pd.concat([mirror(), mirror().iloc[1500:].assign(text=text(1))], ignore_index=True)
    docs.loc[3000:, "id"] = [f"c.jsonl:{k}" for k in range(1500)]
    with pytest.raises(DataError, match=r"0 of 1,500 .* 'c\.jsonl' .* \(and 1 more sources like"):
        ExactDedup()(docs)


@given(st.lists(st.tuples(st.sampled_from("ab:\n"), st.booleans(), st.integers(0, 3)), max_size=60))
def test_counts(rows):
    """Against counting by hand; ids with several colons or none."""
    ids = [f"{s}{':' * n}{k}" for k, (s, _, n) in enumerate(rows)]
    gone = np.array([k for k, (_, dropped, _) in enumerate(rows) if dropped], int)
    found = tally(pa.table({"id": pa.array(ids, pa.large_string())}), gone)
    wanted = {}
    for name, (_, dropped, _) in zip(ids, rows, strict=True):
        source = name.rpartition(":")[0] if ":" in name else ALL
        count = wanted.setdefault(source, [0, 0])
        count[0] += 1
        count[1] += dropped
    assert {k: list(v) for k, v in found.items()} == wanted


def test_the_largest_cluster():
    docs = records(["a"] * 50, [text(k * k % 17) for k in range(50)])
    verdicts = compare(docs, ExactDedup())
    counts = verdicts.to_pandas().query("~keep").cluster.value_counts()
    name, size = largest_cluster(verdicts)
    assert size == counts.max() == counts[name]
    assert largest_cluster(verdicts.slice(0, 0)) == ("", 0)


@pytest.mark.parametrize("kind", STEPS)
def test_settings(kind):
    step = kind(max_cluster=None, min_survivors=0.2)
    assert step.to_dict() == {"dedup": step.kind, "max_cluster": None, "min_survivors": 0.2}
    assert step_from(step.to_dict()) == step
    (read,) = load(f"steps:\n- dedup: {step.kind}\n  max_cluster: 500\n  min_survivors: 0")
    assert read == kind(max_cluster=500, min_survivors=0)
    assert "max_cluster" not in kind().to_dict()
    for settings, says in (
        ({"max_cluster": 0}, "max_cluster=0 is not a whole number from 1"),
        ({"max_cluster": True}, "max_cluster=True"),
        ({"max_cluster": 1.5}, "max_cluster=1.5"),
        ({"min_survivors": 1.1}, "min_survivors=1.1 is not a share"),
        ({"min_survivors": "0.5"}, "is not a share"),
        ({"min_survivors": None}, "is not a share"),
    ):
        with pytest.raises(SettingError, match=says):
            kind(**settings)
