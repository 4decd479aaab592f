"""Certificates of vectors and hashes against brute force: bad clusters, lying searches."""

import math

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tamis
from tamis import PerceptualDedup, Pipeline, SemanticDedup
from tamis.dedup import canaries_points, reference_points
from tamis.dedup import perceptual as perceptual_module
from tamis.dedup.canaries import PREFIX
from tamis.vectors import to_column


def column(array):
    return pd.Series(pd.arrays.ArrowExtensionArray(array))


def points(seed, groups=60, copies=5, width=24, spread=0.25):
    """Vectors around directions drawn, ids in an order that says nothing."""
    draw = np.random.default_rng(seed)
    middles = draw.standard_normal((groups, width))
    values = np.repeat(middles, copies, axis=0)
    values += spread * draw.uniform(0.2, 1.5, (len(values), 1)) * draw.standard_normal(values.shape)
    values = values[draw.permutation(len(values))].astype(np.float32)
    ids = [f"doc-{k}" for k in range(len(values))]
    return pd.DataFrame({"id": ids, "embedding": column(to_column(values))}), values


def hashed(seed, groups=200, copies=3, flips=7):
    draw = np.random.default_rng(seed)
    bits = np.repeat(draw.integers(0, 2, (groups, 64), dtype=np.uint8), copies, axis=0)
    for row in bits:
        row[draw.permutation(64)[: draw.integers(flips + 1)]] ^= 1
    bits = bits[draw.permutation(len(bits))]
    ids = [f"image-{k}" for k in range(len(bits))]
    texts = [row.tobytes().hex() for row in np.packbits(bits, axis=1)]
    return pd.DataFrame({"id": ids, "phash": pd.array(texts, "string")}), bits


def certified(frame, step, out, parts=3, **given):
    run = Pipeline([step]).run(tamis.from_pandas(frame, npartitions=parts), out, **given)
    return run, run.figures["deduplications"][0].get("certificate")


def greedy(alike):
    """Who stays of a matrix of who is alike: each that is like nobody staying before it."""
    staying = []
    for k in range(len(alike)):
        if not alike[k, staying].any():
            staying.append(k)
    return staying


def similarities(values):
    wide = values.astype(np.float64)
    wide /= np.linalg.norm(wide, axis=1)[:, None]
    return wide @ wide.T


def distances(bits):
    return (bits[:, None, :] != bits[None, :, :]).sum(axis=2)


def test_clusters_that_divide_are_found_out(tmp_path):
    """The estimate of the recall holds what brute force says, in all but the odd case."""
    held, planted = 0, []
    for seed in range(5):
        frame, values = points(seed, spread=0.4)
        step = SemanticDedup(threshold=0.75, clusters=80, probe=1, seed=seed)
        _, told = certified(frame, step, tmp_path / str(seed))
        removed = int((~step.find(frame).keep).sum())
        should = len(frame) - len(greedy(similarities(values) >= 0.75))
        true = removed / should
        assert true < 0.98 and told["removed"] == removed
        low, high = told["exhaustive"]["interval"]
        held += low <= true <= high
        assert told["precision"]["estimate"] == 1.0
        assert told["precision"]["largest_difference"] < 1e-9
        planted.append(told["canaries"]["estimate"])
        for pair in told["exhaustive"]["pairs"]:
            one, other = (int(pair[name][4:]) for name in ("id", "with"))
            exact = similarities(values[[one, other]])[0, 1]
            assert pair["similarity"] == pytest.approx(exact, abs=1e-9) and exact >= 0.75
    assert held >= 4 and np.mean(planted) < 0.99


def test_clusters_that_do_not(tmp_path):
    frame, _ = points(9)
    for step in (SemanticDedup(threshold=0.85), PerceptualDedup()):
        if step.kind == "perceptual":
            frame, _ = hashed(9)
        _, told = certified(frame, step, tmp_path / step.kind)
        assert told["canaries"]["planted"] == told["canaries"]["found"] > 50
        assert told["exhaustive"]["missed"] == 0 and told["exhaustive"]["coverage"] == 1.0
        assert told["precision"]["estimate"] == 1.0 and told["removed"] > 0


