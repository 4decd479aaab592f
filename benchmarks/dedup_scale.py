"""Fuzzy deduplication of 10 thousand to a million short documents: is the cost per document flat?

    python benchmarks/dedup_scale.py [--sizes 10000 100000 1000000] [--rounds 3]

Documents of 20 to 60 words drawn from a Zipf-like vocabulary; one in ten is a near copy of another
(two words changed). Parquet to Parquet, lazily, on two threads. What a run costs whatever its size
(start-up) is taken from a run over 100 documents and shown beside the rest.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

import measure
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

HERE = Path(__file__).parent


def documents(count: int, seed: int = 3) -> pa.Table:
    """`id, text, source` of so many documents."""
    draw = np.random.default_rng(seed)
    vocabulary = np.array([f"w{k:05d}" for k in range(50_000)])
    sizes = draw.integers(20, 60, count)
    picks = (draw.random(int(sizes.sum())) ** 2 * len(vocabulary)).astype(np.int64)
    words = np.split(vocabulary[picks], np.cumsum(sizes)[:-1])
    for k in range(10, count, 10):
        copy = words[k - int(draw.integers(1, 10))].copy()
        copy[draw.integers(0, len(copy))] = "changed"
        words[k] = copy
    texts = [" ".join(part) for part in words]
    return pa.table(
        {
            "id": [f"{k:07d}" for k in range(count)],
            "text": pa.array(texts, pa.large_string()),
            "source": ["made"] * count,
        }
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    print("| documents | CPU s | less start-up, µs a document | wall s | peak MB |")
    print("|---|---|---|---|---|")
    start = 0.0
    for count in [100, *chosen.sizes]:
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch, "in")
            folder.mkdir()
            pq.write_table(documents(count), folder / "docs.parquet", row_group_size=50_000)
            command = [sys.executable, HERE / "contenders" / "fuzzy_tamis.py", "--input", folder]
            command += ["--output", Path(scratch, "out"), "--setting", "lazy"]
            runs = [measure.run(command, cores=(0, 1)) for _ in range(chosen.rounds)]
        if any(run.code for run in runs):
            raise SystemExit(runs[0].output)
        cpu = statistics.median(run.cpu for run in runs)
        wall = statistics.median(run.wall for run in runs)
        peak = max(run.peak_mb for run in runs)
        start = start or cpu
        each = (cpu - start) / count * 1e6
        print(f"| {count:,} | {cpu:.2f} | {each:.1f} | {wall:.2f} | {peak:,.0f} |", flush=True)


if __name__ == "__main__":
    main()
