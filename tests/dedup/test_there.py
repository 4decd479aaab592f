"""cuDF partitions in comparisons, with frames that look like cuDF's and NumPy in a card's place.

What a card itself gives is compared in `tests/gpu`.
"""

import sys
import types

import dask
import numpy as np
import pandas as pd
import pytest

from tamis import (
    ExactDedup,
    FuzzyDedup,
    PerceptualDedup,
    UrlDedup,
    array_device,
    device_columns,
)
from tamis.dedup import card, in_order, on_card, sets_there, there
from tamis.frame import STRING, text_buffers
from tamis.kernels import cuda
from tamis.places import places

pytestmark = pytest.mark.skipif(
    not cuda.simulated(), reason="a card is here: tests/gpu runs kernels there"
)
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
def device_in_place(monkeypatch):
    COPIED.clear()
    library = types.ModuleType("cudf")
    library.from_pandas = Frame
    monkeypatch.setitem(sys.modules, "cudf", library)
    monkeypatch.setattr(
        device_columns, "device_buffers", lambda series: text_buffers(pd.Series(series))
    )
    array_device.use(array_device.Device())
    yield
    array_device.use(None)


def rows(**more):
    texts = ["one", "two", None, "one", "", "", "ä" * 40, "two", None, "ä" * 40, "last"]
    made = {
        "id": pd.array([f"r{k}" for k in range(len(texts))], STRING),
        "text": pd.array(texts, STRING),
        "n": np.arange(len(texts)) % 3,
        "site": pd.array(["a", "b"] * 5 + ["a"], STRING),
    }
    return pd.DataFrame(made | more, index=[k // 2 for k in range(len(texts))])


STEPS = [
    ExactDedup(),
    ExactDedup(keep="longest"),
    ExactDedup(keep="best:n"),
    ExactDedup(keep="source:site=b,a"),
    ExactDedup(on=["text", "n"]),
    ExactDedup(on=["text", "site"]),
    ExactDedup(where={"site": "a"}),
    ExactDedup(where={"site": "a"}, keep="longest"),
]


@pytest.mark.parametrize("step", STEPS, ids=lambda step: f"{step.on} {step.keep} {step.rule}")
def test_exact_as_on_pandas(step):
    gone = pd.array([None, "earlier"] + [None] * 9, STRING)
    for frame in (rows(), rows(dropped_by=gone, dropped_why=gone, duplicate_of=gone)):
        for call in ("__call__", "explain", "find"):
            found = getattr(step, call)(Frame(frame))
            assert type(found) is Frame
            wanted = getattr(step, call)(frame)
            pd.testing.assert_frame_equal(pd.DataFrame(found), wanted, check_index_type=False)
    assert "text" not in COPIED


def test_partitions_in_order_as_on_pandas():
    step, frame = ExactDedup(), rows().reset_index(drop=True)
    parts = [frame.iloc[:4], frame.iloc[4:7], frame.iloc[7:]]

    def settled(kind):
        def mark(part, verdicts, first):
            return there.marked(part, verdicts, first, "exact", step)

        def call(function, *given):
            return function(*given)

        found = in_order.by_content([kind(part) for part in parts], step, "exact", mark, call)
        assert all(type(part) is kind for part in found)
        return pd.concat([pd.DataFrame(part) for part in found])

    pd.testing.assert_frame_equal(settled(Frame), settled(pd.DataFrame), check_index_type=False)
    assert "text" not in COPIED


@pytest.mark.parametrize("device", ["none", "full"])
def test_the_host_hashes_where_there_is_no_card(device, caplog, monkeypatch):
    array_device.use(array_device.Device() if device == "full" else None)
    if device == "full":
        monkeypatch.setattr(card, "room", lambda there: 0)
    assert ExactDedup()(Frame(rows())).id.tolist() == ["r0", "r1", "r2", "r4", "r6", "r8", "r10"]
    assert "text" in COPIED
    assert ("the hashing of a partition" in caplog.text) == (device == "full")


TEXTS = [
    "One two three four five SIX seven", "one two three four five six seven!", "", "short", None,
    "\u65e5\u672c\u8a9e\u306e\u6587 und Stra\u00dfe \u0130stanbul \u212a five",
    "a " * 40, "x" * 80, "...",
]  # fmt: skip


@pytest.mark.parametrize("bytes_at_a_time", [1, 100, 1 << 20])
@pytest.mark.parametrize(
    "step",
    [FuzzyDedup(), FuzzyDedup(ngram=2), FuzzyDedup(family="curator", ngram=3)],
    ids=["words", "pairs", "characters"],
)
def test_sets_of_shingles(step, bytes_at_a_time, monkeypatch):
    monkeypatch.setattr(device_columns, "BYTES", bytes_at_a_time)
    frame = pd.DataFrame({"id": [str(k) for k in range(9)], "text": pd.array(TEXTS, STRING)})
    for chosen in ([0, 1, 2, 3, 4, 5, 6, 7, 8], [5, 8], [2, 4]):
        found = step.evidence_there(Frame(frame), np.array(chosen))
        wanted = step.evidence(frame, np.array(chosen))
        assert found.equals(wanted)


@pytest.fixture
def signs(monkeypatch):
    """Signatures are made by the device, too."""
    monkeypatch.setattr(array_device, "_USED", [array_device.Device()])
    monkeypatch.setattr(array_device, "_LOST", [])
    monkeypatch.setattr(on_card, "WORTH", 0)
    monkeypatch.setattr(on_card, "LANES", 1)  # the simulator runs one kernel at a time


FEW = {"ngram": 2, "hashes": 12, "bands": 4, "rows": 3, "threshold": 0.5}
FUZZY = [
    FuzzyDedup(**FEW),
    FuzzyDedup(**FEW, keep="longest"),
    FuzzyDedup(**FEW, verify=False),
    FuzzyDedup(**FEW, where={"site": "a"}),
    FuzzyDedup(**FEW, family="curator"),
]


@pytest.mark.parametrize("step", FUZZY, ids=lambda s: f"{s.family} {s.keep} {s.verify} {s.rule}")
def test_fuzzy_as_on_pandas(signs, step):
    texts = [*TEXTS, *TEXTS[:2], " \n\u3000", "\u00a0x"]
    frame = pd.DataFrame(
        {
            "id": pd.array([f"r{k}" for k in range(13)], STRING),
            "text": pd.array(texts, STRING),
            "site": pd.array([*"aab" * 4, "a"], STRING),
        }
    )
    found, sketch = step.find(Frame(frame)), step.sketch_there(Frame(frame))
    assert "text" not in COPIED
    wanted = step.find(frame)
    assert len(wanted) > 1
    pd.testing.assert_frame_equal(pd.DataFrame(found), wanted)
    if not step.rule.columns:
        assert sketch.equals(step.sketch(frame))


def test_the_engine_may_be_the_processor(signs):
    assert on_card.arrays() is np
    with dask.config.set({"tamis.engine": "cpu"}):
        assert on_card.arrays() is None
        assert FuzzyDedup()(Frame(rows())).id.tolist() == FuzzyDedup()(rows()).id.tolist()
    assert "text" in COPIED


def test_sets_where_memory_is_short(monkeypatch, caplog):
    sizes = []

    def short(xp, data, *given):
        sizes.append(data.size)
        if data.size > 60:
            raise MemoryError("out of memory")
        return made(xp, data, *given)

    made = sets_there.shingle_sets
    monkeypatch.setattr(sets_there, "shingle_sets", short)
    monkeypatch.setattr(device_columns, "FLOOR", 8)
    frame = pd.DataFrame({"id": [str(k) for k in range(9)], "text": pd.array(TEXTS, STRING)})
    some, step = np.array([0, 1, 3, 5, 8]), FuzzyDedup()
    assert step.evidence_there(Frame(frame), some).equals(step.evidence(frame, some))
    assert max(sizes) > 60 and len(sizes) > 3
    assert step.evidence_there(Frame(frame), np.array([7])) is None  # one text is too much
    assert "so the processor does the sets of a partition" in caplog.text


def test_normalised_texts_have_their_sets_made_on_the_host():
    step = FuzzyDedup(form="NFKC")
    assert step.evidence_there(Frame(rows()), np.array([0, 1])) is None
    found = there.evidence(step, Frame(rows()), np.array([0, 1]))
    assert found.equals(step.evidence(rows(), np.array([0, 1])))


def test_places_say_so():
    steps = [("exact", ExactDedup()), ("fuzzy", FuzzyDedup()), ("near", PerceptualDedup())]
    steps += [("url", UrlDedup()), ("composed", FuzzyDedup(form="NFKC"))]
    found = {name: place.engine for name, place in places(steps, "cudf").items()}
    there = dict.fromkeys(("exact", "fuzzy", "composed"), "GPU")
    assert found == there | dict.fromkeys(("near", "url"), "hop")
    assert "GPU" not in {place.engine for place in places(steps, "cudf", "cpu").values()}


def test_other_kinds_go_by_way_of_the_host():
    frame = rows(phash=np.arange(11).astype(np.uint64))
    for step in (FuzzyDedup(), PerceptualDedup(radius=1)):
        assert step(Frame(frame)).id.tolist() == step(frame).id.tolist()
