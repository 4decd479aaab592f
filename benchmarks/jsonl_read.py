"""Reading JSON Lines into columns, tamis beside the usual readers.

    python benchmarks/jsonl_read.py [--size s|m|l] [--rounds 5] [--peers tamis polars ...]

Two files of the same texts: "flat" (id, text, source: strings only) and "mixed" (with numbers, a
boolean, and an object holding a list). Every process reads the file six times, on one core, the
file lying in memory; the median of the last four counts. tamis checks what
others do not (UTF-8, the type and name of every value) and gives each row its reason when it sets
one aside.
"""

from __future__ import annotations

import json
import statistics
from pathlib import Path
from typing import Any

import harness
import measure
from harness import Contender

FILES = ("flat", "mixed")
READERS = [
    ("tamis", "tamis", None),
    ("pyarrow.json", "pyarrow", None),
    ("polars read_ndjson", "polars", "polars"),
    ("polars scan_ndjson", "polars-lazy", "polars"),
    ("orjson by line, Python objects", "orjson", "orjson"),
    ("pandas engine=pyarrow", "pandas-pyarrow", "frames"),
    ("pandas", "pandas", "frames"),
    ("file read only", "raw", None),
]


def contenders(file: str) -> list[Contender]:
    return [
        Contender(name, "jsonl.py", ("--setting", setting), environment)
        for name, setting, environment in READERS
    ]


def mixed(flat: Path, path: Path) -> None:
    """The rows of a file with more columns, the same every time."""
    with open(flat, encoding="utf-8") as rows, open(path, "w", encoding="utf-8") as out:
        for n, line in enumerate(rows):
            row = json.loads(line)
            row |= {
                "url": f"https://example.org/{n}",
                "score": (n * 0.6180339887498949) % 1,
                "n": n,
            }
            row |= {"ok": n % 3 == 0, "meta": {"lang": "en", "tags": ["a", f"b{n % 7}"]}}
            out.write(json.dumps(row, ensure_ascii=False) + "\n")


def prepared(size: str) -> dict[str, Path]:
    folder = harness.DATA / size
    paths = {"flat": folder / "flat.jsonl", "mixed": folder / "mixed.jsonl"}
    if not paths["flat"].exists():
        with open(paths["flat"], "wb") as out:
            for file in sorted((folder / "jsonl").iterdir()):
                out.write(file.read_bytes())
    if not paths["mixed"].exists():
        mixed(paths["flat"], paths["mixed"])
    return paths


def main() -> None:
    chosen = harness.options("jsonl_read", contenders("flat"), size="m", cores="0")
    about = harness.corpus(chosen.size, warm=False)
    outcomes = []
    lines: list[str] = []
    for name, path in prepared(chosen.size).items():
        path.read_bytes()  # into memory
        found = harness.compete(
            contenders(name), chosen, lambda scratch, path=path: ["--input", str(path)], inspect
        )
        lines += [f"## {name}: {path.stat().st_size / 1e6:.0f} MB", ""]
        lines += [*harness.aligned(rows(found, path.stat().st_size / 1e6)), ""]
        outcomes += found
    notes = [
        "start-up and imports are left out: medians of the third to sixth reading in a process"
    ]
    harness.report("jsonl_read", "Reading JSON Lines", outcomes, about, chosen, notes, lines)


def inspect(contender: Contender, scratch: Path, run: measure.Measured) -> dict[str, Any]:
    return json.loads(run.output.strip().splitlines()[-1])


def rows(outcomes: list[harness.Outcome], megabytes: float) -> list[list[str]]:
    table = [["reader", "MB per CPU s", "MB/s wall", "CPU ÷ tamis", "peak MB of process", "runs"]]
    done = [outcome for outcome in outcomes if outcome.found]
    ours = next((median(o, "cpu") for o in done if o.contender.peer == "tamis"), None)
    for outcome in done:
        table.append(
            [
                outcome.contender.name,
                f"{megabytes / median(outcome, 'cpu'):.0f}",
                f"{megabytes / median(outcome, 'wall'):.0f}",
                f"{median(outcome, 'cpu') / ours:.2f}" if ours else "",
                f"{outcome.median('peak_mb'):.0f}",
                str(len(outcome.runs)),
            ]
        )
    return table


def median(outcome: harness.Outcome, what: str) -> float:
    return statistics.median(found[what] for found in outcome.found)


if __name__ == "__main__":
    main()
