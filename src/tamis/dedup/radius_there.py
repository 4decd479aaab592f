"""Pairs of near hashes found on a card, by comparing all with all.

An index on the processor looks at some hundred others for each hash, whatever their number; a card
looks at all, a million times a million in about half a second. So it is asked where that is less.
"""

from __future__ import annotations

import os

import numpy as np

from tamis.array_device import Device
from tamis.dedup.blocks import plan
from tamis.dedup.card import on_host, tried
from tamis.kernels import cuda_radius
from tamis.kernels.cuda import per_item

LOOK = 1.5e-8  # seconds of a core for a comparison that an index makes (measured: 0.8 to 1.6)
RATE = 1e12  # pairs a second on a card; an estimate, of 32 bits counted in a clock by 16 units
START = 2.0  # seconds until a kernel is compiled
ROWS = 4096  # hashes that all later ones are compared with at a time
ROOM = 1 << 20  # pairs that there is room for at first


def cheaper(hashes: int, bits: int, radius: int, threads: int) -> bool:
    """Whether comparing all on a card is less than asking an index in so many threads."""
    asking = LOOK * hashes * plan(hashes, bits, radius).cost / threads
    return asking > START + hashes * hashes / 2 / RATE


def near_pairs(
    words: np.ndarray, radius: int, most: int, threads: int | None = None
) -> np.ndarray | None:
    """The pairs (int32[pairs, 2], the lower number first) within a radius, by the higher number.

    None where there is no card, it is not worth it, or there are more than `most`.
    """
    threads = threads or os.cpu_count() or 1
    if not cheaper(len(words), 64 * words.shape[1], radius, threads):
        return None
    size = words.nbytes + 64 * ROOM
    found = tried("the search for near hashes", size, lambda there: all_pairs(
        there, words, radius, most))  # fmt: skip
    return found if found is None or len(found) <= most else None


def all_pairs(there: Device, words: np.ndarray, radius: int, most: int) -> np.ndarray:
    """The pairs, or more than `most` of them, not all."""
    count, xp = len(words), there.xp
    hashes, room = there.put(words), min(ROOM, most + 1)
    into, made = xp.empty((room, 2), np.int32), xp.zeros(1, np.int64)
    found, total, start = [np.empty((0, 2), np.int32)], 0, 0
    while start < count and total <= most:
        stop = min(start + ROWS, count)
        made.fill(0)
        threads = count - start - 1
        per_item(cuda_radius.pairs, threads, hashes, start, stop, radius, into, made)
        some = int(made[0])
        if some > len(into):  # once more, with room for them
            if total + some > most:
                return np.empty((most + 1, 2), np.int32)
            into = xp.empty((2 * some, 2), np.int32)
            continue
        found.append(on_host(into[:some]).copy())
        total += some
        start = stop
    pairs = np.concatenate(found)
    return pairs[np.lexsort((pairs[:, 0], pairs[:, 1]))]


def nearest(
    held: np.ndarray, asked: np.ndarray, radius: int
) -> tuple[np.ndarray, np.ndarray] | None:
    """For each hash asked the nearest held (int32, -1: none) and its distance (int16), or None."""
    cost = plan(len(held), 64 * held.shape[1], radius).cost
    if LOOK * len(asked) * cost < START + len(held) * len(asked) / RATE:
        return None

    def work(there: Device) -> tuple[np.ndarray, np.ndarray]:
        witness, apart = (there.xp.zeros(len(asked), kind) for kind in (np.int32, np.int16))
        given = there.put(held), there.put(asked), radius, witness, apart
        per_item(cuda_radius.nearest, len(asked), *given)
        return on_host(witness), on_host(apart)

    return tried("the search for near hashes", held.nbytes + 2 * asked.nbytes, work)
