"""Comparison of sketches in memory and beyond it: rows per CPU second, peak memory.

    python benchmarks/dedup_beyond_memory.py [--rows 1000000] [--partitions 16] [--rounds 3]

First grouping and components alone, in memory: 8 million keys (500,000 rows in 16 bands) through
hash tables and union-find, and the same keys through the exchange's dealing out, grouping and
union-find. Then whole comparisons of made-up sketches, each in a process of its own: 32 bands and
signatures of 64 bytes; a third of the records have a near copy. Both ways must give one table of
verdicts. CPU seconds are those of the process, peak memory its largest resident set above what it
had when it began (memory-mapped files count while they are looked at).
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import tempfile
import threading
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import dask
import numpy as np
import psutil
import pyarrow as pa

from tamis import FuzzyDedup
from tamis.dedup.components import lowest_rows
from tamis.io.store import Store
from tamis.kernels.exchange import deal
from tamis.kernels.links import first_equal, link, roots
from tamis.progress import Progress
from tamis.shuffle import deduplicate
from tamis.stages import Layout, Record, read_table, write_table

BANDS = 32


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--partitions", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    grouping(chosen.rounds)
    with tempfile.TemporaryDirectory() as folder:
        counts = made(folder, chosen.rows, chosen.partitions)
        found = {
            name: alone(compare, folder, counts, memory, f"{name}.json")
            for name, memory in (
                ("in memory", 2**40),
                ("beyond, union-find", 32 * chosen.rows),
                ("beyond, stars", 15 * chosen.rows),
            )
        }
        store = layout_of(folder).store
        tables = [
            read_table(store, result["verdicts"]).combine_chunks() for result in found.values()
        ]
        assert all(table.equals(tables[0]) for table in tables)
    for name, result in found.items():
        print(
            f"{name:34} {result['cpu']:8.1f} CPU s {result['wall']:8.1f} s "
            f"{result['peak'] / 2**20:8,.0f} MiB, {result['dropped']:,} dropped"
        )


def grouping(rounds: int) -> None:
    """Keys per CPU second on one core: 500,000 rows, 16 bands, a third of the rows in pairs."""
    rows, blocks = 500_000, 16
    generator = np.random.default_rng(0)
    columns = generator.integers(0, 2**64, (16, rows), dtype=np.uint64)
    columns[:, 1 : rows // 3 : 2] = columns[:, 0 : rows // 3 - 1 : 2]
    table, active = np.empty(1 << 20, np.int32), np.ones(rows, np.bool_)
    parents: dict[str, np.ndarray] = {}

    def tables() -> None:
        parent = np.arange(rows, dtype=np.int32)
        for column in columns:
            link(column, active, table, parent)
        roots(parent)
        parents["tables"] = parent

    def exchange() -> None:
        edges = []
        order, ends = np.empty(rows, np.int64), np.empty(blocks + 1, np.int64)
        for column in columns:
            deal(column, blocks, order, ends)
            keys = column[order]
            for a, b in pairwise(ends.tolist()):
                first, at = np.empty(b - a, np.int32), order[a:b]
                small = np.empty(1 << (2 * b - a + 1).bit_length(), np.int32)
                first_equal(keys[a:b], keys[a:b], active[a:b], small, first)
                again = np.flatnonzero(first != np.arange(b - a))
                edges.append(pa.table({"node": at[again], "low": at[first[again]]}))
        parents["exchange"] = lowest_rows(rows, lambda: edges)

    for name, run in (("tables", tables), ("exchange", exchange)):
        label = {"tables": "hash tables and union-find", "exchange": "dealt out to 16 blocks"}[name]
        print(f"{label:34} {16 * rows / best(run, rounds) / 1e6:8.1f} M keys/s a core")
    assert (parents["tables"] == parents["exchange"]).all()


def made(folder: str, rows: int, partitions: int) -> list[int]:
    """Sketches of partitions in files; a third of the records share 8 bands with one before."""
    layout, counts = layout_of(folder), []
    for part in range(partitions):
        generator = np.random.default_rng(part)
        start, stop = rows * part // partitions, rows * (part + 1) // partitions
        count = stop - start
        bands = generator.integers(0, 2**64, (BANDS, count), dtype=np.uint64)
        signatures = generator.integers(0, 256, (count, 64), dtype=np.uint8)
        copies = np.flatnonzero(generator.random(count) < 1 / 3)
        origins = generator.integers(0, rows // 3, copies.size)  # which text it is a copy of
        for band in range(8):
            bands[band, copies] = (origins * 8 + band).astype(np.uint64) * np.uint64(
                0x9E3779B97F4A7C15
            )
        texts = np.random.default_rng(10**6).integers(0, 256, (1024, 64), dtype=np.uint8)
        signatures[copies] = texts[origins % 1024]
        columns: dict[str, Any] = {
            "id": pa.array([f"file-{part}:{k}" for k in range(count)], pa.large_string()),
            "valid": np.ones(count, np.bool_),
            "shingles": np.full(count, 300),
            "hash_lo": generator.integers(0, 2**64, count, dtype=np.uint64),
            "hash_hi": generator.integers(0, 2**64, count, dtype=np.uint64),
        }
        columns |= {f"band_{k:02d}": keys for k, keys in enumerate(bands)}
        flat = pa.py_buffer(np.ascontiguousarray(signatures))
        columns["signature"] = pa.Array.from_buffers(pa.binary(64), count, [None, flat])
        write_table(pa.table(columns), f"stages/0/sketch-{part:05d}.arrow", layout)
        counts.append(count)
    return counts


def compare(folder: str, counts: list[int], memory: int) -> dict[str, Any]:
    """One comparison as a run makes it, on two threads."""
    step = FuzzyDedup(verify=False, hashes=64, bands=BANDS, rows=2)
    records = [
        Record(
            f"token-{memory}",
            rows_kept=count,
            staged=[{"name": f"stages/0/{kind}-{part:05d}.arrow"} for kind in ("rows", "sketch")],
        )
        for part, count in enumerate(counts)
    ]
    layout = layout_of(folder)
    with dask.config.set({"tamis.dedup.memory": memory, "num_workers": 2}):
        found = deduplicate(0, ("fuzzy", step), records, {}, layout, Progress(False))
    for name in layout.store.names("stages/0"):
        if "passing-" in name:
            layout.store.remove(name)
    return {"verdicts": found["name"], "dropped": found["dropped"]}


def layout_of(folder: str) -> Layout:
    return Layout(Store(folder), {}, (), (), "parquet", None, None, None)


def alone(function: Callable[..., Any], folder: str, *args: Any) -> dict[str, Any]:
    """What a function gives in a process of its own, with what it cost."""
    *given, name = args
    path = str(Path(folder) / name)
    process = multiprocessing.get_context("spawn").Process(
        target=_measured, args=(path, function, folder, *given)
    )
    process.start()
    process.join()
    return json.loads(Path(path).read_text())


def _measured(path: str, function: Callable[..., Any], *args: Any) -> None:
    """Run, after a small run that loads what is compiled; write down result and cost."""
    with tempfile.TemporaryDirectory() as small:
        counts = made(small, 4000, 2)
        for memory in (2**40, 32 * 4000, 15 * 4000):
            compare(small, counts, memory)
    process, done = psutil.Process(os.getpid()), threading.Event()
    before = process.memory_info().rss
    peak = [before]

    def watch() -> None:
        while not done.wait(0.02):
            peak[0] = max(peak[0], process.memory_info().rss)

    watcher = threading.Thread(target=watch)
    watcher.start()
    start, cpu = time.perf_counter(), time.process_time()
    result = function(*args)
    cost = {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - start}
    done.set()
    watcher.join()
    Path(path).write_text(json.dumps(result | cost | {"peak": peak[0] - before}))


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
