"""What an index costs: a small delivery added to a large index, against deduplicating all again.

    python benchmarks/dedup_index.py [--size s|m|l] [--new 10000] [--keep first] [--cores 0 1]

The last `--new` documents of the corpus are the delivery; all before them are in the index. Each
task is a process of its own; CPU is user and system time with start-up and imports.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import measure

DATA = Path(__file__).parent / "data"


def frames(folder: Path, new: int) -> tuple[Any, Any]:
    """Everything but the last `new` documents, and those."""
    import pyarrow.parquet as pq

    import tamis

    table = pq.read_table(folder / "parquet", columns=["id", "text"])
    docs = tamis.from_arrow(table, npartitions=16)
    first = table.num_rows - new
    before = tamis.from_arrow(table.slice(0, first), npartitions=16)
    return docs if new == 0 else before, tamis.from_arrow(table.slice(first), npartitions=2)


def task(name: str, folder: Path, index: Path, new: int, keep: str) -> dict[str, Any]:
    """One measured piece of work; what it found."""
    from tamis import FuzzyDedup
    from tamis.dedup import Index

    step = FuzzyDedup(keep=keep)
    started = time.perf_counter()
    if name == "imports":
        return {}
    if name == "all":
        docs, _ = frames(folder, 0)
        started = time.perf_counter()
        found = step.find(docs).compute()
        seconds = time.perf_counter() - started
        return {"dropped": int((~found.keep).sum()), "seconds": seconds}
    before, delivery = frames(folder, new)
    started = time.perf_counter()
    if name == "read":
        return {"rows": len(delivery)}
    if name == "build":
        added = Index(index, step).add(before, source="before")
    elif name == "add":
        added = Index(index).add(delivery, source="new")
    elif name == "query":
        found = Index(index).query(delivery)
        return {"dropped": int((~found.keep).sum()), "seconds": time.perf_counter() - started}
    elif name == "remove":
        removal = Index(index).remove(source="new")
        seconds = time.perf_counter() - started
        return {"promoted": len(removal.promoted), "seconds": seconds}
    elif name == "stats":
        return Index(index).stats()
    else:
        raise SystemExit(f"no task {name}")
    dropped = int((~added.verdicts.keep).sum())
    seconds = time.perf_counter() - started
    return {"dropped": dropped, "changed": len(added.changed), "seconds": seconds}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", default="l")
    parser.add_argument("--new", type=int, default=10_000)
    parser.add_argument("--keep", default="first")
    parser.add_argument("--cores", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--task")
    parser.add_argument("--index", type=Path)
    chosen = parser.parse_args()
    folder = chosen.data / chosen.size
    if chosen.task:
        found = task(chosen.task, folder, chosen.index, chosen.new, chosen.keep)
        print(json.dumps(found))
        return
    with tempfile.TemporaryDirectory() as scratch:
        rows = []
        for name in ("imports", "read", "all", "build", "query", "add", "stats", "remove"):
            command = [
                sys.executable, __file__, "--size", chosen.size, "--new", str(chosen.new),
                "--keep", chosen.keep, "--data", str(chosen.data), "--task", name,
                "--index", f"{scratch}/index",
            ]  # fmt: skip
            run = measure.run(command, cores=chosen.cores)
            if run.code:
                raise SystemExit(run.output)
            told = json.loads(run.output.splitlines()[-1])
            if name == "stats":
                stats = told
                continue
            rows.append((name, run, told))
            facts = ", ".join(f"{key} {value:,.6g}" for key, value in told.items())
            print(
                f"{name:8} {run.cpu:7.2f} CPU s {run.wall:7.2f} s {run.peak_mb:7,.0f} MB  {facts}"
            )
        cpu = {name: run.cpu for name, run, _ in rows}
        print(
            f"\nall again / add: {cpu['all'] / cpu['add']:.1f}x with start-up and reading,", end=" "
        )
        print(f"{(cpu['all'] - cpu['imports']) / (cpu['add'] - cpu['read']):.1f}x without")
        dropped = {name: told.get("dropped", 0) for name, _, told in rows}
        same = dropped["all"] == dropped["build"] + dropped["add"]
        print(f"the same number dropped: {same or chosen.keep != 'first'}")
        print(f"\n{stats['records']:,} records, {stats['segments']} segments, bytes a record:")
        for kind, size in sorted(stats["bytes"].items(), key=lambda item: -item[1]):
            print(f"  {kind:8} {size / stats['records']:8,.0f}")
        print(f"  {'all':8} {stats['bytes_per_record']:8,.0f}")


if __name__ == "__main__":
    main()
