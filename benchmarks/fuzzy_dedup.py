"""Fuzzy deduplication, Parquet to Parquet, tamis beside its peers.

    python benchmarks/fuzzy_dedup.py [--size s|m|l|h|hl] [--rounds 5] [--peers tamis "daft eq" ...]
    python benchmarks/fuzzy_dedup.py --size hl --rounds 2 --slow 1200 --no-warm-up

Word 5-grams, 128 hashes, 16 bands of 8 rows for all ("eq") where a tool lets them be set; each
tool keeps its own tokeniser and normalisation. Verification is on for tamis and written into the
time; the peers do not offer it, except rensa, which checks the signatures. Recall and precision
are against exact word-5 Jaccard at 0.8 (quality.py), computed on sizes s, h and hl; on the hard
ones also which templated articles, pages with a shared footer, … went without a partner, and the
source of which the least is left. The truth is computed after the runs, unless it is there
(`python benchmarks/quality.py hl`).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import harness
import measure
import numpy as np
import quality
from harness import Contender

JUDGED = {"s": ("words", "python"), "h": ("words", "python"), "hl": ("words",)}
"""Definitions of a word by which the kept rows of a size are judged."""
EQ = ("--hashes", "128", "--bands", "16", "--rows", "8", "--setting", "eq")
LAZY = (*EQ[:-1], "lazy")
DEFAULT = ("--setting", "default")
CONTENDERS = [
    Contender("tamis eq", "fuzzy_tamis.py", EQ),
    Contender("tamis-lazy eq", "fuzzy_tamis.py", LAZY, note="no run: kept rows only, as peers"),
    Contender("tamis default", "fuzzy_tamis.py", DEFAULT),
    Contender("daft eq", "fuzzy_daft.py", EQ, "daft"),
    Contender("daft default", "fuzzy_daft.py", DEFAULT, "daft", note="64 hashes, 8 bands of 8"),
    Contender("polars recipe", "fuzzy_polars.py", EQ, "polars", note="expressions, ours"),
    Contender("rensa eq", "fuzzy_rensa.py", EQ, "rensa", note="checks signatures at 0.8"),
    Contender("rensa default", "fuzzy_rensa.py", DEFAULT, "rensa", note="sets of single words"),
    Contender("fastsketchlsh eq", "fuzzy_fastsketchlsh.py", EQ, "fastsketchlsh"),
    Contender("datasketch eq", "fuzzy_datasketch.py", EQ, "datasketch"),
    Contender("text-dedup eq", "fuzzy_text_dedup.py", EQ, "text-dedup", slow=True),
    Contender("text-dedup default", "fuzzy_text_dedup.py", DEFAULT, "text-dedup", slow=True),
    Contender("data-juicer eq", "fuzzy_data_juicer.py", EQ, "data-juicer", slow=True),
    Contender("data-juicer default", "fuzzy_data_juicer.py", DEFAULT, "data-juicer", slow=True),
    Contender("datatrove eq", "fuzzy_datatrove.py", EQ, "datatrove", slow=True),
    Contender("datatrove default", "fuzzy_datatrove.py", DEFAULT, "datatrove", slow=True),
    Contender("nemo-curator", "fuzzy_nemo.py", (), "nemo-curator", note="needs cuDF: no CPU path"),
]


def main() -> None:
    chosen = harness.options("fuzzy_dedup", CONTENDERS)
    about = harness.corpus(chosen.size)
    folder = harness.DATA / chosen.size
    kinds = JUDGED.get(chosen.size, ())
    waiting: list[tuple[dict[str, Any], np.ndarray]] = []  # facts to come, of these kept rows

    def arguments(scratch: Path) -> list[str]:
        threads = str(len(chosen.cores))
        return ["--input", f"{folder}/parquet", "--output", f"{scratch}/out", "--threads", threads]

    def inspect(contender: Contender, scratch: Path, run: measure.Measured) -> dict[str, Any]:
        kept = quality.kept_rows(scratch / "out")
        facts: dict[str, Any] = {"docs per CPU s": f"{about['rows'] / run.cpu:,.0f}"}
        facts["kept"] = len(kept)
        waiting.append((facts, kept))
        return facts

    def judged() -> None:
        while waiting:
            facts, kept = waiting.pop()
            facts |= worth(folder, kept, kinds, hard=chosen.size in ("h", "hl"))

    notes = [
        "start-up and imports are part of every run; docs per CPU s is of the last run",
        "recall: rightly removed rows, of those and the kept rows that still have an earlier kept "
        "row at Jaccard 0.8 or more; precision: removed rows that have such a partner at all; "
        "verified: such a partner among the kept rows; lost: true clusters of which nothing is "
        "left; clustered: surplus rows removed if a whole chain of similar rows were one cluster",
        "words of the truth: runs of letters, marks and digits, every letter by itself in scripts "
        "without spaces; (\\w): runs of Python's \\w instead",
        "tamis writes the dropped rows and why they were dropped as well; peers and tamis-lazy "
        "only the kept rows",
    ]

    def written(outcomes: list[harness.Outcome], quiet: bool = True) -> None:
        if kinds and all(quality.known(folder, kind) for kind in kinds):
            judged()
        title = "Fuzzy deduplication"
        harness.report("fuzzy_dedup", title, outcomes, about, chosen, notes, quiet=quiet)

    outcomes = harness.compete(CONTENDERS, chosen, arguments, inspect, written)
    for kind in kinds:
        quality.truth(folder, kind)
    written(outcomes, quiet=False)


def worth(folder: Path, kept: np.ndarray, kinds: Sequence[str], *, hard: bool) -> dict[str, Any]:
    """What kept rows are worth against the truth, and whom they leave least of."""
    facts: dict[str, Any] = dict(quality.score(folder, kept))
    if "python" in kinds:
        python = quality.score(folder, kept, "python")
        facts |= {f"{name} (\\w)": python[name] for name in ("recall", "precision")}
    if hard:
        wrong = quality.wrongly_removed(folder, kept)
        facts["wrongly"] = ", ".join(f"{v} {k}" for k, v in wrong.items()) or "none"
        left = quality.survivors(folder, kept)
        source = min(left, key=lambda name: left[name][1] / left[name][0])
        rows, stay = left[source]
        facts["least left of a source"] = f"{stay / rows:.1%} of {source}"
    return facts


if __name__ == "__main__":
    main()
