"""Which of the proposed duplicates go: each is compared with records that stay, in order.

Groups (records of equal content) are numbered in the order in which they may stay. A group goes
when its similarity to a group that stays reaches the threshold, and only then; it is compared with
those that stay in its own buckets, at most the first few of each. So a bucket of a million costs a
million times as many, and whoever goes has a witness that stays.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tamis.kernels.jit import jit
from tamis.kernels.sets import containment, jaccard
from tamis.kernels.wide import words_at


class Known(NamedTuple):
    """How many hashes the sets of some pairs share; no pairs at all where `starts` has no entries.

    Of group g those with `others[starts[g] : starts[g + 1]]`, all before it.
    """

    starts: np.ndarray  # int64[groups + 1]
    others: np.ndarray  # int32
    shared: np.ndarray  # int64


@jit
def settle(
    buckets: np.ndarray,
    starts: np.ndarray,
    addresses: np.ndarray,
    sizes: np.ndarray,
    signatures: np.ndarray,
    threshold: float,
    witness: np.ndarray,
    similarity: np.ndarray,
    contained: bool,
    standing: int,
    known: Known,
) -> int:
    """Fill `witness` (the group each group duplicates, -1 if it stays) and `similarity`.

    Gives the number of comparisons made.

    `buckets` (int32[groups, bands]) has the bucket of each group, -1 for none; the groups that stay
    in bucket n are noted from `starts[n]` to `starts[n + 1]`. Set g has `sizes[g]` sorted hashes
    at memory address `addresses[g]`; with no addresses, signatures (uint8[groups, hashes]) are
    compared instead. `contained`: similarity is containment, not that of Jaccard. The first
    `standing` groups are known to stay: they are noted, not compared. Sets of `known` pairs are
    not looked at.
    """
    filled = np.zeros(starts.size - 1, np.int32)
    staying = np.zeros(starts[starts.size - 1], np.int32)
    seen = np.full(buckets.shape[0], -1, np.int32)
    return settle_these(
        np.arange(buckets.shape[0]), buckets, starts, addresses, sizes, signatures, threshold,
        witness, similarity, contained, standing, filled, staying, seen, known,
    )  # fmt: skip


@jit
def settle_these(
    groups: np.ndarray,
    buckets: np.ndarray,
    starts: np.ndarray,
    addresses: np.ndarray,
    sizes: np.ndarray,
    signatures: np.ndarray,
    threshold: float,
    witness: np.ndarray,
    similarity: np.ndarray,
    contained: bool,
    standing: int,
    filled: np.ndarray,
    staying: np.ndarray,
    seen: np.ndarray,
    known: Known,
) -> int:
    """`settle` for some groups, in their order, where others were settled before.

    `filled` (int32[buckets], zeros at first) says how many of each bucket stay so far, `staying`
    which; `seen` (int32[groups], -1 at first) with whom a group was compared last.
    """
    exact, comparisons = addresses.size > 0, 0
    for group in groups:
        best, best_similarity = -1, 0.0
        for band in range(buckets.shape[1] if group >= standing else 0):
            bucket = buckets[group, band]
            if bucket < 0:
                continue
            for at in range(starts[bucket], starts[bucket] + filled[bucket]):
                other = staying[at]
                if seen[other] == group:
                    continue
                seen[other] = group
                comparisons += 1
                shared = np.int64(-1)
                if known.starts.size > 0:
                    shared = shared_by(known, group, other)
                if shared >= 0:
                    value = share(shared, sizes[group], sizes[other], contained)
                elif exact:
                    left = words_at(addresses[group], sizes[group])
                    right = words_at(addresses[other], sizes[other])
                    if contained:
                        value = containment(left, right, threshold)
                    else:
                        value = jaccard(left, right, threshold)
                else:
                    value = agreement(signatures, group, other)
                if value < threshold or value < best_similarity:
                    continue
                if value > best_similarity or other < best:
                    best, best_similarity = other, value
        witness[group] = best
        similarity[group] = best_similarity
        if best >= 0:
            continue
        for band in range(buckets.shape[1]):
            bucket = buckets[group, band]
            if bucket >= 0 and starts[bucket] + filled[bucket] < starts[bucket + 1]:
                staying[starts[bucket] + filled[bucket]] = group
                filled[bucket] += 1
    return comparisons


@jit
def shared_by(known: Known, group: int, other: int) -> int:
    """How many hashes two groups share; -1 if that is not known."""
    for at in range(known.starts[group], known.starts[group + 1]):
        if known.others[at] == other:
            return np.int64(known.shared[at])
    return np.int64(-1)


@jit
def share(shared: int, left: int, right: int, contained: bool) -> float:
    """The similarity of two sets of so many hashes: as `sets.jaccard` or `sets.containment`."""
    if not contained:
        return shared / (left + right - shared)
    smaller = min(left, right)
    return shared / smaller if smaller > 0 else 0.0


@jit
def unknown(
    buckets: np.ndarray,
    starts: np.ndarray,
    sizes: np.ndarray,
    threshold: float,
    contained: bool,
    known: Known,
) -> np.ndarray:
    """The pairs (int32[pairs, 2]: group, other before it) that `settle` would still look at.

    Pairs that are not known are taken for similar, as nearly all candidates are: of a bucket all
    are asked for with the first. What comes of them may make it ask for others.
    """
    filled = np.zeros(starts.size - 1, np.int32)
    staying = np.zeros(starts[starts.size - 1], np.int32)
    seen = np.full(buckets.shape[0], -1, np.int32)
    wanted, count = np.empty((1024, 2), np.int32), 0
    for group in range(buckets.shape[0]):
        goes = False
        for band in range(buckets.shape[1]):
            bucket = buckets[group, band]
            if bucket < 0:
                continue
            for at in range(starts[bucket], starts[bucket] + filled[bucket]):
                other = staying[at]
                if seen[other] == group:
                    continue
                seen[other] = group
                shared = shared_by(known, group, other)
                if shared >= 0:
                    value = share(shared, sizes[group], sizes[other], contained)
                    goes = goes or value >= threshold
                    continue
                goes = True
                if count == wanted.shape[0]:
                    longer = np.empty((2 * count, 2), np.int32)
                    longer[:count] = wanted
                    wanted = longer
                wanted[count, 0], wanted[count, 1] = group, other
                count += 1
        if goes:
            continue
        for band in range(buckets.shape[1]):
            bucket = buckets[group, band]
            if bucket >= 0 and starts[bucket] + filled[bucket] < starts[bucket + 1]:
                staying[starts[bucket] + filled[bucket]] = group
                filled[bucket] += 1
    return wanted[:count]


@jit
def gather(addresses: np.ndarray, sizes: np.ndarray, ends: np.ndarray, values: np.ndarray) -> None:
    """Copy the sets at some addresses one after another; set k goes to `ends[k]`."""
    for k in range(addresses.size):
        source = words_at(addresses[k], sizes[k])
        values[ends[k] : ends[k] + sizes[k]] = source


@jit
def agreement(signatures: np.ndarray, left: int, right: int) -> float:
    """The similarity that two signatures of one byte per hash estimate.

    One in 256 unequal minima agrees in its low byte by chance, which is taken off again
    (P. Li and A. König, "b-bit minwise hashing", 2010).
    """
    hashes = signatures.shape[1]
    same = 0
    for k in range(hashes):
        same += np.int64(signatures[left, k] == signatures[right, k])
    chance = 1.0 / 256.0
    return max(0.0, (same / hashes - chance) / (1.0 - chance))
