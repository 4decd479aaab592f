"""Components by union-find and by alternating stars, against scipy and against each other."""

import dask
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components as strongly

from tamis.dedup import connected_components
from tamis.dedup.components import by_stars, stars
from tamis.errors import DataError
from tamis.io.store import Store


def oracle(edges):
    """The nodes named and the lowest node of the component of each, by scipy."""
    edges = np.asarray(edges).reshape(-1, 2)
    nodes, place = np.unique(edges, return_inverse=True)
    left, right = place.reshape(-1, 2).T
    graph = coo_array((np.ones(len(edges)), (left, right)), shape=(len(nodes), len(nodes)))
    label = strongly(graph, directed=False)[1]
    lowest = np.full(len(nodes), np.iinfo(np.int64).max)
    np.minimum.at(lowest, label, nodes)
    return nodes.tolist(), lowest[label].tolist()


def both(edges, width=3):
    """Union-find's answer, after seeing that stars in so many blocks give the same."""
    found = connected_components(edges)
    again = by_stars(edges if isinstance(edges, list) else [edges], width)
    assert [part.tolist() for part in found] == [part.tolist() for part in again]
    assert found[0].dtype == again[0].dtype == again[1].dtype == np.int64
    return found[0].tolist(), found[1].tolist()


@pytest.fixture
def tight():
    """Memory for no more than the largest block of a few hundred edges."""
    with dask.config.set({"tamis.dedup.memory": "40 kB"}):
        yield


def test_beyond_memory(tight):
    edges = np.random.default_rng(5).integers(0, 1500, (1400, 2))
    nodes, lowest = connected_components(edges)
    assert (nodes.tolist(), lowest.tolist()) == oracle(edges)


def edge_lists(most):
    node = st.integers(0, most) | st.sampled_from([2**31, 2**40 + 1, 2**63 - 1])
    return st.lists(st.tuples(node, node), min_size=1, max_size=80)


@settings(max_examples=40)
@given(edges=edge_lists(40), cut=st.integers(0, 80))
def test_random_graphs(edges, cut):
    array = np.array(edges, np.int64)
    wanted = oracle(array)
    assert both(array) == wanted
    assert both([array[:cut], array[cut:]], 1) == wanted


@pytest.mark.parametrize("seed", range(3))
def test_sparse_graphs_near_the_threshold(seed):
    """About as many edges as nodes: large components beside many small ones."""
    generator = np.random.default_rng(seed)
    edges = generator.integers(0, 5000, (2600 * (seed + 1) // 2, 2))
    assert both(edges) == oracle(edges)


def shuffled(edges, nodes, seed=0):
    """The same graph under other numbers, its edges in no order."""
    generator = np.random.default_rng(seed)
    return generator.permutation(generator.permutation(nodes)[edges])


def test_shapes():
    count = 4000
    line, rest = np.arange(count), np.arange(1, count)
    shapes = {
        "chain": np.stack([line[:-1], line[1:]], 1),
        "star": np.stack([np.zeros(count - 1, int), rest], 1),
        "hubs": np.stack([rest % 7, rest], 1),
        "tree": np.stack([rest, (rest - 1) // 2], 1),
        "ring": np.stack([line, (line + 1) % count], 1),
        "loops": np.stack([line, line], 1),
    }
    for edges in shapes.values():
        assert both(edges) == oracle(edges)
        mixed = shuffled(edges, count)
        assert both(mixed) == oracle(mixed)


def test_a_long_chain():
    count = 100_000
    line = np.arange(count)
    edges = shuffled(np.stack([line[:-1], line[1:]], 1), count)
    nodes, lowest = by_stars([edges], 8)
    assert (nodes == line).all() and (lowest == 0).all()


def test_rounds_end_when_every_star_stands(tmp_path):
    """Rounds grow as the logarithm of a chain's length; settled edges take one."""
    from tamis.dedup.components import EDGES, routed
    from tamis.io.blocks import put_blocks

    rounds = {}
    for count in (1, 2, 64, 4096, 32_768):
        store, line = Store(tmp_path / str(count)), np.arange(count)
        mixed = shuffled(np.stack([line, line + 1], 1), count + 1)
        put_blocks(store, "edges", EDGES, routed(mixed.max(1), mixed.min(1), 4))
        stars(store, ["edges"], 4, "s")
        rounds[count] = int(store.read("s-rounds.json").split(b":")[1].split(b",")[0])
        before = store.names()
        stars(store, ["edges"], 4, "s")
        assert store.names() == before
    assert rounds[1] == rounds[2] == 1
    assert rounds[64] < rounds[32_768] <= 2 * np.log2(32_768)


def test_a_call_cut_off_goes_on(tmp_path, monkeypatch):
    from tamis.dedup import components
    from tamis.dedup.components import EDGES, routed
    from tamis.io.blocks import put_blocks

    line = np.arange(2000)
    mixed = shuffled(np.stack([line, line + 1], 1), 2001)
    whole, broken = Store(tmp_path / "whole"), Store(tmp_path / "broken")
    for store in (whole, broken):
        put_blocks(store, "edges", EDGES, routed(mixed.max(1), mixed.min(1), 3))
    wanted = [whole.read(name) for name in stars(whole, ["edges"], 3, "s")]
    calls, real = [], components._large_star

    def failing(*args):
        calls.append(args)
        if len(calls) % 4 == 0:
            raise KeyboardInterrupt
        return real(*args)

    monkeypatch.setattr(components, "_large_star", failing)
    for _ in range(50):
        try:
            found = stars(broken, ["edges"], 3, "s")
            break
        except KeyboardInterrupt:
            continue
    assert len(calls) > 8
    assert [broken.read(name) for name in found] == wanted


def test_nothing():
    for edges in (np.empty((0, 2), int), [], [np.empty((0, 2), int)], np.array([])):
        nodes, lowest = connected_components(edges)
        assert nodes.size == lowest.size == 0
    with dask.config.set({"tamis.dedup.memory": 1}):
        assert connected_components([])[0].size == 0


@pytest.mark.parametrize(
    "edges", [np.zeros((3, 3), int), np.zeros((3, 2)), np.array([[0, -1]]), np.arange(4)]
)
def test_what_are_no_edges(edges):
    with pytest.raises(DataError, match=r"edges are whole numbers|numbers from 0"):
        connected_components(edges)


@pytest.mark.slow
def test_on_a_cluster():
    import tamis

    edges = np.random.default_rng(0).integers(0, 3000, (3000, 2))
    with tamis.local_cluster(workers=2, memory="1GiB"):
        assert both(edges, 8) == oracle(edges)
