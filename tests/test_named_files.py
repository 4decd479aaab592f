"""Lists and models that steps name are part of the work: other contents, other work."""

import hashlib
import os

import pandas as pd
from dask.base import tokenize

import tamis
from tamis import Filter, Pipeline, Score, text
from tamis.frame import STRING
from tamis.named_files import contents, states


def test_a_changed_list_is_other_work(tmp_path):
    words = tmp_path / "words.txt"
    words.write_text("casino\n")
    rows = {"id": ["a", "b", "c"], "text": ["a casino here", "a lottery there", "neither"]}
    frame = tamis.from_pandas(pd.DataFrame(rows, dtype=STRING), npartitions=2)

    def run():
        steps = Pipeline([Filter(text.word_list_count, name="listed", files=(str(words),), max=0)])
        return steps.run(frame, tmp_path / "out", progress=False)

    assert run().kept().compute()["id"].tolist() == ["b", "c"]
    before = os.stat(tmp_path / "out" / "run.json").st_mtime_ns
    assert run().kept().compute()["id"].tolist() == ["b", "c"]
    assert os.stat(tmp_path / "out" / "run.json").st_mtime_ns == before  # nothing was done again
    words.write_text("casino\nlottery\n")
    assert run().kept().compute()["id"].tolist() == ["c"]


def test_what_names_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model" / "deep").mkdir(parents=True)
    (tmp_path / "model" / "deep" / "weights").write_bytes(b"12")
    (tmp_path / "list.txt").write_bytes(b"123")
    (tmp_path / "model" / "link").symlink_to("nowhere")
    found = states((("files", ("list.txt", "gone.txt")), ("model", "timm:./model"), ("n", 3)))
    assert [(name, size) for name, size, _ in found] == [
        ("./model/deep/weights", 2), ("./model/link", -1), ("list.txt", 3)
    ]  # fmt: skip
    assert states(("model", ".", "..", "/", "./", "~/", "a\0b", "x" * 10_000)) == []
    assert states(tuple(["list.txt"] * 2000)) == []


def test_tokens_are_those_of_the_step(tmp_path):
    path = tmp_path / "list.txt"
    path.write_text("one\n")
    make = lambda: Score(text.word_list_count, files=(str(path),))  # noqa: E731
    first = tokenize(make())
    assert tokenize(make()) == first != tokenize(Score(text.word_count))
    assert tokenize(Filter(make().op, files=(str(path),), max=1)) != tokenize(
        Filter(make().op, files=(str(path),), max=2)
    )
    path.write_text("one\ntwo\n")
    assert tokenize(make()) != first


def test_a_run_tells_what_it_read(tmp_path):
    path = tmp_path / "list.txt"
    path.write_text("casino\n")
    frame = pd.DataFrame({"id": ["a"], "text": ["a casino"]}, dtype=STRING)
    steps = Pipeline([Filter(text.word_list_count, files=(str(path),), max=3)])
    told = steps.run(frame, tmp_path / "out", progress=False).figures["named_files"]
    wanted = hashlib.sha256(b"casino\n").hexdigest()
    assert told == {str(path): {"bytes": 7, "sha256": wanted}}
    assert contents([Score(text.word_count), Filter("column", min=1), tamis.ExactDedup()]) == {}
