"""A comparison beyond memory against the one in memory: the same verdicts, byte for byte."""

import random
import re
import time

import dask
import dask.dataframe as dd
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from corpora import corpus, frame

import tamis
from tamis import ExactDedup, FuzzyDedup, Pipeline, passing, sharded
from tamis.errors import DataError
from tamis.io.store import Store
from tamis.io.writers import Tables
from tamis.stages import Record, read_table

STEPS = [
    ExactDedup(),
    ExactDedup(on=("text", "source"), keep="best:score"),
    FuzzyDedup(),
    FuzzyDedup(keep="longest"),
    FuzzyDedup(keep="best:score", threshold=0.6),
    FuzzyDedup(keep="source:source=wiki,books", unit="characters"),
    FuzzyDedup(family="curator", verify=False),
]


@pytest.fixture(autouse=True)
def few_blocks(monkeypatch, request):
    """As many files as a test has time for, and not as many as so little memory asks for."""
    if "a_million" not in request.node.name:
        monkeypatch.setattr(sharded, "blocks", lambda size: 5)


MEMORY = {"components in memory": 24, "components by stars": 12}  # bytes a row


def verdicts(step, docs, parts, out, memory=None):
    """What a run over so many partitions decides; with so many bytes of memory a row."""
    lazy = dd.from_pandas(docs, npartitions=parts, sort=False)
    given = {} if memory is None else {"tamis.dedup.memory": memory * len(docs)}
    with dask.config.set(given):
        run = Pipeline([step]).run(lazy, out, progress=False)
    (found,) = run.figures["deduplications"]
    table = read_table(Store(out), found["name"])
    return table.combine_chunks(), found, run


def docs_of(seed, bases=60):
    """A corpus with exact copies beside the edited ones, blanks and nulls."""
    docs = corpus(seed, bases=bases)
    copies = docs.sample(25, random_state=seed)
    odd = frame([None, "", "  ", "!!!", "!!!", "a b", "A, b."])
    docs = pd.concat([docs, copies, odd]).sample(frac=1, random_state=seed)
    return docs.assign(id=pd.array([f"doc-{k}" for k in range(len(docs))], docs.id.dtype))


@pytest.mark.parametrize("step", STEPS, ids=lambda step: f"{step.kind}-{step.keep}")
@pytest.mark.parametrize("memory", MEMORY.values(), ids=MEMORY)
def test_the_verdicts_of_the_comparison_in_memory(tmp_path, step, memory):
    docs = docs_of(3).reset_index(drop=True)
    wanted, figures, _ = verdicts(step, docs, 3, tmp_path / "memory")
    assert figures["dropped"] > 20 and figures["clusters"] > 10
    for parts in (1, 4, 9):
        found, again, run = verdicts(step, docs, parts, tmp_path / str(parts), memory)
        assert found.equals(wanted)
        assert found.schema.metadata == wanted.schema.metadata
        for key in ("rows", "clustered", "clusters", "dropped"):
            assert again[key] == figures[key]
        assert again["largest"][1] == figures["largest"][1]
        assert sorted(run.kept().compute().id) == sorted(step(docs).id)


@pytest.mark.slow
def test_on_a_cluster(tmp_path):
    docs, step = docs_of(4).reset_index(drop=True), FuzzyDedup(keep="longest")
    wanted, _, _ = verdicts(step, docs, 3, tmp_path / "memory")
    with tamis.local_cluster(workers=2, memory="1GiB"):
        for name, memory in MEMORY.items():
            found, _, _ = verdicts(step, docs, 4, tmp_path / name, memory)
            assert found.equals(wanted)


def test_idempotent(tmp_path):
    docs, step = docs_of(5).reset_index(drop=True), FuzzyDedup()
    _, figures, run = verdicts(step, docs, 4, tmp_path / "1", 12)
    kept = run.kept().compute().reset_index(drop=True)
    kept["source"] = kept["source"].astype(docs["source"].dtype)
    _, again, _ = verdicts(step, kept, 3, tmp_path / "2", 12)
    assert figures["dropped"] > 20 and again["dropped"] == again["clustered"] == 0


def test_small_memory_is_not_needed_where_rows_fit(tmp_path, monkeypatch):
    def refuse(*_):
        raise AssertionError("the exchange was used")

    monkeypatch.setattr("tamis.shuffle.Sharded", refuse)
    verdicts(FuzzyDedup(), docs_of(6).reset_index(drop=True), 2, tmp_path / "in", 64)
    with pytest.raises(AssertionError, match="exchange"):
        verdicts(FuzzyDedup(), docs_of(6).reset_index(drop=True), 2, tmp_path / "out", 63)


