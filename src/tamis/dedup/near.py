"""Which records go because another that stays is near: clusters compared block by block.

Records are numbered in survivor order. Each is compared with earlier records whose own cluster is
among its nearest. Pairs above a floor are gathered cluster by cluster and gone through in order
(`kernels.vectors.settle`). Where there are too many of them (a hub: a million records alike) the
records are halved: the earlier half is settled, what is near one of its survivors goes, and then
the rest is settled. So a hub costs its size times its survivors, and memory stays bounded.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from tamis.dedup.devices import Numpy, Tile
from tamis.dedup.embeddings import Embeddings
from tamis.kernels import vectors as kernel

MOST_PAIRS = 1 << 22  # gathered at a time: 100 MB with their similarities
HELD = 16  # tiles of a cluster kept ready to be multiplied; of larger ones they are made anew
SMALL = 2048  # records that are settled however many pairs they make
TIE = 1e-9  # a cosine this little below the threshold reaches it: float64 sums differ by less


class Near(NamedTuple):
    """Witnesses (-1: stays) and similarities by place in survivor order, and the pairs found.

    `pairs` are places (later, earlier), int32[n, 2]. They are all that reach the floor if
    `complete`; otherwise those met before a record was settled.
    """

    witness: np.ndarray
    similarity: np.ndarray
    pairs: np.ndarray
    cosines: np.ndarray
    complete: bool


class Search:
    """Settles records in survivor order; `nearest` (int32[n, probe]) has the clusters of each."""

    def __init__(
        self, vectors: Embeddings, order: np.ndarray, nearest: np.ndarray, clusters: int,
        threshold: float, floor: float, products: Numpy,
    ) -> None:  # fmt: skip
        self.vectors, self.order, self.products = vectors, order, products
        self.threshold, self.floor = threshold - TIE, floor - TIE
        count = order.size
        self.witness, self.similarity = np.full(count, -1, np.int64), np.zeros(count)
        self.found: list[tuple[np.ndarray, np.ndarray]] = []
        self.complete, self.side = True, products.side
        # places by cluster: of those at home in it, and of those it is the next nearest to
        self.lists = [_grouped(nearest[:, k], clusters) for k in range(nearest.shape[1])]
        self.clusters = clusters

    def run(self) -> Near:
        """Settle all records."""
        self._settle(0, self.order.size)
        pairs = np.concatenate([np.empty((0, 2), np.int32), *(p for p, _ in self.found)])
        cosines = np.concatenate([np.empty(0), *(c for _, c in self.found)])
        return Near(self.witness, self.similarity, pairs, cosines, self.complete)

    def _settle(self, low: int, high: int) -> None:
        gathered = self._gather(low, high)
        if gathered is None:
            self.complete = False
            middle = (low + high) // 2
            self._settle(low, middle)
            self._sweep(low, middle, high)
            self._settle(middle, high)
            return
        pairs, cosines = gathered
        kernel.settle(
            pairs[:, 0], pairs[:, 1], cosines, self.threshold, self.witness, self.similarity
        )
        self.found.append((pairs, cosines))

    def _gather(self, low: int, high: int) -> tuple[np.ndarray, np.ndarray] | None:
        """The pairs among records still there, sorted; None where there are too many."""
        most = MOST_PAIRS if high - low > SMALL else 2**62
        found: list[tuple[np.ndarray, np.ndarray]] = []
        total = 0
        for home, visitors in self._groups(low, high):
            for pairs, cosines in self._pairs(home, visitors):
                found.append((pairs, cosines))
                total += len(pairs)
                if total > most:
                    return None
        pairs = np.concatenate([np.empty((0, 2), np.int32), *(p for p, _ in found)])
        cosines = np.concatenate([np.empty(0), *(c for _, c in found)])
        order = np.lexsort((pairs[:, 1], pairs[:, 0]))
        return np.ascontiguousarray(pairs[order]), cosines[order]

    def _groups(self, low: int, high: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Of each cluster those at home in it, and its visitors: places from low to high."""
        for cluster in range(self.clusters):
            home, *others = (self._alive(k, cluster, low, high) for k in range(len(self.lists)))
            if home.size:
                visitors = np.sort(np.concatenate(others)) if others else home[:0]
                yield home, visitors

    def _alive(self, which: int, cluster: int, low: int, high: int) -> np.ndarray:
        starts, places = self.lists[which]
        part = places[starts[cluster] : starts[cluster + 1]]
        part = part[np.searchsorted(part, low) : np.searchsorted(part, high)]
        return part[self.witness[part] < 0]

    def _pairs(
        self, home: np.ndarray, visitors: np.ndarray
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Exact cosines of each with those at home that come before it."""
        tiles = [home[k : k + self.side] for k in range(0, home.size, self.side)]
        ready = [self._tile(places) for places in tiles] if len(tiles) <= HELD else None
        for number, places in enumerate(tiles):
            right = self._tile(places) if ready is None else ready[number]
            yield self._compare(right, right, 0)
            for k in range(number + 1, len(tiles)):
                left = self._tile(tiles[k]) if ready is None else ready[k]
                yield self._compare(left, right, None)
            later = visitors[np.searchsorted(visitors, places[0]) :]
            for k in range(0, later.size, self.side):
                yield self._compare(self._tile(later[k : k + self.side]), right, None)

    def _tile(self, places: np.ndarray) -> Tile:
        return self.products.tile(self.vectors, self.order[places], places)

    def _compare(self, left: Tile, right: Tile, above: int | None) -> tuple[np.ndarray, np.ndarray]:
        """Pairs of rows that reach the floor, the earlier from `right`."""
        offset, most = 2**30 if above is None else above, 1 << 16
        at = None
        while at is None:
            at = self.products.hits(left.prepared, right.prepared, self.floor, offset, most)
            most = min(64 * most, left.places.size * right.places.size)
        cosines = self.products.cosines(left, right, at)
        pairs = np.stack([left.places[at[:, 0]], right.places[at[:, 1]]], axis=1).astype(np.int32)
        good = (cosines >= self.floor) & (pairs[:, 1] < pairs[:, 0])
        return pairs[good], cosines[good]

    def _sweep(self, low: int, middle: int, high: int) -> None:
        """Let go what is near a record that stays among the earlier half."""
        for cluster in range(self.clusters):
            staying = self._alive(0, cluster, low, middle)
            lists = [self._alive(k, cluster, middle, high) for k in range(len(self.lists))]
            later = np.sort(np.concatenate(lists))
            if not staying.size or not later.size:
                continue
            for k in range(0, later.size, self.side):
                self._sweep_tile(self._tile(later[k : k + self.side]), staying)

    def _sweep_tile(self, left: Tile, staying: np.ndarray) -> None:
        for k in range(0, staying.size, self.side):
            pairs, cosines = self._compare(left, self._tile(staying[k : k + self.side]), None)
            reach = cosines >= self.threshold
            pairs, cosines = pairs[reach], cosines[reach]
            order = np.lexsort((pairs[:, 1], -cosines, pairs[:, 0]))
            later, first = np.unique(pairs[order, 0], return_index=True)
            best = order[first]
            better = cosines[best] > self.similarity[later]
            later, best = later[better], best[better]
            self.witness[later], self.similarity[later] = pairs[best, 1], cosines[best]
            self.found.append((pairs[best], cosines[best]))


def _grouped(cluster: np.ndarray, clusters: int) -> tuple[np.ndarray, np.ndarray]:
    """Places by cluster, ascending in each: where each cluster begins, and the places."""
    places = np.argsort(cluster, kind="stable")
    starts = np.searchsorted(cluster[places], np.arange(clusters + 1))
    return starts, places
