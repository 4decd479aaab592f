"""Vectors to groups: average linkage, cut at a distance or at a number of groups."""

from __future__ import annotations

import numpy as np

from tamis.kernels.linkage import merges

MOST = 3000  # vectors compared each with each: 36 MB


def clusters(vectors: np.ndarray, threshold: float, groups: int | None = None) -> np.ndarray:
    """The group of each of [n, width] vectors of length 1, numbered by their first member.

    Average linkage (UPGMA) of cosine distances: groups grow together while the mean distance of
    their members is at most `threshold`, or until there are `groups`. Of more than 3,000 vectors
    consecutive parts are grouped first, and then the means of these groups by their sizes, which
    is the same where groups are compact.
    """
    if not len(vectors):
        return np.empty(0, np.int64)
    if len(vectors) <= MOST:
        return _numbered(_linked(vectors, np.ones(len(vectors)), threshold, groups))
    means: list[np.ndarray] = []
    sizes: list[np.ndarray] = []
    labels: list[np.ndarray] = []
    for start in range(0, len(vectors), MOST):
        part = vectors[start : start + MOST]
        found = _linked(part, np.ones(len(part)), min(threshold, 0.15), None)
        labels.append(found + sum(len(one) for one in means))
        count = np.bincount(found)
        summed = np.zeros((len(count), vectors.shape[1]))
        np.add.at(summed, found, part)
        means.append(summed / count[:, None])
        sizes.append(count.astype(np.float64))
    middle = np.concatenate(means)
    grown = clusters_of_means(middle, np.concatenate(sizes), threshold, groups)
    return _numbered(grown[np.concatenate(labels)])


def clusters_of_means(
    means: np.ndarray, sizes: np.ndarray, threshold: float, groups: int | None
) -> np.ndarray:
    """The same of means of vectors of length 1 with their numbers: distances stay averages."""
    return _linked(means, sizes, threshold, groups)


def _linked(
    vectors: np.ndarray, sizes: np.ndarray, threshold: float, groups: int | None
) -> np.ndarray:
    count = len(vectors)
    away = 1 - vectors.astype(np.float64) @ vectors.T.astype(np.float64)
    pairs = np.empty((max(count - 1, 0), 2), np.int64)
    heights = np.empty(max(count - 1, 0))
    merges(away, sizes.astype(np.float64), pairs, heights)
    order = np.argsort(heights, kind="stable")
    most = count - groups if groups is not None else int((heights <= threshold).sum())
    parent = np.arange(count)
    for one, other in pairs[order[: max(most, 0)]]:
        parent[_root(parent, int(other))] = _root(parent, int(one))
    roots = np.array([_root(parent, k) for k in range(count)])
    return np.unique(roots, return_inverse=True)[1]


def _root(parent: np.ndarray, at: int) -> int:
    while parent[at] != at:
        parent[at] = parent[parent[at]]
        at = int(parent[at])
    return at


def _numbered(labels: np.ndarray) -> np.ndarray:
    """Groups numbered in the order of their first members."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[inverse]