def test_planted_where_probing_finds(tmp_path):
    """Canaries tell what share of such turns the clusters lead to: with all probed, all."""
    frame, _ = points(3, groups=400, copies=1, width=6)
    found = []
    for probe in (1, 3, 60):
        step = SemanticDedup(threshold=0.85, clusters=60, probe=probe)
        found.append(certified(frame, step, tmp_path / str(probe))[1]["canaries"]["estimate"])
    assert found[0] < found[1] <= found[2] == 1.0


def lie(module, low):
    """A search that drops at a lower bound than it says, and claims likeness."""
    honest = module.decide

    def decide(self, proposal, evidence):
        table = honest(low(self), proposal, evidence)
        claims = pc.if_else(table["keep"], pa.scalar(None, pa.float64()), pa.scalar(0.97))
        return table.set_column(5, "similarity", claims)

    return decide


def test_a_lying_search_of_vectors_is_found_out(tmp_path, monkeypatch):
    frame, values = points(4, spread=0.4)
    honest = SemanticDedup.propose_from
    loose = SemanticDedup(threshold=0.6, store=0.6)
    monkeypatch.setattr(
        SemanticDedup, "propose_from", lambda self, sketches, reads: honest(loose, sketches, reads)
    )
    monkeypatch.setattr(SemanticDedup, "decide", lie(SemanticDedup, lambda self: self.at(0.6)))
    step = SemanticDedup(threshold=0.9)
    _, told = certified(frame, step, tmp_path / "out")
    gone = step.find(frame).query("not keep")
    exact = similarities(values)
    pairs = zip(gone.id, gone.duplicate_of, strict=True)
    true = np.mean([exact[int(a[4:]), int(b[4:])] >= 0.9 for a, b in pairs])
    low, high = told["precision"]["interval"]
    assert true < 0.9 and low <= true <= high
    for row in told["precision"]["wrong"]:
        value = exact[int(row["id"][4:]), int(row["duplicate_of"][4:])]
        assert row["true"] == pytest.approx(value, abs=1e-9) and value < 0.9
        assert row["claimed"] == 0.97


def test_a_lying_search_of_hashes_is_found_out(tmp_path, monkeypatch):
    frame, bits = hashed(4, flips=9)
    monkeypatch.setattr(
        PerceptualDedup, "decide", lie(PerceptualDedup, lambda _: PerceptualDedup(radius=14))
    )
    step = PerceptualDedup(radius=4)
    _, told = certified(frame, step, tmp_path / "out")
    gone = step.find(frame).query("not keep")
    apart = distances(bits)
    pairs = zip(gone.id, gone.duplicate_of, strict=True)
    true = np.mean([apart[int(a[6:]), int(b[6:])] <= 4 for a, b in pairs])
    low, high = told["precision"]["interval"]
    assert true < 0.9 and low <= true <= high
    for row in told["precision"]["wrong"]:
        value = apart[int(row["id"][6:]), int(row["duplicate_of"][6:])]
        assert row["true"] == 1 - value / 64 and value > 4


def test_a_search_of_hashes_that_misses_is_found_out(tmp_path, monkeypatch):
    """One that looks for a smaller radius than it says."""
    frame, bits = hashed(6, groups=100, copies=4, flips=5)
    honest = perceptual_module.settled
    monkeypatch.setattr(perceptual_module, "settled", lambda words, radius: honest(words, 3))
    step = PerceptualDedup(radius=6)
    _, told = certified(frame, step, tmp_path / "out")
    removed = int((~step.find(frame).keep).sum())
    should = len(frame) - len(greedy(distances(bits) <= 6))
    low, high = told["exhaustive"]["interval"]
    assert removed < 0.95 * should and low <= removed / should <= high
    planted = told["canaries"]
    assert planted["planted"] == 200 and 0.3 < planted["estimate"] < 0.8  # 3 of 6 distances