def test_no_payload_in_what_is_exchanged(tmp_path, monkeypatch):
    """Keys, rows, labels, ids and hashes; no column of the data, and no text."""
    kept = {}
    remove = Store.remove

    def keeping(self, name):
        if passing.PASSING in name and name.endswith(".arrow"):
            with pa.memory_map(self.path(name)) as file:
                kept[name] = pa.ipc.open_file(file).read_all().to_pandas()
        remove(self, name)

    monkeypatch.setattr(Store, "remove", keeping)
    docs = docs_of(7).reset_index(drop=True)
    docs["text"] = docs["text"].str.replace("word", "payload")
    verdicts(FuzzyDedup(keep="best:score"), docs, 3, tmp_path / "out", 12)
    for path in (tmp_path / "out").glob(f"stages/*/{passing.SHARD}*.arrow"):
        kept[path.name] = pa.ipc.open_file(pa.memory_map(str(path))).read_all().to_pandas()
    seen = {}
    for name, table in kept.items():
        kind = re.split(f"{passing.PASSING}|{passing.SHARD}", name)[1].split("-")[2].split(".")[0]
        seen.setdefault(kind, set()).update(table.columns)
        assert "payload" not in table.to_csv()
    assert seen["keys"] == {"column", "key", "row"}
    assert seen["edges"] == seen["stars"] == {"node", "low"}
    assert seen["labels"] == {"row", "label"}
    assert seen["asked"] == {"row"} and seen["answers"] == {"shingles"}
    bands = {f"band_{k:02d}" for k in range(32)}
    narrow = {"id", "priority", "valid", "shingles", "hash_lo", "hash_hi", "row"}
    assert seen["rows"] == bands | narrow
    assert not list((tmp_path / "out").glob(f"stages/*/{passing.PASSING}*"))


@pytest.mark.parametrize("keep", ["first", "best:score"])
def test_another_threshold_is_decided_shard_by_shard(tmp_path, keep):
    """As the step with that threshold and the same bands finds in memory; killed ones leave all."""
    docs, step = docs_of(9).reset_index(drop=True), FuzzyDedup(keep=keep, threshold=0.7)
    lazy = tamis.from_pandas(docs, npartitions=3)
    with dask.config.set({"tamis.dedup.memory": 12 * len(docs)}):
        run = Pipeline([step]).run(lazy, tmp_path / "out")
        plain = Pipeline([step]).run(lazy, tmp_path / "plain", evidence=False)
    assert run.figures["deduplications"][0]["sharded"]
    assert len(run.figures["deduplications"][0]["shards"]["taken"]) == 3
    for value in (0.7, 0.8, 0.95, 0.6):
        found, wanted = run.rethreshold("fuzzy_dedup", value), step.at(value).find(docs)
        columns = ["id", "keep", "duplicate_of", "similarity"]
        pd.testing.assert_frame_equal(found.frame()[columns], wanted[columns])
    assert found.rethreshold(0.95).dropped == run.rethreshold("fuzzy_dedup", 0.95).dropped
    assert (
        0
        < run.rethreshold("fuzzy_dedup", 0.95).dropped
        < run.rethreshold("fuzzy_dedup", 0.6).dropped
    )
    assert not list((tmp_path / "plain").glob(f"stages/*/{passing.SHARD}*"))
    with pytest.raises(DataError, match="keeps no evidence"):
        plain.rethreshold("fuzzy_dedup", 0.9)


def test_ids_that_stand_twice(tmp_path):
    """The check of a run is before; that of the exchange is the comparison's own."""
    docs = docs_of(8).reset_index(drop=True)
    docs.loc[40, "id"] = docs.id[7]
    with pytest.raises(DataError, match=r"'doc-7' occurs twice: row 7 of partition 0 and row "):
        settle(FuzzyDedup(), docs, 3, tmp_path)
    docs.loc[40, "id"] = None
    with pytest.raises(DataError, match="is null; every record needs one"):
        settle(FuzzyDedup(), docs, 3, tmp_path / "null")


@pytest.mark.parametrize("memory", MEMORY.values(), ids=MEMORY)
def test_on_an_object_store(tmp_path, memory):
    docs, step = docs_of(10).reset_index(drop=True), FuzzyDedup(keep="longest")
    wanted = settle(step, docs, 3, tmp_path, memory)
    found = settle(step, docs, 3, f"memory://tamis-sharded-{memory}", memory)
    assert found == wanted
    table = read_table(Store(f"memory://tamis-sharded-{memory}"), found["name"])
    assert table.equals(read_table(Store(tmp_path), wanted["name"]))


