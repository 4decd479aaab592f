"""Where steps are said to run, by devices and packages that are there or not."""

import dask
import pandas as pd
import pytest

import tamis
from tamis import (
    Decontaminate,
    Edit,
    Embed,
    ExactDedup,
    Filter,
    FuzzyDedup,
    Pipeline,
    Prompt,
    Score,
    SemanticDedup,
    image,
    text,
)
from tamis import places as module
from tamis.accelerator import Accelerators, Device
from tamis.dedup import on_card
from tamis.places import places, table

CARD = Accelerators((Device(0, "Card", 8 << 30, -1, "9.0"),), "1", "")
NONE = Accelerators((), "", "there is no NVIDIA driver")
STEPS = Pipeline([
    Edit(text.fix_unicode),
    Filter(text.word_count, min=1),
    Filter("column:word_count", max=9, name="again"),
    Score(text.embedding),
    Score(text.embedding, device="cpu", name="here"),
    Score(image.nsfw),
    FuzzyDedup(),
    FuzzyDedup(family="curator", name="published"),
    FuzzyDedup(unit="characters", name="of_letters"),
    SemanticDedup(),
    SemanticDedup(device="cuda:1", name="second"),
])  # fmt: skip


def engines(found, kind, monkeypatch):
    monkeypatch.setattr(module, "accelerators", lambda: found)
    monkeypatch.setattr(on_card, "arrays", lambda: (found.devices and object()) or None)
    return {name: place.engine for name, place in places(STEPS.named, kind).items()}


def test_without_a_gpu(monkeypatch):
    found = engines(NONE, "pandas", monkeypatch)
    assert {name for name, engine in found.items() if engine != "CPU"} == {"second"}
    assert "no GPU: there is no NVIDIA driver" in places(STEPS.named)["embedding"].why


def test_with_a_gpu(monkeypatch):
    found = engines(CARD, "pandas", monkeypatch)
    there = {"embedding", "fuzzy_dedup", "published", "semantic_dedup", "second"}
    assert {name for name, engine in found.items() if engine == "GPU"} == there
    monkeypatch.setattr(module, "_distributed", lambda name: name == "onnxruntime-gpu")
    assert engines(CARD, "pandas", monkeypatch)["nsfw"] == "GPU"


def test_cudf_frames_hop(monkeypatch):
    found = engines(CARD, "cudf", monkeypatch)
    hops = {name for name, engine in found.items() if engine == "hop"}
    assert {"fix_unicode", "again", "of_letters", "nsfw", "here"} <= hops
    assert not hops & {"embedding", "fuzzy_dedup", "published", "semantic_dedup", "second"}


def test_an_op_with_a_version_for_cudf_stays(monkeypatch):
    @tamis.measure(dtype="Int64", namespace="test_places")
    def exclaimed(text, *, mark: str = "!"):
        return text.str.count(mark)

    steps = [("a", Score(exclaimed)), ("b", Score(exclaimed, mark="?"))]
    assert [p.engine for p in places(steps, "cudf").values()] == ["hop", "hop"]

    @exclaimed.specialize("cudf", when=lambda settings: settings["mark"] == "!")
    def _(text, *, mark="!"):
        return text.str.count(mark)

    assert [p.engine for p in places(steps, "cudf").values()] == ["GPU", "hop"]
    assert [p.engine for p in places(steps, "pandas").values()] == ["CPU", "CPU"]


LENT = Pipeline([
    Edit(text.fix_unicode),
    Filter(text.number_ratio, max=0.1),
    Filter(text.word_count, min=1),
    Score(text.word_count, name="chinese", language="zh"),
    Filter("number_ratio", max=0.05, name="again"),
    Filter(text.word_count, on="number_ratio", min=1, name="of a score"),
    Score(image.nsfw),
])  # fmt: skip


