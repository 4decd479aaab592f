"""Benchmarks in every form that they lie about in, and the fields that make their texts."""

import gzip
import json

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tamis.decontamination import TASKS, Benchmark, Decontaminate
from tamis.errors import ColumnError, DataError, SettingError

datasets = pytest.importorskip("datasets")

ROWS = [
    {"question": "what is one", "choices": {"text": ["uno", "due"], "label": ["A", "B"]}, "n": 1},
    {"question": "what is two", "choices": {"text": ["tre"], "label": ["A"]}, "n": 2},
]
TEXTS = {
    "what is one", "what is two", "uno", "due", "tre", "what is one uno", "what is one due",
    "what is two tre",
}  # fmt: skip


def saved(folder, form):
    path = folder / f"arc_easy.{form}"
    if form == "json":
        path.write_text(json.dumps(ROWS))
    elif form == "jsonl.gz":
        path.write_bytes(gzip.compress("\n".join(map(json.dumps, ROWS)).encode()))
    elif form == "parquet":
        pq.write_table(pa.Table.from_pylist(ROWS), path)
    elif form == "folder":
        path = folder / "arc_easy"
        path.mkdir()
        for number, row in enumerate(ROWS):
            (path / f"{number}.jsonl").write_text(json.dumps(row))
    else:
        path = folder / "arc_easy"
        made = datasets.Dataset.from_list(ROWS)
        if form == "splits":
            made = datasets.DatasetDict({"train": made.select([0]), "test": made.select([1])})
        made.save_to_disk(str(path))
    return path


@pytest.mark.parametrize("form", ["json", "jsonl.gz", "parquet", "folder", "data set", "splits"])
def test_forms(tmp_path, form):
    benchmark = Benchmark.of(saved(tmp_path, form))
    assert benchmark.task == "arc_easy" and benchmark.name == "arc_easy"
    found = list(benchmark.texts(False))
    assert {text for _, text in found} == TEXTS and len(found) == 8
    assert len({example for example, _ in found}) == 2
    assert benchmark.fingerprint() == Benchmark.of(benchmark.path).fingerprint()
    if form == "splits":
        one = Benchmark.of({"path": benchmark.path, "split": "test", "name": "x"})
        assert {text for _, text in one.texts(False)} == {"what is two", "tre", "what is two tre"}
        assert Benchmark.of(one.to_dict()) == one


def test_texts_and_tables(tmp_path):
    (tmp_path / "a.txt").write_text("all of it\nis one text")
    pd.DataFrame({"Q": ["q one", None], "A": ["a", "b"]}).to_csv(tmp_path / "b.csv", index=False)
    assert [t for _, t in Benchmark.of(tmp_path / "a.txt").texts(False)] == [
        "all of it\nis one text"
    ]
    given = {"path": str(tmp_path / "b.csv"), "fields": ["Q", "Q+A"]}
    assert [t for _, t in Benchmark.of(given).texts(False)] == ["q one", "q one a"]


def test_nested_lists_and_passages(tmp_path):
    row = {"story": "long ago", "questions": [["who", "what"], ["when"]], "answers": [{"a": "x"}]}
    (tmp_path / "coqa.json").write_text(json.dumps([row]))
    coqa = Benchmark.of(tmp_path / "coqa.json")
    assert [t for _, t in coqa.texts(False)] == ["who", "what", "when"]
    assert [t for _, t in coqa.texts(True)] == ["who", "what", "when", "long ago"]
    told = {"path": str(tmp_path / "coqa.json"), "fields": "answers.a"}
    assert list(Benchmark.of(told).texts(False)) == [("coqa.json:0", "x")]


def test_every_task_names_fields():
    for task in TASKS.values():
        assert task.fields and not set(task.fields) & set(task.passages)
        singles = {part for field in task.fields for part in field.split("+")}
        assert all(part.strip(".") == part and part for part in singles)


def test_what_is_wrong_is_said(tmp_path):
    path = tmp_path / "mine.jsonl"
    path.write_text(json.dumps({"prompt": "one two three", "id": "a"}))
    docs = pd.DataFrame({"id": ["a"], "text": ["b"]})
    with pytest.raises(
        ColumnError, match=r"no texts in 'text' \(it has: .*prompt.*say which fields"
    ):
        Decontaminate(path)(docs)
    with pytest.raises(ColumnError, match="no texts in 'answer'"):
        Decontaminate([{"path": str(path), "fields": ["prompt", "answer"]}])(docs)
    with pytest.raises(DataError, match="longest text has 3 words, and shortest=8"):
        Decontaminate([{"path": str(path), "fields": ["prompt"]}])(docs)
    with pytest.raises(SettingError, match="split='test' is for a folder of save_to_disk"):
        Decontaminate([{"path": str(path), "split": "test"}])(docs)
    path.write_text("{no json")
    with pytest.raises(DataError, match=r"mine\.jsonl"):
        Decontaminate([{"path": str(path), "fields": ["prompt"]}])(docs)
    for broken in ("[1]", "{", "{}", "[" * 100_000):
        (tmp_path / "x.json").write_text(broken)
        with pytest.raises(DataError, match=r"x\.json"):
            Decontaminate(tmp_path / "x.json")(docs)
