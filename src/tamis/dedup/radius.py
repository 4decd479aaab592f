"""Exact-radius search over binary hashes: every pair within a Hamming distance, and no other."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from tamis.dedup.blocks import WIDEST, masks_of, plan, values_within
from tamis.dedup.equal_keys import grouped
from tamis.dedup.hashes import hash_bytes
from tamis.dedup.radius_there import near_pairs
from tamis.errors import DataError, SettingError
from tamis.kernels import exchange
from tamis.kernels import near_pairs as near
from tamis.kernels import radius as kernels
from tamis.kernels.content import hash_texts
from tamis.kernels.links import roots
from tamis.kernels.radius import Index

LONGEST = 256  # hashes in a list before it is weighed whether an index of them is cheaper
DEEPEST = 3  # indexes within indexes
PAIRS = 1 << 27  # that may be noted before it is settled who goes: 1 GiB


def within_radius(hashes: Any, radius: int, *, most: int = 100_000_000) -> pd.DataFrame:
    """All pairs of hashes that differ in at most `radius` bits: `left`, `right`, `distance`.

    `hashes` are of 1 to 32 bytes each, all of one length: a Series, list or Arrow array of bytes or
    hexadecimal texts, a NumPy array of uint64 or of uint8 with a row for each hash. `left` and
    `right` are positions, left < right, in ascending order. Nulls are near nothing. Raises
    `DataError` for more than `most` pairs: n equal hashes alone make n (n - 1) / 2.

    >>> within_radius(["00ff", "01ff", "ffff"], 1).values.tolist()
    [[0, 1, 1]]
    """
    check_radius(radius)
    table, valid = hash_bytes(hashes)
    first = equal(table, valid)
    own = np.flatnonzero(valid & (first == np.arange(first.size)))
    words = as_words(table[own])
    found = _distinct_pairs(words, radius, most)
    sizes = np.bincount(first[valid], minlength=first.size)[own]
    total = int((sizes * (sizes - 1) // 2).sum()) + int(
        (sizes[found[:, 0]].astype(np.int64) * sizes[found[:, 1]]).sum()
    )
    if total > most:
        raise _too_many(total, most)
    apart = np.zeros(len(found), np.int16)
    for k in range(words.shape[1]):
        differing = words[found[:, 0], k] ^ words[found[:, 1], k]
        apart += np.bitwise_count(differing).astype(np.int16)
    rows = _spread(first, valid, own, found, apart)
    return rows.sort_values(["left", "right"], ignore_index=True)


def check_radius(radius: Any) -> int:
    """A radius that is a whole number of bits."""
    if isinstance(radius, bool) or not isinstance(radius, int) or not 0 <= radius <= 256:
        raise SettingError(f"radius={radius!r} is not a whole number of bits from 0 to 256")
    return radius


def equal(table: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """For each hash (uint8[hashes, bytes]) the position of the first that is equal."""
    count, width = table.shape
    low, high = np.empty((2, count), np.uint64)
    offsets = np.arange(count + 1, dtype=np.int64) * width
    hash_texts(np.ascontiguousarray(table).reshape(-1), offsets, low, high)
    return grouped(
        "the comparison of hashes", count, 1, lambda keys: keys.first_equal(low, high, valid)
    )


def as_words(table: np.ndarray) -> np.ndarray:
    """Hashes of bytes as words, uint64[hashes, words]; the last word filled up with zeros."""
    count, width = table.shape
    padded = np.zeros((count, max(8, -(-width // 8) * 8)), np.uint8)
    padded[:, :width] = table
    return padded.view(np.uint64)


def index_of(words: np.ndarray, radius: int) -> Index:
    """An empty index with room for these hashes, for questions of up to this radius."""
    if words.shape[0] >= 2**31 - 1:
        raise DataError(f"{words.shape[0]:,} different hashes; one machine's index takes 2**31 - 2")
    made = _Growing(words)
    made.node(np.arange(words.shape[0], dtype=np.int64), np.zeros(64 * words.shape[1], bool),
              radius, 0)  # fmt: skip
    return made.index()


class _Growing:
    """The arrays of an index while its nodes are laid out."""

    def __init__(self, words: np.ndarray) -> None:
        self.words = words
        self.nodes: list[int] = []  # the first block of each
        self.blocks: dict[int, tuple[np.ndarray, np.ndarray, np.ndarray]] = {}
        self.reserved = 0
        self.flips: dict[int, int] = {}  # per width of a block, the most that are flipped
        self.room = [0] * (DEEPEST + 1)  # per depth, the most places a node is asked about

    def node(self, rows: np.ndarray, used: np.ndarray, radius: int, depth: int) -> int:
        """Lay out the node of some rows, and below it those of values that many rows share."""
        counts = np.zeros(used.size, np.int64)
        kernels.bit_counts(self.words, rows, counts)
        free = np.flatnonzero(~used & (counts > 0) & (counts < rows.size))
        chosen = plan(rows.size, free.size, radius)
        balance = np.abs(2 * counts[free] - rows.size)
        free = free[np.argsort(balance, kind="stable")]
        least, more = divmod(radius, chosen.blocks)
        asked = (more + 1) * values_within(chosen.width, least)
        asked += (chosen.blocks - more - 1) * values_within(chosen.width, least - 1)
        self.room[depth] = max(self.room[depth], asked)
        self.flips[chosen.width] = max(self.flips.get(chosen.width, 0), min(least, chosen.width))
        number, first = len(self.nodes), self.reserved
        self.nodes.append(first)
        self.reserved += chosen.blocks
        for k in range(chosen.blocks):
            bits = free[k :: chosen.blocks][: chosen.width].astype(np.int16)
            self.blocks[first + k] = self._block(rows, bits, used, radius, depth)
        return number

    def _block(
        self, rows: np.ndarray, bits: np.ndarray, used: np.ndarray, radius: int, depth: int
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The bits of a block, how many hashes each of its lists takes, which places are nodes."""
        values = np.empty(rows.size, np.int32)
        kernels.block_values(self.words, rows, bits, values)
        sizes = np.bincount(values, minlength=1 << bits.size)
        filled = np.zeros(sizes.size, np.int32)
        inner = used.copy()
        inner[bits] = True
        left = inner.size - int(np.count_nonzero(inner))
        common = [
            value
            for value in np.flatnonzero(sizes > LONGEST).tolist()
            if depth < DEEPEST and 2 * plan(int(sizes[value]), left, radius).cost < sizes[value]
        ]
        order = np.argsort(values, kind="stable") if common else np.empty(0, np.int64)
        cuts = np.searchsorted(values[order], common)
        for value, cut in zip(common, cuts, strict=True):
            members = rows[order[cut : cut + sizes[value]]]
            filled[value] = -1 - self.node(members, inner, radius, depth + 1)
            sizes[value] = 0
        return bits, sizes, filled

    def index(self) -> Index:
        """The arrays joined."""
        blocks = [self.blocks[k] for k in range(self.reserved)]
        widths = np.array([bits.size for bits, _, _ in blocks], np.int64)
        starts = np.concatenate([[0], *(sizes for _, sizes, _ in blocks)]).astype(np.int64)
        np.cumsum(starts, out=starts)
        masks_at = np.zeros((WIDEST + 1, WIDEST + 2), np.int64)
        masks: list[np.ndarray] = []
        filled = 0
        for width, flips in self.flips.items():
            made = masks_of(width, flips)
            masks_at[width, : flips + 2] = filled + np.array(
                [values_within(width, k - 1) for k in range(flips + 2)]
            )
            masks.append(made)
            filled += made.size
        return Index(
            node=np.array([*self.nodes, self.reserved], np.int64),
            width=widths,
            bits=np.concatenate([bits for bits, _, _ in blocks]),
            bits_at=np.cumsum([0, *widths[:-1]]).astype(np.int64),
            places=np.cumsum([0, *(1 << widths[:-1])]).astype(np.int64),
            starts=starts,
            filled=np.concatenate([filled for _, _, filled in blocks]),
            lists=np.empty(int(starts[-1]), np.int32),
            words=np.empty(int(starts[-1]), np.uint64),
            masks=np.concatenate(masks),
            masks_at=masks_at,
            room=sum(self.room) + 1,
        )


