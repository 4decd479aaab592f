"""Frames, settings and folders that a run cannot use: told at the call, by an error of ours."""

import datetime
import errno
import json
import os
from pathlib import Path

import dask
import dask.dataframe as dd
import numpy as np
import pandas as pd
import pytest

import tamis
from tamis import ExactDedup, Filter, Pipeline, Run
from tamis.errors import (
    ColumnError,
    DataError,
    SettingError,
    TamisError,
    UncommittedError,
    WriteError,
)
from tamis.io import store as stores
from tamis.io.store import Files

STEPS = Pipeline([Filter(tamis.text.word_count, min=1)])
DOCS = pd.DataFrame({"id": list("abc"), "text": ["a b", "c", "d e f"]})


def test_objects_of_several_types_are_an_error_eagerly_and_in_a_run(tmp_path):
    mixed = DOCS.assign(text=pd.Series(["a b", 3, ["x"]], dtype=object))
    for work in (STEPS, STEPS.explain, lambda frame: STEPS.run(frame, tmp_path / "out")):
        with pytest.raises(ColumnError, match="column 'text' holds values"):
            work(mixed)
    aside = DOCS.assign(more=pd.Series([1, "a", [1]], dtype=object))
    with pytest.raises(ColumnError, match="column 'more' holds values of several types"):
        STEPS.run(aside, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "values",
    [
        [[1], [2, 3], None],
        [{"a": 1, "b": "x"}, {"a": 2, "b": None}, None],
        [np.array([1.5, 2.0]), np.array([]), None],
        [b"a", b"\xff", None],
        [datetime.date(2020, 1, 1), None, datetime.date(1, 1, 1)],
        [True, None, False],
    ],
)
def test_objects_of_one_type_keep_it_in_a_run(tmp_path, values):
    docs = DOCS.assign(more=pd.Series(values, dtype=object))
    for number, steps in enumerate((STEPS, Pipeline([ExactDedup()]))):
        kept = steps.run(docs, tmp_path / str(number)).kept().compute()["more"]
        for found, value in zip(kept.tolist(), values, strict=True):
            if isinstance(value, list | np.ndarray):
                assert list(found) == list(value)
            else:
                assert (value is None and pd.isna(found)) or found == value


@pytest.mark.parametrize(
    ("docs", "said"),
    [
        (DOCS.assign(c=pd.period_range("2020", "2022", freq="Y")), "'c' is period.*files have not"),
        (DOCS.assign(c=[1j, 2j, 3j]), "column 'c' holds values of"),
        (DOCS.assign(c=[object()] * 3), "column 'c' holds values of"),
        (DOCS.rename(columns={"text": 5}), "column 5 is not named by text"),
        (DOCS.rename(columns={"text": ("a", "b")}), "is not named by text"),
        (DOCS.assign(text=pd.Series(["\ud800"] * 3, dtype=object)), "column 'text'.*surrogates"),
    ],
)
def test_columns_that_no_file_has(tmp_path, docs, said):
    with pytest.raises(ColumnError, match=said):
        STEPS.run(docs, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_what_is_no_frame(tmp_path):
    for wrong in (DOCS.text, dd.from_pandas(DOCS, npartitions=1).text):
        for work in (STEPS, STEPS.explain, STEPS.steps[0], lambda x: STEPS.run(x, tmp_path / "o")):
            with pytest.raises(TypeError, match="not a frame but one column"):
                work(wrong)
    with pytest.raises(TypeError, match="not a frame: list"):
        STEPS.run([1], tmp_path / "o")
    with pytest.raises(DataError, match="no partitions"):
        STEPS.run(dd.from_pandas(DOCS, npartitions=1).partitions[:0], tmp_path / "o")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"target_size": 0}, "target_size=0"),
        ({"target_size": "-3MB"}, "target_size='-3MB'"),
        ({"stage_compression": "zip"}, "stage_compression='zip'"),
        ({"partition_on": "list"}, "partition_on: column 'list' holds list"),
    ],
)
def test_settings(tmp_path, settings, said):
    with pytest.raises(TamisError, match=said):
        STEPS.run(DOCS.assign(list=[[1], [2], [3]]), tmp_path / "out", **settings)
    assert not (tmp_path / "out").exists()


