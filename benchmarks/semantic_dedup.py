"""Semantic deduplication of vectors that are there, tamis beside SemHash, judged by brute force.

    python benchmarks/semantic_dedup.py [--rows 50000] [--threshold 0.9] [--rounds 1]

384 numbers a vector, in groups; CPU seconds in the process, imports and reading not counted, one
core. `missed`: kept rows with an earlier kept row at the threshold; `unbacked`: removed rows
without a kept row at the threshold. Both by float64 products of all pairs.
"""

# ruff: noqa: E402  (threads are counted when numpy is imported)

from __future__ import annotations

import argparse
import os
import subprocess
import tempfile
import time
from pathlib import Path

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import measure
import numpy as np
import pandas as pd
import peers
import pyarrow as pa
from semantic import vectors

from tamis import SemanticDedup
from tamis.vectors import to_column

Kept = tuple[float, np.ndarray]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--threshold", type=float, default=0.9)
    parser.add_argument("--rounds", type=int, default=1)
    chosen = parser.parse_args()
    unit = vectors(chosen.rows, groups=max(1, chosen.rows * 3 // 10), noise=0.2, seed=2)
    clusters = max(1, round(chosen.rows**0.5))
    runs = {
        "tamis (all with all)": lambda: tamis(unit, chosen.threshold, 1),
        f"tamis ({clusters} clusters)": lambda: tamis(unit, chosen.threshold, clusters),
    }
    if peers.is_installed("semhash"):
        runs["semhash 0.5.0"] = lambda: semhash(unit, chosen.threshold)
    first = None
    print("| contender | CPU s | ÷ tamis | kept | missed | unbacked |\n|---|---|---|---|---|---|")
    for name, run in runs.items():
        found = [run() for _ in range(chosen.rounds)]
        spent, kept = min(seconds for seconds, _ in found), found[-1][1]
        first = first or spent
        missed, unbacked = judged(unit, kept, chosen.threshold)
        told = f"{spent:.2f} | {spent / first:.1f} | {len(kept):,} | {missed:,} | {unbacked:,}"
        print(f"| {name} | {told} |", flush=True)


def tamis(unit: np.ndarray, threshold: float, clusters: int) -> Kept:
    column = pa.chunked_array([to_column(unit)])
    frame = pd.DataFrame({
        "id": pd.array([str(k) for k in range(len(unit))], "string[pyarrow]"),
        "embedding": pd.array(column, dtype=pd.ArrowDtype(column.type)),
    })  # fmt: skip
    step = SemanticDedup(threshold=threshold, clusters=clusters, device="cpu")
    step(frame.head(200))  # compiles
    start = time.process_time()
    kept = step(frame).id
    return time.process_time() - start, kept.astype(int).to_numpy()


def semhash(unit: np.ndarray, threshold: float) -> Kept:
    script = Path(__file__).parent / "contenders" / "semantic_semhash.py"
    with tempfile.TemporaryDirectory() as folder:
        np.save(f"{folder}/in.npy", unit)
        command = [str(peers.python("semhash")), str(script), f"{folder}/in.npy", str(threshold)]
        told = subprocess.run(
            [*command, f"{folder}/out.npy"], env=measure.threads(1), check=True,
            capture_output=True, text=True,
        )  # fmt: skip
        return float(told.stdout.split()[0]), np.load(f"{folder}/out.npy")


def judged(unit: np.ndarray, kept: np.ndarray, threshold: float) -> tuple[int, int]:
    """Kept rows that have an earlier kept one at the threshold; removed ones that have none."""
    values = unit.astype(np.float64)
    values /= np.linalg.norm(values, axis=1, keepdims=True)
    stay, missed, unbacked = values[kept], 0, 0
    gone = np.setdiff1d(np.arange(len(unit)), kept)
    for start in range(0, len(kept), 1024):
        block = slice(start, start + 1024)
        near = values[kept[block]] @ stay[: start + 1024].T >= threshold
        missed += int(np.tril(near, start - 1).any(axis=1).sum())
    for start in range(0, len(gone), 1024):
        near = values[gone[start : start + 1024]] @ stay.T >= threshold
        unbacked += int((~near.any(axis=1)).sum())
    return missed, unbacked


if __name__ == "__main__":
    main()
