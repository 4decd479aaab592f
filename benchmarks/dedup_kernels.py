"""Deduplication kernels on one core: texts and megabytes per CPU second, in memory.

    python benchmarks/dedup_kernels.py [--size s] [--megabytes 64] [--rounds 5]

Texts of a benchmark corpus (benchmarks/corpus.py) are in memory and everything is compiled before
the clock starts. `Gperm/s` are (shingle, hash function) pairs; `minima alone` is the loop over
permutations on ready hashes in the first-level cache, the limit of what a signature can reach.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tamis.dedup.families import FAMILIES, Family, Sketched
from tamis.frame import Texts, text_buffers
from tamis.kernels import minhash
from tamis.kernels.content import hash_texts
from tamis.kernels.jit import jit
from tamis.kernels.links import link
from tamis.kernels.wide import LANES, lower_minima

DATA = Path(__file__).parent / "data"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--size", default="s")
    parser.add_argument("--megabytes", type=float, default=64)
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args()
    texts = load(chosen.size, chosen.megabytes)
    rate = minima_alone(chosen.rounds)
    print(f"{'minima alone':34} {rate / 1e9:31.1f} Gperm/s")
    tamis = FAMILIES["tamis"]
    for hashes in (128, 256):
        report(
            f"words 5, {hashes} hashes", texts, signing(texts, tamis, None, None, hashes), chosen
        )
    report("characters 5, 256 hashes", texts, signing(texts, tamis, "characters", 5, 256), chosen)
    for name in ("curator", "curator-64", "curator-documented"):
        report(
            f"{name}, 260 hashes", texts, signing(texts, FAMILIES[name], None, None, None), chosen
        )
    report("sets of shingles, words 5", texts, collecting(texts), chosen)
    report("128-bit content hash", texts, hashing(texts), chosen)
    linking(chosen.rounds)


def load(size: str, megabytes: float) -> Texts:
    """The first texts of a corpus."""
    files = sorted((DATA / size / "parquet").glob("*.parquet"))
    if not files:
        raise SystemExit(f"no corpus {size!r}: run python benchmarks/corpus.py --size {size}")
    column = pq.read_table(files, columns=["text"])["text"].combine_chunks()
    column = column.cast(pa.large_string())
    ends = text_buffers(column).offsets
    return text_buffers(column.slice(0, int(np.searchsorted(ends, megabytes * 1e6))))


def signing(
    texts: Texts, family: Family, unit: str | None, ngram: int | None, hashes: int | None
) -> Callable[[], int]:
    made = family.settle(unit, ngram, hashes, 42)
    bands, rows = made.cut or (made.hashes // 8, 8)

    def run() -> int:
        into = Sketched.empty(texts.valid.size, bands, 0)
        made.sign(texts, rows, into)
        return int(into.shingles.sum()) * made.hashes

    return run


def collecting(texts: Texts) -> Callable[[], int]:
    made = FAMILIES["tamis"].settle(None, None, None, 42)
    rows, ends = np.arange(texts.valid.size), np.zeros(texts.valid.size + 1, np.int64)

    def run() -> int:
        made.sets(texts, rows, ends)
        return 0

    return run


def hashing(texts: Texts) -> Callable[[], int]:
    low, high = np.empty((2, texts.valid.size), np.uint64)

    def run() -> int:
        hash_texts(texts.data, texts.offsets, low, high)
        return 0

    return run


def minima_alone(rounds: int) -> float:
    """Permutations per second over 512 hashes, again and again."""
    factors, terms = minhash.permutations(256, 42)
    hashes, minima = np.arange(512, dtype=np.uint32), np.full(256, 2**32 - 1, np.uint32)
    seconds = best(lambda: _again(hashes, factors, terms, minima, 2000), rounds)
    return 512 * 256 * 2000 / seconds


@jit
def _again(
    hashes: np.ndarray, factors: np.ndarray, terms: np.ndarray, minima: np.ndarray, times: int
) -> None:
    for _ in range(times):
        for at in range(0, minima.size, LANES):
            lower_minima(hashes, hashes.size, factors, terms, at, minima)


def linking(rounds: int) -> None:
    """Band tables and union-find: 500,000 rows, 16 bands, a third of the rows in pairs."""
    rows = 500_000
    generator = np.random.default_rng(0)
    columns = generator.integers(0, 2**63, (16, rows)).astype(np.uint64)
    columns[:, 1 : rows // 3 : 2] = columns[:, 0 : rows // 3 - 1 : 2]
    table, active = np.empty(1 << 20, np.int32), np.ones(rows, np.bool_)

    def run() -> None:
        parent = np.arange(rows, dtype=np.int32)
        for column in columns:
            link(column, active, table, parent)

    print(f"{'bands and components':34} {16 * rows / best(run, rounds) / 1e6:31.1f} M rows/s")


def report(name: str, texts: Texts, run: Callable[[], int], chosen: argparse.Namespace) -> None:
    work = run()
    seconds = best(run, chosen.rounds)
    count, size = texts.valid.size, int(texts.offsets[-1] - texts.offsets[0])
    print(
        f"{name:34} {count / seconds:10,.0f} texts/s {size / seconds / 1e6:9,.0f} MB/s "
        f"{work / seconds / 1e9:6.1f} Gperm/s",
        flush=True,
    )


def best(run: Callable[[], object], rounds: int) -> float:
    """CPU seconds of the quickest of several runs, after one that compiles."""
    run()
    found = []
    for _ in range(rounds):
        start = time.process_time()
        run()
        found.append(time.process_time() - start)
    return min(found)


if __name__ == "__main__":
    main()