class Refusing(Files):
    """A disk that lets nothing be written."""

    def __init__(self, number):
        self.number = number

    def open(self, path):
        raise OSError(self.number, os.strerror(self.number), path)


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.EACCES, "Permission denied; it belongs to somebody else"),
        (errno.EROFS, "Read-only file system; choose another folder"),
        (errno.ENOSPC, "No space left on device; make room"),
    ],
)
def test_a_folder_that_cannot_be_written_is_told_at_the_start(tmp_path, monkeypatch, number, said):
    monkeypatch.setattr(stores, "Files", lambda: Refusing(number))

    def read(_):
        raise AssertionError("nothing is read where nothing can be written")

    docs = dd.from_map(read, [0], meta=dd.from_pandas(DOCS, npartitions=1)._meta)
    with pytest.raises(WriteError, match=f"cannot write .*out.*: {said}") as error:
        STEPS.run(docs, tmp_path / "out")
    assert error.value.errno == number
    with pytest.raises(WriteError, match=said):
        tamis.write_parquet(DOCS, tmp_path / "other")


def test_a_file_in_the_way(tmp_path):
    (tmp_path / "file").write_text("x")
    for out in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(WriteError, match="a file stands where a folder should be"):
            STEPS.run(DOCS, out)
        with pytest.raises(DataError, match="holds no run"):
            Run(out)
    (tmp_path / "out" / "report.html").mkdir(parents=True)
    with pytest.raises(WriteError, match=r"report\.html: Is a directory; a folder stands where"):
        STEPS.run(DOCS, tmp_path / "out")
    for out in ("", None, 3):
        with pytest.raises(SettingError, match="a folder is named by a path"):
            STEPS.run(DOCS, out)


@pytest.mark.parametrize(
    "damage",
    [b"", b'{"format": 1, "to', b"[]", b"{}", b'{"parts":[{}]}', b'{"parts":null}', b"\xff\xfe\0"],
)
def test_a_damaged_run_json_is_refused_and_running_again_mends_it(tmp_path, damage):
    out = tmp_path / "out"
    rows = STEPS.run(DOCS, out).rows
    before = json.loads((out / "run.json").read_text())["parts"]
    (out / "run.json").write_bytes(damage)
    with pytest.raises(TamisError):
        Run(out)
    with pytest.raises(TamisError):
        tamis.read_parquet(out / "kept")
    run = STEPS.run(DOCS, out)
    assert run.rows == rows and run.figures["parts"] == before
    assert run.figures["tasks"] == {"done": 0, "reused": 1}


def test_a_run_does_not_read_its_own_output(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"text": "x"}\n')
    out = tmp_path / "out"
    STEPS.run(tamis.read_jsonl(tmp_path), out, format="jsonl")
    with pytest.raises(DataError, match=r"the input holds .*out/kept/.*in the output folder"):
        STEPS.run(tamis.read_jsonl(f"{tmp_path}/**/*.jsonl"), out, format="jsonl")
    assert Run(out).rows["in"] == 1


@tamis.measure(dtype="Int64")
def meddling(text, *, folder: str):
    """A second run that tidies the folder while the first one is under way."""
    for part in Path(folder).glob("kept/*"):
        part.unlink()
    return text.str.len()


def test_a_run_whose_parts_vanish_is_not_committed(tmp_path):
    docs = dd.from_pandas(DOCS, npartitions=3, sort=False)
    steps = Pipeline([Filter(meddling, min=1, folder=str(tmp_path / "out"))])
    with (
        dask.config.set(scheduler="sync"),
        pytest.raises(DataError, match=r"kept/.* is no longer what this run wrote: another run"),
    ):
        steps.run(docs, tmp_path / "out")
    with pytest.raises(UncommittedError):
        Run(tmp_path / "out")
    assert STEPS.run(docs, tmp_path / "out").rows["kept"] == 3


@pytest.mark.parametrize("step", [tamis.FuzzyDedup(), tamis.ExactDedup(), tamis.LineDedup()])
def test_deduplications_of_what_is_no_frame(step):
    texts = pd.Series(["a", "b"], name="text")
    for ask in (step, step.find, step.compare, step.explain):
        with pytest.raises(TypeError, match="not a frame: list; pass a pandas, cuDF or Dask Data"):
            ask([1])
        with pytest.raises(TypeError, match="not a frame but one column: Series; pass"):
            ask(texts)


