"""Which of the proposed duplicates go: each is compared with records that stay, in order.

Groups (records of equal content) are numbered in the order in which they may stay. A group goes
when its similarity to a group that stays reaches the threshold, and only then; it is compared with
those that stay in its own buckets, at most the first few of each. So a bucket of a million costs a
million times as many, and whoever goes has a witness that stays.
"""

from __future__ import annotations

import numpy as np

from tamis.kernels.jit import jit
from tamis.kernels.sets import containment, jaccard
from tamis.kernels.wide import words_at


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
) -> int:
    """Fill `witness` (the group each group duplicates, -1 if it stays) and `similarity`.

    Gives the number of comparisons made.

    `buckets` (int32[groups, bands]) has the bucket of each group, -1 for none; the groups that stay
    in bucket n are noted from `starts[n]` to `starts[n + 1]`. Set g has `sizes[g]` sorted hashes
    at memory address `addresses[g]`; with no addresses, signatures (uint8[groups, hashes]) are
    compared instead. `contained`: similarity is containment, not that of Jaccard. The first
    `standing` groups are known to stay: they are noted, not compared.
    """
    filled = np.zeros(starts.size - 1, np.int32)
    staying = np.zeros(starts[starts.size - 1], np.int32)
    seen = np.full(buckets.shape[0], -1, np.int32)
    return settle_these(
        np.arange(buckets.shape[0]), buckets, starts, addresses, sizes, signatures, threshold,
        witness, similarity, contained, standing, filled, staying, seen,
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
                if exact:
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
