"""Comparisons on a card: numba's simulator and NumPy in its place, beside the processor."""

from itertools import chain, combinations
from types import SimpleNamespace
from unittest import mock

import dask
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamis import ExactDedup, FuzzyDedup, array_device
from tamis.dedup import card, equal_keys, radius, radius_there, shared
from tamis.dedup.components import connected_components
from tamis.errors import DataError
from tamis.kernels import cuda, cuda_sets
from tamis.kernels import radius as kernels
from tamis.kernels.survivors import settle

pytestmark = pytest.mark.skipif(
    not cuda.simulated(), reason="a card is here: tests/gpu runs kernels there"
)
FEW = settings(max_examples=10)
BYTES = st.integers(0, 2**64 - 1)


@pytest.fixture
def simulated(monkeypatch):
    """All comparisons go to a device, which is NumPy and the simulator."""
    monkeypatch.setattr(equal_keys, "WORTH", 1)
    monkeypatch.setattr(shared, "WORTH", 1)
    there = array_device.Device()
    array_device.use(there)
    yield there
    array_device.use(None)


def both(rows):
    return equal_keys.Processor(rows), equal_keys.Card(array_device.Device())


@st.composite
def columns(draw, kinds=6):
    """Keys with many equal ones, some of which meet in a table's places without being equal."""
    rows = draw(st.integers(1, 24))
    pool = draw(st.lists(BYTES, min_size=1, max_size=kinds))
    pool += [key + (1 << 40) & (2**64 - 1) for key in pool]
    pick = st.lists(st.sampled_from(pool), min_size=rows, max_size=rows)
    return [np.array(draw(pick), np.uint64) for _ in range(3)]


@FEW
@given(columns(), st.data())
def test_first_equal(keys, data):
    low, high, _ = keys
    valid = np.array([data.draw(st.booleans()) for _ in low])
    one, other = (k.first_equal(low, high, valid) for k in both(low.size))
    assert one.tolist() == other.tolist() == [
        next(j for j in range(i + 1) if valid[j] and (low[j], high[j]) == (low[i], high[i]))
        if valid[i] else i
        for i in range(low.size)
    ]  # fmt: skip


@FEW
@given(columns(), st.data())
def test_components(keys, data):
    rows = keys[0].size
    active = np.array([data.draw(st.booleans()) for _ in range(rows)])
    first = both(rows)[0].first_equal(keys[0], keys[0], np.ones(rows, bool))
    one, other = (k.joined(first, keys[1:], active) for k in both(rows))
    assert one.tolist() == other.tolist()


@FEW
@given(columns(kinds=12), st.integers(0, 1000))
def test_buckets(keys, start):
    one, other = (k.buckets(keys[0], start) for k in both(keys[0].size))
    assert one.number.tolist() == other.number.tolist()
    assert one.sizes.tolist() == other.sizes.tolist()
    assert (one.number.dtype, one.sizes.dtype) == (other.number.dtype, other.sizes.dtype)


@FEW
@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=20))
def test_edges(edges):
    ends = np.array(edges, np.int64).reshape(-1, 2)
    blocks = [(ends[:5, 0], ends[:5, 1]), (ends[5:, 0], ends[5:, 1])]
    one, other = (k.united(31, blocks) for k in both(31))
    assert one.tolist() == other.tolist()


def test_edges_of_any_nodes(simulated):
    nodes, lowest = connected_components([np.array([[7, 3], [9, 3]]), np.array([[4, 5]])])
    assert (nodes.tolist(), lowest.tolist()) == ([3, 4, 5, 7, 9], [3, 4, 4, 3, 3])


def frame():
    base = [f"the {k} quick brown foxes jump over {k * k} lazy dogs every day" for k in range(6)]
    texts = base + [t + " again" for t in base[:4]] + base[:2] + ["", " ", None, "!!!", "!!!"]
    return pd.DataFrame({"id": [f"r{k}" for k in range(len(texts))], "text": texts})


def test_shared_hashes():
    sets = [[], [1, 2, 3, 9], [2, 3, 4], [9], list(range(40)), list(range(20, 60))]
    values = np.array(list(chain.from_iterable(sets)), np.uint64)
    ends = np.cumsum([0, *map(len, sets)])
    left, right = (np.array(k, np.int32) for k in zip(*combinations(range(6), 2), strict=True))
    found = np.full(len(left), -1)
    cuda.per_item(cuda_sets.shared, len(left), values, ends, left, right, found)
    assert found.tolist() == [
        len(set(sets[a]) & set(sets[b])) for a, b in zip(left, right, strict=True)
    ]


