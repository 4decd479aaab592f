"""Brute force on 20,000 records, every pair of them compared; slow."""

from collections import defaultdict

import numpy as np
import pytest
from corpora import corpus, jaccard, shingles
from scipy import sparse
from test_semantic_dedup import clustered, frame

from tamis import FuzzyDedup, SemanticDedup

COUNT = 20_000
pytestmark = pytest.mark.slow


def greedy(pairs):
    """Who stays of rows in order, where `pairs[row]` are the earlier rows that are near enough."""
    stays = np.ones(COUNT, bool)
    for row in sorted(pairs):
        stays[row] = not stays[pairs[row]].any()
    return stays


def test_semantic():
    vectors = clustered(COUNT, width=24, groups=3000)
    unit = vectors.astype(np.float64)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    near, pairs = {}, 0
    for start in range(0, COUNT, 1000):
        rows, others = np.nonzero(unit[start : start + 1000] @ unit.T >= 0.95 - 1e-9)
        earlier = others < rows + start
        pairs += np.count_nonzero(earlier)
        for row in np.unique(rows[earlier]):
            near[int(row) + start] = others[earlier & (rows == row)]
    stays = greedy(near)
    assert pairs > 20_000 and 5000 < stays.sum() < 19_000
    docs, step = frame(vectors), SemanticDedup(threshold=0.95)
    found = step.find(docs).query("not keep")
    gone = found.id.str[1:].astype(int).to_numpy()
    assert gone.tolist() == np.flatnonzero(~stays).tolist()
    witness = found.duplicate_of.str[1:].astype(int).to_numpy()
    assert stays[witness].all()
    exact = np.einsum("ij,ij->i", unit[gone], unit[witness])
    assert np.abs(found.similarity.to_numpy() - exact).max() < 1e-9
    best = [max((unit[near[row]] @ unit[row])[stays[near[row]]]) for row in gone.tolist()]
    assert np.abs(exact - best).max() < 1e-9
    assert len(step(step(docs))) == stays.sum()


def test_fuzzy():
    docs = corpus(11, bases=9000).iloc[:COUNT].reset_index(drop=True)
    assert len(docs) == COUNT
    sets = [shingles(text) for text in docs.text]
    number = defaultdict(lambda: len(number))
    places = np.array([number[shingle] for own in sets for shingle in own])
    sizes = np.array([len(own) for own in sets])
    rows = np.repeat(np.arange(COUNT), sizes)
    has = sparse.csr_array((np.ones(rows.size, np.int32), (rows, places)))
    shared = (has @ has.T).tocoo()
    alike = shared.data / (sizes[shared.row] + sizes[shared.col] - shared.data)
    keep = (alike >= 0.8) & (shared.col < shared.row)
    near = defaultdict(list)
    for row, other in zip(shared.row[keep].tolist(), shared.col[keep].tolist(), strict=True):
        near[row].append(other)
    stays = greedy(near)
    assert keep.sum() > 5000 and (~stays).sum() > 2000
    found = FuzzyDedup().find(docs).query("not keep")
    gone = found.index.size
    place = {name: k for k, name in enumerate(docs.id)}
    left = set(docs.id) - set(found.id)
    for row in found.itertuples():
        record, witness = place[row.id], place[row.duplicate_of]
        assert row.duplicate_of in left and witness in near[record]
        assert row.similarity == jaccard(sets[record], sets[witness])
    assert (~stays).sum() - gone <= 0.002 * (~stays).sum()
    again = FuzzyDedup()(FuzzyDedup()(docs))
    assert set(again.id) == left