def _distinct_pairs(words: np.ndarray, radius: int, most: int) -> np.ndarray:
    """The pairs among different hashes, found in several threads."""
    count = words.shape[0]
    if count < 2:
        return np.empty((0, 2), np.int32)
    there = near_pairs(words, radius, most)
    if there is not None:
        return there
    index = index_of(words, radius)
    kernels.enter(index, words)
    threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    pieces = max(1, min(4 * (threads or 1), count // 1000))
    cuts = [count * k // pieces for k in range(pieces + 1)]
    with ThreadPoolExecutor(threads) as pool:
        found = list(
            pool.map(lambda cut: kernels.pairs(index, words, *cut, radius, most), pairwise(cuts))
        )
    total = sum(map(len, found))
    if total > most:
        raise _too_many(total, most)
    return np.concatenate(found)


def _spread(
    first: np.ndarray, valid: np.ndarray, own: np.ndarray, found: np.ndarray, apart: np.ndarray
) -> pd.DataFrame:
    """Pairs of different hashes as pairs of rows, and with them those of equal rows."""
    rows = np.flatnonzero(valid)
    rows = rows[np.argsort(first[rows], kind="stable")]
    starts = np.searchsorted(first[rows], own)
    sizes = np.diff([*starts, rows.size])
    several = np.flatnonzero(sizes > 1)
    left = np.concatenate([found[:, 0], several])
    right = np.concatenate([found[:, 1], several])
    apart = np.concatenate([apart, np.zeros(several.size, np.int16)])
    made = sizes[left] * sizes[right]
    which = np.repeat(np.arange(left.size), made)
    place = np.arange(which.size) - np.repeat(np.cumsum(made) - made, made)
    one = rows[starts[left[which]] + place // sizes[right[which]]]
    other = rows[starts[right[which]] + place % sizes[right[which]]]
    once = (left != right)[which] | (one < other)
    return pd.DataFrame(
        {
            "left": np.minimum(one, other)[once],
            "right": np.maximum(one, other)[once],
            "distance": apart[which][once],
        }
    )


def joined(words: np.ndarray, radius: int) -> np.ndarray:
    """For each different hash the lowest that a chain of hashes within the radius leads to."""
    parent = np.arange(words.shape[0], dtype=np.int32)
    if words.shape[0] > 1 and radius:
        pairs = near_pairs(words, radius, PAIRS, threads=1)
        if pairs is not None:
            exchange.unite(parent, pairs[:, 0].astype(np.int64), pairs[:, 1].astype(np.int64))
            roots(parent)
            return parent.astype(np.int64)
        kernels.connect(index_of(words, radius), words, radius, parent)
    return parent.astype(np.int64)


def settled(words: np.ndarray, radius: int) -> tuple[np.ndarray, np.ndarray]:
    """Of different hashes in survivor order whom each goes for (int32, -1: it stays), how far.

    The nearest within the radius that stays, the first of several; distances are int16.
    """
    count = words.shape[0]
    witness, apart = np.full(count, -1, np.int32), np.zeros(count, np.int16)
    if count < 2 or not radius:
        return witness, apart
    pairs = near_pairs(words, radius, PAIRS, threads=1)
    if pairs is None:
        kernels.settle(index_of(words, radius), words, radius, witness, apart)
    else:
        near.settle(pairs, words, witness, apart)
    return witness, apart


def _too_many(total: int, most: int) -> DataError:
    return DataError(
        f"more than {most:,} pairs ({total:,} at least); take a smaller radius, one of each group "
        "of equal hashes, or pass most=…"
    )
