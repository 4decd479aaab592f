"""Plans against the runs they are about."""

import json
import random
import re
import subprocess
import sys

import dask.dataframe as dd
import numpy as np
import pandas as pd
import pytest

import tamis
from tamis import ExactDedup, Filter, FuzzyDedup, Pipeline, Score
from tamis.dedup.bands import probability
from tamis.errors import ColumnError, SettingError
from tamis.estimates import duplicates

STRING = pd.StringDtype("pyarrow")


def pages(count=4000, seed=0):
    """Texts of 30 to 150 words; a fifth are copies of others, a fifth of these edited."""
    rng = random.Random(seed)
    texts = []
    for _ in range(count):
        if texts and rng.random() < 0.2:
            words = rng.choice(texts).split()
            if rng.random() < 0.2:
                words[rng.randrange(len(words))] = f"new{rng.randrange(10**6)}"
        else:
            words = [f"word{rng.randrange(5000)}" for _ in range(rng.randrange(30, 150))]
        texts.append(" ".join(words))
    ids = pd.array([f"doc-{k}" for k in range(count)], STRING)
    return pd.DataFrame({"id": ids, "text": pd.array(texts, STRING)})


STEPS = [
    Score("text.sentence_count"),
    Filter("text.word_count", name="long_enough", min=60),
    ExactDedup(),
    FuzzyDedup(),
]


def test_a_sample_of_all_is_exact(tmp_path):
    docs = dd.from_pandas(pages(1000), npartitions=3, sort=False)
    pipeline = Pipeline(STEPS)
    plan = pipeline.plan(docs, rows=10_000)
    run = pipeline.run(docs, tmp_path / "out", progress=False)
    real = run.steps()
    assert plan.steps().rows_out.tolist() == real.rows_out.tolist()
    for column in ("low", "high"):
        assert plan.steps()[column].tolist() == real.rows_out.tolist()
    rows = plan.figures["rows"]
    assert rows["in"] == rows["in_low"] == rows["in_high"] == 1000
    assert rows["kept"] == run.rows["kept"]
    sizes = {
        kind: sum(part["bytes"] for part in run.figures["parts"] if part["name"].startswith(kind))
        for kind in ("kept", "dropped", "ledger")
    }
    disk = plan.figures["disk"]
    assert disk["kept"] == pytest.approx(sizes["kept"], rel=0.05)
    assert disk["dropped"] == pytest.approx(sizes["dropped"] + sizes["ledger"], rel=0.05)


def test_a_share_of_the_partitions(tmp_path):
    """Row-wise steps within a tenth; what the run does is within the range of the plan."""
    docs = dd.from_pandas(pages(), npartitions=40, sort=False)
    pipeline = Pipeline(STEPS)
    plan, out = pipeline.plan(docs, rows=400), tmp_path / "out"
    assert plan.figures["sample"] == {"rows": 400, "partitions": 4, "of": 40}
    run = pipeline.run(docs, out, progress=False)
    real = run.steps()
    assert plan.figures["rows"]["in"] == pytest.approx(4000, rel=0.05)
    told = plan.steps()
    assert told.rows_out["long_enough"] == pytest.approx(real.rows_out["long_enough"], rel=0.1)
    for name in real.index:
        assert told.low[name] <= real.rows_out[name] <= told.high[name]
        assert told.low[name] <= told.rows_out[name] <= told.high[name]
    assert told.rows_out["fuzzy_dedup"] == pytest.approx(real.rows_out["fuzzy_dedup"], rel=0.25)
    kept = sum(p["bytes"] for p in run.figures["parts"] if p["name"].startswith("kept"))
    assert plan.figures["disk"]["kept"] == pytest.approx(kept, rel=0.4)
    assert told.share.sum() <= 1.0 and plan.figures["seconds"] > 0


@pytest.mark.parametrize("copies", [2, 5, 50])
@pytest.mark.parametrize("share", [0.1, 0.3])
def test_duplicates_of_a_sample(copies, share):
    """Whatever the size of groups, the range holds the share in the whole."""
    rng = np.random.default_rng(copies)
    records = 20_000
    groups = np.arange(records)
    doubled = int(share * records)
    groups[:doubled] = groups[:doubled] // copies * copies
    rng.shuffle(groups)
    true = 1 - np.unique(groups).size / records
    held = 0
    for _ in range(40):
        sample = rng.choice(groups, 1000, replace=False)
        halves = [1 - np.unique(s).size / s.size for s in (sample, sample[:500])]
        expected, least, most = duplicates(*halves, 1000, records)
        assert least <= expected <= most
        held += least <= true <= most
    assert held >= 37
    assert duplicates(true, 0.0, records, records) == (true, true, true)


