"""What deduplication does beside signatures: on a card, and on the processor, the same work.

    PYTHONPATH=src python benchmarks/gpu/comparisons.py [--rows 20000000] [--pairs 400000]
        [--megabytes 400] [--hashes 1000000]

Lines give the rate of the card with all copies there and back, that of the processor (`cores`: all
of them, where tamis uses all; else one, as it does), the ratio, and whether all results are equal.
Kernels are compiled before the clock starts, and the first line says how long that took.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa

from tamis import FuzzyDedup, array_device, datasets
from tamis.dedup import card, content, equal_keys, radius, radius_there, sets_there, shared
from tamis.frame import text_buffers
from tamis.kernels import radius as kernels
from tamis.kernels.content import hash_texts
from tamis.kernels.survivors import gather, settle

CORES = os.cpu_count() or 1
WORDS = 400  # shingles of a set: a text of two to three kilobytes


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=20_000_000)
    parser.add_argument("--pairs", type=int, default=400_000)
    parser.add_argument("--megabytes", type=int, default=400)
    parser.add_argument("--hashes", type=int, default=1_000_000)
    chosen = parser.parse_args()
    there = card.device()
    if there is None:
        raise SystemExit("no card, or no CuPy")
    start = time.perf_counter()
    parts = grouping, verification, near, texts
    for part, size in zip(parts, (1000, 100, 500, 1), strict=True):
        part(there, size, quiet=True)
    print(f"kernels compiled and libraries loaded in {time.perf_counter() - start:.1f} s; "
          f"{CORES} cores", flush=True)  # fmt: skip
    sizes = chosen.rows, chosen.pairs, chosen.hashes, chosen.megabytes
    for part, size in zip(parts, sizes, strict=True):
        part(there, size)


def grouping(there: array_device.Device, rows: int, quiet: bool = False) -> None:
    """Bands, components and buckets: 8 bands, a third of the rows in pairs."""
    generator = np.random.default_rng(0)
    bands = generator.integers(0, 2**63, (8, rows)).astype(np.uint64)
    bands[:, 1 : rows // 3 : 2] = bands[:, 0 : rows // 3 - 1 : 2]
    active, first = np.ones(rows, np.bool_), np.arange(rows, dtype=np.int32)
    one, other = equal_keys.Card(there), equal_keys.Processor(rows)
    tell("bands and components", "M keys/s", 8 * rows / 1e6, lambda k: k.joined(
        first, bands, active), one, other, "one core", quiet)  # fmt: skip
    tell("content (128 bits)", "M rows/s", rows / 1e6, lambda k: k.first_equal(
        bands[0], bands[1], active), one, other, "one core", quiet)  # fmt: skip
    tell("buckets", "M keys/s", rows / 1e6, lambda k: k.buckets(
        bands[2], 0), one, other, "one core", quiet)  # fmt: skip


def verification(there: array_device.Device, pairs: int, quiet: bool = False) -> None:
    """Clusters of four, compared with the first: pairs of sets that share most of their hashes."""
    generator, clusters = np.random.default_rng(1), max(1, pairs // 3)
    base = generator.integers(0, 2**63, (clusters, 1, WORDS)).astype(np.uint64)
    sets = np.repeat(base, 4, axis=1)
    sets[:, 1:, : WORDS // 10] = generator.integers(0, 2**63, (clusters, 3, WORDS // 10))
    sets = np.sort(sets.reshape(-1, WORDS), axis=1)
    count = len(sets)
    matrix = np.repeat(np.arange(clusters, dtype=np.int32), 4)[:, None]
    starts = np.arange(clusters + 1, dtype=np.int64) * 4
    addresses = (np.arange(count, dtype=np.uint64) * np.uint64(8 * WORDS)) + np.uint64(
        sets.__array_interface__["data"][0]
    )
    sizes = np.full(count, WORDS, np.int64)

    class Proposal:
        buckets, contested = matrix, np.arange(count)

    Proposal.starts = starts  # type: ignore[attr-defined]

    def settled(known: Callable[[], Any] | None) -> Any:
        found = shared.nothing() if known is None else known()
        witness, similarity = np.full(count, -1, np.int32), np.zeros(count)
        settle(matrix, starts, addresses, sizes, np.zeros((count, 0), np.uint8), 0.8, witness,
               similarity, False, 0, found)  # fmt: skip
        return witness, similarity

    def counted() -> Any:
        return shared.counted(there, Proposal, addresses, sizes, 0.8, False)  # type: ignore[arg-type]

    tell("verification, settled", "M pairs/s", 3 * clusters / 1e6, settled, counted, None,
         "one core", quiet)  # fmt: skip
    into = np.empty(count * WORDS, np.uint64)
    ends = np.arange(count + 1) * WORDS
    gather(addresses, sizes, ends, into)
    _, seconds = timed(lambda: gather(addresses, sizes, ends, into))
    if not quiet:
        print(f"  of which sets put in a row: {seconds:.3f} s", flush=True)


def near(there: array_device.Device, count: int, quiet: bool = False) -> None:
    """Hashes of 64 bits, a tenth near others: all pairs, and who stays."""
    generator = np.random.default_rng(2)
    words = generator.integers(0, 2**63, (count, 1)).astype(np.uint64)
    some = count // 10
    flips = np.uint64(1) << generator.integers(0, 63, (some, 1)).astype(np.uint64)
    words[-some:] = words[:some] ^ flips
    words = np.unique(words, axis=0)[generator.permutation(len(np.unique(words, axis=0)))]
    for reach in (4, 8):

        def pairs(where: array_device.Device | None, reach: int = reach) -> Any:
            if where is not None:
                return radius_there.all_pairs(where, words, reach, 10**8)
            index = radius.index_of(words, reach)
            kernels.enter(index, words)
            cuts = [len(words) * k // (4 * CORES) for k in range(4 * CORES + 1)]
            with ThreadPoolExecutor(CORES) as pool:
                found = list(pool.map(
                    lambda cut: kernels.pairs(index, words, *cut, reach, 10**8), pairwise(cuts)
                ))  # fmt: skip
            made = np.concatenate(found)
            return made[np.lexsort((made[:, 0], made[:, 1]))]

        tell(f"pairs within {reach} of 64 bits", "M hashes/s", len(words) / 1e6, pairs, there, None,
             "all cores", quiet)  # fmt: skip


def texts(there: array_device.Device, megabytes: int, quiet: bool = False) -> None:
    """Texts of a cuDF column: content hashes, and sets of shingles."""
    import cudf

    pages = datasets.demo().compute()["text"].dropna().tolist()
    size = sum(len(text.encode()) for text in pages)
    array = pa.array(pages * max(1, megabytes * 1_000_000 // size), pa.large_string())
    series, buffers = cudf.Series(array), text_buffers(array)
    megabytes_there = (buffers.offsets[-1] - buffers.offsets[0]) / 1e6
    count = len(array)
    cuts = [count * k // (4 * CORES) for k in range(4 * CORES + 1)]

    def hashed(where: array_device.Device | None) -> Any:
        if where is not None:
            return content.of_device(series, where)[:2]
        found = np.zeros((2, count), np.uint64)

        def some(cut: tuple[int, int]) -> None:
            low, high = cut
            own = buffers.offsets[low : high + 1]
            hash_texts(buffers.data, own, found[0, low:high], found[1, low:high])

        with ThreadPoolExecutor(CORES) as pool:
            list(pool.map(some, pairwise(cuts)))
        return found[0], found[1]

    tell("content of texts there", "GB/s", megabytes_there / 1e3, hashed, there, None, "all cores",
         quiet)  # fmt: skip
    step = FuzzyDedup()

    def sets(where: array_device.Device | None) -> Any:
        if where is not None:
            made = sets_there.evidence(step.scheme, series, np.arange(count), where)
            return (np.asarray(made["shingles"].combine_chunks().flatten()),)

        def some(cut: tuple[int, int]) -> np.ndarray:
            ends = np.zeros(cut[1] - cut[0] + 1, np.int64)
            return step.scheme.sets(buffers, np.arange(*cut), ends)

        with ThreadPoolExecutor(CORES) as pool:
            return (np.concatenate(list(pool.map(some, pairwise(cuts)))),)

    tell("sets of shingles of texts there", "MB/s", megabytes_there, sets, there, None, "all cores",
         quiet)  # fmt: skip


def tell(
    what: str, unit: str, work: float, run: Callable[[Any], Any], one: Any, other: Any, cores: str,
    quiet: bool,
) -> None:  # fmt: skip
    """Both rates, the ratio, and whether the results are equal."""
    if quiet:
        run(one)
        run(other)
        return
    found, fast = timed(lambda: run(one))
    wanted, slow = timed(lambda: run(other))
    if not isinstance(found, tuple):
        found, wanted = (found,), (wanted,)
    equal = all(np.array_equal(a, b) for a, b in zip(found, wanted, strict=True))
    print(f"{what:34} {work / fast:10,.1f} {unit} on the card, {work / slow:10,.1f} on {cores}, "
          f"{slow / fast:6.1f} times; equal: {equal}", flush=True)  # fmt: skip


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """What came of it, and the seconds of the quicker of two; results lie in the host's memory."""
    best = np.inf
    for _ in range(2):
        start = time.perf_counter()
        found = work()
        best = min(best, time.perf_counter() - start)
    return found, best


if __name__ == "__main__":
    main()
