"""Recordings compared block by block, so that the words of one block are entered at a time.

Records are in survivor order, cut into blocks of `BLOCK` words. Each block in turn is settled, and
those of it that stay are what all later blocks are asked against. So memory does not grow with the
number of records; the work does, by half the number of blocks. The size of a block is fixed, as
is how many records of a word are looked at in each: what is found does not depend on memory.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from tamis.dedup.fingerprints import places_of
from tamis.kernels import recordings as kernel
from tamis.kernels.links import roots
from tamis.kernels.recordings import Places, Sounds

BLOCK = 1 << 26  # words: 600 hours; 1.2 GB with their places, 0.3 GB of those asked about


class Found(NamedTuple):
    """For each record its witness (-1: stays), how much is the same, and where (in words)."""

    witness: np.ndarray  # int32: its place in survivor order
    similarity: np.ndarray
    apart: np.ndarray  # int64

    @classmethod
    def nothing(cls, count: int) -> Found:
        """That all of so many records stay."""
        return cls(np.full(count, -1, np.int32), np.zeros(count), np.zeros(count, np.int64))

    def part(self, first: int, last: int) -> Found:
        """That of the records from the one to the other, as views."""
        return Found(*(values[first:last] for values in self))


class Bounds(NamedTuple):
    """What makes two recordings duplicates."""

    contained: bool
    threshold: float


def block_ends(sizes: np.ndarray, most: int) -> np.ndarray:
    """Where each block begins, and the end, for records of so many words, in survivor order.

    >>> block_ends(np.array([3, 3, 3, 9, 1]), 6).tolist()
    [0, 2, 3, 4, 5]
    """
    sums = np.cumsum(sizes)
    ends = [0]
    while ends[-1] < sizes.size:
        before = int(sums[ends[-1] - 1]) if ends[-1] else 0
        last = int(np.searchsorted(sums, before + most, side="right"))
        ends.append(max(last, ends[-1] + 1))
    return np.array(ends, np.int64)


def settled(read: Callable[[int], Sounds], ends: np.ndarray, bounds: Bounds) -> Found:
    """Settle all blocks; `read(k)` gives the recordings of block k."""
    found = Found.nothing(int(ends[-1]))
    pairs = list(pairwise(ends.tolist()))
    for k, (first, last) in enumerate(pairs):
        sounds = read(k)
        places = places_of(sounds)
        kernel.settle(places, sounds, *bounds, first, *found.part(first, last))
        for later in range(k + 1, len(pairs)):
            kernel.ask(places, sounds, read(later), *bounds, first, *found.part(*pairs[later]))
    return found


def staying(sounds: Sounds, witness: np.ndarray) -> Places:
    """The places of the words of those recordings of a settled block that stay."""
    places = places_of(sounds)
    kernel.enter_staying(places, sounds, witness)
    return places


def joined(read: Callable[[int], Sounds], ends: np.ndarray, bounds: Bounds) -> np.ndarray:
    """For each record the lowest place that a chain of recordings alike leads to, int64."""
    parent = np.arange(int(ends[-1]), dtype=np.int32)
    starts = ends[:-1].tolist()
    for k, first in enumerate(starts):
        sounds = read(k)
        places = places_of(sounds)
        for later in range(k, len(starts)):
            asked = sounds if later == k else read(later)
            kernel.connect(places, sounds, asked, *bounds, first, starts[later], parent)
    roots(parent)
    return parent.astype(np.int64)
