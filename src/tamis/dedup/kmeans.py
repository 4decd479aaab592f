"""Spherical k-means: the same centres whatever the partitions, the order of rows, the device.

Centres are sums of unit vectors, scaled to length 1 (I. Dhillon and D. Modha, 2001). A sum is taken
in whole numbers of 2**-30, so that it is the same in any order; a row goes to the centre with the
largest exact product, of equals to the one with the lower number.
"""

from __future__ import annotations

import logging
from typing import Any, NamedTuple

import numpy as np

from tamis.dedup.devices import Assigned, Numpy
from tamis.kernels.vectors import UNIT

PER_CENTRE = 256  # rows of a sample per centre: what faiss's clustering takes at most
SETTLED = 1e-3  # share of rows that change their centre, below which it is over
log = logging.getLogger(__name__)


class Fitted(NamedTuple):
    """Centres (float32[k, width], unit vectors) and the mean cosine of the rows to theirs."""

    centres: np.ndarray
    similarity: float
    iterations: int


def choose_clusters(count: int) -> int:
    """How many clusters for so many records: their square root, rounded.

    Assigning a record costs k products, comparing it with its cluster count / k / 2, or as many as
    k with two clusters probed: the square root makes both alike. It is also what the documentation
    of NeMo Curator suggests, and near what SemDeDup used (50,000 for 440 million, Abbas et al.,
    2023; the root is 21,000).

    >>> choose_clusters(1_000_000)
    1000
    """
    return max(1, round(count**0.5))


def fit(
    unit: Any, clusters: int, iterations: int, products: Numpy, settled: float = SETTLED
) -> Fitted:
    """Centres for unit vectors, which are in an order that says who begins.

    `unit` is an array of them, or gives some when it is indexed (`spread.Sample`).
    The first `clusters` rows are the first centres. A centre that nobody is nearest to becomes the
    row that is least similar to its own. It ends after `iterations`, or when no more than the share
    `settled` of the rows change their centre.
    """
    clusters = min(clusters, len(unit))
    centres, held = unit[:clusters].copy(), products.hold(unit)
    before, mean, number = np.full(len(unit), -1, np.int32), 0.0, 0
    for number in range(1, iterations + 1):
        found = products.assign(held, centres)
        changed = np.count_nonzero(found.nearest != before)
        before, mean = found.nearest, _mean(found, centres)
        if number > 1 and changed <= settled * len(unit):
            break
        centres = means(found, centres, unit)
    log.info("k-means: %d centres, %d iterations, mean cosine %.4f", clusters, number, mean)
    return Fitted(centres, mean, number)


def means(found: Assigned, centres: np.ndarray, unit: Any) -> np.ndarray:
    """New centres; one that nobody is nearest to becomes the next least similar row."""
    sums = found.sums.astype(np.float64)
    length = np.sqrt(np.einsum("ij,ij->i", sums, sums))
    made = (sums / np.where(length > 0, length, 1.0)[:, None]).astype(np.float32)
    made[length == 0] = centres[length == 0]  # vectors that cancel out
    empty = np.flatnonzero(found.counts == 0)
    if empty.size:
        made[empty] = unit[found.strangers(empty.size)]
    return made


def _mean(found: Assigned, centres: np.ndarray) -> float:
    """The mean product of all rows with their centres, from the sums alone."""
    total = np.einsum("ij,ij->", found.sums.astype(np.float64), centres.astype(np.float64))
    return float(total / UNIT / max(int(found.counts.sum()), 1))
