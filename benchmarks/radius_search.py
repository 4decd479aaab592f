"""All pairs of binary hashes within a Hamming radius: tamis, brute force, FAISS.

    python benchmarks/radius_search.py [--hashes 1000000] [--bits 64] [--radius 4] [--rounds 3]

One thread each; CPU seconds, best of the rounds. Nine tenths of the hashes are random, a tenth are
copies of others with up to 8 bits flipped, as re-encoded pictures give. Brute force (NumPy: XOR and
bitwise_count of one hash with all later ones) is timed on evenly spaced rows and extrapolated.
FAISS's IndexBinaryMultiHash takes part where it is installed, with settings that are exact
(`nflip` bits flipped in each of `nhash` substrings), on as many of the hashes as queries as the
time allows, and extrapolated. All that was found is compared.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np

from tamis.dedup import PerceptualDedup
from tamis.dedup.radius import as_words, index_of, within_radius
from tamis.kernels import radius as kernels


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--hashes", type=int, default=1_000_000)
    parser.add_argument("--bits", type=int, default=64)
    parser.add_argument("--radius", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--queries", type=int, default=20_000)
    chosen = parser.parse_args()
    table = hashes(chosen.hashes, chosen.bits // 8)
    within_radius(table[:2000], chosen.radius)  # compiled
    words = as_words(np.unique(table, axis=0))
    spent, found = min(
        (pairs(words, chosen.radius) for _ in range(chosen.rounds)), key=lambda pair: pair[0]
    )
    print(f"{len(words):,} different hashes of {chosen.bits} bits, radius {chosen.radius}")
    print(f"{'tamis, all pairs':34} {spent:10.2f} s {len(found):12,} pairs")
    kept = min(survivors(words, chosen.radius) for _ in range(chosen.rounds))
    print(f"{'tamis, who stays':34} {kept:10.2f} s")
    print(f"{'PerceptualDedup on a frame':34} {whole(table, chosen.radius):10.2f} s")
    brute, checked = min(
        (brute_force(words, chosen.radius) for _ in range(chosen.rounds)), key=lambda pair: pair[0]
    )
    mine = {tuple(pair) for pair in found.tolist()}
    assert all(pair in mine for pair in checked), "a pair was missed"
    print(f"{'NumPy brute force, extrapolated':34} {brute:10.1f} s {brute / spent:11.0f}x")
    for name, seconds, agree in multi_hash(words, chosen.radius, chosen.queries, mine):
        print(f"{name:34} {seconds:10.1f} s {seconds / spent:11.1f}x{'' if agree else '  DIFFERS'}")


def hashes(count: int, width: int) -> np.ndarray:
    """uint8[count, width]."""
    rng = np.random.default_rng(0)
    table = rng.integers(0, 256, (count, width), np.uint8)
    copies = rng.choice(count, count // 10, replace=False)
    table[copies] = table[rng.integers(0, count, copies.size)]
    for _ in range(8):
        bits = rng.integers(0, 8 * width, copies.size)
        flipped = rng.integers(0, 2, copies.size).astype(np.uint8)
        table[copies, bits // 8] ^= flipped << (bits % 8).astype(np.uint8)
    return table


def pairs(words: np.ndarray, radius: int) -> tuple[float, np.ndarray]:
    """Every pair, in one thread."""
    started = time.thread_time()
    index = index_of(words, radius)
    kernels.enter(index, words)
    found = kernels.pairs(index, words, 0, len(words), radius, 10**9)
    return time.thread_time() - started, found


def survivors(words: np.ndarray, radius: int) -> float:
    """Who stays, of hashes in the order they have."""
    witness, apart = np.empty(len(words), np.int32), np.empty(len(words), np.int16)
    started = time.thread_time()
    kernels.settle(index_of(words, radius), words, radius, witness, apart)
    return time.thread_time() - started


def whole(table: np.ndarray, radius: int) -> float:
    """The step with all that belongs to it: ids, sketches, verdicts."""
    import pandas as pd

    ids = pd.array([f"image-{k}" for k in range(len(table))], pd.StringDtype("pyarrow"))
    frame = pd.DataFrame({"id": ids, "phash": [bytes(row) for row in table]})
    started = time.process_time()
    PerceptualDedup(radius=radius)(frame)
    return time.process_time() - started


def brute_force(words: np.ndarray, radius: int) -> tuple[float, list[tuple[int, int]]]:
    """Seconds for all rows, by those of 200 evenly spaced ones; and their pairs."""
    rows = np.linspace(0, len(words) - 2, 200).astype(int)
    found = []
    started = time.thread_time()
    for row in rows.tolist():
        apart = np.bitwise_count(words[row + 1 :] ^ words[row])
        near = np.flatnonzero((apart.sum(axis=1) if words.shape[1] > 1 else apart[:, 0]) <= radius)
        found += [(row, row + 1 + int(k)) for k in near]
    spent = time.thread_time() - started
    compared = (len(words) - 1 - rows).sum()
    return spent * (len(words) * (len(words) - 1) / 2) / compared, found


def multi_hash(words: np.ndarray, radius: int, queries: int, mine: set[tuple[int, int]]) -> Any:
    """FAISS in its exact settings: seconds for all hashes, and whether it found the same."""
    try:
        import faiss
    except ImportError:
        return
    faiss.omp_set_num_threads(1)
    codes = np.ascontiguousarray(words).view(np.uint8)
    bits = 8 * codes.shape[1]
    of: dict[int, set[int]] = {}
    for one, other in mine:
        of.setdefault(one, set()).add(other)
        of.setdefault(other, set()).add(one)
    asked = np.linspace(0, len(codes) - 1, queries).astype(int)
    for blocks in range(1, radius + 2):
        width = min(bits // blocks, 24)
        if width < 12 or radius // blocks > 2:
            continue
        index = faiss.IndexBinaryMultiHash(bits, blocks, width)
        index.nflip = radius // blocks
        started = time.thread_time()
        index.add(codes)
        built = time.thread_time() - started
        started = time.thread_time()
        limits, _, labels = index.range_search(codes[asked], radius + 1)
        spent = (time.thread_time() - started) * len(codes) / queries
        agree = all(
            {int(k) for k in labels[limits[q] : limits[q + 1]]} - {int(row)} == of.get(row, set())
            for q, row in enumerate(asked.tolist())
        )
        yield (
            f"FAISS multi-hash, {blocks} x {width} bits, {index.nflip} flips",
            built + spent,
            agree,
        )


if __name__ == "__main__":
    main()
