"""A card that fails: another process tries the task, or the run stops clearly and is resumed."""

import os
import time

import dask
import dask.dataframe as dd
import pandas as pd
import pyarrow as pa
import pytest

import failing_cards
from tamis import Pipeline, Score, SemanticDedup, text
from tamis.clusters.owned import PATIENCE, patient
from tamis.errors import CardError

ROWS = 24


def documents(parts=6):
    texts = [f"doc-{k:02d} " + "x" * k for k in range(ROWS)]
    frame = pd.DataFrame({"id": [f"r{k:02d}" for k in range(ROWS)], "text": texts})
    return dd.from_pandas(frame, npartitions=parts)


def checked(run):
    """All rows are kept, each measured once, and right."""
    ledger = run.ledger().compute().sort_values("id")
    assert ledger["id"].tolist() == [f"r{k:02d}" for k in range(ROWS)]
    kept = run.kept().compute().sort_values("id")
    assert kept["id"].tolist() == ledger["id"].tolist()
    assert kept.iloc[:, -1].tolist() == [7 + k for k in range(ROWS)]
    assert run.figures["tasks"]["done"] + run.figures["tasks"]["reused"] == 6


@pytest.fixture(scope="module")
def client():
    """Two workers with nannies; the tests that use them stand in the order of what is left."""
    from distributed import Client, LocalCluster

    with (
        dask.config.set(
            {
                "distributed.scheduler.allowed-failures": 1,
                "distributed.deploy.lost-worker-timeout": PATIENCE,  # as tamis.cluster has it
            }
        ),
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        yield client


@pytest.fixture
def cluster(client):
    client.wait_for_workers(2, timeout=240)
    with client.as_current(), dask.config.set(scheduler="distributed"):
        yield client


def told(client):
    return [event for _, event in client.get_events("tamis-card")]


@pytest.mark.slow
def test_a_card_that_fails_once_on_a_cluster(cluster, tmp_path):
    before = set(cluster.run(os.getpid).values())
    step = Score(failing_cards.failing_once, folder=str(tmp_path), torch=True, name="once")
    checked(Pipeline([step]).run(documents(), tmp_path / "out", progress=False))
    cluster.wait_for_workers(2, timeout=240)
    after = set(cluster.run(os.getpid).values())
    assert (tmp_path / "failed").exists() and len(before - after) == 1, "one process was ended"
    (event,) = told(cluster)
    assert "'once'" in event["told"] and "partition 3" in event["told"]


@pytest.mark.slow
def test_a_lazy_frame_on_a_cluster(cluster, tmp_path):
    before = set(cluster.run(os.getpid).values())
    step = Score(failing_cards.failing_once, folder=str(tmp_path), name="once")
    found = Pipeline([step])(documents()).compute()
    assert found["once"].tolist() == [7 + k for k in range(ROWS)]
    cluster.wait_for_workers(2, timeout=240)
    assert len(before - set(cluster.run(os.getpid).values())) == 1


@pytest.mark.slow
def test_a_card_that_always_fails_ends_the_run(cluster, tmp_path):
    steps = [Score(text.word_count), Score(failing_cards.failing_always)]
    began = time.monotonic()
    with pytest.raises(CardError) as error:
        Pipeline(steps).run(documents(), tmp_path / "out", progress=False)
    assert time.monotonic() - began < 60
    assert "the GPU of " in str(error.value) and "in the step 'failing_always'" in str(error.value)
    assert "partition 3" in str(error.value) and "from r12" in str(error.value)
    assert "(cudaErrorIllegalAddress)" in str(error.value) and "2 processes" in str(error.value)
    assert list((tmp_path / "out" / "stages" / "0").glob("part-*.json")), "what is done is kept"


@pytest.mark.slow
def test_a_card_that_is_gone_leaves_the_cluster(cluster, tmp_path):
    cluster.cluster.scheduler.allowed_failures = 10  # tasks that wait at a worker die with it
    before = len(told(cluster))
    step = Score(failing_cards.failing_worker, whose="1", name="lost")
    checked(Pipeline([step]).run(documents(), tmp_path / "out", progress=False))
    events = told(cluster)[before:]
    assert events and all(event["name"] == "1" and event["gone"] for event in events)
    if len(events) > 1:  # else the other worker did it all before a second process was there
        end, names = time.monotonic() + 60, []
        while names != [0] and time.monotonic() < end:
            time.sleep(0.2)
            names = [one["name"] for one in cluster.scheduler_info()["workers"].values()]
        assert names == [0]


def test_threads_of_one_process_stop_and_another_resumes(tmp_path, monkeypatch):
    step = Score(failing_cards.failing_once, folder=str(tmp_path), name="once")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2")
    with pytest.raises(CardError, match=r"the GPU 2 of .* in the step 'once'") as error:
        Pipeline([step]).run(documents(), tmp_path / "out", progress=False)
    assert isinstance(error.value.__cause__, RuntimeError)
    with pytest.raises(CardError, match="no later call of that process can use it"):
        Pipeline([step]).run(documents(), tmp_path / "out", progress=False)
    monkeypatch.setattr(failing_cards, "_POISONED", [])  # as in a new process
    checked(Pipeline([step]).run(documents(), tmp_path / "out", progress=False))


def test_a_lazy_frame_in_threads(tmp_path, monkeypatch):
    monkeypatch.setattr(failing_cards, "_POISONED", [True])
    step = Score(failing_cards.failing_once, folder=str(tmp_path), name="once")
    for call in (Pipeline([step]), Pipeline([step]).explain):
        with pytest.raises(CardError, match="in the step 'once', on a partition of 4 rows"):
            call(documents()).compute()


@pytest.mark.parametrize("lazily", [True, False])
def test_products_of_a_deduplication(tmp_path, monkeypatch, lazily):
    def lost(*given):
        raise RuntimeError(failing_cards.LOST)

    monkeypatch.setattr(SemanticDedup, "propose_from", lost)
    rows = documents().compute()
    vectors = pa.array([[1.0, float(k)] for k in range(ROWS)], pa.list_(pa.float32(), 2))
    rows["vector"] = pd.array(vectors, dtype=pd.ArrowDtype(vectors.type))
    frame = dd.from_pandas(rows, npartitions=3)
    steps = Pipeline([SemanticDedup(on="vector", name="same")])
    with pytest.raises(CardError, match=r"the GPU of .* failed.*uncorrectable ECC error") as error:
        if lazily:
            steps(frame).compute()
        else:
            steps.run(frame, tmp_path / "out", progress=False)
    assert lazily or "in the deduplication 'same'" in str(error.value)


def test_a_worker_in_this_process_does_not_end_it(tmp_path, monkeypatch):
    from distributed import Client

    monkeypatch.setattr(failing_cards, "_POISONED", [])
    step = Score(failing_cards.failing_once, folder=str(tmp_path), name="once")
    with (
        Client(processes=False, n_workers=1, threads_per_worker=1, dashboard_address=None),
        pytest.raises(CardError, match="an illegal memory access"),
    ):
        Pipeline([step]).run(documents(), tmp_path / "out", progress=False)


@pytest.mark.slow
def test_processes_stop_and_the_next_run_has_others(tmp_path):
    step = Score(failing_cards.failing_once, folder=str(tmp_path), name="once")
    with dask.config.set(scheduler="processes", num_workers=1):
        with pytest.raises(CardError, match="in the step 'once'"):
            Pipeline([step]).run(documents(), tmp_path / "out", progress=False)
        checked(Pipeline([step]).run(documents(), tmp_path / "out", progress=False))


def test_workers_have_time_to_come_back():
    """Dask closes the nanny of a worker that is not back in time, 15 s unless it is told more."""
    name = "distributed.deploy.lost-worker-timeout"
    import distributed  # noqa: F401  (which brings its defaults)

    with dask.config.set({name: dask.config.get(name)}):
        patient()
        assert dask.config.get(name) == PATIENCE
    with dask.config.set({name: "7s"}):
        patient()
        assert dask.config.get(name) == "7s"
