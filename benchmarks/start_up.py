"""What a fuzzy deduplication of two documents costs: imports, compiled loops from disk, the graph.

    python benchmarks/start_up.py [--rounds 5] [--beside PATH …]

A lazy frame written to Parquet by tamis, and Daft, on the same two rows. Of tamis other checkouts
too (`--beside`, folders that hold `src`). What importing Dask's frames and numba costs by itself.
Every run is a process of its own on one core; in rounds, so that a busy minute hits all. Medians of
CPU seconds. One round before the first is not counted: it compiles.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

import harness
import measure
import peers
import pyarrow as pa
import pyarrow.parquet as pq

HERE = Path(__file__).parent
ROWS = {"id": ["1", "2"], "text": ["one two three four five six"] * 2}
EQ = ["--threads", "1", "--hashes", "128", "--bands", "16", "--rows", "8", "--setting"]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--beside", nargs="*", default=[], help="other checkouts of tamis")
    chosen = parser.parse_args()
    tamis = [sys.executable, str(HERE / "contenders" / "fuzzy_tamis.py"), *EQ, "lazy"]
    here = str(HERE.parent / "src")
    commands: dict[str, tuple[list[str], str]] = {"tamis": (tamis, here)}
    for folder in chosen.beside:
        commands[f"tamis of {Path(folder).name}"] = (tamis, str(Path(folder).resolve() / "src"))
    if peers.is_installed("daft"):
        daft = [str(peers.python("daft")), str(HERE / "contenders" / "fuzzy_daft.py"), *EQ, "eq"]
        commands["daft"] = (daft, "")
    for package in ("dask.dataframe", "numba"):
        commands[f"import {package}"] = ([sys.executable, "-c", f"import {package}"], "")
    spent: dict[str, list[measure.Measured]] = {name: [] for name in commands}
    with tempfile.TemporaryDirectory() as folder:
        given = Path(folder, "in")
        given.mkdir()
        pq.write_table(pa.table(ROWS), given / "two.parquet")
        for number in range(chosen.rounds + 1):
            for name, (command, path) in commands.items():
                out = Path(folder, f"out {number} {name}")
                files = [] if "import" in name else ["--input", str(given), "--output", str(out)]
                run = measure.run(
                    [*command, *files], cores=[0], environment={"PYTHONPATH": path} if path else {}
                )
                if run.code:
                    raise SystemExit(f"{name}: {run.output[-500:]}")
                if number:
                    spent[name].append(run)
    ours = statistics.median(run.cpu for run in spent["tamis"])
    rows = [["work", "CPU s", "(min–max)", "÷ tamis", "peak MB", "load"]]
    for name, runs in spent.items():
        cpu = [run.cpu for run in runs]
        middle = statistics.median(cpu)
        peak = statistics.median(run.peak_mb for run in runs)
        load = statistics.median(run.load for run in runs)
        spread = f"{min(cpu):.2f}–{max(cpu):.2f}"
        rows.append(
            [name, f"{middle:.2f}", spread, f"{middle / ours:.2f}", f"{peak:.0f}", f"{load:.0f}"]
        )
    print("\n".join(harness.aligned(rows)))


if __name__ == "__main__":
    main()