def test_deduplications_on_what_is_no_column():
    for wrong in (3, None, b"text", ["text", 3], []):
        with pytest.raises(SettingError, match="names no column"):
            tamis.ExactDedup(on=wrong)
    assert tamis.ExactDedup(on=["id", "text"]).on == ("id", "text")


def test_vectors_that_dask_made_text_of():
    docs = pd.DataFrame({"id": ["a", "b"], "embedding": [[1.0, 0.0], [1.0, 0.1]]})
    step = tamis.SemanticDedup()
    with pytest.raises(
        ColumnError, match=r"from_pandas made text of them: take tamis\.from_pandas"
    ):
        step(dd.from_pandas(docs, npartitions=1))
    assert step.find(tamis.from_pandas(docs)).compute().id.tolist() == ["a", "b"]
    with pytest.raises(ColumnError, match="holds int64, not vectors; Score"):
        step(docs.assign(embedding=[1, 2]))


@pytest.mark.parametrize("there", [False, True])
@pytest.mark.parametrize("parts", [1, 3])
def test_a_run_that_cannot_be_right_leaves_nothing_behind(tmp_path, parts, there):
    """What only a task can find out, such as that there is no model, is as if never begun."""
    out = tmp_path / "out"
    if there:
        out.mkdir()
    step = tamis.Score(tamis.text.fasttext_label, model=str(tmp_path / "none.bin"))
    frame = dd.from_pandas(DOCS, npartitions=parts)
    with (
        dask.config.set(scheduler="synchronous"),  # no thread goes on after the first has failed
        pytest.raises(SettingError, match="is no file"),
    ):
        Pipeline([*STEPS.steps, step]).run(frame, out, progress=False)
    assert out.exists() == there and not (there and any(out.iterdir()))


def test_what_stands_of_a_run_stays_when_a_later_stage_cannot_be_right(tmp_path):
    step = tamis.Score(tamis.text.fasttext_label, model=str(tmp_path / "none.bin"))
    steps = Pipeline([*STEPS.steps, ExactDedup(), step])
    for _ in range(2):  # also where the first stage stood already
        with pytest.raises(SettingError, match="is no file"):
            steps.run(DOCS, tmp_path / "out", progress=False)
        assert (tmp_path / "out" / "_UNCOMMITTED").exists()
        assert any((tmp_path / "out" / "stages" / "0").iterdir())


ODD = [
    (lambda: Pipeline(None), SettingError, "a list of steps, not None"),
    (lambda: Pipeline("text.word_count"), SettingError, "a list of steps, not 'text.word_count'"),
    (lambda: counted(name=""), SettingError, "name='' is no name"),
    (lambda: counted(name=3), SettingError, "name=3 is no name"),
    (lambda: counted(name="dropped_by")(DOCS), ColumnError, "'dropped_by' says why rows"),
    (lambda: Filter(tamis.text.word_count, min=1, invert="no"), SettingError, "invert='no' is"),
    (lambda: counted()(TWICE), ColumnError, "the column 'text' stands twice"),
    (lambda: counted()(dd.from_pandas(TWICE)), ColumnError, "the column 'text' stands twice"),
    (lambda: tamis.text.word_count(3), TypeError, "takes a text or columns of them, not 3"),
    (lambda: tamis.text.top_ngram_ratio("a b", n=10**9), SettingError, "give 1 to 100"),
    (lambda: tamis.text.top_ngram_ratio("a b", n=0), SettingError, "give 1 to 100"),
    (lambda: Pipeline.from_yaml("steps:\n\t- filter: x"), SettingError, "line 2: a tab"),
    (lambda: Pipeline.from_yaml("steps:\n- filter: text.word_count\n  min: [1]"), SettingError,
     r"min=\[1\] is not a number"),
]  # fmt: skip
TWICE = pd.DataFrame([["a", "b"]], columns=["text", "text"])


def counted(**settings):
    return tamis.Score(tamis.text.word_count, **settings)


@pytest.mark.parametrize(("call", "kind", "told"), ODD)
def test_odd_settings_are_told_at_the_call(call, kind, told):
    with pytest.raises(kind, match=told):
        call()
