"""Deduplication by line, sentences and substring, Parquet to Parquet, tamis beside its peers.

    python benchmarks/units.py [--size s|m] [--rounds 3] [--peers tamis text-dedup datatrove]

Lines as in CCNet (text-dedup compares 64-bit hashes of lines without case, digits and
punctuation), runs of three sentences as in C4 (datatrove finds sentences with spaCy's rules), and
substrings of 50 words, which no peer does that installs without a Rust toolchain.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import harness
import measure
import pyarrow.compute as pc
import pyarrow.parquet as pq
from harness import Contender

CONTENDERS = [
    Contender("tamis lines", "units_tamis.py", ("--setting", "lines")),
    Contender("text-dedup lines", "units_text_dedup.py", (), "text-dedup", slow=True),
    Contender("tamis sentences", "units_tamis.py", ("--setting", "sentences")),
    Contender("datatrove sentences", "units_datatrove.py", (), "datatrove", slow=True),
    Contender("tamis substrings", "units_tamis.py", ("--setting", "substrings")),
]


def main() -> None:
    chosen = harness.options("units", CONTENDERS, rounds=3)
    about = harness.corpus(chosen.size)
    folder = harness.DATA / chosen.size

    def arguments(scratch: Path) -> list[str]:
        threads = str(len(chosen.cores))
        return ["--input", f"{folder}/parquet", "--output", f"{scratch}/out", "--threads", threads]

    def inspect(contender: Contender, scratch: Path, run: measure.Measured) -> dict[str, Any]:
        output = scratch / "out"
        kept = output / "kept" if (output / "kept").is_dir() else output
        texts = [pq.read_table(f, columns=["text"])["text"] for f in kept.rglob("*.parquet")]
        left = sum(pc.sum(pc.binary_length(column)).as_py() or 0 for column in texts)
        return {
            "text left": f"{100 * left / about['text_bytes']:.1f} %",
            "MB per CPU s": f"{about['text_bytes'] / 1e6 / run.cpu:.1f}",
        }

    outcomes = harness.compete(CONTENDERS, chosen, arguments, inspect)
    notes = ["ratios are to `tamis lines`; compare each kind with its own"]
    harness.report("units", "Deduplication by unit", outcomes, about, chosen, notes)


if __name__ == "__main__":
    main()
