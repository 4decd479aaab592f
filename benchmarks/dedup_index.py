"""What an index costs: a small delivery added to a large index, against deduplicating all again.

    python benchmarks/dedup_index.py [--size s|m|l] [--new 10000] [--keep first] [--cores 0 1]

The last `--new` documents of the corpus are the delivery; all before them are in the index. Each
task is a process of its own. Its CPU is user and system time of the whole process, start-up and
imports included (they stand alone in the first line); `work` is that of the task itself, reading
included, after a tiny one of its kind has loaded the compiled loops.
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
TASKS = ("split", "imports", "all", "build", "query", "add", "stats", "remove")


def split(folder: Path, new: int, scratch: Path) -> None:
    """The corpus as two files: `before.parquet`, and its last `new` documents as `new.parquet`."""
    import pyarrow.parquet as pq

    table = pq.read_table(folder / "parquet", columns=["id", "text"])
    first = table.num_rows - new
    pq.write_table(table.slice(0, first), scratch / "before.parquet", row_group_size=16_384)
    pq.write_table(table.slice(first), scratch / "new.parquet", row_group_size=16_384)


def task(name: str, scratch: Path, keep: str) -> dict[str, Any]:
    """One measured piece of work; what it found."""
    import tamis
    from tamis import FuzzyDedup
    from tamis.dedup import Index

    step, folder = FuzzyDedup(keep=keep), scratch / "index"
    before, new = scratch / "before.parquet", scratch / "new.parquet"
    if name == "imports":
        return {}
    if name == "stats":
        return Index(folder).stats()
    warm(step)
    started, spent = time.perf_counter(), time.process_time()
    if name == "all":
        gone = step.find(tamis.read_parquet([str(before), str(new)])).compute()
        found = {"dropped": int((~gone.keep).sum())}
    elif name == "query":
        verdicts = Index(folder).query(tamis.read_parquet(str(new)))
        found = {"dropped": int((~verdicts.keep).sum())}
    elif name == "remove":
        found = {"promoted": len(Index(folder).remove(source="new").promoted)}
    else:
        source = before if name == "build" else new
        added = Index(folder, step).add(tamis.read_parquet(str(source)), source=source.stem)
        dropped = int((~added.verdicts.keep).sum())
        found = {"dropped": dropped, "changed": len(added.changed)}
    found["work"] = time.process_time() - spent
    return found | {"seconds": time.perf_counter() - started}


def warm(step: Any) -> None:
    """Load what is compiled."""
    import pandas as pd

    import tamis
    from tamis.dedup import Index

    rows = pd.DataFrame({"id": ["a", "b"], "text": ["one two three four five six"] * 2})
    with tempfile.TemporaryDirectory() as scratch:
        rows.to_parquet(f"{scratch}/rows.parquet")
        index = Index(f"{scratch}/index", step)
        index.add(tamis.read_parquet(f"{scratch}/rows.parquet"), source="a")
        index.add(rows.assign(id=["c", "d"]), source="b")
        index.remove(source="a")
        step.find(tamis.read_parquet(f"{scratch}/rows.parquet")).compute()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", default="l")
    parser.add_argument("--new", type=int, default=10_000)
    parser.add_argument("--keep", default="first")
    parser.add_argument("--cores", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--task", choices=TASKS)
    parser.add_argument("--scratch", type=Path)
    chosen = parser.parse_args()
    if chosen.task == "split":
        split(chosen.data / chosen.size, chosen.new, chosen.scratch)
        print("{}")
        return
    if chosen.task:
        print(json.dumps(task(chosen.task, chosen.scratch, chosen.keep)))
        return
    cpu: dict[str, float] = {}
    told: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as scratch:
        for name in TASKS:
            command = [sys.executable, __file__, "--task", name, "--scratch", scratch]
            command += ["--keep", chosen.keep, "--data", chosen.data, "--size", chosen.size]
            run = measure.run([*command, "--new", str(chosen.new)], cores=chosen.cores)
            if run.code:
                raise SystemExit(run.output)
            cpu[name], told[name] = run.cpu, json.loads(run.output.splitlines()[-1])
            if name not in ("stats", "split"):
                facts = ", ".join(f"{key} {value:,.6g}" for key, value in told[name].items())
                cost = f"{run.cpu:7.2f} CPU s {run.wall:7.2f} s {run.peak_mb:7,.0f} MB"
                print(f"{name:8} {cost}  {facts}", flush=True)
    own = told["all"]["work"] / told["add"]["work"]
    print(f"\nCPU, all again / add: {own:.1f}x; whole processes {cpu['all'] / cpu['add']:.1f}x")
    if chosen.keep == "first":
        added = told["build"]["dropped"] + told["add"]["dropped"]
        print(f"dropped in two additions: {added:,}, in one pass: {told['all']['dropped']:,}")
    stats = told["stats"]
    print(f"\n{stats['records']:,} records, {stats['segments']} segments, bytes a record:")
    for kind, size in sorted(stats["bytes"].items(), key=lambda item: -item[1]):
        print(f"  {kind:8} {size / stats['records']:8,.0f}")
    print(f"  {'all':8} {stats['bytes_per_record']:8,.0f}")


if __name__ == "__main__":
    main()
