"""Comparisons on a card beside the processor's: groups, verdicts, near hashes, cuDF partitions."""

import logging

import dask
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from tamis import ExactDedup, FuzzyDedup, PerceptualDedup, Pipeline, datasets, from_pandas
from tamis.dedup import card, content, equal_keys, on_card, radius, radius_there, shared, there
from tamis.frame import text_buffers
from tamis.kernels import characters
from tamis.kernels import radius as kernels
from tamis.kernels.unicode import classes
from tamis.report.certified import certificates

pytestmark = pytest.mark.gpu


@pytest.fixture(autouse=True)
def always(monkeypatch, caplog):
    """Everything goes to the card, and nothing comes back undone."""
    caplog.set_level(logging.WARNING, "tamis")
    for module in (equal_keys, shared):
        monkeypatch.setattr(module, "WORTH", 1)
    monkeypatch.setattr(radius_there, "START", -1e9)
    monkeypatch.setattr(on_card, "WORTH", 0)
    yield
    assert "gave up" not in caplog.text
    assert "cannot be loaded" not in caplog.text


@pytest.fixture
def device():
    found = card.device()
    assert found is not None
    return found


def test_groups_are_equal(device):
    rng = np.random.default_rng(0)
    rows = 2_000_000
    keys = rng.integers(0, rows // 2, (4, rows)).astype(np.uint64) << np.uint64(20)
    keys[1, : rows // 2] = 7  # one key of a million rows
    valid = rng.random(rows) < 0.9
    one, other = equal_keys.Card(device), equal_keys.Processor(rows)
    first = other.first_equal(keys[0], keys[2] % 3, valid)
    np.testing.assert_array_equal(one.first_equal(keys[0], keys[2] % 3, valid), first)
    sparse = [np.where(rng.random(rows) < 0.6, rng.integers(0, 2**62, rows), k).astype(np.uint64)
              for k in keys]  # fmt: skip
    for bands in (keys, sparse, [np.arange(rows, dtype=np.uint64) // 2 * 4,
                                 (np.arange(rows, dtype=np.uint64) + 1) // 2 * 4]):  # fmt: skip
        wanted = other.joined(first, bands, valid)
        np.testing.assert_array_equal(one.joined(first, bands, valid), wanted)
    for band in keys:
        for a, b in zip(one.buckets(band, 5), other.buckets(band, 5), strict=True):
            np.testing.assert_array_equal(a, b)
    edges = [tuple(rng.integers(0, rows, (2, 300_000))) for _ in range(3)]
    np.testing.assert_array_equal(one.united(rows, edges), other.united(rows, edges))


@pytest.mark.parametrize(("width", "reach"), [(8, 4), (8, 9), (12, 3), (32, 12)])
def test_near_hashes_are_equal(device, width, reach):
    rng = np.random.default_rng(width)
    table = rng.integers(0, 256, (40, width), np.uint8)[rng.integers(0, 40, 6000)]
    for _ in range(8):
        table[np.arange(6000), rng.integers(0, width, 6000)] ^= np.uint8(1) << rng.integers(
            0, 8, 6000
        ).astype(np.uint8)
    words = radius.as_words(np.unique(table, axis=0))
    found = radius_there.all_pairs(device, words, reach, 10**8)
    near = radius_there.nearest(words[:3000], words[3000:], reach)
    settled = radius.settled(words, reach)
    with dask.config.set({"tamis.engine": "cpu"}):
        index = radius.index_of(words, reach)
        kernels.enter(index, words)
        wanted = kernels.pairs(index, words, 0, len(words), reach, 10**8)
        for a, b in zip(settled, radius.settled(words, reach), strict=True):
            np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(found, wanted[np.lexsort((wanted[:, 0], wanted[:, 1]))])
    index = radius.index_of(words[:3000], reach)
    kernels.enter(index, words[:3000])
    held = np.empty(len(words) - 3000, np.int32), np.empty(len(words) - 3000, np.int16)
    kernels.nearest_entered(index, words, 3000, reach, *held)
    for a, b in zip(near, held, strict=True):
        np.testing.assert_array_equal(a, b)


def pages(copies=3):
    frame = datasets.demo().compute()[["id", "text"]].reset_index(drop=True)
    made = [frame, frame.assign(id=frame["id"] + "#same")]
    for k in range(copies):
        words = frame["text"].fillna("").str.split(" ")
        changed = words.map(lambda some, k=k: " ".join(some[k:] + ["more"] * (k + 1)))
        made.append(frame.assign(id=frame["id"] + f"#{k}", text=changed))
    found = pd.concat(made, ignore_index=True)
    odd = ["", " ", None, "\u3000\u00a0", "!!!", "!!!", "\u65e5\u672c", "x" * 5_000_000] * 2
    ids = [f"odd{k}" for k in range(len(odd))]
    rows = pd.concat([found, pd.DataFrame({"id": ids, "text": odd})], ignore_index=True)
    rows["text"] = pd.array(rows["text"], pd.StringDtype("pyarrow"))
    rows["n"] = rows["text"].str.len().fillna(0).astype("int64") % 7
    rows["site"] = np.where(np.arange(len(rows)) % 3, "a", "b")
    return rows


@pytest.fixture(scope="module")
def rows():
    return pages()


STEPS = [
    ExactDedup(),
    ExactDedup(keep="longest"),
    ExactDedup(on=["text", "n"]),
    ExactDedup(on=["text", "site"], keep="source:site=b,a"),
    ExactDedup(where={"site": "a"}),
    FuzzyDedup(threshold=0.7),
    FuzzyDedup(threshold=0.7, keep="longest", measure="containment"),
    FuzzyDedup(threshold=0.8, where={"site": "a"}, keep="best:n"),
    FuzzyDedup(family="curator", threshold=0.8),
    FuzzyDedup(verify=False),
    FuzzyDedup(threshold=0.7, form="NFKC"),
]


@pytest.mark.parametrize("step", STEPS, ids=lambda s: f"{s.kind} {s.keep} {s.on} {s.rule}")
def test_the_same_verdicts(rows, step):
    import cudf

    with dask.config.set({"tamis.engine": "cpu"}):
        wanted = step.explain(rows)
    assert wanted.dropped_by.notna().sum() > 1
    pd.testing.assert_frame_equal(step.explain(rows), wanted)
    found = step.explain(cudf.from_pandas(rows)).to_pandas()
    for column in wanted.columns:
        one, other = (f[column].astype(object).where(f[column].notna(), None).tolist()
                      for f in (found, wanted))  # fmt: skip
        assert one == other, column
    assert step(cudf.from_pandas(rows)).to_pandas()["id"].tolist() == (
        wanted["id"][wanted.dropped_by.isna()].tolist()
    )


def test_no_text_comes_to_the_host(rows, monkeypatch):
    import cudf

    copied = []
    whole = cudf.DataFrame.to_pandas
    monkeypatch.setattr(
        cudf.DataFrame, "to_pandas",
        lambda self, **given: copied.extend(self.columns) or whole(self, **given),
    )  # fmt: skip
    frame = cudf.from_pandas(rows)
    for step in (ExactDedup(), ExactDedup(keep="longest"), FuzzyDedup(threshold=0.7)):
        step(frame)
        step.explain(frame)
    assert "text" not in copied


def test_hashes_and_blanks(device, rows):
    import cudf

    from tamis.device_columns import device_buffers

    series, host = cudf.Series(rows["text"]), content.of_host(rows["text"])
    for a, b in zip(content.of_device(series, device), host, strict=True):
        np.testing.assert_array_equal(a, b)
    data, offsets, _ = device_buffers(series)
    texts = text_buffers(rows["text"])
    wanted = np.zeros(len(rows), np.bool_)
    characters.blank(texts.data, texts.offsets, classes(), wanted)
    np.testing.assert_array_equal(content.blank(data, offsets, device), wanted)


def test_a_sketch_is_equal(rows):
    import cudf

    for step in (ExactDedup(), FuzzyDedup(), FuzzyDedup(family="curator", verify=False)):
        found = there.sketch(step, cudf.from_pandas(rows))
        with dask.config.set({"tamis.engine": "cpu"}):
            wanted = step.sketch(rows)
        assert found.equals(wanted), step.kind


def test_runs_with_certificates(rows, tmp_path):
    hashes = np.random.default_rng(3).integers(0, 2**62, len(rows)).astype(np.uint64)
    hashes[::5] = hashes[1::5][: len(hashes[::5])] ^ np.uint64(5)
    frame = rows.assign(phash=hashes)
    clean = Pipeline([ExactDedup(), FuzzyDedup(threshold=0.7), PerceptualDedup(radius=3)])
    told = []
    for engine in ("cpu", "gpu"):
        with dask.config.set({"tamis.engine": engine}):
            run = clean.run(from_pandas(frame, npartitions=3), tmp_path / engine,
                            progress=False, certificate=True)  # fmt: skip
        found = [{k: v for k, v in c.items() if k != "seconds"} for c in certificates(run.figures)]
        told.append((run.kept().compute()["id"].tolist(), found))
    assert len(told[0][1]) == 3
    assert told[0] == told[1]


def test_too_little_memory(device, monkeypatch, caplog):
    monkeypatch.setattr(card, "room", lambda there: 1000)
    step = ExactDedup()
    frame = pd.DataFrame({"id": [str(k) for k in range(1000)], "text": ["a", "b"] * 500})
    assert step(frame).id.tolist() == ["0", "1"]
    assert "so the processor does the grouping of candidates" in caplog.text
    caplog.clear()


def test_arrow_columns_of_any_kind(device):
    import cudf

    array = pa.array(["a", None, "", "b" * 100, "a"])
    sliced = cudf.Series(pa.concat_arrays([array, array])).iloc[3:9]
    found = content.of_device(sliced, device)
    wanted = content.of_host(sliced.to_pandas())
    for a, b in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(a, b)