def test_a_sketch_that_loses_numbers_is_found_out(tmp_path, monkeypatch):
    """The rows are judged, not what was made of them."""
    frame, _ = points(5)
    honest = SemanticDedup.sketch

    def half(self, part):
        found = np.stack(part.embedding.tolist()).astype(np.float32)[:, :2]
        return honest(self, part.assign(embedding=column(to_column(found)).set_axis(part.index)))

    monkeypatch.setattr(SemanticDedup, "sketch", half)
    with monkeypatch.context() as patch:  # canaries are as wide as the rows
        patch.setattr(canaries_points, "turned", lambda *_: [])
        _, told = certified(frame, SemanticDedup(), tmp_path / "out")
    assert told["precision"]["estimate"] < 0.5 and told["precision"]["wrong"]


@pytest.mark.parametrize("step", [
    SemanticDedup(threshold=0.85), SemanticDedup(threshold=0.85, clusters=20, probe=1, keep="hard"),
    SemanticDedup(threshold=0.85, keep="random"), SemanticDedup(threshold=0.85, keep="best:score"),
    PerceptualDedup(), PerceptualDedup(keep="best:score"),
], ids=str)  # fmt: skip
def test_partitions_do_not_matter(step, tmp_path):
    frame, _ = points(7) if step.kind == "semantic" else hashed(7, groups=80)
    frame["score"] = np.random.default_rng(1).random(len(frame))
    found = []
    for parts in (1, 4, 11):
        run, told = certified(frame, step, tmp_path / str(parts), parts)
        assert told.pop("seconds") >= 0
        found.append(told)
        ids = {*run.kept().id.compute(), *run.dropped().id.compute()}
        assert ids == set(frame.id) and not any(name.startswith(PREFIX) for name in ids)
    assert found[0] == found[1] == found[2]
    assert found[0]["precision"]["sampled"] > 0 and found[0]["canaries"]["planted"] > 0


@pytest.mark.parametrize("form", ["bytes", "hex", "numbers", "float16", "lists", "doubles"])
def test_every_form_a_column_has(form, tmp_path):
    frame, values = points(8) if form in ("float16", "lists", "doubles") else hashed(8, groups=50)
    step = SemanticDedup(threshold=0.85) if "embedding" in frame else PerceptualDedup()
    if form == "float16":
        frame["embedding"] = column(to_column(values.astype(np.float16)))
    elif form in ("lists", "doubles"):
        kind = pa.float32() if form == "lists" else pa.float64()
        frame["embedding"] = column(pa.array(values.tolist(), pa.list_(kind)))
        frame.loc[3, "embedding"] = None
    elif form == "bytes":
        cells = [bytes.fromhex(cell) for cell in frame.phash]
        frame["phash"] = column(pa.array([None, *cells[1:]], pa.binary()))
    elif form == "numbers":
        frame["phash"] = np.array([int(cell, 16) for cell in frame.phash], np.uint64)
    _, told = certified(frame, step, tmp_path / "out")
    assert told["precision"]["estimate"] == 1.0 and told["precision"]["largest_difference"] < 1e-9
    assert told["canaries"]["planted"] == told["canaries"]["found"] > 10
    assert told["exhaustive"]["missed"] == 0


def test_with_another_set_beside_it_and_with_nothing_to_say(tmp_path):
    frame, _ = points(2)
    frame.head(100).to_parquet(tmp_path / "test.parquet")
    step = SemanticDedup(threshold=0.85, against=str(tmp_path / "test.parquet"))
    run, told = certified(frame, step, tmp_path / "against")
    dropped = run.dropped().compute()
    assert told["removed"] == (~dropped.dropped_why.str.contains("test.parquet")).sum()
    assert told["exhaustive"]["missed"] == 0 and told["kept"] == run.rows["kept"]
    _, told = certified(frame, SemanticDedup(threshold=1.0), tmp_path / "one")
    assert told["canaries"]["planted"] == 0 and told["precision"]["sampled"] == 0
    bare = frame.assign(embedding=column(pa.nulls(len(frame), pa.list_(pa.float32(), 4))))
    assert certified(bare, SemanticDedup(), tmp_path / "null")[1]["kept"] == 0
    frame, _ = hashed(2, groups=30)
    _, told = certified(frame, PerceptualDedup(radius=0), tmp_path / "zero")
    assert told["canaries"]["planted"] == 0 and told["exhaustive"]["missed"] == 0
    bare = frame.assign(phash=pd.array([None] * len(frame), "string"))
    assert certified(bare, PerceptualDedup(), tmp_path / "none")[1]["kept"] == 0
    assert certified(frame, PerceptualDedup(), tmp_path / "off", certificate=False)[1] is None


