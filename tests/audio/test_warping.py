"""Paths through tables, beside all paths there are."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamis.kernels.warping import align, warp


def ctc_paths(labels, frames, blank):
    """Every sequence of classes that CTC reads as the labels."""
    classes = sorted({*labels, blank})
    for path in itertools.product(classes, repeat=frames):
        read = [k for k, _ in itertools.groupby(path) if k != blank]
        if read == list(labels):
            yield path


@settings(max_examples=120, deadline=None)
@given(st.lists(st.integers(1, 3), max_size=3), st.integers(0, 6), st.integers(0, 2**32 - 1))
def test_alignment_is_the_likeliest_of_all_paths(labels, frames, seed):
    rng = np.random.default_rng(seed)
    chances = np.log(rng.dirichlet(np.ones(4), frames).reshape(frames, 4)).astype(np.float32)
    states = np.zeros(frames, np.int64)
    found = align(chances, np.array(labels, np.int64), 0, states)
    totals = {
        path: sum(float(chances[t, k]) for t, k in enumerate(path))
        for path in ctc_paths(labels, frames, 0)
    }
    if not totals:
        assert found == -np.inf
        return
    assert found == pytest.approx(max(totals.values()), abs=1e-5)
    read = tuple(labels[s // 2] if s % 2 else 0 for s in states.tolist())
    assert totals[read] == pytest.approx(found, abs=1e-5)
    assert (np.diff(states) >= 0).all()


def test_equal_neighbours_need_a_blank_between():
    sure = np.full((3, 2), -9.0, np.float32)
    sure[[0, 2], 1] = sure[1, 0] = 0
    states = np.zeros(3, np.int64)
    assert align(sure, np.array([1, 1]), 0, states) == 0
    assert states.tolist() == [1, 2, 3]
    assert align(sure[:2], np.array([1, 1]), 0, states) == -np.inf


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 4), st.integers(1, 5), st.integers(0, 2**32 - 1))
def test_warping_is_the_cheapest_of_all_paths(rows, columns, seed):
    cost = np.random.default_rng(seed).standard_normal((rows, columns)).astype(np.float32)

    def paths(i, j):
        if (i, j) == (rows - 1, columns - 1):
            yield [(i, j)]
        for a, b in ((i + 1, j), (i, j + 1), (i + 1, j + 1)):
            if a < rows and b < columns:
                for rest in paths(a, b):
                    yield [(i, j), *rest]

    best = min(paths(0, 0), key=lambda path: sum(float(cost[p]) for p in path))
    expected = [min(j for i, j in best if i == row) for row in range(rows)]
    first = np.zeros(rows, np.int64)
    warp(cost, first)
    assert first.tolist() == expected
