"""Measures, signatures and clusters on a device, beside the processor."""

import numpy as np
import pandas as pd
import pytest

import tamis
from tamis import Filter, FuzzyDedup, Pipeline, Score, datasets, device_columns, text
from tamis.dedup import on_card
from tamis.frame import STRING
from tamis.kernels.unicode import SPACES
from tamis.kernels.words import COMMON_WORDS, ELLIPSES
from tamis.registry import registered

pytestmark = pytest.mark.gpu

SPECIAL = [op for op in registered().values() if op.special("cudf", {}) is not None]
LETTERS = [*"aZeb zß É'\"+.,!?#-•‣⦿…()[]{}⟨⟩0١<>\b\n\t\r中かな한🙂\u0301", *map(chr, SPACES)]


@pytest.fixture(scope="module")
def pages():
    generator = np.random.default_rng(5)
    made = ["".join(generator.choice(LETTERS, n)) for n in generator.integers(0, 60, 2000)]
    words = [*ELLIPSES, *COMMON_WORDS, "#a", "##", "a#", "#b#", "The"]
    made += [" ".join(generator.choice(words, n)) for n in generator.integers(0, 30, 500)]
    made += [None, "", " ", "\n", "a", None, "\u3000"] * 3
    made += datasets.demo().compute()["text"].head(400).tolist()
    ids = pd.array([f"r{k}" for k in range(len(made))], STRING)
    return pd.DataFrame({"id": ids, "text": pd.array(made, STRING)})


def on_device(frame):
    import cudf

    return cudf.from_pandas(frame)


def as_values(frame):
    return frame.astype(object).where(frame.notna(), None).to_dict("list")


@pytest.mark.parametrize("size", [1 << 12, 1 << 26])
@pytest.mark.parametrize("op", SPECIAL, ids=lambda op: op.name)
def test_a_measure_gives_the_same(op, pages, monkeypatch, size):
    monkeypatch.setattr(device_columns, "BYTES", size)
    wanted = Score(op)(pages)
    found = Score(op)(on_device(pages)).to_pandas()
    assert as_values(found) == as_values(wanted)


@pytest.mark.parametrize("texts", [[], [None], [""], [" "], ["", None, "a"], ["a", "", ""]])
def test_next_to_nothing(texts):
    frame = pd.DataFrame({"text": pd.array(texts, STRING)})
    for op in SPECIAL:
        found = Score(op)(on_device(frame)).to_pandas()
        assert as_values(found) == as_values(Score(op)(frame)), op


def test_a_slice_of_a_column(pages):
    part = on_device(pages).iloc[100:300]
    found = Score(text.word_count)(part).to_pandas()
    assert as_values(found) == as_values(Score(text.word_count)(pages.iloc[100:300]))


def test_texts_stay_where_they_are(pages, monkeypatch):
    import cudf

    copied = []
    before = cudf.DataFrame.to_pandas

    def to_pandas(frame, **settings):
        copied.extend(frame.columns)
        return before(frame, **settings)

    clean = Pipeline([Filter(text.word_count, min=5), Filter(text.number_ratio, max=0.1)])
    wanted = clean(pages)
    monkeypatch.setattr(cudf.DataFrame, "to_pandas", to_pandas)
    found = clean(on_device(pages))
    assert "text" not in copied
    monkeypatch.undo()
    assert as_values(found.to_pandas()) == as_values(wanted)
    assert found.index.to_pandas().tolist() == wanted.index.tolist()


@pytest.mark.parametrize("family", ["curator", "tamis"])
def test_a_deduplication_of_a_pandas_frame_is_signed_there(pages, monkeypatch, family):
    step = FuzzyDedup(family=family)
    assert on_card.able(step.scheme)
    wanted = step(pages)["id"].tolist()
    monkeypatch.setattr(on_card, "WORTH", 0)
    assert step(pages)["id"].tolist() == wanted


@pytest.mark.slow
def test_a_cluster_of_gpus(pages, tmp_path):
    pytest.importorskip("dask_cuda")
    steps = Pipeline([Filter(text.word_count, min=5), FuzzyDedup(family="curator")])
    wanted = steps(pages)["id"].tolist()
    with tamis.cluster("cuda", workers=1, memory="16GiB") as client:
        assert list(client.run(_sees).values()) == [1]
        found = steps.run(tamis.from_pandas(pages, npartitions=3), tmp_path / "o", progress=False)
        assert found.kept().compute()["id"].tolist() == wanted


def _sees():
    from tamis.accelerator import accelerators

    return len(accelerators().devices)


def test_what_the_driver_says_is_what_cupy_sees():
    import cupy

    from tamis.accelerator import accelerators

    found = accelerators()
    assert len(found.devices) == cupy.cuda.runtime.getDeviceCount() and not found.why
    known = cupy.cuda.runtime.getDeviceProperties(0)
    first = found.devices[0]
    assert first.name == known["name"].decode() and first.memory == known["totalGlobalMem"]
    assert first.capability == f"{known['major']}.{known['minor']}"
    assert first.free <= first.memory
