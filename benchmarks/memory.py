"""Memory of a large run, and what Dask's threaded scheduler costs.

    python benchmarks/memory.py memory   [--size xl] [--rounds 1]
    python benchmarks/memory.py overhead [--size l]  [--rounds 5]

memory: filters and fuzzy deduplication over 5 GB of text (`corpus.py --size xl`), on two threads of
one process and on two workers of one thread; the goal is less than 2 GB in any process.
overhead: the filters of curator-en over the same partitions in a bare loop, on Dask's threaded
scheduler with one thread, and with two. Wall and CPU of the work alone; the goals are at most 5 %
over the loop, and 1.8 times its rate with two threads.
"""

from __future__ import annotations

import json
import statistics
import sys
from pathlib import Path
from typing import Any

import harness
import measure
from harness import Contender

EQ = ("--hashes", "128", "--bands", "16", "--rows", "8")
MEMORY = [
    Contender("tamis two threads", "memory_tamis.py", (*EQ, "--setting", "threads")),
    Contender("tamis two workers", "memory_tamis.py", (*EQ, "--setting", "cluster")),
]
OVERHEAD = [
    Contender("tamis bare loop", "overhead_tamis.py", ("--setting", "bare")),
    Contender("tamis one thread", "overhead_tamis.py", ("--setting", "one", "--threads", "1")),
    Contender("tamis two threads", "overhead_tamis.py", ("--setting", "two", "--threads", "2")),
]


def main() -> None:
    kinds = {"memory": memory, "overhead": overhead}
    if len(sys.argv) < 2 or sys.argv[1] not in kinds:
        raise SystemExit(__doc__)
    kinds[sys.argv.pop(1)]()


def memory() -> None:
    chosen = harness.options("memory", MEMORY, size="xl", rounds=1)
    about = harness.corpus(chosen.size, warm=False)

    def inspect(contender: Contender, scratch: Path, run: measure.Measured) -> dict[str, Any]:
        series = [(round(at, 1), round(mb)) for at, mb in run.rss]
        step = max(1, len(series) // 30)
        return {
            "peak of one process, MB": round(run.peak_process_mb),
            "MB of text per wall s": round(about["text_bytes"] / 1e6 / run.wall),
            "rss": [
                max(series[i : i + step], key=lambda s: s[1]) for i in range(0, len(series), step)
            ],
        }

    outcomes = harness.compete(MEMORY, chosen, arguments(chosen), inspect)
    rows = [["contender", "wall s", "CPU s", "peak MB, all", "peak MB, one process"]]
    for o in (o for o in outcomes if o.runs):
        row = [f"{o.median(what):.1f}" for what in ("wall", "cpu")]
        row += [f"{o.median(what):.0f}" for what in ("peak_mb", "peak_process_mb")]
        rows.append([o.contender.name, *row])
    table = harness.aligned(rows)
    for o in (o for o in outcomes if o.runs):
        table += ["", f"{o.contender.name}, resident MB over time:", "", *chart(o.facts["rss"])]
    harness.report("memory", "Memory of a large run", outcomes, about, chosen, (), table)


def overhead() -> None:
    chosen = harness.options("overhead", OVERHEAD, size="l")
    about = harness.corpus(chosen.size)

    def inspect(contender: Contender, scratch: Path, run: measure.Measured) -> dict[str, Any]:
        return json.loads(next(x for x in run.output.splitlines() if x.startswith('{"docs"')))

    outcomes = harness.compete(OVERHEAD, chosen, arguments(chosen), inspect)
    rows = [["contender", "wall s", "(min–max)", "CPU s", "wall ÷ bare loop", "CPU ÷ bare loop"]]
    bare = next((o for o in outcomes if o.contender is OVERHEAD[0] and o.runs), None)
    for o in (o for o in outcomes if o.runs):
        walls = [f["wall"] for f in o.found]
        row = [o.contender.name, f"{middle(o, 'wall'):.2f}", f"{min(walls):.2f}–{max(walls):.2f}"]
        row.append(f"{middle(o, 'cpu'):.2f}")
        if bare:
            row += [f"{middle(o, what) / middle(bare, what):.3f}" for what in ("wall", "cpu")]
        rows.append(row)
    table = harness.aligned(rows)
    harness.report("overhead", "Cost of the scheduler", outcomes, about, chosen, (), table)


def middle(outcome: harness.Outcome, what: str) -> float:
    return statistics.median(f[what] for f in outcome.found)


def arguments(chosen: Any) -> Any:
    folder = harness.DATA / chosen.size / "parquet"
    return lambda scratch: ["--input", str(folder), "--output", f"{scratch}/out"]


def chart(series: list[tuple[float, float]], width: int = 60) -> list[str]:
    """A bar a sample, as plain text."""
    most = max(mb for _, mb in series)
    return [f"    {at:7.1f} s {mb:6.0f} MB {'█' * round(width * mb / most)}" for at, mb in series]


if __name__ == "__main__":
    main()