@settings(max_examples=50, deadline=None)
@given(st.integers(2, 40), st.floats(0.05, 0.99), st.integers(0, 99))
def test_copies_are_as_similar_as_they_say(width, threshold, seed):
    values = np.random.default_rng(seed).standard_normal((9, width)).astype(np.float32)
    names = [f"n{k}" for k in range(9)]
    planted = canaries_points.turned(list(zip(names, values, strict=True)), threshold, 42)
    for point in planted:
        one, other = values[int(point.of[1:])].tolist(), point.value.tolist()
        pairs = (one, other), (one, one), (other, other)
        dots = [math.fsum(a * b for a, b in zip(x, y, strict=True)) for x, y in pairs]
        true = dots[0] / math.sqrt(dots[1] * dots[2])
        assert point.similarity == pytest.approx(true, abs=1e-12)
        assert threshold <= point.similarity < 1
    assert len(planted) >= 7


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 32), st.integers(0, 7), st.integers(0, 99))
def test_flipped_bits_are_as_many_as_they_say(width, radius, seed):
    table = np.random.default_rng(seed).integers(0, 256, (9, width), dtype=np.uint8)
    originals = [(f"n{k}", row) for k, row in enumerate(table)]
    planted = canaries_points.flipped(originals, radius, 42)
    assert len(planted) == (9 if radius else 0)
    for number, point in enumerate(planted):
        apart = int((np.unpackbits(point.value) != np.unpackbits(table[number])).sum())
        assert apart == 1 + number % radius
        assert point.similarity == 1 - apart / (8 * width)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 33), st.integers(0, 20), st.integers(0, 99))
def test_reference_finds_all_that_are_near(width, radius, seed):
    draw = np.random.default_rng(seed)
    table = draw.integers(0, 256, (40, width), dtype=np.uint8)
    table[20:] = table[:20] ^ (draw.random((20, width)) < 0.3)
    found = reference_points.alike_hashes(table, table[:7], radius)
    bits = np.unpackbits(table, axis=1)
    expected = {(a, b) for b in range(7) for a in range(40) if (bits[a] != bits[b]).sum() <= radius}
    assert set(zip(found.rows.tolist(), found.asked.tolist(), strict=True)) == expected
    values = draw.standard_normal((40, width)).astype(np.float32)
    values[20:] = values[:20] * 3 + 0.1
    near = reference_points.alike_vectors(values, values[:7], 0.9)
    exact = similarities(values)
    expected = {(a, b) for b in range(7) for a in range(40) if exact[a, b] >= 0.9}
    clear = {pair for pair in expected if abs(exact[pair] - 0.9) > 1e-9}
    assert clear <= set(zip(near.rows.tolist(), near.asked.tolist(), strict=True)) <= expected


def test_report(tmp_path):
    certified(points(1)[0], SemanticDedup(threshold=0.85), tmp_path / "semantic")
    page = (tmp_path / "semantic" / "report.html").read_text("utf-8")
    assert "cosine from 0.85" in page and "without clusters" in page
    assert "compared with all: no pair was left out" in page
    _, told = certified(points(1)[0], SemanticDedup(clusters=20), tmp_path / "clusters")
    assert (told["clusters"], told["probe"]) == (20, 2)
    page = (tmp_path / "clusters" / "report.html").read_text("utf-8")
    assert "2 nearest of 20 clusters: pairs that no such cluster holds are missed" in page
    _, told = certified(hashed(1)[0], PerceptualDedup(), tmp_path / "hashes")
    page = (tmp_path / "hashes" / "report.html").read_text("utf-8")
    assert "at most 4 of 64 bits apart" in page and "as many bits as the radius" in page
    assert f"<b>{told['canaries']['found']} of {told['canaries']['planted']}</b> planted" in page
