"""Semantic deduplication against brute force, and on other devices and partitions."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from corpora import STRING
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csgraph

import tamis
from tamis import Pipeline, SemanticDedup
from tamis.dedup import devices, kmeans, near, semantic
from tamis.dedup.similar_pairs import settled
from tamis.errors import ColumnError, DataError, SettingError
from tamis.recipe import step_from
from tamis.vectors import to_column


def frame(vectors):
    """Vectors (rows of an array, or a list with nulls) with ids, texts and scores."""
    if isinstance(vectors, np.ndarray):
        column = to_column(vectors)
        values = pd.array(pa.chunked_array([column]), dtype=pd.ArrowDtype(column.type))
    else:
        values = pd.Series(vectors, dtype=object)
    count = len(vectors)
    return pd.DataFrame(
        {
            "id": pd.array([f"r{k}" for k in range(count)], STRING),
            "embedding": values,
            "text": pd.array(["x" * (k % 7) for k in range(count)], STRING),
            "score": [float(k * 7 % 11) for k in range(count)],
        }
    )


def clustered(count, width=32, groups=60, seed=0):
    """Vectors around a few directions, at various distances: many pairs near any threshold."""
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((groups, width))
    noise = rng.standard_normal((count, width)) * rng.choice([0.05, 0.2, 0.4], (count, 1))
    return (centres[rng.integers(0, groups, count)] + noise).astype(np.float32)


def cosines(vectors):
    unit = vectors.astype(np.float64)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    return unit @ unit.T


def greedy(similarity, threshold, order):
    """Who stays, and for whom each of the others goes."""
    stays, witness = [], {}
    for row in order:
        if stays:
            best = max(stays, key=lambda other: (similarity[row, other], -order.index(other)))
            if similarity[row, best] >= threshold - 1e-9:
                witness[row] = best
                continue
        stays.append(row)
    return sorted(stays), witness


@settings(max_examples=60)
@given(st.data())
def test_brute_force(data):
    count, width = data.draw(st.integers(1, 40)), data.draw(st.integers(1, 9))
    seed, threshold = data.draw(st.integers(0, 9999)), data.draw(st.sampled_from([0.5, 0.9, 1.0]))
    rng = np.random.default_rng(seed)
    vectors = rng.integers(-2, 3, (count, width)).astype(np.float32) * 3
    vectors[(vectors == 0).all(axis=1), 0] = 1
    stays, witness = greedy(cosines(vectors), threshold, list(range(count)))
    docs, step = frame(vectors), SemanticDedup(threshold=threshold)
    assert step(docs).index.tolist() == stays
    found = step.find(docs).query("not keep")
    exact = cosines(vectors)
    for name, other, similarity in zip(found.id, found.duplicate_of, found.similarity, strict=True):
        row, kept = int(name[1:]), int(other[1:])
        assert kept in stays
        assert similarity == pytest.approx(exact[row, kept], abs=1e-12)
        assert similarity == pytest.approx(exact[row, witness[row]], abs=1e-12)
    assert step(step(docs)).index.tolist() == stays  # nothing more to find


@pytest.mark.parametrize("kind", [devices.Numpy, devices.Bfloat16])
def test_assignment_is_that_of_scikit_learn(kind):
    """The nearest centres of each vector, as `KMeans` and `NearestNeighbors` have them."""
    cluster = pytest.importorskip("sklearn.cluster")
    neighbors = pytest.importorskip("sklearn.neighbors")
    if kind is devices.Bfloat16:
        pytest.importorskip("torch")
    vectors = clustered(3000, width=24)
    unit = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    products = kind()
    fitted = kmeans.fit(unit, 40, 8, products)
    theirs = cluster.KMeans(40, init=fitted.centres, n_init=1, max_iter=1).fit(unit)
    theirs.cluster_centers_ = fitted.centres.astype(np.float64)
    assigned = products.assign(products.hold(unit), fitted.centres)
    assert assigned.nearest.tolist() == theirs.predict(unit.astype(np.float64)).tolist()
    assert assigned.counts.tolist() == np.bincount(assigned.nearest, minlength=40).tolist()
    exact = neighbors.NearestNeighbors(n_neighbors=3, algorithm="brute")
    distances, places = exact.fit(fitted.centres.astype(np.float64)).kneighbors(unit)
    prepared = products.prepare(fitted.centres)
    found, similarity = products.nearest(unit, fitted.centres, prepared, 3)
    assert found.tolist() == places.tolist()
    assert np.abs(similarity - (1 - distances**2 / 2)).max() < 1e-6


def test_k_means_is_as_good_as_that_of_scikit_learn():
    cluster = pytest.importorskip("sklearn.cluster")
    vectors = clustered(4000, width=24)
    unit = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    fitted = kmeans.fit(unit, 60, 20, devices.Numpy())
    theirs = cluster.KMeans(60, init=unit[:60], n_init=1, max_iter=20).fit(unit)
    centres = theirs.cluster_centers_
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    mean = (unit @ centres.T).max(axis=1).mean()
    assert fitted.similarity == pytest.approx(
        (unit @ fitted.centres.T).max(axis=1).mean(), abs=2e-3
    )
    assert fitted.similarity > mean - 0.005


def test_policies_against_brute_force():
    vectors = clustered(600)
    docs, exact = frame(vectors), cosines(vectors)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    centre = unit.sum(axis=0) / np.linalg.norm(unit.sum(axis=0))
    names = [f"r{k}" for k in range(600)]
    keys = {
        "first": lambda k: k,
        "longest": lambda k: (-(k % 7), names[k]),
        "best:score": lambda k: (-docs.score[k], names[k]),
        "hard": lambda k: (unit[k] @ centre, names[k]),
        "easy": lambda k: (-(unit[k] @ centre), names[k]),
    }
    for keep, place in keys.items():
        stays, _ = greedy(exact, 0.9, sorted(range(600), key=place))
        step = SemanticDedup(threshold=0.9, keep=keep)
        assert step(docs).index.tolist() == stays, keep
        if keep != "first":
            assert sorted(step(docs[::-1]).index) == stays


def test_partitions_and_order_do_not_matter():
    vectors = clustered(3000)
    docs = frame(vectors)
    step = SemanticDedup(threshold=0.9, clusters=30, keep="hard", fit=0.5)
    whole = step.find(docs)
    assert 0.1 < (~whole.keep).sum() / len(docs) < 0.99
    cuts = [0, 1, 1, 700, 2999, 3000]
    pieces = [docs.iloc[a:b] for a, b in pairwise(cuts)]
    parts = step.propose([step.sketch(piece) for piece in pieces]).verdicts.to_pandas()
    pd.testing.assert_frame_equal(
        parts.drop(columns="row").astype({"id": "str"}), whole.astype({"id": "str"}),
        check_dtype=False,
    )  # fmt: skip
    shuffled = step.find(docs.sample(frac=1, random_state=1))
    same = shuffled.set_index("id").loc[whole.id.tolist()].reset_index()
    pd.testing.assert_frame_equal(same, whole)


def test_only_kept_records_are_witnesses_and_probing_finds_more():
    vectors = clustered(4000, groups=300)
    docs, exact = frame(vectors), cosines(vectors)
    left = {}
    for probe in (1, 2, 4, 30):
        step = SemanticDedup(threshold=0.9, clusters=30, probe=probe)
        found = step.find(docs)
        gone = found[~found.keep]
        kept = set(docs.id) - set(gone.id)
        assert set(gone.duplicate_of) <= kept
        rows = gone.id.str[1:].astype(int), gone.duplicate_of.str[1:].astype(int)
        np.testing.assert_allclose(gone.similarity, exact[rows], atol=1e-12)
        assert (gone.similarity >= 0.9 - 1e-9).all()
        stays = np.sort([int(name[1:]) for name in kept])
        inner = np.triu(exact[np.ix_(stays, stays)], 1)
        left[probe] = int((inner >= 0.9).sum())
    assert left[30] == 0  # all clusters probed is brute force
    assert left[1] >= left[2] >= left[4]
    assert step(docs).index.tolist() == SemanticDedup(threshold=0.9)(docs).index.tolist()


def test_a_hub_is_halved_and_the_same_records_stay(monkeypatch):
    rng = np.random.default_rng(5)
    vectors = np.concatenate([clustered(400), clustered(1200, groups=1, seed=1)])
    vectors = vectors[rng.permutation(len(vectors))]
    docs = frame(vectors)
    for settings_ in ({}, {"clusters": 12}, {"clusters": 12, "probe": 3, "keep": "random"}):
        step = SemanticDedup(threshold=0.95, **settings_)
        whole = step(docs).id.tolist()
        with monkeypatch.context() as patch:
            patch.setattr(near, "MOST_PAIRS", 500)
            patch.setattr(near, "SMALL", 16)
            patch.setattr(devices.Numpy, "side", 64)
            sketch = step.sketch(docs)
            proposal = step.propose([sketch])
            gone = proposal.verdicts.filter(pa.compute.invert(proposal.verdicts["keep"]))
            assert sorted(set(docs.id) - set(gone["id"].to_pylist())) == sorted(whole)
            assert proposal.stored["pairs"].schema.metadata[b"complete"] == b"False"
            assert proposal.stored["pairs"].num_rows < 400_000


@pytest.mark.parametrize("kind", [devices.Int8, devices.Bfloat16])
def test_rougher_products_keep_the_same(monkeypatch, kind):
    pytest.importorskip("torch", reason="needs the extra semantic")
    if kind is devices.Int8 and not kind.there():
        pytest.skip("the processor or torch has no products of int8")
    docs = frame(clustered(3000, width=100))
    lopsided = clustered(2000, width=40)
    lopsided[:, 3] += 4  # one large component, as some models have
    for given_, settings_ in (
        (docs, {}),
        (docs, {"clusters": 25, "keep": "hard"}),
        (docs, {"clusters": 25, "probe": 4}),
        (frame(lopsided), {"clusters": 10, "store": 0.5}),
    ):
        step = SemanticDedup(threshold=0.9, **settings_)
        expected = step.propose([step.sketch(given_)])
        with monkeypatch.context() as patch:
            patch.setattr(semantic, "arithmetic", lambda device, work: kind())
            found = step.propose([step.sketch(given_)])
        assert found.verdicts.equals(expected.verdicts)
        for name, table in expected.stored.items():
            assert found.stored[name].equals(table), name


@given(st.integers(0, 999), st.sampled_from([3, 64, 385]), st.sampled_from([0.0, 0.9]))
def test_no_product_is_off_by_more_than_it_may(seed, width, spike):
    """The bounds that everything rests on, against float64."""
    pytest.importorskip("torch", reason="needs the extra semantic")
    rng = np.random.default_rng(seed)
    made = rng.standard_normal((2, 40, width)) + spike * 10 * (np.arange(width) == 1)
    left, right = (
        (part / np.linalg.norm(part, axis=1, keepdims=True)).astype(np.float32) for part in made
    )
    exact = left.astype(np.float64) @ right.astype(np.float64).T
    for products in (devices.Numpy(), devices.Bfloat16()):
        one, other = products.prepare(left), products.prepare(right)
        for floor in (0.05, 0.3, 0.8):
            rough = products.rough(one, other)
            assert (rough[exact >= floor] >= products.cutoff(one, other, floor)).all()
    if devices.Int8.there():
        products = devices.Int8()
        one, other = products.prepare(left), products.prepare(right)
        rough = products.rough(one, other) * (one.step * other.step)
        assert np.abs(rough - exact).max() <= devices._lost(one, other)


@pytest.mark.parametrize("resident", [True, False])
def test_what_runs_on_a_gpu_keeps_the_same(monkeypatch, resident):
    """The tensor code of `Cuda` on the processor, which has the same operations."""
    torch = pytest.importorskip("torch", reason="needs the extra semantic")
    from tamis.dedup import cuda

    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (resident * 2**40, 2**40))
    monkeypatch.setattr(cuda, "ROUGH", 30_000)
    made = cuda.Cuda.__new__(cuda.Cuda)
    made.torch, made.device, made.resident = torch, torch.device("cpu"), None
    made.side = 256
    docs = frame(clustered(2000, width=100))
    for settings_ in ({}, {"clusters": 25, "keep": "hard", "probe": 1}, {"clusters": 25}):
        step = SemanticDedup(threshold=0.9, **settings_)
        expected = step.propose([step.sketch(docs)])
        with monkeypatch.context() as patch:
            patch.setattr(semantic, "arithmetic", lambda device, work: made)
            found = step.propose([step.sketch(docs)])
        made.resident = None
        assert found.stored["pairs"].schema.metadata[b"products"] == b"cuda"
        pd.testing.assert_frame_equal(
            found.verdicts.to_pandas(), expected.verdicts.to_pandas(), rtol=1e-12
        )
        assert found.stored["clusters"].equals(expected.stored["clusters"])
        assert found.stored["pairs"].num_rows == expected.stored["pairs"].num_rows


def test_a_gpu_with_little_room_keeps_the_same(monkeypatch, caplog):
    """Every product of more than so many numbers has no room, and the vectors themselves."""
    torch = pytest.importorskip("torch", reason="needs the extra semantic")
    from tamis.dedup import cuda

    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (2**40, 2**40))
    made = cuda.Cuda.__new__(cuda.Cuda)
    made.torch, made.device, made.resident = torch, torch.device("cpu"), None
    made.side = 256
    docs = frame(clustered(1200, width=100))
    step = SemanticDedup(threshold=0.9, clusters=12)
    expected = step.propose([step.sketch(docs)])

    def scarce(name, most):
        real = getattr(torch.Tensor, name)

        def run(tensor, *given):
            found = real(tensor, *given)
            if found.numel() > most:
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")
            return found

        return run

    for name, most in (("double", 9_000), ("__matmul__", 3_000)):
        monkeypatch.setattr(torch.Tensor, name, scarce(name, most))
    empty = torch.empty

    def none_for_vectors(*shape, **settings):
        if settings.get("dtype") == torch.float32:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")
        return empty(*shape, **settings)

    monkeypatch.setattr(torch, "empty", none_for_vectors)
    monkeypatch.setattr(semantic, "arithmetic", lambda device, work: made)
    found = step.propose([step.sketch(docs)])
    pd.testing.assert_frame_equal(
        found.verdicts.to_pandas(), expected.verdicts.to_pandas(), rtol=1e-12
    )
    assert made.resident is None and set(made.rooms) >= {"distances", "sums"}
    assert all(room.most for room in made.rooms.values() if room.most is not None)
    assert caplog.text.count("out of memory") < 30, "learned once"


@pytest.mark.gpu
def test_a_gpu_keeps_the_same():
    torch = pytest.importorskip("torch", reason="needs the extra semantic")
    if not torch.cuda.is_available():
        pytest.skip("torch sees no CUDA device")
    docs = frame(clustered(8000, width=384))
    for settings_ in ({}, {"clusters": 40, "keep": "hard"}, {"clusters": 40, "probe": 4}):
        there = SemanticDedup(threshold=0.9, device="cuda", **settings_)
        here = SemanticDedup(threshold=0.9, device="numpy", **settings_)
        pd.testing.assert_frame_equal(there.find(docs), here.find(docs), rtol=1e-12)


def test_vectors_without_direction_stay(caplog):
    docs = frame(
        [[1.0, 0.0], None, [0.0, 0.0], [np.nan, 1.0], [np.inf, 0.0], [2.0, 0.0], [1.0, None]]
    )
    assert SemanticDedup()(docs).id.tolist() == ["r0", "r1", "r2", "r3", "r4", "r6"]
    assert "1 null, 1 zero, 3 not finite" in caplog.text
    assert SemanticDedup()(docs.iloc[1:3]).id.tolist() == ["r1", "r2"]
    assert SemanticDedup()(docs.iloc[:0]).id.tolist() == []
    assert SemanticDedup(clusters=9)(docs.iloc[[0, 5]]).id.tolist() == ["r0"]


def test_columns_of_many_kinds():
    vectors = clustered(200, width=8)
    expected = SemanticDedup(threshold=0.9)(frame(vectors)).id.tolist()
    lists = frame(vectors).assign(embedding=pd.Series(list(vectors)))
    assert SemanticDedup(threshold=0.9)(lists).id.tolist() == expected
    doubles = frame(vectors).assign(embedding=[row.astype(float).tolist() for row in vectors])
    assert SemanticDedup(threshold=0.9)(doubles).id.tolist() == expected
    dtype = pd.ArrowDtype(pa.large_list(pa.float64()))
    arrow = frame(vectors).assign(embedding=pd.array(doubles.embedding.tolist(), dtype=dtype))
    assert SemanticDedup(threshold=0.9)(arrow).id.tolist() == expected
    half = vectors.astype(np.float16)
    stays, _ = greedy(cosines(half), 0.9, list(range(200)))
    assert SemanticDedup(threshold=0.9)(frame(half)).index.tolist() == stays
    step = SemanticDedup()
    assert step.sketch(frame(half))["embedding"].type.value_type == pa.float16()


def test_wrong_columns_say_so():
    with pytest.raises(DataError, match="id 'r1' has 3 numbers, id 'r0' has 2"):
        SemanticDedup()(frame([[1.0, 2.0], [1.0, 2.0, 3.0]]))
    step = SemanticDedup()
    parts = [step.sketch(frame(clustered(3, width=w)).assign(id=[f"{w}{k}" for k in range(3)]))
             for w in (4, 5)]  # fmt: skip
    with pytest.raises(DataError, match="partition 0 has 4 numbers a vector, partition 1 has 5"):
        step.propose(parts)
    with pytest.raises(ColumnError, match=r"no column 'vector' \(have: id, embedding"):
        SemanticDedup(on="vector")(frame(clustered(3)))
    with pytest.raises(ColumnError, match="holds string, not vectors; where"):
        SemanticDedup(on="text")(frame(clustered(3)))
    with pytest.raises(ColumnError, match="no column 'body'"):
        SemanticDedup(keep="longest", text="body")(frame(clustered(3)))
    with pytest.raises(DataError, match="id 'r0' occurs twice"):
        SemanticDedup()(pd.concat([frame(clustered(3))] * 2))
    for wrong in (
        {"threshold": 0}, {"threshold": 1.5}, {"eps": 0.1, "threshold": 0.9}, {"probe": 0},
        {"keep": "best"}, {"clusters": 0}, {"fit": 1.5}, {"device": "tpu"}, {"store": 0.99},
    ):  # fmt: skip
        with pytest.raises(SettingError):
            SemanticDedup(**wrong)


def test_threshold_can_be_moved():
    docs = frame(clustered(1500))
    step = SemanticDedup(threshold=0.9, store=0.85)
    pairs = step.propose([step.sketch(docs)]).stored["pairs"]
    exact = np.triu(cosines(np.stack(docs.embedding)), 1)
    assert pairs.num_rows == (exact >= 0.85 - 1e-9).sum()
    for threshold in (0.85, 0.9, 0.93, 0.99):
        moved = settled(pairs, threshold)
        anew = SemanticDedup(threshold=threshold).find(docs)
        columns = ["id", "cluster", "keep", "duplicate_of"]
        assert {k: moved[k].to_pylist() for k in columns} == {
            k: anew[k].astype(object).where(anew[k].notna(), None).tolist() for k in columns
        }
    with pytest.raises(SettingError, match=r"not between 0\.85"):
        settled(pairs, 0.8)


def test_another_threshold_of_what_was_found_and_of_a_run(tmp_path):
    docs = frame(clustered(800, width=16))
    step = SemanticDedup(threshold=0.9, store=0.8, clusters=1)
    found = step.compare(docs)
    run = Pipeline([step]).run(docs, tmp_path / "out")
    for threshold in (0.8, 0.87, 0.9, 0.97, 1.0):
        anew = SemanticDedup(threshold=threshold, clusters=1).find(docs)
        pd.testing.assert_frame_equal(found.rethreshold(threshold).frame(), anew)
        pd.testing.assert_frame_equal(run.rethreshold(step.name, threshold).frame(), anew)
    with pytest.raises(SettingError, match=r"not between 0\.8"):
        found.rethreshold(0.79)


def test_records_alike_are_one_group():
    docs = frame(clustered(300, width=16))
    step = SemanticDedup(threshold=0.9, clusters=1)
    ids, group = step.compare(docs).connected()
    alike = cosines(np.stack(docs.embedding)) >= 0.9
    _, expected = csgraph.connected_components(alike)
    found = dict(zip(ids.to_pylist(), group.tolist(), strict=True))
    near = np.flatnonzero(alike.sum(axis=1) > 1)
    assert set(found) == set(docs.id.iloc[near])
    for a in near:
        for b in near:
            assert (found[docs.id[a]] == found[docs.id[b]]) == (expected[a] == expected[b])


def test_recipe():
    step = SemanticDedup(eps=0.1, clusters=50, keep="hard", device="cpu")
    assert step.threshold == 0.9
    entry = step.to_dict()
    assert entry["dedup"] == "semantic"
    assert step_from(entry) == step
    assert Pipeline.from_yaml(Pipeline([step]).to_yaml()) == Pipeline([step])
    assert step_from({"dedup": "semantic", "eps": 0.01}).threshold == 0.99


def test_lazy_and_run(tmp_path):
    docs = frame(clustered(900, width=16))
    step = SemanticDedup(threshold=0.9, clusters=20)
    lazy = tamis.from_pandas(docs, npartitions=4)
    expected = step(docs).id.tolist()
    assert step(lazy).compute().id.tolist() == expected
    run = Pipeline([step]).run(lazy, tmp_path / "out")
    kept = run.kept().compute()
    assert kept.id.tolist() == expected
    assert kept.embedding.dtype == docs.embedding.dtype
    dropped = run.dropped("semantic_dedup").compute()
    assert len(dropped) == 900 - len(expected)
    assert dropped.dropped_why.str.match(r"dedup.semantic: cosine (0\.9|1\.0)").all()
    stored = {p.name.partition(".")[0] for p in (tmp_path / "out/stages/0").glob("*.arrow")}
    assert {"pairs", "clusters", "centres", "verdicts"} <= stored
    before = {p: p.stat().st_mtime_ns for p in (tmp_path / "out").rglob("*") if p.is_file()}
    Pipeline([step]).run(lazy, tmp_path / "out")
    assert before == {p: p.stat().st_mtime_ns for p in (tmp_path / "out").rglob("*") if p.is_file()}
    again = tamis.read_parquet(str(tmp_path / "out/kept/*.parquet"))
    assert again._meta.embedding.dtype == docs.embedding.dtype
    assert step(again).compute().id.tolist() == step(docs.loc[step(docs).index]).id.tolist()


def test_hashes_of_ids_differ_by_seed():
    ids = pa.chunked_array([pa.array([f"r{k}" for k in range(1000)], pa.large_string())])
    first, second = semantic.hash_ids(ids, 1), semantic.hash_ids(ids, 2)
    assert len(set(first.tolist())) == 1000
    assert abs(np.corrcoef(np.argsort(first), np.argsort(second))[0, 1]) < 0.15


def test_from_how_many_records_on_there_are_clusters(monkeypatch):
    """All are compared with all up to BRUTE; where centres are asked for, up to FEW."""
    monkeypatch.setattr(semantic, "BRUTE", 90)
    monkeypatch.setattr(semantic, "FEW", 40)
    values = np.random.default_rng(5).standard_normal((100, 8)).astype(np.float32)

    def clusters(count, **settings):
        ids = [f"r{k}" for k in range(count)]
        frame = pd.DataFrame({"id": ids, "embedding": list(values[:count])})
        step = SemanticDedup(**settings)
        return step.propose([step.sketch(frame)]).stored["centres"].num_rows

    assert [clusters(90), clusters(91) > 1, clusters(100, clusters=1)] == [1, True, 1]
    assert [clusters(40, keep="hard"), clusters(41, keep="easy") > 1] == [1, True]
