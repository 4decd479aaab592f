"""Semantic deduplication on a card: the same records kept, and time for ten million vectors.

    PYTHONPATH=src python benchmarks/gpu/semantic.py [--rows 10000000] [--small 100000]

First a corpus of `--small` vectors is deduplicated on the card and on the processor, and the ids
kept are compared. Then vectors of 384 numbers are made on the card, in groups, with near copies;
k-means is fitted to a sample as the step does, all vectors are assigned to their two nearest
clusters, and compared within them. Times are given with the share of the products' own limit: what
a large float16 product reaches on this card.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import torch

from tamis.dedup import kmeans
from tamis.dedup.cuda import Cuda, Resident
from tamis.dedup.near import Search
from tamis.dedup.semantic import SemanticDedup
from tamis.vectors import to_column

WIDTH = 384


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--small", type=int, default=100_000)
    chosen = parser.parse_args()
    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}", flush=True)
    same(chosen.small)
    large(chosen.rows)


def same(count: int) -> None:
    """The ids kept on the card and on the processor."""
    generator = np.random.default_rng(0)
    centres = generator.standard_normal((count // 20, WIDTH), np.float32)
    spread = generator.choice(np.float32([0.1, 0.3, 0.6, 1.0]), (count, 1))
    values = centres[generator.integers(0, len(centres), count)]
    values += spread * generator.standard_normal((count, WIDTH), np.float32)
    column = pa.chunked_array([to_column(values)])
    frame = pd.DataFrame(
        {
            "id": pd.array([f"r{k}" for k in range(count)], pd.StringDtype("pyarrow")),
            "embedding": pd.array(column, dtype=pd.ArrowDtype(column.type)),
        }
    )
    for keep in ("first", "hard"):
        found, seconds = {}, {}
        for device in ("cuda", "cpu"):
            step = SemanticDedup(threshold=0.9, keep=keep, device=device)
            start = time.perf_counter()
            proposal = step.propose([step.sketch(frame)])
            seconds[device] = time.perf_counter() - start
            found[device] = proposal.verdicts.to_pandas()
            products = proposal.stored["pairs"].schema.metadata[b"products"].decode()
            print(f"  {device} ({products}): {seconds[device]:.2f} s", flush=True)
        one, other = found["cuda"], found["cpu"]
        equal = one.drop(columns="similarity").equals(other.drop(columns="similarity"))
        gone = int((~one.keep).sum())
        worst = np.nanmax(np.abs(one.similarity - other.similarity)) if equal else np.nan
        print(f"keep={keep!r}: {gone:,} of {count:,} go; same verdicts: {equal}; "
              f"similarities differ by at most {worst:.1e}", flush=True)  # fmt: skip


def large(count: int) -> None:
    """K-means, assignment and comparison of vectors that are made on the card."""
    limit = peak()
    print(f"float16 product of 8192 x 8192 x 8192: {limit / 1e12:.0f} Tflop/s", flush=True)
    products = Cuda("cuda")
    values, seconds = timed(lambda: made(count))
    print(f"{count:,} vectors made in {seconds:.2f} s", flush=True)
    lengths = torch.empty(count, dtype=torch.float64, device="cuda")
    for start in range(0, count, 1 << 18):
        rows = slice(start, start + (1 << 18))
        lengths[rows] = values[rows].double().pow(2).sum(dim=1).sqrt()
    products.resident = Resident(values, lengths)
    clusters = kmeans.choose_clusters(count)
    size = min(count, kmeans.PER_CENTRE * clusters)
    sample = products.resident.units(slice(0, size)).cpu().numpy()
    kmeans.fit(sample[:20_000], 100, 2, products)  # libraries loaded
    fitted, seconds = timed(lambda: kmeans.fit(sample, clusters, 10, products, settled=0.0))
    work = 2 * size * clusters * WIDTH * fitted.iterations
    tell(f"k-means, {clusters:,} clusters, {size:,} rows, {fitted.iterations} iterations, "
         f"mean cosine {fitted.similarity:.4f}", seconds, work, limit)  # fmt: skip
    there = products.prepare(fitted.centres)
    _, seconds = timed(
        lambda: products.nearest_there(products.resident.units, count, there, 1, exactly=False)
    )
    tell(f"one assignment of all {count:,}", seconds, 2 * count * clusters * WIDTH, limit)
    (nearest, _), seconds = timed(
        lambda: products.nearest_there(products.resident.units, count, there, 2)
    )
    tell("the two nearest of each, exactly", seconds, 2 * count * clusters * WIDTH, limit)
    near = nearest.cpu().numpy()
    sizes = np.bincount(near[:, 0], minlength=clusters).astype(np.float64)
    visits = np.bincount(near[:, 1], minlength=clusters)
    held: Any = Held(count)
    search, prepared = timed(
        lambda: Search(held, np.arange(count), near, clusters, 0.95, 0.9, products)
    )
    found, seconds = timed(search.run)
    tell(f"within clusters ({len(found.pairs):,} pairs from 0.9; "
         f"{int((found.witness >= 0).sum()):,} records go; lists {prepared:.1f} s)",
         seconds, 2 * float((sizes * (sizes / 2 + visits / 2)).sum()) * WIDTH, limit)  # fmt: skip


class Held:
    """What a search asks of vectors that lie on the card."""

    width = WIDTH

    def __init__(self, count: int) -> None:
        self.count = count


def made(count: int) -> torch.Tensor:
    """Vectors around a hundredth as many directions; a fifth are near copies of others."""
    torch.manual_seed(0)
    centres = torch.randn((max(1, count // 100), WIDTH), device="cuda")
    found = torch.empty((count, WIDTH), device="cuda")
    step = 1 << 18
    for start in range(0, count, step):
        rows = slice(start, min(start + step, count))
        size = rows.stop - rows.start
        which = torch.randint(len(centres), (size,), device="cuda")
        found[rows] = centres[which] + torch.randn((size, WIDTH), device="cuda")
        copies = torch.randint(start, rows.stop, (size // 5,), device="cuda")
        targets = torch.randperm(size, device="cuda")[: len(copies)] + start
        noise = torch.randn((len(copies), WIDTH), device="cuda")
        found[targets] = found[copies] + 0.3 * noise
    return found


def peak() -> float:
    """Operations a second of a large float16 product."""
    one = torch.randn((8192, 8192), device="cuda").half()
    _, _ = timed(lambda: one @ one)
    _, seconds = timed(lambda: [one @ one for _ in range(20)])
    return 20 * 2 * 8192**3 / seconds


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """What came of it, and seconds until the card had done it."""
    torch.cuda.synchronize()
    start = time.perf_counter()
    found = work()
    torch.cuda.synchronize()
    return found, time.perf_counter() - start


def tell(what: str, seconds: float, work: float, limit: float) -> None:
    rate = work / seconds
    print(f"{what}: {seconds:.2f} s, {rate / 1e12:.1f} Tflop/s, {rate / limit:.1%} of the limit",
          flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
