"""Dealing out, uniting, neighbourhoods: against plain Python."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tamis.kernels.exchange import deal, distinct, neighbourhoods, scramble, unite
from tamis.kernels.links import roots

KEYS = st.lists(st.integers(0, 2**64 - 1) | st.sampled_from([0, 2**64 - 1, 2**32]), max_size=60)
PAIRS = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), max_size=60)


def table(rows):
    return np.empty(1 << (2 * rows + 1).bit_length(), np.int32)


def columns(pairs):
    return np.array(pairs, np.int64).reshape(-1, 2).T.copy()


@given(keys=KEYS, blocks=st.integers(1, 9) | st.just(1000))
def test_deal(keys, blocks):
    array = np.array(keys, np.uint64)
    order, ends = np.empty(len(keys), np.int64), np.empty(blocks + 1, np.int64)
    deal(array, blocks, order, ends)
    block = [(key >> 32) * blocks >> 32 for key in keys]
    assert order.tolist() == sorted(range(len(keys)), key=block.__getitem__)
    assert ends.tolist() == [sum(b < k for b in block) for k in range(blocks + 1)]


def test_rows_are_dealt_out_evenly():
    keys = np.empty(100_000, np.uint64)
    scramble(np.arange(100_000), keys)
    order, ends = np.empty(keys.size, np.int64), np.empty(101, np.int64)
    deal(keys, 100, order, ends)
    assert 800 < np.diff(ends).min() <= np.diff(ends).max() < 1200


@given(pairs=PAIRS)
def test_distinct(pairs):
    first = np.empty(len(pairs), np.bool_)
    distinct(*columns(pairs), table(len(pairs)), first)
    assert [p for p, f in zip(pairs, first, strict=True) if f] == list(dict.fromkeys(pairs))


@given(pairs=PAIRS)
def test_neighbourhoods(pairs):
    left, right = columns(pairs)
    slot, lowest = np.empty(len(pairs), np.int64), np.empty(len(pairs), np.int64)
    neighbourhoods(left, right, table(len(pairs)), slot, lowest)
    for at, (node, _) in enumerate(pairs):
        assert slot[at] == [n for n, _ in pairs].index(node)
        assert lowest[slot[at]] == min([node, *(o for n, o in pairs if n == node)])


@given(pairs=PAIRS, kind=st.sampled_from([np.int32, np.int64]))
def test_unite(pairs, kind):
    parent = np.arange(13, dtype=kind)
    unite(parent, *columns(pairs))
    roots(parent)
    label = list(range(13))
    for _ in range(13):
        for a, b in pairs:
            label[a] = label[b] = min(label[a], label[b])
    assert parent.tolist() == label
