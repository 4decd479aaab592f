"""A shuffle of all rows beside Dask's own, on the same texts: CPU, wall, memory.

    python benchmarks/text/shuffle.py [--megabytes 600] [--partitions 24] [--rounds 2]

Texts are those of the demo's crawl, repeated, as Parquet; each contender reads them, puts them in
random order, and writes Parquet, in a process of its own, on two threads. Dask: a column of random
numbers, `shuffle` on it (by its disk method, which bounds memory, and by tasks), and each partition
sorted: rows of a partition are mixed, and which rows share one is random, as with tamis; what it
gives depends on the partitions. Peak is that of the process's resident memory.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import dask
import numpy as np
import pandas as pd


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--megabytes", type=float, default=600)
    parser.add_argument("--partitions", type=int, default=24)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--one", nargs=3, metavar=("CONTENDER", "INPUT", "OUTPUT"))
    chosen = parser.parse_args()
    if chosen.one:
        one(*chosen.one)
        return
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "in"
        rows, size = make(source, chosen.megabytes, chosen.partitions)
        print(f"{rows:,} rows, {size / 1e6:.0f} MB of text, {chosen.partitions} partitions")
        found: dict[str, list[dict[str, float]]] = {}
        for _ in range(chosen.rounds):
            for name in CONTENDERS:
                out = Path(folder) / "out"
                command = [sys.executable, __file__, "--one", name, str(source), str(out)]
                done = subprocess.run(command, capture_output=True, text=True, check=True)
                found.setdefault(name, []).append(json.loads(done.stdout.splitlines()[-1]))
                shutil.rmtree(out)
        print("| | CPU s | wall s | peak MB | rows |\n|---|---|---|---|---|")
        for name, runs in found.items():
            cpu, wall, peak = (
                statistics.median(run[key] for run in runs) for key in ("cpu", "wall", "peak")
            )
            print(f"| {name} | {cpu:.1f} | {wall:.1f} | {peak:.0f} | {runs[0]['rows']:,.0f} |")


def make(folder: Path, megabytes: float, partitions: int) -> tuple[int, int]:
    """The input: its rows, and bytes of text."""
    import tamis

    texts = [t for t in tamis.datasets.demo().compute()["text"].tolist() if isinstance(t, str)]
    folder.mkdir()
    each, count, size = megabytes * 1e6 / partitions, 0, 0
    for part in range(partitions):
        held: list[str] = []
        used = 0
        while used < each:
            text = texts[(count + len(held)) % len(texts)]
            held.append(text)
            used += len(text.encode())
        ids = [f"r{count + k:08d}" for k in range(len(held))]
        pd.DataFrame({"id": ids, "text": held}).to_parquet(folder / f"{part:03d}.parquet")
        count, size = count + len(held), size + used
    return count, size


def one(name: str, source: str, out: str) -> None:
    """Run a contender, and say what it took."""
    start = time.perf_counter()
    with dask.config.set(scheduler="threads", num_workers=2):
        CONTENDERS[name](source, out)
    usage = resource.getrusage(resource.RUSAGE_SELF)
    rows = sum(len(pd.read_parquet(path, columns=["id"])) for path in Path(out).glob("*.parquet"))
    told = {
        "wall": time.perf_counter() - start, "cpu": usage.ru_utime + usage.ru_stime,
        "peak": usage.ru_maxrss / 1024, "rows": rows,
    }  # fmt: skip
    print(json.dumps(told))


def tamis_shuffle(source: str, out: str) -> None:
    import tamis

    frame = tamis.read_parquet(source, block_size="24MB")
    tamis.write_parquet(tamis.sets.shuffle(frame, seed=1), out)


def dask_shuffle(method: str, source: str, out: str) -> None:
    import dask.dataframe as dd

    def numbered(part: pd.DataFrame) -> pd.DataFrame:
        return part.assign(key=np.random.default_rng(len(part)).random(len(part)))

    frame = dd.read_parquet(source, split_row_groups=False).map_partitions(numbered)
    mixed = frame.shuffle("key", shuffle_method=method)
    mixed = mixed.map_partitions(lambda part: part.sort_values("key").drop(columns="key"))
    mixed.to_parquet(out, write_index=False, compression="zstd")


CONTENDERS = {
    "tamis.sets.shuffle": tamis_shuffle,
    "Dask, disk": lambda source, out: dask_shuffle("disk", source, out),
    "Dask, tasks": lambda source, out: dask_shuffle("tasks", source, out),
}

if __name__ == "__main__":
    main()
