"""cuDF partitions, with frames that look like cuDF's to tamis and lie in the host's memory.

What a device itself gives is compared in `tests/gpu`.
"""

import sys
import types

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tamis
from tamis import Cut, Edit, Filter, Pipeline, Score, array_device, device_columns, on_device, text
from tamis.array_device import Device
from tamis.frame import STRING, text_buffers
from tamis.registry import registered

COPIED = []  # columns that went to the host


class Frame(pd.DataFrame):
    """A stand-in for `cudf.DataFrame`."""

    @property
    def _constructor(self):
        return Frame

    def to_pandas(self):
        COPIED.extend(self.columns)
        return pd.DataFrame(self)


Frame.__module__ = "cudf.core.dataframe"


@pytest.fixture(autouse=True)
def device(monkeypatch):
    COPIED.clear()
    library = types.ModuleType("cudf")
    library.from_pandas = Frame
    monkeypatch.setitem(sys.modules, "cudf", library)

    numpy = Device()

    def of_cudf(series):
        return device_columns.of_host(text_buffers(pd.Series(series)), numpy)

    array_device.use(numpy)
    monkeypatch.setattr(device_columns, "of_cudf", of_cudf)
    monkeypatch.setattr(device_columns, "BYTES", 40)
    yield
    array_device.use(None)


def rows(texts):
    ids = pd.array([f"r{k}" for k in range(len(texts))], STRING)
    made = {"id": ids, "text": pd.array(texts, STRING), "n": np.arange(len(texts))}
    index = [k // 2 for k in range(len(texts))]  # an index is nobody's id
    return pd.DataFrame(made, index=index)


SAMPLE = rows(["one two three", None, "a\nb.", "", " ", "# the of ...", "12 (3)", "ä" * 30] * 3)


def check(step, frame):
    """Eager results on the stand-in equal those on pandas; nothing but what is needed went."""
    for call in ("__call__", "explain"):
        found = getattr(step, call)(Frame(frame))
        assert type(found) is Frame
        pd.testing.assert_frame_equal(
            pd.DataFrame(found), getattr(step, call)(frame), check_index_type=False
        )


SPECIAL = [op for op in registered().values() if op.special("cudf", {}) is not None]


@pytest.mark.parametrize("op", SPECIAL, ids=lambda op: op.name)
def test_each_measure_with_a_version(op):
    assert len(SPECIAL) == 16
    check(Score(op), SAMPLE)
    check(Filter(op, min=1, name="x"), SAMPLE) if op.dtype == "Int64" else check(
        Filter(op, max=0.3, name="x"), SAMPLE
    )
    assert "text" not in COPIED


PIPELINES = {
    "two": [Filter(text.word_count, min=2), Score(text.number_ratio)],
    "a column and a null": [Filter("n", max=9), Filter(text.word_count, min=1, null="keep")],
    "before and after an edit": [
        Score(text.character_count), Edit(text.remove_urls),
        Filter(text.character_count, min=3, name="after"),
    ],
    "one on the host": [Filter(text.top_ngram_ratio, n=2, max=0.9), Filter(text.word_count, min=2)],
    "a cut": [Score(text.word_count), Cut(text.chunks, unit="paragraphs", max_length=5)],
    "rows chosen": [Filter(text.word_count, min=2, where={"id": ["r0", "r2", "r4"]})],
    "rows chosen by the text": [Score(text.word_count, where={"text": ["a\nb."]})],
    "a setting without": [Score(text.word_count, language="zh")],
    "a score that another needs": [Score(text.word_count), Filter("word_count", min=2, name="y")],
}  # fmt: skip


@pytest.mark.parametrize("name", PIPELINES)
def test_steps_together(name):
    check(Pipeline(PIPELINES[name]), SAMPLE)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.none() | st.text(max_size=20).map(
    lambda t: t.encode("utf-8", "replace").decode()), max_size=9))  # fmt: skip
def test_any_texts(texts):
    check(Pipeline(PIPELINES["two"]), rows(texts))


def test_what_stays_on_the_device():
    Pipeline(PIPELINES["two"])(Frame(SAMPLE))
    assert "text" not in COPIED and "n" not in COPIED
    Filter("n", max=3)(Frame(SAMPLE))
    assert "n" in COPIED
    COPIED.clear()
    Pipeline(PIPELINES["one on the host"])(Frame(SAMPLE))
    assert "text" in COPIED


def test_rows_dropped_before_take_the_old_way():
    once = Filter(text.word_count, min=2).explain(SAMPLE)
    assert on_device.loan(Frame(once), [("a", Score(text.word_count))]) is None
    check(Score(text.number_ratio), once)


def test_a_version_of_ones_own():
    @tamis.measure(dtype="Int64", namespace="test_on_device", null_where="blank")
    def lengths(text, *, plus: int = 0):
        return text.str.len() + plus

    @lengths.specialize("cudf", when=lambda settings: settings["plus"] < 9)
    def _(text, *, plus=0):
        assert isinstance(text, pd.Series)
        return text.str.len() + plus

    check(Score(lengths, plus=3), SAMPLE)
    assert "text" not in COPIED
    check(Score(lengths, plus=9), SAMPLE)
    assert "text" in COPIED
    with pytest.raises(ValueError, match="measures of columns have versions for cudf"):
        text.remove_urls.specialize("cudf")
