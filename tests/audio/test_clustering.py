"""Average linkage beside scipy's."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import pdist

from tamis.audio import clustering
from tamis.audio.clustering import clusters


def unit(rows):
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def partition(labels):
    groups = {}
    for row, label in enumerate(labels):
        groups.setdefault(label, []).append(row)
    return sorted(map(tuple, groups.values()))


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 30), st.floats(0.05, 1.2), st.integers(0, 2**32 - 1))
def test_clusters_are_scipys(count, threshold, seed):
    vectors = unit(np.random.default_rng(seed).standard_normal((count, 4)))
    tree = linkage(pdist(vectors.astype(np.float64), "cosine"), "average")
    assert partition(clusters(vectors, threshold)) == partition(
        fcluster(tree, threshold, "distance")
    )
    assert partition(clusters(vectors, threshold, 2)) == partition(fcluster(tree, 2, "maxclust"))


def test_groups_are_numbered_by_their_first_member():
    vectors = unit(np.array([[0, 1], [1, 0], [0.1, 1], [1, 0.1]]))
    assert clusters(vectors, 0.2).tolist() == [0, 1, 0, 1]
    assert clusters(vectors[:0], 0.2).tolist() == []
    assert clusters(vectors[:1], 0.2).tolist() == [0]


def test_many_vectors_are_grouped_in_parts(monkeypatch):
    rng = np.random.default_rng(5)
    truth = rng.integers(0, 3, 400)
    vectors = unit(np.eye(8)[truth * 2] + 0.1 * rng.standard_normal((400, 8)))
    whole = clusters(vectors, 0.5)
    monkeypatch.setattr(clustering, "MOST", 90)
    assert clusters(vectors, 0.5).tolist() == whole.tolist()
    assert partition(whole) == partition(truth)
