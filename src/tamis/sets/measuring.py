"""How much the records of a source come to, and up to which key they come to a given amount.

A tally holds the sum of the sizes of all records of each key, or, where there are more than
`LIMIT` keys, of all keys that begin alike. It is cut down as late as it can be, so the tallies of
partitions come to the same whatever the partitions are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

LIMIT = 2**21


class Tally(NamedTuple):
    """Sums of sizes by key: `keys` (uint64, ascending) without their last `cut` bits, `sums`."""

    keys: np.ndarray
    sums: np.ndarray
    cut: int = 0

    @property
    def total(self) -> int:
        """All sizes."""
        return int(self.sums.sum())

    def last(self, amount: float) -> int:
        """The key up to which, itself included, sizes come nearest to an amount; -1: to none."""
        sums = np.concatenate([[0], np.cumsum(self.sums)])
        at = int(np.searchsorted(sums, amount, side="right")) - 1
        if at + 1 < sums.size and sums[at + 1] - amount < amount - sums[at]:
            at += 1
        return -1 if at == 0 else ((int(self.keys[at - 1]) + 1) << self.cut) - 1


def tally(keys: np.ndarray, sizes: np.ndarray) -> Tally:
    """The tally of some records."""
    return merged([Tally(keys, np.asarray(sizes, np.int64))])


def merged(tallies: Sequence[Tally]) -> Tally:
    """The tally of all records of several."""
    cut = max((one.cut for one in tallies), default=0)
    none = np.empty(0, np.uint64)
    keys = np.concatenate([none, *(one.keys >> np.uint64(cut - one.cut) for one in tallies)])
    sums = np.concatenate([np.empty(0, np.int64), *(one.sums for one in tallies)])
    order = np.argsort(keys, kind="stable")
    keys, sums = keys[order], sums[order]
    while True:
        first = np.flatnonzero(np.append(True, keys[1:] != keys[:-1])) if keys.size else none
        if keys.size:
            keys, sums = keys[first], np.add.reduceat(sums, first)
        if keys.size <= LIMIT:
            return Tally(keys, sums, cut)
        keys, cut = keys >> np.uint64(1), cut + 1