def test_the_curve_is_that_of_the_search():
    """As many pairs of a similarity share a band as the plan says."""
    step = FuzzyDedup(hashes=64, bands=8, rows=8, threshold=0.7)
    plan = Pipeline([step]).plan(pages(50))
    curve = plan.curve("fuzzy_dedup")
    assert curve.similarity.tolist() == pytest.approx([0.5 + 0.05 * k for k in range(11)])
    rng = random.Random(1)
    texts, true = [], []
    for _ in range(600):
        words = [f"w{rng.randrange(10**6)}" for _ in range(204)]
        copy = [*words[:184], *(f"v{rng.randrange(10**6)}" for _ in range(20))]
        texts += [" ".join(words), " ".join(copy)]
        true.append(180 / 220)  # 200 shingles each, 180 of them shared
    docs = pd.DataFrame({"id": [f"d{k}" for k in range(1200)], "text": texts})
    sketch = step.sketch(docs)
    keys = np.array([sketch[f"band_{band:02d}"].to_numpy() for band in range(8)])
    met = (keys[:, ::2] == keys[:, 1::2]).any(axis=0).mean()
    wanted = np.interp(true[0], curve.similarity, curve.proposed)
    assert met == pytest.approx(wanted, abs=0.06)
    assert plan.figures["deduplications"][0]["missed"] == 1 - probability(0.7, 8, 8)
    assert any("would be missed" in warning for warning in plan.warnings)
    with pytest.raises(KeyError, match="no fuzzy deduplication 'exact_dedup'"):
        plan.curve("exact_dedup")


def test_warnings(monkeypatch, tmp_path):
    docs = pages(300)
    assert not Pipeline(STEPS).plan(docs, out=tmp_path / "not" / "there").warnings
    monkeypatch.setattr("tamis.estimates._room", lambda out: 1000)
    monkeypatch.setattr("tamis.estimates._free_memory", lambda: 10**6)
    told = " ".join(Pipeline(STEPS).plan(docs, out=tmp_path / "out").warnings)
    assert "where 1 kB are free" in told.replace("1000 B", "1 kB") and "are needed" in told
    nothing = Pipeline([Filter("text.word_count", min=10**6)]).plan(docs)
    assert "word_count drops everything in the sample" in " ".join(nothing.warnings)
    assert not list(tmp_path.iterdir())


def test_errors_and_looks():
    docs = pages(100)
    with pytest.raises(SettingError, match="rows=0"):
        Pipeline(STEPS).plan(docs, rows=0)
    with pytest.raises(ColumnError, match="no column 'body'"):
        Pipeline([FuzzyDedup(on="body")]).plan(docs)
    plan = Pipeline(STEPS).plan(docs)
    assert "rows kept" in repr(plan) and "32 bands x 8 rows" in repr(plan)
    assert "<table" in plan._repr_html_() and "long_enough" in plan._repr_html_()
    json.dumps(plan.figures)
    assert Pipeline(STEPS).plan(docs.iloc[:0]).figures["rows"]["kept"] == 0
    shuffled = dd.from_pandas(docs, npartitions=3).shuffle("id", npartitions=3)
    assert Pipeline(STEPS).plan(shuffled).figures["rows"]["in"] == 100


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (tamis.SubstringDedup(length=40), "runs of 40 words or more that stand before, by a hash"),
        (tamis.SentenceDedup(n=2), "runs of 2 sentences that stand before"),
        (tamis.LineDedup(action="record"), "lines that stand before, .* counted to drop records"),
        (ExactDedup(), "equal, by a hash of 128 bits; none is missed"),
    ],
)
def test_how_a_deduplication_without_bands_searches(step, said):
    plan = Pipeline([step]).plan(pages(60))
    assert re.search(rf"{step.name}: {said}", repr(plan))
    assert "compiling, about a minute in the first run on a machine" in repr(plan)


def test_command(tmp_path):
    pages(400).to_json(tmp_path / "docs.jsonl", orient="records", lines=True)
    (tmp_path / "r.yaml").write_text("steps:\n- dedup: exact\n- dedup: fuzzy\n  bands: 16\n")
    command = [sys.executable, "-c", "from tamis.cli import main; main()", "plan", "r.yaml"]
    command += ["--input", "docs.jsonl", "--output", "out", "--set", "fuzzy_dedup.threshold=0.85"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for words in ("exact_dedup", "rows kept", "16 bands x 16 rows", "chance of being compared",
                  "0.85", "staged for deduplication"):  # fmt: skip
        assert words in done.stdout
    assert not (tmp_path / "out").exists()
