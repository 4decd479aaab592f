"""cuDF frames through steps, pipelines and runs: the same answers as pandas frames."""

import pandas as pd
import pytest

from tamis import ExactDedup, Filter, FuzzyDedup, Pipeline, Score, datasets, text

pytestmark = pytest.mark.gpu

STEPS = [
    Score(text.word_count),
    Filter(text.mean_word_length, min=3, max=10),
    Filter(text.top_ngram_ratio, n=2, max=0.2),
    ExactDedup(),
    FuzzyDedup(threshold=0.7),
]


@pytest.fixture(scope="module")
def pages():
    frame = datasets.demo().compute().head(600)[["id", "text"]]
    copies = frame.iloc[::7].assign(id=lambda rows: rows["id"] + "#copy")
    near = frame.iloc[::11].assign(
        id=lambda rows: rows["id"] + "#near", text=lambda rows: rows["text"] + " one more"
    )
    return pd.concat([frame, copies, near], ignore_index=True)


def on_device(frame):
    import cudf

    return cudf.from_pandas(frame)


def back(frame):
    return frame.to_pandas().reset_index(drop=True)


def as_values(frame):
    return frame.astype(object).where(frame.notna(), None).to_dict("list")


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_a_step_gives_the_same_frame(step, pages):
    import cudf

    found = step(on_device(pages))
    assert isinstance(found, cudf.DataFrame)
    assert as_values(back(found)) == as_values(step(pages).reset_index(drop=True))


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_explained_alike(step, pages):
    wanted = step.explain(pages).reset_index(drop=True)
    assert as_values(back(step.explain(on_device(pages)))) == as_values(wanted)


@pytest.mark.parametrize("partitions", [1, 5])
def test_a_pipeline_over_dask_cudf_keeps_the_same_ids(pages, partitions):
    import dask_cudf

    clean = Pipeline(STEPS)
    wanted = clean(pages)["id"].tolist()
    assert 0 < len(wanted) < len(pages)
    frame = dask_cudf.from_cudf(on_device(pages), npartitions=partitions)
    assert clean(frame).compute().to_pandas()["id"].tolist() == wanted


def test_a_run_over_dask_cudf_keeps_the_same_ids(pages, tmp_path):
    import dask_cudf

    clean = Pipeline(STEPS)
    frame = dask_cudf.from_cudf(on_device(pages), npartitions=3)
    run = clean.run(frame, tmp_path / "out", progress=False)
    assert run.kept().compute()["id"].tolist() == clean(pages)["id"].tolist()
    assert run.rows["in"] == len(pages)