def settle(step, docs, parts, out, memory=24):
    """The exchange alone, on sketches and rows written as a run's stage writes them."""
    from tamis.frame import to_arrow
    from tamis.progress import Progress
    from tamis.stages import Layout, write_table

    layout = Layout(Store(out), {}, {}, (), (), Tables(), None)
    cuts = [len(docs) * k // parts for k in range(parts + 1)]
    records = []
    for part in range(parts):
        piece = docs.iloc[cuts[part] : cuts[part + 1]].reset_index(drop=True)
        names = {kind: f"stages/0/{kind}-{part:05d}.arrow" for kind in ("rows", "sketch")}
        write_table(to_arrow(piece), names["rows"], layout)
        write_table(step.sketch(piece), names["sketch"], layout)
        records.append(
            Record("token", rows_kept=len(piece), staged=[{"name": n} for n in names.values()])
        )
    with dask.config.set({"tamis.dedup.memory": memory * len(docs)}):
        work = sharded.Sharded(0, "token", step, records, layout, Progress(False))
        return work.settle(dict(docs.dtypes))


@pytest.mark.parametrize("after", ["keys", "edges", "stars", "labels", "rows", "asked", "settled"])
def test_a_task_that_fails_is_all_that_is_done_again(tmp_path, monkeypatch, after):
    """Cut off anywhere, a call makes what is missing and comes to the same."""
    docs, step = docs_of(9).reset_index(drop=True), FuzzyDedup()
    wanted = settle(step, docs, 4, tmp_path / "whole", 12)
    chance, made, armed = random.Random(after), [], True
    put = Store.put

    def failing(self, name, *args, **settings):
        if f"-{after}-" in name and name.endswith(".arrow"):
            made.append(name)
            if armed and chance.random() < 0.3:
                raise OSError("the disk is gone")
        return put(self, name, *args, **settings)

    monkeypatch.setattr(Store, "put", failing)
    for tries in range(4):
        armed = tries < 3
        try:
            found = settle(step, docs, 4, tmp_path / "cut", 12)
        except OSError as error:
            assert "the disk is gone" in str(error)
    assert len(made) > 1
    assert {**found, "bytes": 0} == {**wanted, "bytes": 0}
    whole, cut = (Store(tmp_path / name).read(wanted["name"]) for name in ("whole", "cut"))
    assert whole == cut


@pytest.mark.slow
def test_a_million_in_one_bucket(tmp_path):
    """Linear time, in as many blocks: sketches made up, a band of which all records share."""
    step = FuzzyDedup(verify=False, hashes=8, bands=2, rows=4, threshold=0.95)
    seconds = {}
    for count in (250_001, 1_000_001):
        with dask.config.set({"tamis.dedup.memory": 8 * count}):
            start = time.process_time()
            found, table = hub(step, count, tmp_path / str(count))
            seconds[count] = time.process_time() - start
        assert table["id"].to_pylist() == ["r7", f"r{count - 1}"]
        assert found["clusters"] == 1 and found["largest"] == ["r7", 1]
    assert seconds[1_000_001] < 8 * seconds[250_001]


def hub(step, count, out):
    """`count` records of one band key; the last has the signature of number 7."""
    from tamis.progress import Progress
    from tamis.stages import Layout, write_table

    generator = np.random.default_rng(0)
    signatures = generator.integers(0, 256, (count, 8), dtype=np.uint8)
    signatures[:8] = np.arange(64, dtype=np.uint8).reshape(8, 8)
    signatures[-1] = signatures[7]
    layout = Layout(Store(out), {}, {}, (), (), Tables(), None)
    records = []
    for part in range(8):
        rows = np.arange(count * part // 8, count * (part + 1) // 8)
        flat = pa.py_buffer(np.ascontiguousarray(signatures[rows]))
        sketch = pa.table(
            {
                "id": pa.array([f"r{k}" for k in rows.tolist()], pa.large_string()),
                "valid": np.ones(rows.size, bool),
                "shingles": np.full(rows.size, 9),
                "hash_lo": rows.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15),
                "hash_hi": rows.astype(np.uint64),
                "band_00": np.full(rows.size, 12345, np.uint64),
                "band_01": generator.integers(0, 2**63, rows.size).astype(np.uint64),
                "signature": pa.Array.from_buffers(pa.binary(8), rows.size, [None, flat]),
            }
        )
        names = {kind: f"stages/0/{kind}-{part:05d}.arrow" for kind in ("rows", "sketch")}
        write_table(sketch, names["sketch"], layout)
        records.append(
            Record("token", rows_kept=rows.size, staged=[{"name": n} for n in names.values()])
        )
    work = sharded.Sharded(0, "token", step, records, layout, Progress(False))
    found = work.settle({"text": "string"})
    return found, read_table(Store(out), found["name"])
