"""Readers where Dask's `dataframe.backend` is cuDF, with a stand-in for dask-cudf; no device."""

import importlib.util
import inspect
import sys
import types
from typing import ClassVar

import dask
import pandas as pd
import pytest
from dask.dataframe import DataFrame
from dask.dataframe.backends import PandasBackendEntrypoint
from dask.dataframe.dask_expr._backends import dataframe_creation_dispatch
from dask.dataframe.dask_expr._expr import Elemwise

import tamis
from tamis import ExactDedup, Filter, Pipeline, planning, text
from tamis.accelerator import Accelerators, Device
from tamis.errors import MissingPackageError, SettingError
from tamis.frame import library
from tamis.io import backend

if importlib.util.find_spec("dask_cudf") is not None:
    pytest.skip("the real one is here: see tests/gpu", allow_module_level=True)

NONE = Accelerators((), "", "there is no NVIDIA driver")
CARD = Accelerators((Device(0, "Card", 8 << 30, -1, "9.0"),), "1", "")


class Frame(pd.DataFrame):
    """A stand-in for `cudf.DataFrame`."""

    @property
    def _constructor(self):
        return Frame

    def to_pandas(self):
        BACK.append(len(self))
        return pd.DataFrame(self)


Frame.__module__ = "cudf.core.dataframe"
BACK = []  # rows that went to the host


class ToCudfBackend(Elemwise):
    """As that of dask-cudf."""

    _parameters: ClassVar = ["frame", "options"]
    operation = staticmethod(lambda df, options: Frame(df))


class Entry(PandasBackendEntrypoint):
    @classmethod
    def to_backend(cls, data, **settings):
        return DataFrame(ToCudfBackend(data, settings))


@pytest.fixture
def card(monkeypatch):
    BACK.clear()
    monkeypatch.setattr(backend, "accelerators", lambda: CARD)
    before = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *more: name == "dask_cudf" or before(name, *more)
    )
    monkeypatch.setitem(dataframe_creation_dispatch._lookup, "cudf", Entry())
    cudf = types.ModuleType("cudf")
    cudf.from_pandas = Frame
    monkeypatch.setitem(sys.modules, "cudf", cudf)
    monkeypatch.setitem(sys.modules, "dask_cudf", types.ModuleType("dask_cudf"))
    with dask.config.set({"dataframe.backend": "cudf"}):
        yield


@pytest.fixture
def files(tmp_path):
    rows = pd.DataFrame({"id": list("abcd"), "text": ["one two", "one", "three four", "one two"]})
    rows.to_parquet(tmp_path / "rows.parquet")
    rows.to_json(tmp_path / "rows.jsonl", orient="records", lines=True)
    rows.to_csv(tmp_path / "rows.csv", index=False)
    return tmp_path


@pytest.mark.parametrize("kind", ["parquet", "jsonl", "csv"])
def test_the_same_recipe_over_what_readers_give(kind, files, card, tmp_path):
    steps = Pipeline([Filter(text.word_count, min=2), ExactDedup()])
    docs = getattr(tamis, f"read_{kind}")(str(files / f"rows.{kind}"))
    assert library(docs._meta) == "cudf" and type(docs.partitions[0].compute()) is Frame
    assert library(steps(docs)._meta) == "cudf"
    assert steps(docs).compute()["id"].tolist() == ["a", "c"]
    BACK.clear()
    run = steps.run(docs, tmp_path / "out", progress=False)
    assert not BACK, "what a run reads of such a frame does not go there and back"
    with dask.config.set({"dataframe.backend": "pandas"}):
        assert run.kept().compute()["id"].tolist() == ["a", "c"]
        docs = getattr(tamis, f"read_{kind}")(str(files / f"rows.{kind}"))
        assert type(docs.compute()) is pd.DataFrame
        again = steps.run(docs, tmp_path / "out", progress=False)  # the very same run
    assert again.figures["started"] == run.figures["started"]


def test_a_frame_with_more_done_to_it_goes_by_way_of_the_host(files, card, tmp_path):
    docs = Filter(text.word_count, min=2)(tamis.read_parquet(str(files / "rows.parquet")))
    assert planning.engine_for(docs) == "auto"
    run = Pipeline([ExactDedup()]).run(docs, tmp_path / "out", progress=False)
    assert run.rows["in"] == 3 and BACK
    assert tamis.read_files(str(files / "rows.csv"))._meta.__class__ is pd.DataFrame


def test_what_is_in_memory(card):
    docs = tamis.from_pandas(pd.DataFrame({"text": ["a", "b"]}))
    assert library(docs._meta) == "cudf" and docs.compute()["id"].tolist() == ["row:1", "row:2"]


def test_what_is_lacking(files, monkeypatch):
    monkeypatch.setattr(backend, "accelerators", lambda: NONE)
    path = str(files / "rows.parquet")
    with dask.config.set({"dataframe.backend": "cudf"}):
        with pytest.raises(SettingError, match=r"no GPU: there is no NVIDIA driver; .*'pandas'"):
            tamis.read_parquet(path)
        monkeypatch.setattr(backend, "accelerators", lambda: CARD)
        with pytest.raises(MissingPackageError, match=r"pip install 'tamis\[gpu\]'"):
            tamis.read_parquet(path)


def test_readers_are_those_that_there_are():
    assert all(name in tamis.__all__ for name in backend.READERS)
    assert str(inspect.signature(tamis.read_jsonl)) == str(inspect.signature(tamis.io.read_jsonl))
