"""Into how many blocks the bits of hashes are dealt, and which values of a block are looked under.

Two hashes within a radius differ in some block in few enough bits, see `radius`.
"""

from __future__ import annotations

from functools import lru_cache
from math import comb
from typing import NamedTuple

import numpy as np

WIDEST = 22  # bits of a block: a directory of 4 million places
LOOKUP = 6.0  # what looking into a place costs, in comparisons of two hashes (measured)


class Plan(NamedTuple):
    """How many blocks of how many bits, and what a question then costs, in comparisons."""

    blocks: int
    width: int
    cost: float


@lru_cache(65_536)
def plan(count: int, bits: int, radius: int) -> Plan:
    """The cheapest blocks for so many hashes that differ in so many bits."""
    best = Plan(1, 0, float(count))
    widest = min(WIDEST, count.bit_length() + 1)
    for blocks in range(1, radius + 2):
        for width in {min(widest, bits // blocks), min(widest - 3, bits // blocks)}:
            if width < 1:
                continue
            least, more = divmod(radius, blocks)
            probes = (more + 1) * values_within(width, least)
            probes += (blocks - more - 1) * values_within(width, least - 1)
            cost = probes * (LOOKUP + count / 2**width)
            if cost < best.cost:
                best = Plan(blocks, width, cost)
    return best


class Blocks(NamedTuple):
    """Blocks of bits at fixed places: their width, and how many bits of each are flipped (or -1).

    Block k has bits k, k + n, … of n blocks.
    """

    width: int
    flips: tuple[int, ...]


def blocks_for(count: int, bits: int, radius: int) -> Blocks:
    """The blocks to be chosen for about so many hashes.

    >>> blocks_for(1 << 20, 64, 4)
    Blocks(width=21, flips=(1, 1, 0))
    """
    chosen = plan(count, bits, radius)
    least, more = divmod(radius, chosen.blocks)
    return Blocks(chosen.width, tuple(least - (k > more) for k in range(chosen.blocks)))


def values_within(width: int, flips: int) -> int:
    """How many values differ from one in at most so many of its bits."""
    return sum(comb(width, k) for k in range(min(flips, width) + 1))


@lru_cache(16)
def masks_of(width: int, flips: int) -> np.ndarray:
    """The values of so many bits of which at most `flips` are set, those of fewest first."""
    values = np.arange(1 << width, dtype=np.int64)
    ones = np.bitwise_count(values)
    few = np.flatnonzero(ones <= flips)
    return values[few[np.argsort(ones[few], kind="stable")]]
