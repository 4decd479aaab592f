"""SimHash beside MinHash as a sketch: which similar pairs each would propose, and at what cost.

    python benchmarks/simhash.py [--size s] [--megabytes 8]

All pairs of the texts are compared: exact Jaccard similarity of word 5-grams, Hamming distance of
64-bit SimHash fingerprints of the same 5-grams, and the bands of FuzzyDedup's sketch. The cost is
that of one core on ready hashes (SimHash) and of the loop over permutations alone (MinHash).
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from dedup_kernels import load, minima_alone
from scipy.sparse import csr_array
from unit_kernels import as_frame

from tamis import FuzzyDedup
from tamis.kernels.jit import jit


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--size", default="s")
    parser.add_argument("--megabytes", type=float, default=8)
    chosen = parser.parse_args()
    frame = as_frame(load(chosen.size, chosen.megabytes))
    step = FuzzyDedup(threshold=0.8)
    sketch = step.sketch(frame)
    sets = step.evidence(frame, np.arange(len(frame)))["shingles"].combine_chunks()
    hashes, starts = np.asarray(sets.flatten()), np.asarray(sets.offsets)
    prints = np.zeros(len(frame), np.uint64)
    fingerprints(hashes, starts, prints)
    begin = time.thread_time()
    fingerprints(hashes, starts, prints)
    spent = time.thread_time() - begin
    left, right, jaccard = similar(hashes, starts)
    near = (jaccard >= 0.8) & (jaccard < 1)
    print(f"{len(frame)} texts, {len(hashes)} shingles, {near.sum()} pairs from 0.8 to below 1")
    print(f"SimHash {1e9 * spent / len(hashes):.1f} ns a shingle; 256 permutations at")
    print(f"{minima_alone(3) / 1e9:.1f} G/s are {256e9 / minima_alone(3):.1f} ns")
    bands = [name for name in sketch.column_names if name.startswith("band_")]
    keys = np.stack([sketch[name].to_numpy() for name in bands], axis=1)
    shared = (keys[left] == keys[right]).any(axis=1)
    print(f"{len(bands)} bands: {shared[near].mean():.2%} of these pairs proposed")
    distance = np.bitwise_count(prints[:, None] ^ prints[None, :])
    everyone = np.triu(np.ones(distance.shape, bool), 1)
    same = jaccard == 1
    everyone[left[same], right[same]] = False
    for most in (0, 3, 4, 6, 8, 10, 14):
        found = (distance[left[near], right[near]] <= most).mean()
        proposed = int(((distance <= most) & everyone).sum())
        right_ones = int((distance[left[near], right[near]] <= most).sum())
        print(
            f"distance up to {most:2}: {found:7.2%} of these pairs proposed, "
            f"{right_ones / max(proposed, 1):7.2%} of {proposed} proposals are such pairs"
        )


@jit
def fingerprints(hashes: np.ndarray, starts: np.ndarray, prints: np.ndarray) -> None:
    """The sign of the sum over shingles of each of 64 bits, as -1 and 1 (Charikar, 2002)."""
    sums = np.zeros(64, np.int32)
    for i in range(starts.size - 1):
        sums[:] = 0
        for k in range(starts[i], starts[i + 1]):
            value = hashes[k]
            for bit in range(64):
                sums[bit] += np.int32((value >> np.uint64(bit)) & np.uint64(1))
        made = np.uint64(0)
        for bit in range(64):
            if 2 * sums[bit] > starts[i + 1] - starts[i]:
                made |= np.uint64(1) << np.uint64(bit)
        prints[i] = made


def similar(hashes: np.ndarray, starts: np.ndarray) -> tuple[np.ndarray, ...]:
    """All pairs that share a shingle, and their Jaccard similarity."""
    _, columns = np.unique(hashes, return_inverse=True)
    sizes = np.diff(starts)
    matrix = csr_array((np.ones(len(hashes), np.int32), columns, starts))
    both = (matrix @ matrix.T).tocoo()
    upper = both.row < both.col
    left, right, common = both.row[upper], both.col[upper], both.data[upper]
    return left, right, common / (sizes[left] + sizes[right] - common)


if __name__ == "__main__":
    main()