def lent(monkeypatch, why="", kind="pandas", said=None):
    monkeypatch.setattr(module, "why_not", lambda: why)
    return places(LENT.named, kind, said)


def test_pandas_frames_whose_texts_are_lent(monkeypatch):
    monkeypatch.setattr(module, "accelerators", lambda: CARD)
    assert {p.engine for p in lent(monkeypatch).values()} == {"CPU"}
    for said in ("gpu", "auto"):
        with dask.config.set({"tamis.engine": said}):
            found = lent(monkeypatch)
        assert [n for n, p in found.items() if p.engine == "GPU"] == ["number_ratio", "word_count"]
        assert found["word_count"].why == (
            "texts are copied there, where a partition has 8 MiB of them; else the CPU"
        )
        assert lent(monkeypatch, said="cpu")["word_count"] == ("CPU", "compiled loops")
    missing = lent(monkeypatch, "CuPy is not installed", said="auto")
    assert missing["word_count"] == ("CPU", "compiled loops; CuPy is not installed")


def test_cudf_frames_whose_texts_are_edited_on_the_host(monkeypatch):
    monkeypatch.setattr(module, "accelerators", lambda: CARD)
    found = lent(monkeypatch, kind="cudf")
    assert found["word_count"].engine == "GPU" and "copied there" in found["word_count"].why
    assert [n for n, p in found.items() if p.engine == "hop"] == [
        "fix_unicode", "chinese", "again", "of a score", "nsfw"
    ]  # fmt: skip
    assert lent(monkeypatch, kind="cudf", said="cpu")["word_count"].engine == "hop"
    first = places(LENT.named[1:], "cudf")["word_count"]
    assert first == ("GPU", "has a version for cuDF frames")


def test_a_plan_says_what_the_run_will_do(monkeypatch):
    rows = pd.DataFrame({"id": list("abc"), "text": ["one two", "one", "three four"]})
    steps = Pipeline([Filter(text.word_count, min=2)])
    monkeypatch.setattr(module, "why_not", lambda: "")
    with dask.config.set({"tamis.engine": "auto"}):
        assert steps.plan(rows).steps().loc["word_count", "where"] == "GPU"
    assert steps.plan(rows).steps().loc["word_count", "where"] == "CPU"


def test_a_plan_says_where(tmp_path):
    rows = pd.DataFrame({"id": list("abc"), "text": ["one two", "one", "three four"]})
    rows = rows.astype(tamis.frame.STRING) if hasattr(tamis, "frame") else rows
    plan = Pipeline([Filter(text.word_count, min=2), ExactDedup()]).plan(rows)
    assert plan.steps().loc["word_count", "where"] == "CPU"
    assert "where" in repr(plan)
    told = table(Pipeline([ExactDedup()]).named)
    assert told.loc["exact_dedup"].tolist() == ["CPU", "compiled loops"]


@pytest.mark.parametrize("kind", ["pandas", "cudf"])
def test_what_is_asked_of_an_endpoint_waits_for_the_network(kind):
    steps = [
        ("said", Prompt("{text}", model="m", endpoint="http://here:8000/v1")),
        ("kept", Prompt("{text}", model="m", null="keep")),
        ("made", Prompt("{text}", model="m", n=2)),
        ("vector", Embed("text", model="e", dimensions=2, endpoint="http://here:8000/v1")),
    ]
    found = places(steps, kind)
    assert {place.engine for place in found.values()} == {"network"}
    assert found["said"].why == "asks m at http://here:8000/v1, and waits for it"
    assert "OPENAI_BASE_URL" in found["kept"].why
    assert places([("d", Decontaminate("x.jsonl"))])["d"].why == "compiled loops"


def test_a_frame_says_its_library():
    frame = pd.DataFrame({"text": ["a"]})
    assert places([("a", ExactDedup())], frame)["a"].engine == "CPU"
    with pytest.raises(TypeError, match="not a frame"):
        places([("a", ExactDedup())], [1])
