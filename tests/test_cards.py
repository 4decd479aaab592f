"""Stages for workers that declare a GPU: the same outcome, and the steps where they belong."""

import numpy as np
import pandas as pd
import pytest
from dask.distributed import Client, SpecCluster, Worker, get_worker
from distributed import Scheduler
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tamis import Cut, Edit, ExactDedup, Filter, Pipeline, Score, measure, scheduling, text
from tamis.cards import divided, takes
from tamis.segments import Segment, segments, unique_names


@measure(dtype="Int64", heavy=True)
def on_device(text, *, device: str | None = None):
    """A model, as far as a run can tell."""
    return text.str.len() % 7


@measure(dtype="string", heavy=True)
def worker_of_model(text, *, device: str | None = None):
    """Who measures it."""
    return [get_worker().name] * len(text)


@measure(dtype="string")
def worker_of_words(text):
    """Who measures it."""
    return [get_worker().name] * len(text)


MODEL = Score(on_device)
BEST = Filter(on_device, min=2, name="best")
STEPS = [
    MODEL, BEST, Score(text.word_count), Filter(text.character_count, min=9),
    Edit(text.normalize_whitespace),
    Filter("word_count", min=2), Filter(text.character_count, min="20%", name="longest"),
    Cut(text.chunks, max_length=20), ExactDedup(),
]  # fmt: skip


def documents(count=60):
    words = np.random.default_rng(5).choice(["a", "bee ", "sea. ", "Deep  sea. ", "is"], (count, 6))
    texts = ["".join(row[: 1 + k % 6]) for k, row in enumerate(words)]
    return pd.DataFrame({"id": [f"r{k}" for k in range(count)], "text": texts})


def outcome(steps, folder, frame):
    run = Pipeline(steps).run(frame, folder, progress=False, certificate=False)
    told = [{k: v for k, v in row.items() if k != "seconds"} for row in run.figures["steps"]]
    rows = [part.compute().sort_values("id").reset_index(drop=True)
            for part in (run.kept(), run.dropped())]  # fmt: skip
    return told, rows


@pytest.mark.slow
@settings(max_examples=2, deadline=None)
@given(st.lists(st.sampled_from(range(len(STEPS))), min_size=2, max_size=6))
@example([2, 3, 0, 5, 1])
@example([6, 2, 1, 2])
@example([7, 3, 2, 1, 8, 0])
def test_where_steps_run_does_not_show(tmp_path_factory, numbers):
    steps = [STEPS[k] for k in numbers if k != 5 or 2 in numbers[: numbers.index(5)]]
    import dask.dataframe as dd

    frame = dd.from_pandas(documents(), npartitions=2)
    folder = tmp_path_factory.mktemp("runs")
    one = outcome(steps, folder / "one", frame)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tamis.cards.declared", lambda resource: True)
        other = outcome(steps, folder / "other", frame)
    assert one[0] == other[0]
    for left, right in zip(one[1], other[1], strict=True):
        pd.testing.assert_frame_equal(left, right)


def places(*steps):
    found = []
    judged = False
    for part in segments(unique_names(steps)):
        found += [("+".join(n for n, _ in one.steps), one.card) for one in divided(part, judged)]
        judged = part.bound is not None
    return found


def test_what_goes_where():
    count, words = Score(text.word_count), Filter(text.character_count, min=3)
    assert places(count, MODEL) == [("word_count", False), ("on_device", True)]
    assert places(words, MODEL, BEST) == [("character_count", False), ("on_device+best", True)]
    # words of rows that the filter drops are counted: with the model they stay in one block
    assert places(words, MODEL, count) == [("character_count+on_device+word_count", True)]
    by_column = Filter("on_device", min=2, name="of_column")
    assert places(MODEL, by_column, MODEL) == [("on_device+of_column+on_device_2", True)]
    assert places(MODEL, Edit(text.normalize_whitespace), count)[1][1] is False
    asked = Filter(text.character_count, min="20%")
    assert places(asked, count, MODEL, Score(text.word_count, name="more")) == [
        ("character_count", False), ("word_count+on_device+more", True)]  # fmt: skip
    assert [card for _, card in places(count, Score(on_device, device="cpu"))] == [False]
    assert takes(MODEL) and takes(Score(on_device, device="cuda:1")) and not takes(count)
    assert divided(Segment(())) == [Segment(())]


@pytest.fixture(scope="module")
def cluster():
    """A worker without and one with a GPU, as far as they say."""
    shared = {"nthreads": 1, "memory_limit": 0, "dashboard": False}
    workers = {
        "plain": {"cls": Worker, "options": shared | {"name": "plain"}},
        "card": {"cls": Worker, "options": shared | {"name": "card", "resources": {"GPU": 1}}},
    }
    scheduler = {"cls": Scheduler, "options": {"dashboard": False, "port": 0}}
    with SpecCluster(workers=workers, scheduler=scheduler, silence_logs=50) as running:
        yield running


@pytest.mark.slow
def test_models_run_on_the_worker_that_declares_a_gpu(cluster, tmp_path):
    dd = pytest.importorskip("dask.dataframe")
    frame = dd.from_pandas(documents(400), npartitions=16)
    steps = [
        Score(worker_of_words),
        Filter(text.character_count, min=9),
        Score(worker_of_model),
        BEST,
    ]
    plain = [MODEL, Filter(text.character_count, min=9), BEST]
    assert not scheduling.declared("GPU")
    threads = outcome(plain, tmp_path / "threads", frame)
    with Client(cluster):
        assert scheduling.declared("GPU") and not scheduling.declared("MEMORY")
        run = Pipeline(steps).run(frame, tmp_path / "run", progress=False)
        kept = run.kept().compute()
        assert set(kept.worker_of_model) == {"card"}
        assert set(kept.worker_of_words) == {"plain", "card"}
        there = outcome(plain, tmp_path / "there", frame)
    assert threads[0] == there[0]
    for left, right in zip(threads[1], there[1], strict=True):
        pd.testing.assert_frame_equal(left, right)
