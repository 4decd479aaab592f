"""Deduplications of some rows: as of these alone, the others untouched, for every kind."""

import base64

import dask
import numpy as np
import pandas as pd
import pytest
from corpora import corpus

import tamis
from tamis import (
    ExactDedup,
    FingerprintDedup,
    FuzzyDedup,
    LineDedup,
    ParagraphDedup,
    PerceptualDedup,
    Pipeline,
    SemanticDedup,
    SentenceDedup,
    SubstringDedup,
    UrlDedup,
)
from tamis.dedup import Index, IndexDedup
from tamis.errors import ColumnError, SettingError

KINDS = {
    "exact": (ExactDedup, {}),
    "whole numbers": (ExactDedup, {"on": ["number", "text"]}),
    "longest": (FuzzyDedup, {"keep": "longest"}),
    "fuzzy": (FuzzyDedup, {}),
    "best": (FuzzyDedup, {"keep": "best:number", "verify": False}),
    "url": (UrlDedup, {}),
    "lines": (LineDedup, {"min_length": 1}),
    "paragraphs": (ParagraphDedup, {"action": "score"}),
    "sentences": (SentenceDedup, {"n": 1, "min_length": 1, "action": "record"}),
    "substrings": (SubstringDedup, {"length": 5}),
    "semantic": (SemanticDedup, {"threshold": 0.9}),
    "perceptual": (PerceptualDedup, {}),
    "fingerprint": (FingerprintDedup, {}),
}


def records():
    """Of two kinds in turns; every record stands twice in its kind and twice in the other."""
    docs = corpus(3, bases=12).head(30)
    rng = np.random.default_rng(0)
    count = len(docs)
    points = rng.normal(size=(count, 6)).astype(np.float32)
    words = rng.integers(1, 2**32, (count, 100), np.uint32)
    docs = docs.assign(
        text=docs.text.where(docs.index % 9 != 4),
        number=np.arange(count) // 2,
        url=[f"http://a.org/{k // 3}" for k in range(count)],
        embedding=list(points),
        phash=[f"{k // 2:04x}" for k in range(count)],
        fingerprint=[base64.b64encode(row.tobytes()).decode() for row in words],
    )
    both = [docs.assign(modality=kind, id=f"{kind}-" + docs.id) for kind in ("page", "page", "ad")]
    both[1]["id"] += "-again"
    made = pd.concat(both).sample(frac=1, random_state=3).reset_index(drop=True)
    made["modality"] = made.modality.where(made.index % 11 != 5)  # null is no value
    texts = ["id", "text", "url", "phash", "fingerprint", "modality"]
    return made.astype(dict.fromkeys(texts, pd.StringDtype("pyarrow")))


@pytest.mark.parametrize("kind", KINDS)
def test_as_of_those_rows_alone(kind):
    make, settings = KINDS[kind]
    frame = records()
    chosen = (frame.modality == "page").to_numpy(bool, na_value=False)
    step, plain = make(**settings, where={"modality": "page"}), make(**settings)
    marked, wanted = step.explain(frame), plain.explain(frame[chosen])
    assert chosen.any() and not chosen.all()
    columns = list(wanted.columns)
    left = marked[chosen].reset_index(drop=True)
    pd.testing.assert_frame_equal(left[columns], wanted.reset_index(drop=True))
    rest = marked[~chosen]
    pd.testing.assert_frame_equal(rest[frame.columns], frame[~chosen])
    assert rest[columns[len(frame.columns) :]].isna().all(axis=None)
    assert not step(frame).equals(plain(frame))  # it matters
    lazily = tamis.from_pandas(frame, npartitions=4)
    assert step(lazily).compute().id.tolist() == step(frame).id.tolist()
    assert step.to_dict()["where"] == {"modality": "page"}
    pipeline = Pipeline([step])
    assert Pipeline.from_yaml(pipeline.to_yaml()) == pipeline


@pytest.mark.parametrize("kind", ["exact", "fuzzy", "semantic", "perceptual", "lines"])
def test_a_run_and_its_certificate(kind, tmp_path):
    """Rows that take no part are no missed duplicates."""
    make, settings = KINDS[kind]
    frame = records()
    step = make(**settings, where={"modality": ["page", "poster"]})
    run = Pipeline([step]).run(tamis.from_pandas(frame, npartitions=3), tmp_path / "out")
    assert run.kept().compute().id.tolist() == step(frame).id.tolist()
    found = run.figures["deduplications"][0]
    if kind != "lines":
        told = found["certificate"]["exhaustive"]
        assert told["asked"] and not told["missed"]
        assert found["certificate"]["kept"] <= (frame.modality == "page").sum()
        assert run.duplicates().dropped == found["dropped"]


def test_sharded(tmp_path):
    frame, step = records(), FuzzyDedup(where={"modality": "page"})

    with dask.config.set({"tamis.dedup.memory": 2000}):
        run = Pipeline([step]).run(tamis.from_pandas(frame, npartitions=3), tmp_path / "out")
    assert run.figures["deduplications"][0]["sharded"]
    assert run.kept().compute().id.tolist() == step(frame).id.tolist()


def test_beside_another_set_and_in_splits(tmp_path):
    frame = records()
    frame[["id", "text"]].assign(id="held-" + frame.id).to_parquet(tmp_path / "held.parquet")
    where = {"modality": "ad"}
    for step in (ExactDedup, FuzzyDedup):
        left = step(against=str(tmp_path / "held.parquet"), where=where)(frame)
        empty = frame.text.isna().to_numpy(bool)
        others = (frame.modality != "ad").to_numpy(bool, na_value=True)
        assert left.id.tolist() == frame.id[others | empty].tolist()
    split = tamis.sets.split(frame, by=ExactDedup(where={"modality": "page"}), exact=True)
    page = split[split.modality == "page"]
    assert page.groupby("text").split.nunique().max() == 1
    plan = Pipeline([FuzzyDedup(keep="best:number", where=where)]).plan(frame)
    assert plan.steps().rows_in.tolist() == [len(frame)]


def test_refusals(tmp_path):
    frame = records()
    with pytest.raises(ColumnError, match="where: no column 'kind'"):
        ExactDedup(where={"kind": "page"})(frame)
    with pytest.raises(SettingError, match="where maps columns to values"):
        ExactDedup(where="page")
    with pytest.raises(SettingError, match="an index has no where="):
        Index(tmp_path / "seen", ExactDedup(where={"modality": "page"}))
    with pytest.raises(SettingError, match="where= cannot be"):
        IndexDedup(tmp_path / "seen", where={"modality": "page"})
