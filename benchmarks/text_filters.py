"""Text statistics, texts in memory to scores, on one core: tamis beside its peers.

    python benchmarks/text_filters.py [--size s] [--rounds 5] [--peers tamis nemo-curator ...]

The unit is megabytes of text per CPU second of scoring; reading, imports and start-up are left out
for all. Contenders of about a megabyte a second get the first documents only (column "docs"). Peers
keep their own words: datatrove is run with words by str.split and with the tokeniser it ships.
"""

from __future__ import annotations

import json
import statistics
from pathlib import Path
from typing import Any

import harness
import measure
from harness import Contender


def limited(documents: int, setting: str = "") -> tuple[str, ...]:
    return ("--limit", str(documents), *(("--setting", setting) if setting else ()))


CONTENDERS = [
    Contender(
        "tamis all", "filters_tamis.py", ("--setting", "all"),
        note="curator-en, Gopher, C4, FineWeb",
    ),
    Contender(
        "tamis curator", "filters_tamis.py", ("--setting", "curator"), note="curator-en: 28 scores"
    ),
    Contender(
        "nemo-curator 28 filters", "filters_nemo.py", limited(3000), "nemo-curator",
        note="score_document of each filter, no pipeline around it",
    ),
    Contender(
        "datatrove whitespace", "filters_datatrove.py", limited(3000, "whitespace"), "datatrove",
        note="Gopher quality and repetition, FineWeb quality; words by str.split",
    ),
    Contender(
        "datatrove default", "filters_datatrove.py", limited(400, "default"), "datatrove",
        note="the same filters, words as shipped",
    ),
    Contender(
        "data-juicer 8 filters", "filters_data_juicer.py", limited(3000), "data-juicer",
        note="eight statistics",
    ),
    Contender(
        "polars counters", "filters_polars.py", ("--setting", "counters"), "polars",
        note="12 counters by regular expression, less than the others compute",
    ),
    Contender(
        "polars ratios", "filters_polars.py", ("--setting", "ratios"), "polars",
        note="16 ratios: URLs, longest word, distinct lines and paragraphs besides",
    ),
    Contender(
        "polars ngrams", "filters_polars.py", limited(6000, "ngrams"), "polars",
        note="those and the top 2-, 3-, 4-gram; duplicate n-grams are not expressible",
    ),
    Contender(
        "pyarrow counters", "filters_pyarrow.py", (), "polars", note="13 counters, pyarrow.compute"
    ),
]  # fmt: skip


def main() -> None:
    chosen = harness.options("text_filters", CONTENDERS, cores="0")
    about = harness.corpus(chosen.size)
    folder = harness.DATA / chosen.size

    def arguments(scratch: Path) -> list[str]:
        return ["--input", f"{folder}/parquet", "--output", str(scratch)]

    def inspect(contender: Contender, scratch: Path, run: measure.Measured) -> dict[str, Any]:
        line = next(x for x in reversed(run.output.splitlines()) if x.startswith('{"docs"'))
        return json.loads(line)

    outcomes = harness.compete(CONTENDERS, chosen, arguments, inspect)
    notes = ["CPU seconds of scoring alone, one thread; peak memory is of the whole process"]
    harness.report(
        "text_filters",
        "Text statistics on one core",
        outcomes,
        about,
        chosen,
        notes,
        table(outcomes),
    )


def table(outcomes: list[harness.Outcome]) -> list[str]:
    done = [o for o in outcomes if o.runs]
    ours = {o.contender.name: rate(o) for o in done if o.contender.peer == "tamis"}
    head = ["contender", "docs", "docs/CPU s", "MB/CPU s", "(min–max)", "peak MB", "runs"]
    rows = [[*head, *(f"{name} ÷ it" for name in ours)]]
    for o in done:
        rates = [f["bytes"] / 1e6 / f["cpu"] for f in o.found]
        docs = statistics.median(f["docs"] / f["cpu"] for f in o.found)
        row = [o.contender.name, f"{o.facts['docs']:,}", f"{docs:,.0f}", f"{rate(o):.2f}"]
        row += [
            f"{min(rates):.2f}–{max(rates):.2f}",
            f"{o.median('peak_mb'):.0f}",
            str(len(o.runs)),
        ]
        rows.append(row + [f"{mine / rate(o):.1f}" for mine in ours.values()])
    return harness.aligned(rows)


def rate(outcome: harness.Outcome) -> float:
    """Megabytes per CPU second, median."""
    return statistics.median(f["bytes"] / 1e6 / f["cpu"] for f in outcome.found)


if __name__ == "__main__":
    main()
