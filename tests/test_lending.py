"""Texts of pandas partitions lent to a device that is NumPy: the same as the processor's own.

What a card itself gives is compared in `tests/gpu`.
"""

import logging
import threading

import dask
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tamis
from tamis import (
    Cut,
    Edit,
    Filter,
    Pipeline,
    Score,
    array_device,
    datasets,
    device_columns,
    lending,
    text,
)
from tamis.array_device import Device
from tamis.card_faults import out_of_memory
from tamis.cli.running import run_command
from tamis.engines import engine, within
from tamis.errors import CardError, SettingError
from tamis.frame import STRING
from tamis.recipe import load
from tamis.registry import registered

SPECIAL = [op for op in registered().values() if op.special("cudf", {}) is not None]
LENT = [op for op in SPECIAL if lending.lendable(Score(op))]
COUNTS = [op for op in LENT if op.dtype == "Int64"]


class Counting(Device):
    """A device that notes what it is given, and has room for so many bytes of text at a time."""

    def __init__(self, room=None):
        super().__init__()
        self.room, self.given, self.freed, self.threads = room, [], 0, set()

    def put(self, values):
        if values.dtype == np.uint8:
            self.given.append(values.size)
            self.threads.add(threading.get_ident())
            assert self._turn.locked()
            if self.room is not None and values.size > self.room:
                raise MemoryError(f"Out of memory allocating {values.size} bytes")
        return values

    def free(self):
        self.freed += 1


@pytest.fixture
def there(monkeypatch):
    device = Counting()
    array_device.use(device)
    monkeypatch.setattr(lending, "WORTH", 0)
    monkeypatch.setattr(lending, "_SAID", set())
    yield device
    array_device.use(None)


def with_engine(said="gpu"):
    return dask.config.set({"tamis.engine": said})