@FEW
@given(st.data(), st.sampled_from([0.3, 0.5, 0.8, 1.0]), st.booleans())
def test_verdicts_by_counts_are_those_by_sets(data, threshold, contained):
    """Groups in few buckets, so that many stay in one; as many rounds as are needed, or fewer."""
    groups = data.draw(st.integers(2, 14))
    sets = [
        np.array(sorted(data.draw(st.sets(st.integers(0, 8), max_size=8))), np.uint64)
        for _ in range(groups)
    ]
    bucket = st.integers(-1, 1)
    picked = [[data.draw(bucket), data.draw(bucket)] for _ in range(groups)]
    matrix = np.array([[a, b + 2 if b >= 0 else -1] for a, b in picked], np.int32)
    proposal = SimpleNamespace(buckets=matrix, starts=np.array([0, 3, 5, 8, 8 + 5]))
    addresses = np.array([s.__array_interface__["data"][0] for s in sets], np.uint64)
    sizes = np.array([len(s) for s in sets], np.int64)
    few = mock.patch.object(shared, "PIECE", data.draw(st.integers(1, 30)))
    with few, mock.patch.object(shared, "ROUNDS", data.draw(st.integers(1, 4))):
        known = shared.counted(
            array_device.Device(), proposal, addresses, sizes, threshold, contained
        )
    found = []
    for given_known in (shared.nothing(), known):
        witness, similarity = np.full(groups, -1, np.int32), np.zeros(groups)
        compared = settle(
            matrix, proposal.starts, addresses, sizes, np.zeros((groups, 0), np.uint8), threshold,
            witness, similarity, contained, 0, given_known,
        )  # fmt: skip
        found.append((compared, witness.tolist(), similarity.tolist()))
    assert found[0] == found[1]


def hashes(count, width, seed=0):
    """Hashes with many near others, in words."""
    rng = np.random.default_rng(seed)
    table = rng.integers(0, 256, (4, width), np.uint8)[rng.integers(0, 4, count)]
    table[np.arange(count), rng.integers(0, width, count)] ^= rng.integers(0, 256, count, np.uint8)
    return radius.as_words(np.unique(table, axis=0))


@pytest.mark.parametrize(("width", "reach"), [(8, 4), (8, 9), (12, 3), (32, 6)])
def test_near_hashes(width, reach, monkeypatch):
    words = hashes(40, width)
    wanted = [
        (i, j) for j in range(len(words)) for i in range(j)
        if np.bitwise_count(words[i] ^ words[j]).sum() <= reach
    ]  # fmt: skip
    monkeypatch.setattr(radius_there, "ROWS", 7)
    for room in (1, 1000):
        monkeypatch.setattr(radius_there, "ROOM", room)
        found = radius_there.all_pairs(array_device.Device(), words, reach, 10_000)
        assert list(map(tuple, found.tolist())) == wanted
    assert len(radius_there.all_pairs(array_device.Device(), words, reach, 5)) > 5


def test_who_stays_of_near_hashes(simulated, monkeypatch):
    monkeypatch.setattr(radius_there, "START", -1.0)
    for width, reach in ((8, 4), (8, 9), (32, 6)):
        words = hashes(40, width)
        there = [*radius.settled(words, reach), radius.joined(words, reach)]
        pairs = radius.within_radius(words.view(np.uint8), reach)
        held = radius_there.nearest(words[:20], words[20:], reach)
        array_device.use(None)
        here = [*radius.settled(words, reach), radius.joined(words, reach)]
        assert [k.tolist() for k in there] == [k.tolist() for k in here]
        pd.testing.assert_frame_equal(pairs, radius.within_radius(words.view(np.uint8), reach))
        index = radius.index_of(words[:20], reach)
        kernels.enter(index, words[:20])
        wanted = np.empty(len(words) - 20, np.int32), np.empty(len(words) - 20, np.int16)
        kernels.nearest_entered(index, words, 20, reach, *wanted)
        assert [k.tolist() for k in held] == [k.tolist() for k in wanted]
        array_device.use(simulated)


def test_a_card_compares_all_where_that_is_less():
    assert not radius_there.cheaper(10_000, 64, 4, 1)
    assert radius_there.cheaper(10**6, 64, 8, 1)
    assert not radius_there.cheaper(10**8, 64, 4, 16)


@pytest.mark.parametrize(
    "step",
    [
        ExactDedup(),
        ExactDedup(keep="longest"),
        FuzzyDedup(threshold=0.6, ngram=3),
        FuzzyDedup(threshold=0.5, ngram=2, measure="containment", keep="longest"),
    ],
)
def test_the_same_verdicts(simulated, step):
    found = step.find(frame())
    array_device.use(None)
    pd.testing.assert_frame_equal(found, step.find(frame()))
    assert len(found) > 3


def test_a_repeated_id_is_told_from_there_too(simulated):
    rows = frame().assign(id="r")
    with pytest.raises(DataError, match="occurs twice"):
        ExactDedup()(rows)


class Full(array_device.Device):
    def put(self, values):
        raise MemoryError("out of memory to allocate 17 bytes")


def test_the_processor_takes_over(simulated, caplog):
    array_device.use(Full())
    assert ExactDedup()(frame()).id.tolist() == [
        f"r{k}" for k in range(17) if k not in (10, 11, 16)
    ]
    assert "the GPU gave up, so the processor does the grouping of candidates" in caplog.text


def test_too_little_memory_is_no_attempt(simulated, monkeypatch, caplog):
    monkeypatch.setattr(card, "room", lambda there: 100)
    assert card.tried("this", 1000, lambda there: 1) is None
    assert "0.0 GiB are needed" in caplog.text
    assert card.tried("this", 10, lambda there: 1) == 1


def test_the_engine_may_be_the_processor(simulated):
    with dask.config.set({"tamis.engine": "cpu"}):
        assert card.device() is None
    assert card.device() is simulated


def test_what_is_wrong_with_the_data_is_no_fault_of_the_card(simulated):
    def work(there):
        raise ValueError("odd")

    with pytest.raises(ValueError, match="odd"):
        card.tried("this", 1, work)
