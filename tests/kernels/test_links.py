"""Components, groups and buckets against slow searches."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tamis.kernels.links import buckets, first_equal, link, roots


def table(rows):
    return np.empty(1 << (2 * rows + 1).bit_length(), np.int32)


def components(columns, active):
    """Lowest row reachable through equal keys, by flooding."""
    rows = len(active)
    label = list(range(rows))
    changed = True
    while changed:
        changed = False
        for keys in columns:
            lowest = {}
            for row in range(rows):
                if active[row]:
                    lowest[keys[row]] = min(lowest.get(keys[row], row), label[row])
            for row in range(rows):
                if active[row] and lowest[keys[row]] < label[row]:
                    label[row] = lowest[keys[row]]
                    changed = True
    return label


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_components(data):
    rows = data.draw(st.integers(1, 60))
    keys = st.lists(st.integers(0, 40), min_size=rows, max_size=rows)
    columns = data.draw(st.lists(keys, min_size=1, max_size=4))
    active = data.draw(st.lists(st.booleans(), min_size=rows, max_size=rows))
    parent = np.arange(rows, dtype=np.int32)
    for column in columns:
        link(np.array(column, np.uint64), np.array(active), table(rows), parent)
    roots(parent)
    assert parent.tolist() == components(columns, active)


def test_shapes_of_graphs():
    rows = 20_000
    chain = [np.arange(rows) // 2, (np.arange(rows) + 1) // 2]
    star = [np.zeros(rows)]
    alone = [np.arange(rows)]
    hubs = [np.arange(rows) % 7]
    for columns, count in ((chain, 1), (star, 1), (alone, rows), (hubs, 7)):
        parent = np.arange(rows, dtype=np.int32)
        for column in columns:
            link(column.astype(np.uint64), np.ones(rows, bool), table(rows), parent)
        roots(parent)
        assert len(np.unique(parent)) == count
        assert (parent <= np.arange(rows)).all()


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.booleans()), min_size=1))
def test_first_equal(rows):
    low, high, valid = (np.array(part) for part in zip(*rows, strict=True))
    first = np.empty(len(rows), np.int32)
    first_equal(
        low.astype(np.uint64), high.astype(np.uint64), valid.astype(bool), table(len(rows)), first
    )
    seen = {}
    for row, (a, b, v) in enumerate(rows):
        assert first[row] == (seen.setdefault((a, b), row) if v else row)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 30), min_size=1), st.integers(0, 5))
def test_buckets(keys, start):
    found, sizes = np.empty(len(keys), np.int32), np.empty(len(keys), np.int32)
    stop = buckets(np.array(keys, np.uint64), table(len(keys)), start, found, sizes)
    numbers = {}
    for key, bucket in zip(keys, found.tolist(), strict=True):
        if keys.count(key) == 1:
            assert bucket == -1
        else:
            assert numbers.setdefault(key, len(numbers) + start) == bucket
            assert sizes[bucket - start] == keys.count(key)
    assert stop == start + len(numbers)
