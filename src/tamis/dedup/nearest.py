"""Of each vector the nearest among some others: exact, tile by tile."""

from __future__ import annotations

from typing import Any

import numpy as np

from tamis.dedup.embeddings import Embeddings
from tamis.errors import DataError


class Nearest:
    """For each of `asked` the nearest vector shown so far whose cosine reaches the threshold.

    `witness` is the number that `show` was given for it, -1 for none; `similarity` the exact
    cosine. Of equally near ones it is the one that was shown first.
    """

    def __init__(self, asked: Embeddings, threshold: float, products: Any) -> None:
        self.asked, self.threshold, self.products = asked, threshold, products
        self.witness = np.full(asked.count, -1)
        self.similarity = np.full(asked.count, -np.inf)

    def show(self, others: Embeddings, numbers: np.ndarray, above: Any = None) -> None:
        """Compare with all `others`, which have these numbers.

        With `above` (one for each of `asked`) only with those whose number is lower than it.
        """
        if not others.count or not self.asked.count:
            return
        if self.asked.width != others.width:
            raise DataError(f"vectors of {self.asked.width} numbers, and of {others.width}")
        side = self.products.side
        for start in range(0, others.count, side):
            right = np.arange(start, min(start + side, others.count))
            right_tile = self.products.tile(others, right, numbers[right])
            for first in range(0, self.asked.count, side):
                left = np.arange(first, min(first + side, self.asked.count))
                self._nearer(self.products.tile(self.asked, left, left), right_tile, above)

    def _nearer(self, left: Any, right: Any, above: Any) -> None:
        """Note whom of `right` the rows of `left` are nearest to; of equals the first."""
        at, most = None, 1 << 16
        while at is None:
            at = self.products.hits(left.prepared, right.prepared, self.threshold, 2**30, most)
            most = min(64 * most, left.places.size * right.places.size)
        cosines = self.products.cosines(left, right, at)
        reach = cosines >= self.threshold
        if above is not None:
            reach &= right.places[at[:, 1]] < above[left.places[at[:, 0]]]
        at, cosines = at[reach], cosines[reach]
        order = np.lexsort((at[:, 1], -cosines, at[:, 0]))
        rows, first = np.unique(at[order, 0], return_index=True)
        best = order[first]
        rows = left.places[rows]
        better = cosines[best] > self.similarity[rows]
        self.witness[rows[better]] = right.places[at[best[better], 1]]
        self.similarity[rows[better]] = cosines[best[better]]
