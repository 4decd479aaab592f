"""A partition of several row groups keeps its text in chunks; a run over it is like any other."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import tamis
from tamis import ExactDedup, Filter, FuzzyDedup, LineDedup, Pipeline, SubstringDedup, text
from tamis.io import frames

STEPS = [
    Filter(text.word_count, min=3),
    ExactDedup(),
    FuzzyDedup(threshold=0.7),
    LineDedup(),
    SubstringDedup(length=20),
]


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.setattr(frames, "CHUNK", 1)  # every row group a chunk of its own
    draw = np.random.default_rng(5)
    words = np.array([f"word{k}" for k in range(400)])
    texts = [" ".join(draw.choice(words, 40)) for _ in range(300)]
    texts += [f"{line} and one more" for line in texts[:60]] + texts[:30] + ["a", ""]
    table = pa.table(
        {
            "id": [f"r{k}" for k in range(len(texts))],
            "text": texts,
            "source": [f"s{k % 3}" for k in range(len(texts))],
        }
    )
    pq.write_table(table, tmp_path / "docs.parquet", row_group_size=50)
    return tmp_path


def test_eager_lazy_and_run_agree(files):
    docs = tamis.read_parquet(files / "docs.parquet")
    assert docs.npartitions == 1
    whole = pd.read_parquet(files / "docs.parquet")
    pipeline = Pipeline(STEPS)
    expected = pipeline(whole).reset_index(drop=True)
    assert 0 < len(expected) < len(whole)
    lazy = pipeline(docs).compute()
    run = pipeline.run(docs, files / "out", progress=False).kept().compute()
    for found in (lazy, run):
        assert found["id"].tolist() == expected["id"].tolist()
        assert found["text"].tolist() == expected["text"].tolist()
