"""K-means by the workers of a cluster, which are processes here: clusters are those of one."""

import logging

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from distributed import Client, LocalCluster

import tamis
from tamis import SemanticDedup
from tamis.dedup import kmeans, spread
from tamis.dedup.devices import Numpy
from tamis.dedup.embeddings import Embeddings
from tamis.vectors import to_column


@pytest.fixture(scope="module")
def cluster():
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as running,
        Client(running) as client,
    ):
        yield client


def frame(count=600, width=8):
    rng = np.random.default_rng(0)
    values = rng.standard_normal((30, width))[rng.integers(0, 30, count)]
    values = (values + 0.3 * rng.standard_normal((count, width))).astype(np.float32)
    values[::50] = 0  # without a direction
    column = pa.chunked_array([to_column(values)])
    ids = pd.array([f"r{k}" for k in range(count)], pd.StringDtype("pyarrow"))
    vectors = pd.array(column, dtype=pd.ArrowDtype(column.type))
    return pd.DataFrame({"id": ids, "embedding": vectors})


def made(frame, partitions, tmp_path, name):
    step = SemanticDedup(threshold=0.9, clusters=25, fit=400, keep="hard", iterations=6)
    run = tamis.Pipeline([step]).run(
        tamis.from_pandas(frame, npartitions=partitions), tmp_path / name, progress=False
    )
    found = run.duplicates().material()[0].stored
    return run.kept().compute()["id"].tolist(), found["clusters"], found["centres"]


@pytest.mark.slow
def test_a_run_keeps_the_same(cluster, tmp_path, monkeypatch, caplog):
    caplog.set_level(logging.INFO, "tamis")
    rows = frame()
    wanted = made(rows, 3, tmp_path, "one")
    assert "workers" not in caplog.text
    monkeypatch.setattr(spread, "WORTH", 1.0)
    for partitions in (2, 5):
        caplog.clear()
        found = made(rows, partitions, tmp_path, f"of {partitions}")
        assert "k-means by 2 workers" in caplog.text
        assert "gave up" not in caplog.text
        assert found[0] == wanted[0]
        assert found[1].equals(wanted[1])
        assert found[2].equals(wanted[2])
    assert 0 < len(wanted[0]) < len(rows)


def test_centres_that_nobody_is_near_to(cluster):
    """The rows least like their centres take their places, from whichever worker."""
    step, rows = SemanticDedup(), frame(300)
    tables = [step.sketch(rows.iloc[k : k + 100]) for k in (0, 100, 200)]
    offsets = np.array([0, 100, 200, 300])
    vectors = Embeddings(tables, offsets)
    chosen = np.random.default_rng(1).permutation(vectors.count)
    chosen[:3] = chosen[0]  # three centres alike: two have nobody
    workers = list(cluster.scheduler_info()["workers"])
    reads = [Reads(table) for table in tables]
    several = spread.Spread(cluster, workers, vectors, offsets, reads, chosen, "numpy", 0.0)
    found = kmeans.fit(several.sample, 20, 5, several)
    wanted = kmeans.fit(vectors.units(chosen), 20, 5, Numpy())
    assert (found.centres == wanted.centres).all()
    assert found[1:] == wanted[1:]
    one = several.assigned(vectors, found.centres, 2)
    other = Numpy().assigned(vectors, found.centres, 2)
    assert all((a == b).all() for a, b in zip(one, other, strict=True))


class Reads:
    def __init__(self, table):
        self.table = table

    def __call__(self):
        return self.table


class Lost(spread.Spread):
    def _each(self, *call):
        raise OSError("no worker is left")


@pytest.mark.slow
def test_this_process_goes_on_where_workers_cannot(cluster, tmp_path, monkeypatch, caplog):
    rows = frame(200)
    wanted = made(rows, 2, tmp_path, "one")
    monkeypatch.setattr(spread, "WORTH", 1.0)
    monkeypatch.setattr(spread, "Spread", Lost)
    assert made(rows, 2, tmp_path, "lost")[0] == wanted[0]
    assert "workers gave up k-means, this process does it: OSError: no worker" in caplog.text


def test_a_share_that_moves_reads_its_vectors_anew():
    table = SemanticDedup().sketch(frame(60))
    share = spread.Share([Reads(table)], np.arange(10), "numpy", 0.0)
    function, given = share.__reduce__()
    again = function(*given)
    centres = share.sample[:4]
    assert all(
        np.array_equal(a, b)
        for a, b in zip(spread.assign(share, centres), spread.assign(again, centres), strict=True)
    )
    assert share.__sizeof__() == 4 * 8 * share.vectors.count
