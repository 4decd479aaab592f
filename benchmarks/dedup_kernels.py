"""Deduplication kernels on one core: texts and megabytes per CPU second, in memory.

    python benchmarks/dedup_kernels.py [--size s] [--megabytes 64] [--rounds 5]

Texts of a benchmark corpus (benchmarks/corpus.py) are in memory and everything is compiled before
the clock starts. `Gperm/s` are (shingle, hash function) pairs; `minima alone` is the loop over
permutations on ready hashes in the first-level cache, the limit of what a signature can reach, and
`modulo alone` the same for the 64-bit family. `share` is that of the limit: of those two, or of the
rate at which the texts are read (NumPy's sum of their words). Daft, where its environment is there
(benchmarks/peers.py), signs the same texts in the same run, without the normalisation that tamis
does; its time includes the plan of a query of one column.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import measure
import numpy as np
import peers
import pyarrow as pa
import pyarrow.parquet as pq

from tamis.dedup.families import FAMILIES, Family, Sketched
from tamis.frame import Texts, text_buffers
from tamis.kernels import curator, minhash
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
    rate, wide = minima_alone(chosen.rounds), modulo_alone(chosen.rounds)
    print(f"{'minima alone':34} {rate / 1e9:31.1f} Gperm/s")
    print(f"{'modulo alone':34} {wide / 1e9:31.1f} Gperm/s")
    tamis = FAMILIES["tamis"]
    for hashes in (128, 256):
        name = f"words 5, {hashes} hashes"
        seconds = report(name, texts, signing(texts, tamis, None, None, hashes), chosen, rate)
        beside_daft(texts, hashes, chosen.rounds, seconds)
    report("characters 5, 256 hashes", texts, signing(texts, tamis, "characters", 5, 256), chosen)
    for name, limit in (("curator", rate), ("curator-64", wide), ("curator-documented", None)):
        run = signing(texts, FAMILIES[name], None, None, None)
        report(f"{name}, 260 hashes", texts, run, chosen, limit)
    report("sets of shingles, words 5", texts, collecting(texts), chosen)
    read = reading(texts)
    size = int(texts.offsets[-1] - texts.offsets[0])
    print(f"{'reading the texts':34} {size / best(read, chosen.rounds) / 1e6:26,.0f} MB/s")
    seconds = report("128-bit content hash", texts, hashing(texts), chosen)
    print(f"{'':34} {best(read, chosen.rounds) / seconds:25.0%} of reading")
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


def reading(texts: Texts) -> Callable[[], int]:
    words = texts.data[: texts.data.size // 8 * 8].view(np.uint64)
    words = words[int(texts.offsets[0]) // 8 : int(texts.offsets[-1]) // 8]
    return lambda: int(words.sum())


def beside_daft(texts: Texts, hashes: int, rounds: int, seconds: float) -> None:
    """Daft's CPU seconds on the same texts, in its own environment and on one core."""
    if not peers.is_installed("daft"):
        print(f"{'  Daft':34} not installed (python benchmarks/peers.py daft)")
        return
    with tempfile.TemporaryDirectory() as folder:
        column = pa.LargeStringArray.from_buffers(
            len(texts.valid), pa.py_buffer(texts.offsets), pa.py_buffer(texts.data)
        )
        table = pa.table({"text": column})
        with pa.ipc.new_file(f"{folder}/texts.arrow", table.schema) as writer:
            writer.write_table(table)
        script = Path(__file__).parent / "contenders" / "kernel_daft.py"
        command = [str(peers.python("daft")), str(script), f"{folder}/texts.arrow"]
        told = subprocess.run(
            [*command, str(hashes), str(rounds)], env=measure.threads(1), check=True,
            capture_output=True, text=True,
        )  # fmt: skip
    theirs = float(told.stdout.split()[-1])
    print(f"{'  Daft':34} {len(texts.valid) / theirs:10,.0f} texts/s {theirs / seconds:9.1f} x")


def minima_alone(rounds: int) -> float:
    """Permutations per second over 512 hashes, again and again."""
    factors, terms = minhash.permutations(256, 42)
    hashes, minima = np.arange(512, dtype=np.uint32), np.full(256, 2**32 - 1, np.uint32)
    seconds = best(lambda: _again(hashes, factors, terms, minima, 2000), rounds)
    return 512 * 256 * 2000 / seconds


def modulo_alone(rounds: int) -> float:
    """Permutations per second of the 64-bit family over 512 hashes, again and again."""
    factors, terms = curator.permutations(260, 42, 64)
    hashes = np.random.default_rng(0).integers(0, 2**63, 512).astype(np.uint64)
    minima = np.full(260, 2**61 - 1, np.uint64)
    seconds = best(lambda: _modulo_again(hashes, factors, terms, minima, 400), rounds)
    return 512 * 260 * 400 / seconds


@jit
def _modulo_again(
    hashes: np.ndarray, factors: np.ndarray, terms: np.ndarray, minima: np.ndarray, times: int
) -> None:
    for _ in range(times):
        for p in range(factors.size):
            minima[p] = curator.lowest64(hashes, factors[p], terms[p], minima[p])


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


def report(
    name: str, texts: Texts, run: Callable[[], int], chosen: argparse.Namespace,
    limit: float | None = None,
) -> float:  # fmt: skip
    """Print the rates of a kernel, and the share of its limit; its CPU seconds."""
    work = run()
    seconds = best(run, chosen.rounds)
    count, size = texts.valid.size, int(texts.offsets[-1] - texts.offsets[0])
    print(
        f"{name:34} {count / seconds:10,.0f} texts/s {size / seconds / 1e6:9,.0f} MB/s "
        f"{work / seconds / 1e9:6.1f} Gperm/s"
        + (f" {work / seconds / limit:5.0%} share" if limit else ""),
        flush=True,
    )
    return seconds


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
