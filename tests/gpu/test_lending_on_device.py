"""Runs of pandas partitions with their texts lent to a card, beside the processor."""

import logging

import dask
import numpy as np
import pandas as pd
import pytest

import tamis
from tamis import Pipeline, Score, array_device, datasets, device_columns, lending, text
from tamis.frame import STRING
from tamis.recipe import load
from tamis.registry import registered

pytestmark = pytest.mark.gpu

LENT = [
    op for op in registered().values()
    if op.special("cudf", {}) is not None and lending.lendable(Score(op))
]  # fmt: skip


@pytest.fixture(scope="module")
def pages():
    generator = np.random.default_rng(5)
    letters = [*"aZeb zß É'\"+.,!?#-•‣⦿…()[]{}⟨⟩0١<>\b\n\t\r中かな한🙂\u0301"]
    made = ["".join(generator.choice(letters, n)) for n in generator.integers(0, 60, 2000)]
    made += [None, "", " ", "\n", "a", None, "\u3000"] * 3
    made += datasets.demo().compute()["text"].tolist()
    ids = pd.array([f"r{k}" for k in range(len(made))], STRING)
    return pd.DataFrame({"id": ids, "text": pd.array(made, STRING)})


@pytest.fixture(autouse=True)
def asked(monkeypatch, caplog):
    """A card is asked for any text, and has nothing to complain of."""
    monkeypatch.setattr(lending, "WORTH", 0)
    monkeypatch.setattr(lending, "_SAID", set())
    monkeypatch.setattr(array_device, "_LOST", [])
    with caplog.at_level(logging.INFO, "tamis.lending"), dask.config.set({"tamis.engine": "gpu"}):
        yield
    assert not [record for record in caplog.records if record.name == "tamis.lending"]


def on_cores():
    return dask.config.set({"tamis.engine": "cpu"})


@pytest.mark.parametrize("size", [1 << 16, 1 << 26])
@pytest.mark.parametrize("op", LENT, ids=lambda op: op.name)
def test_a_measure_gives_the_same(op, pages, monkeypatch, size):
    monkeypatch.setattr(device_columns, "BYTES", size)
    found = Score(op)(pages)
    with on_cores():
        pd.testing.assert_frame_equal(found, Score(op)(pages))


@pytest.mark.parametrize("recipe", ["curator-en", "gopher"])
def test_a_run_of_a_recipe(recipe, pages, tmp_path, monkeypatch):
    steps = Pipeline(load(recipe))
    docs = tamis.from_pandas(pages, npartitions=6)
    monkeypatch.setattr(lending, "_forms", lambda measure: set())  # lend all that can be
    run = steps.run(docs, tmp_path / "card", progress=False)
    if lending.chosen(steps.named, {"text"}):
        assert run.figures["views"][lending.CLOCK] > 0
    with on_cores():
        wanted = steps.run(docs, tmp_path / "cores", progress=False)
    assert run.kept().compute()["id"].tolist() == wanted.kept().compute()["id"].tolist()
    pd.testing.assert_frame_equal(run.ledger().compute(), wanted.ledger().compute())


@pytest.mark.parametrize("size", [0, 1, 5, (8 << 20) - 1, 8 << 20, (40 << 20) + 3])
@pytest.mark.parametrize("kind", [np.uint8, np.int64, bool])
def test_copies_by_way_of_pinned_memory(size, kind):
    card = array_device.device()
    values = np.random.default_rng(size).integers(0, 2, size // np.dtype(kind).itemsize)
    values = np.ascontiguousarray(values, kind)
    values.flags.writeable = False
    there = card.put(values)
    assert there.dtype == values.dtype
    np.testing.assert_array_equal(there.get(), values)
    assert card._stages, "no pinned memory"


def test_memory_that_ends(pages, monkeypatch):
    import cupy

    rows = pd.concat([pages] * 4, ignore_index=True)
    steps = Pipeline([Score(text.word_count), Score(text.number_ratio)])
    with on_cores():
        wanted = steps(rows)
    pool, card = cupy.get_default_memory_pool(), array_device.device()
    before = cupy.cuda.get_allocator() if hasattr(cupy.cuda, "get_allocator") else None
    cupy.cuda.set_allocator(pool.malloc)
    pool.free_all_blocks()
    told, halved = [], False
    monkeypatch.setattr(lending, "once", lambda kind, *more: told.append(kind))
    try:
        for megabytes in (256, 128, 64, 32, 16, 1):
            pool.set_limit(size=pool.used_bytes() + (megabytes << 20))
            pd.testing.assert_frame_equal(steps(rows), wanted)
            halved |= card.most is not None
        assert halved and set(told) == {"full"} and not array_device._LOST
    finally:
        pool.set_limit(size=0)
        card.most = None
        if before is not None:
            cupy.cuda.set_allocator(before)


def test_readers_give_frames_of_the_backend(pages, tmp_path):
    import cudf

    pages.to_parquet(tmp_path / "rows.parquet")
    steps = Pipeline(load("curator-en"))
    with on_cores():
        wanted = steps(pages)["id"].tolist()
    with dask.config.set({"dataframe.backend": "cudf"}):
        docs = tamis.read_parquet(str(tmp_path / "rows.parquet"))
        assert isinstance(docs._meta, cudf.DataFrame)
        assert steps(docs).compute().to_pandas()["id"].tolist() == wanted
        run = steps.run(docs, tmp_path / "out", progress=False)
    assert run.kept().compute()["id"].tolist() == wanted