def frame(texts):
    ids = pd.array([f"r{k}" for k in range(len(texts))], STRING)
    made = {"id": ids, "text": pd.array(texts, STRING), "n": np.arange(len(texts))}
    return pd.DataFrame(made, index=[k // 2 for k in range(len(texts))])


SAMPLE = frame(["one two three", None, "a\nb.", "", " ", "# the of ...", "12 (3)", "ä" * 30] * 3)


def check(step, rows):
    for call in ("__call__", "explain"):
        wanted = getattr(step, call)(rows)
        with with_engine():
            pd.testing.assert_frame_equal(getattr(step, call)(rows), wanted)


@pytest.mark.parametrize("op", LENT, ids=lambda op: op.name)
def test_each_measure_that_can_be_lent(op, there, monkeypatch):
    monkeypatch.setattr(device_columns, "BYTES", 40)
    check(Score(op), SAMPLE)
    assert len(there.given) > 4, "in batches"


PIPELINES = {
    "two": [Filter(text.word_count, min=2), Score(text.number_ratio)],
    "after an edit": [
        Score(text.character_count), Edit(text.remove_urls),
        Filter(text.character_count, min=3, name="after"),
    ],
    "after a cut": [Cut(text.chunks, unit="paragraphs", max_length=5), Score(text.word_count)],
    "of another column": [
        Edit(text.remove_urls, to="clean"), Score(text.word_count, on="clean"),
        Filter(text.character_count, min=2),
    ],
    "of some rows": [Filter(text.word_count, min=2, where={"id": ["r0", "r2", "r4"]})],
    "of a score": [Score(text.word_count), Filter("word_count", min=2, name="y")],
    "a setting without": [Score(text.word_count, language="zh")],
    "a quantile": [Filter(text.word_count, min="50%"), Filter(text.number_ratio, max=0.5)],
    "named twice": [Score(text.word_count, name="a"), Score(text.word_count, name="b")],
}  # fmt: skip


@pytest.mark.parametrize("name", PIPELINES)
def test_steps_together(name, there):
    check(Pipeline(PIPELINES[name]), SAMPLE)
    assert bool(there.given) == (name != "a setting without")


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(texts=st.lists(st.none() | st.text(max_size=20).map(
    lambda t: t.encode("utf-8", "replace").decode()), max_size=9))  # fmt: skip
def test_any_texts(texts, there):
    check(Pipeline(PIPELINES["two"]), frame(texts))


def test_texts_go_there_once_for_all_measures(there):
    size = int(SAMPLE["text"].str.encode("utf-8").str.len().sum())
    with with_engine():
        Pipeline([Score(op) for op in LENT])(SAMPLE)
    assert sum(there.given) == size


def test_nothing_goes_there_unless_it_is_said(there):
    steps = Pipeline(PIPELINES["two"])
    steps(SAMPLE)
    with with_engine("cpu"):
        steps(SAMPLE)
    with with_engine("gpu"), within("cpu"):
        steps(SAMPLE)
    assert not there.given
    with with_engine("auto"):
        steps(SAMPLE)
    assert there.given


def test_few_texts_do_not(there, monkeypatch):
    monkeypatch.setattr(lending, "WORTH", 10_000)
    with with_engine():
        Score(text.word_count)(SAMPLE)
    assert not there.given
    with with_engine():
        Score(text.word_count)(pd.concat([SAMPLE] * 40))
    assert there.given


def test_what_the_processor_makes_anyway_stays_there():
    @tamis.measure(dtype="Int64", namespace="test_lending")
    def twice(words, *, times: int = 2):
        return words.counts * times

    block = [
        ("n", Score(text.word_count)), ("c", Score(text.character_count)),
        ("other", Score(text.word_count, on="title")), ("late", Score(text.word_count, on="n")),
    ]  # fmt: skip
    assert list(lending.chosen(block, {"text", "title"})) == ["n", "c", "other"]
    assert list(lending.chosen(block, {"title"})) == ["other"]
    assert list(lending.chosen([*block, ("t", Score(twice))], {"text", "title"})) == ["c", "other"]
    for step in (Score(twice, where={"id": "a"}), Score(twice, on="x")):  # few rows; other words
        assert "n" in lending.chosen([*block, ("t", step)], {"text", "title"})


def test_memory_that_ends(there, monkeypatch, caplog):
    rows = frame(["word " * 20] * 64)
    steps = Pipeline(PIPELINES["two"])
    wanted = steps(rows)
    monkeypatch.setattr(device_columns, "FLOOR", 200)
    there.room = 1000
    with with_engine(), caplog.at_level(logging.INFO, "tamis"):
        pd.testing.assert_frame_equal(steps(rows), wanted)
        assert there.given[:4] == [6400, 3200, 1600, 800] and set(there.given[3:]) == {800}
        assert there.most == 800 and not caplog.records
        there.given.clear()
        pd.testing.assert_frame_equal(steps(rows), wanted)  # begins with what did
        assert set(there.given) == {800} and there.most == 1600
        there.room = None
        for _ in range(30):
            steps(rows)
        assert there.most is None
        there.room, there.given = 10, []
        for _ in range(3):  # not even as little as that: the processor, told once
            pd.testing.assert_frame_equal(steps(rows), wanted)
    assert there.given[:6] == [6400, 3200, 1600, 800, 400, 200]
    assert len(there.given) == 8, "each further partition has one try with little"
    (told,) = [record.getMessage() for record in caplog.records]
    assert told.startswith(
        "no memory on NumPy for 0.000191 MiB of text, so partitions are measured"
    )
    assert there.freed >= 6


def test_a_text_that_is_too_long_alone(there, caplog):
    rows = frame(["a b", "word " * 400, "c"])
    wanted = Score(text.word_count)(rows)
    there.room = 900
    with with_engine():
        pd.testing.assert_frame_equal(Score(text.word_count)(rows), wanted)
    assert "no memory on NumPy" in caplog.text


def test_a_device_that_fails_is_left_alone(there, monkeypatch, caplog):
    def broken(values):
        raise RuntimeError("NVRTC_ERROR_COMPILATION: no such header")

    monkeypatch.setattr(there, "put", broken)
    with with_engine():
        wanted = Score(text.word_count)
        for _ in range(3):
            assert wanted(SAMPLE).equals(Score(text.word_count)(SAMPLE))
    (told,) = [record.getMessage() for record in caplog.records]
    assert "NumPy failed" in told and "from here on: RuntimeError: NVRTC_ERROR" in told


@pytest.mark.parametrize("error", [
    MemoryError("std::bad_alloc: out_of_memory: CUDA error"),
    RuntimeError("cudaErrorMemoryAllocation: out of memory"),
    RuntimeError("CUDA_ERROR_OUT_OF_MEMORY: out of memory"),
])  # fmt: skip
def test_what_says_that_memory_has_ended(error):
    assert out_of_memory(error)
    assert not out_of_memory(RuntimeError("cudaErrorIllegalAddress: an illegal memory access"))


def test_without_a_device(monkeypatch, caplog):
    found = tamis.accelerator.Accelerators((), "", "there is no NVIDIA driver")
    monkeypatch.setattr(array_device, "accelerators", lambda: found)
    monkeypatch.setattr(lending, "_SAID", set())
    with with_engine("auto"), caplog.at_level(logging.INFO, "tamis"):
        for _ in range(2):
            Score(text.word_count)(SAMPLE)
    (told,) = caplog.records
    assert told.levelno == logging.INFO
    assert told.getMessage() == (
        "no GPU: there is no NVIDIA driver, so texts are measured on the processor"
    )
    monkeypatch.setattr(lending, "_SAID", set())
    card = tamis.accelerator.Device(0, "Card", 8 << 30, -1, "9.0")
    found = tamis.accelerator.Accelerators((card,), "1", "")
    monkeypatch.setattr(array_device, "_cupy", lambda: False)
    with with_engine("auto"):
        Score(text.word_count)(SAMPLE)
    assert caplog.records[-1].levelno == logging.WARNING
    assert "CuPy is not installed: pip install 'tamis[gpu]', so texts" in caplog.text


def test_an_engine_there_is_not(tmp_path, monkeypatch):
    with with_engine("tpu"), pytest.raises(SettingError, match="'tpu' is none of auto, cpu, gpu"):
        Score(text.word_count)(SAMPLE)
    found = tamis.accelerator.Accelerators((), "", "there is no NVIDIA driver")
    monkeypatch.setattr(array_device, "accelerators", lambda: found)
    steps = Pipeline([Filter(text.word_count, min=2)])
    rows = SAMPLE.reset_index(drop=True)
    with with_engine("gpu"), pytest.raises(SettingError, match="no GPU: there is no NVIDIA driver"):
        steps.run(rows, tmp_path / "out", progress=False)
    assert not (tmp_path / "out").exists()
    done = steps.run(rows, tmp_path / "out", progress=False)
    with with_engine("gpu"):  # what stands is read anywhere
        assert steps.run(rows, tmp_path / "out", progress=False).rows == done.rows
    assert engine() is None


def pages():
    rows = datasets.demo().compute()[["id", "text"]].head(500)
    return tamis.from_pandas(rows, npartitions=5)


def told(run):
    """All that a run says of its rows."""
    ledger = run.ledger().compute().sort_values("id").reset_index(drop=True)
    dropped = run.dropped().compute().sort_values("id").reset_index(drop=True)
    return run.kept().compute()["id"].tolist(), ledger, dropped


def same(run, wanted):
    kept, ledger, dropped = told(run)
    assert kept == wanted[0]
    pd.testing.assert_frame_equal(ledger, wanted[1])
    pd.testing.assert_frame_equal(dropped, wanted[2])


RECIPES = ["curator-en", "gopher"]


@pytest.fixture(scope="module", params=RECIPES)
def recipe(request, tmp_path_factory):
    steps = Pipeline(load(request.param))
    run = steps.run(pages(), tmp_path_factory.mktemp("plain") / "out", progress=False)
    return steps, told(run)


def test_a_run_of_a_recipe(recipe, there, tmp_path, monkeypatch):
    steps, wanted = recipe
    monkeypatch.setattr(lending, "_forms", lambda measure: set())  # lend all that can be
    with with_engine():
        run = steps.run(pages(), tmp_path / "out", progress=False)
    same(run, wanted)
    assert 0 < len(wanted[0]) < 500
    lent = lending.chosen(steps.named, {"text"})
    assert lent or steps.named[0][0] == "gopher_word_count"
    assert len(there.given) == (5 if lent else 0)
    assert (lending.CLOCK in run.figures["views"]) == bool(lent)
    assert run.figures["tasks"] == {"done": 5, "reused": 0}
    again = steps.run(pages(), tmp_path / "out", progress=False)  # on the other engine it stands
    assert again.figures["started"] == run.figures["started"]


def test_a_run_that_ends_early_goes_on_with_the_other_engine(there, tmp_path, monkeypatch):
    steps = Pipeline([Filter(op, min=0, name=op.short) for op in COUNTS[:6]])
    wanted = told(steps.run(pages(), tmp_path / "plain", progress=False))
    before, calls = lending.ahead, []

    def ahead(views, block):
        calls.append(len(views.frame))
        if len(calls) == 4:
            raise KeyboardInterrupt
        return before(views, block)

    monkeypatch.setattr(lending, "ahead", ahead)
    with with_engine(), dask.config.set(scheduler="sync"), pytest.raises(KeyboardInterrupt):
        steps.run(pages(), tmp_path / "out", progress=False)
    monkeypatch.setattr(lending, "ahead", before)
    run = steps.run(pages(), tmp_path / "out", progress=False)
    same(run, wanted)
    assert run.figures["tasks"] == {"done": 2, "reused": 3}


def test_threads_take_turns_and_memory_ends_in_a_run(there, tmp_path, monkeypatch, caplog):
    steps = Pipeline([Filter(text.number_ratio, max=0.1), Filter(text.word_count, min=50)])
    wanted = told(steps.run(pages(), tmp_path / "plain", progress=False))
    there.room = 60_000
    monkeypatch.setattr(device_columns, "FLOOR", 10_000)
    with with_engine(), dask.config.set(num_workers=4):
        same(steps.run(pages(), tmp_path / "out", progress=False), wanted)
    assert max(there.given) > 60_000 and len(there.given) > 10 and len(there.threads) > 1
    assert not caplog.records
    there.room = 100
    with with_engine():
        same(steps.run(pages(), tmp_path / "full", progress=False), wanted)
    assert len(caplog.records) == 1


def test_steps_before_a_run_go_on_with_the_other_engine(there, tmp_path):
    first, steps = Score(text.word_count), Pipeline([Filter(text.number_ratio, max=0.1)])
    with with_engine():
        docs = first(pages())
        run = steps.run(docs, tmp_path / "out", progress=False)
    assert len(there.given) == 10
    again = steps.run(first(pages()), tmp_path / "out", progress=False)
    assert again.figures["started"] == run.figures["started"]
    with with_engine("cpu"):
        lazily = first(pages())
    with with_engine():  # each keeps its own
        assert lazily._name not in (docs._name, first(pages())._name)


def test_a_lazy_frame_carries_the_engine(there):
    docs, steps = pages(), Pipeline(PIPELINES["a quantile"])
    wanted = steps(docs).compute()
    assert not there.given
    with with_engine():
        lazily = steps(docs)
    pd.testing.assert_frame_equal(lazily.compute(), wanted)
    assert len(there.given) == 10


def test_the_command(there, tmp_path, monkeypatch):
    card = tamis.accelerator.Device(0, "Card", 8 << 30, -1, "9.0")
    found = tamis.accelerator.Accelerators((card,), "1", "")
    monkeypatch.setattr(tamis.accelerator, "accelerators", lambda: found)
    (tmp_path / "r.yaml").write_text("steps:\n- filter: text.number_ratio\n  max: 0.1\n")
    pages().compute().to_parquet(tmp_path / "pages.parquet")
    kept = {}
    for said in ("cpu", "gpu", "auto"):
        there.given.clear()
        words = [tmp_path / "r.yaml", "-i", tmp_path / "pages.parquet", "-o", tmp_path / said]
        done = CliRunner().invoke(run_command, [*map(str, words), "--engine", said])
        assert not done.exit_code, done.output
        assert bool(there.given) == (said != "cpu")
        kept[said] = tamis.Run(tmp_path / said).kept().compute()["id"].tolist()
    assert kept["cpu"] == kept["gpu"] == kept["auto"] and 0 < len(kept["cpu"]) < 500


@pytest.mark.slow
def test_a_cluster(tmp_path):
    """A worker hears of the engine from the run, and has a device of its own."""
    steps = Pipeline([Filter(text.number_ratio, max=0.1), Filter(text.word_count, min=50)])
    wanted = told(steps.run(pages(), tmp_path / "plain", progress=False))

    def begin():
        import numpy

        from tamis import array_device, lending

        class Noting(array_device.Device):
            given = 0

            def put(self, values):
                self.given += values.nbytes
                return numpy.array(values)

        array_device.use(Noting())
        lending.WORTH = 0

    def given():
        from tamis import array_device

        return array_device.device().given

    with tamis.local_cluster(1, 2) as client:
        with with_engine(), pytest.raises(SettingError, match=r"tamis.engine='gpu': no GPU.*tcp:"):
            steps.run(pages(), tmp_path / "out", progress=False)
        client.run(begin)
        with with_engine():
            same(steps.run(pages(), tmp_path / "out", progress=False), wanted)
            lazily = steps(pages()).compute()
        assert all(client.run(given).values())
    assert lazily["id"].tolist() == wanted[0]


@pytest.mark.parametrize(("said", "raised"), [("gpu", True), ("auto", False)])
def test_a_card_that_is_gone_ends_the_task_where_a_gpu_is_what_was_asked_for(
    there, monkeypatch, said, raised
):
    told = RuntimeError("CUDA error: an illegal memory access was encountered")
    wanted = Score(text.word_count)(SAMPLE)

    def failing(*given):
        raise told

    monkeypatch.setattr(lending, "_lent", failing)
    with with_engine(said):
        if raised:
            with pytest.raises(CardError, match="illegal memory access"):
                Score(text.word_count)(SAMPLE)
            assert not array_device.why_not()
        else:
            found = Score(text.word_count)(SAMPLE)
            assert found["word_count"].tolist() == wanted["word_count"].tolist()
            assert "illegal memory access" in array_device.why_not()
            assert array_device.device() is None
