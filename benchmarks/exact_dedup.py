"""Exact deduplication, Parquet to Parquet, tamis beside polars, duckdb, pandas and Dask's own.

    python benchmarks/exact_dedup.py [--size s|m|l] [--rounds 5] [--peers tamis polars ...]

Every contender reads all columns, keeps one row of each distinct text and writes the kept rows with
zstd level 1.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import harness
import measure
import quality
from harness import Contender

CONTENDERS = [
    Contender("tamis", "exact_tamis.py"),
    Contender("tamis-lazy", "exact_tamis.py", ("--setting", "lazy"), note="no run: kept rows only"),
    Contender("polars unique", "exact_polars.py", (), "polars"),
    Contender(
        "duckdb distinct on", "exact_duckdb.py", (), "duckdb", note="keeps any row of a group"
    ),
    Contender("pandas drop_duplicates", "exact_pandas.py", (), "frames"),
    Contender("dask threads", "exact_dask.py", ("--setting", "threads"), "frames"),
    Contender("dask processes", "exact_dask.py", ("--setting", "processes"), "frames"),
]


def main() -> None:
    chosen = harness.options("exact_dedup", CONTENDERS, size="l")
    about = harness.corpus(chosen.size)
    folder = harness.DATA / chosen.size

    def arguments(scratch: Path) -> list[str]:
        threads = str(len(chosen.cores))
        return ["--input", f"{folder}/parquet", "--output", f"{scratch}/out", "--threads", threads]

    def inspect(contender: Contender, scratch: Path, run: measure.Measured) -> dict[str, Any]:
        return {
            "kept": len(quality.kept_rows(scratch / "out")),
            "MB per CPU s": f"{about['text_bytes'] / 1e6 / run.cpu:.0f}",
        }

    outcomes = harness.compete(CONTENDERS, chosen, arguments, inspect)
    notes = ["tamis writes the dropped rows and why as well; the others only the kept rows"]
    harness.report("exact_dedup", "Exact deduplication", outcomes, about, chosen, notes)


if __name__ == "__main__":
    main()
