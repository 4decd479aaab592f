"""Images and other media against a set: by hashes within a radius, by cosine; brute force."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import tamis
from tamis import ExactDedup, PerceptualDedup, Pipeline, SemanticDedup
from tamis.dedup import Index
from tamis.errors import DataError, SettingError

RNG = np.random.default_rng(3)


def flipped(value, bits, rng):
    for bit in rng.choice(64, bits, replace=False):
        value ^= 1 << int(bit)
    return value


@pytest.fixture(scope="module")
def hashes(tmp_path_factory):
    rng = np.random.default_rng(5)
    test = [int(v) for v in rng.integers(0, 2**63, 60)]
    train = [flipped(test[k % 60], k % 9, rng) for k in range(150)]
    train += [int(v) for v in rng.integers(0, 2**63, 80)]
    held = pd.DataFrame({"id": [f"t{k}" for k in range(60)], "phash": [f"{v:016x}" for v in test]})
    rows = pd.DataFrame(
        {"id": [f"r{k}" for k in range(230)], "phash": [f"{v:016x}" for v in train]}
    )
    path = tmp_path_factory.mktemp("hashes") / "test.parquet"
    held.to_parquet(path)
    return path, rows, held


def apart(one, other):
    return (int(one, 16) ^ int(other, 16)).bit_count()


def test_hashes_by_brute_force(hashes):
    path, rows, held = hashes
    explained = PerceptualDedup(radius=4, against=path).explain(rows)
    for row in explained.itertuples():
        distance, near = min((apart(row.phash, h), k) for k, h in enumerate(held.phash))
        if distance <= 4:
            assert row.duplicate_of == f"t{near}"
            assert row.similarity == pytest.approx(1 - distance / 64)
            words = "same hash as" if not distance else f"distance {distance} of 64 bits to"
            assert row.dropped_why == f"dedup.perceptual: {words} t{near} in test.parquet"
        else:
            assert not str(row.duplicate_of).startswith("t")
    left = rows[~explained.duplicate_of.str.startswith("t").fillna(False).to_numpy()]
    step = PerceptualDedup(radius=4)
    assert PerceptualDedup(radius=4, against=path)(rows).id.tolist() == step(left).id.tolist()


@pytest.fixture(scope="module")
def vectors(tmp_path_factory):
    rng = np.random.default_rng(6)
    test = rng.normal(size=(50, 24)).astype(np.float32)
    noise = rng.normal(size=(200, 24)) * rng.uniform(0.05, 0.6, (200, 1))
    train = (test[rng.integers(0, 50, 200)] + noise).astype(np.float32)
    held = pd.DataFrame({"id": [f"t{k}" for k in range(50)], "embedding": list(test)})
    rows = pd.DataFrame({"id": [f"r{k}" for k in range(200)], "embedding": list(train)})
    rows.loc[3, "embedding"] = None
    path = tmp_path_factory.mktemp("vectors") / "test.parquet"
    held.to_parquet(path)
    return path, rows, test, train


def test_vectors_by_brute_force(vectors):
    path, rows, test, train = vectors
    unit = [v / np.linalg.norm(v, axis=1, keepdims=True) for v in (train.astype(float), test)]
    cosines = unit[0] @ unit[1].T
    cosines[3] = -1
    explained = SemanticDedup(threshold=0.9, against=path).explain(rows)
    hit = explained.duplicate_of.str.startswith("t").fillna(False).to_numpy()
    assert (hit == (cosines.max(1) >= 0.9)).all() and 40 < hit.sum() < 190
    nearest = [f"t{k}" for k in cosines.argmax(1)]
    assert explained.duplicate_of[hit].tolist() == [
        n for n, h in zip(nearest, hit, strict=False) if h
    ]
    np.testing.assert_allclose(explained.similarity[hit], cosines.max(1)[hit], atol=1e-6)
    assert "in test.parquet" in explained.dropped_why[hit].iloc[0]
    left = SemanticDedup(threshold=0.9)(rows[~hit]).id.tolist()
    assert SemanticDedup(threshold=0.9, against=path)(rows).id.tolist() == left


@pytest.mark.parametrize("kind", ["hashes", "vectors"])
def test_partitions_and_runs_agree(kind, request, tmp_path):
    path, rows, *_ = request.getfixturevalue(kind)
    step = {"hashes": PerceptualDedup(against=path), "vectors": SemanticDedup(against=path)}[kind]
    if kind == "vectors":
        values = pa.array([None if v is None else v.tolist() for v in rows.embedding])
        values = values.cast(pa.list_(pa.float32(), 24))
        rows = rows.assign(embedding=pd.array(values, dtype=pd.ArrowDtype(values.type)))
    eager = step(rows).id.tolist()
    frame = tamis.from_pandas(rows, npartitions=5)
    assert step(frame).compute().id.tolist() == eager
    pipeline = Pipeline.from_yaml(Pipeline([step]).to_yaml())
    run = pipeline.run(frame, tmp_path / "out")
    assert run.kept().compute().id.tolist() == eager
    assert run.rows["kept"] == len(eager)


def test_refusals(hashes, vectors, tmp_path):
    path, rows, _ = hashes
    with pytest.raises(DataError, match="nowhere"):
        PerceptualDedup(against=tmp_path / "nowhere.parquet")(rows)
    with pytest.raises(tamis.TamisError, match="embedding"):
        SemanticDedup(against=path)(vectors[1])
    short = rows.assign(phash=rows.phash.str[:8])
    with pytest.raises(DataError, match="both must be of one length"):
        PerceptualDedup(against=path)(short)
    Index(tmp_path / "index", ExactDedup()).add(pd.DataFrame({"id": ["a"], "text": ["b"]}))
    with pytest.raises(SettingError, match="made with dedup='exact', this is dedup='semantic'"):
        SemanticDedup(against=tmp_path / "index")(vectors[1])
    with pytest.raises(SettingError, match="made with dedup='exact'"):
        PerceptualDedup(against=tmp_path / "index")(rows)
    narrow = vectors[1].assign(
        embedding=[None if v is None else v[:8] for v in vectors[1].embedding]
    )
    with pytest.raises(DataError, match="both must be of one width"):
        SemanticDedup(against=vectors[0])(narrow)
