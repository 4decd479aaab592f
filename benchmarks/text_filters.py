"""Text statistics, texts in memory to scores, on one core: tamis beside its peers.

    python benchmarks/text_filters.py [--size s] [--rounds 5] [--peers tamis nemo-curator ...]

The unit is megabytes of text per CPU second of scoring; reading, imports and start-up are left out
for all. The fast ones make two passes and the last is timed: it finds memory that the process has
had before, as from the second partition of a run on. Peers get the first documents only (column
"docs"); those of about a megabyte a second make one pass, in two rounds. Peers keep their own
words: datatrove is run with words by str.split and with the tokeniser it ships. A second table says
which views tamis spends its time on, and what moving all bounds costs.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

import harness
import measure
from harness import Contender

FAST = ("--passes", "2")


def limited(documents: int, setting: str = "") -> tuple[str, ...]:
    return ("--limit", str(documents), *(("--setting", setting) if setting else ()))


CONTENDERS = [
    Contender(
        "tamis all", "filters_tamis.py", ("--setting", "all", *FAST),
        note="all statistics of curator-en, Gopher, C4 and FineWeb in one pass, no language model",
    ),
    Contender(
        "tamis curator", "filters_tamis.py", ("--setting", "curator", *FAST),
        note="the 28 statistics of curator-en in one pass",
    ),
    Contender(
        "nemo-curator 28 filters", "filters_nemo.py", limited(1000), "nemo-curator", slow=True,
        note="score_document of each filter, no pipeline around it",
    ),
    Contender(
        "datatrove whitespace", "filters_datatrove.py", limited(1000, "whitespace"), "datatrove",
        slow=True, note="Gopher quality and repetition, FineWeb quality; words by str.split",
    ),
    Contender(
        "datatrove default", "filters_datatrove.py", limited(200, "default"), "datatrove",
        slow=True, note="the same filters, words as shipped",
    ),
    Contender(
        "data-juicer 8 filters", "filters_data_juicer.py", limited(1000), "data-juicer", slow=True,
        note="eight statistics",
    ),
    Contender(
        "polars counters", "filters_polars.py", (*limited(4000, "counters"), *FAST), "polars",
        note="12 counters by regular expression, less than the others compute",
    ),
    Contender(
        "polars curator", "filters_polars.py", (*limited(4000, "curator"), *FAST), "polars",
        note="the 18 statistics of curator-en that expressions give: no boilerplate, no n-grams",
    ),
    Contender(
        "polars ngrams", "filters_polars.py", limited(2000, "ngrams"), "polars",
        note="those and the top 2-, 3-, 4-gram; duplicate n-grams are not expressible",
    ),
    Contender(
        "pyarrow counters", "filters_pyarrow.py", (*limited(4000), *FAST), "polars",
        note="13 counters, pyarrow.compute",
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
        [*table(outcomes), "", *split(outcomes)],
    )


def table(outcomes: list[harness.Outcome]) -> list[str]:
    done = [o for o in outcomes if o.runs]
    ours = {o.contender.name: rate(o) for o in done if o.contender.peer == "tamis"}
    head = [
        "contender",
        "statistics",
        "docs",
        "docs/CPU s",
        "MB/CPU s",
        "(min–max)",
        "peak MB",
        "runs",
    ]
    rows = [[*head, *(f"{name} ÷ it" for name in ours)]]
    for o in done:
        rates = [f["bytes"] / 1e6 / f["cpu"] for f in o.found]
        docs = statistics.median(f["docs"] / f["cpu"] for f in o.found)
        row = [
            o.contender.name,
            str(o.facts.get("statistics", "")),
            f"{o.facts['docs']:,}",
            f"{docs:,.0f}",
            f"{rate(o):.2f}",
        ]
        row += [
            f"{min(rates):.2f}–{max(rates):.2f}",
            f"{o.median('peak_mb'):.0f}",
            str(len(o.runs)),
        ]
        rows.append(row + [f"{mine / rate(o):.1f}" for mine in ours.values()])
    return harness.aligned(rows)


def split(outcomes: list[harness.Outcome]) -> list[str]:
    """CPU milliseconds of tamis by view, medians over the rounds."""
    ours = [o for o in outcomes if o.runs and o.contender.peer == "tamis"]
    if not ours:
        return []
    rows = [["CPU ms of", *(o.contender.name for o in ours)]]

    def row(label: str, of: Callable[[dict[str, Any]], float | None]) -> None:
        values = [[of(found) for found in o.found] for o in ours]
        rows.append(
            [label, *("" if None in v else f"{1000 * statistics.median(v):.1f}" for v in values)]
        )

    most = max(ours, key=lambda o: len(o.facts["views"]))
    for name in most.facts["views"]:
        row(f"view {name}", lambda found, name=name: found["views"].get(name))
    row("all views", lambda found: sum(found["views"].values()))
    row("measures, their views apart", lambda found: found["measures"])
    row("the rest of the pass", lambda f: f["cpu"] - f["measures"] - sum(f["views"].values()))
    row("all bounds laid on the scores anew", lambda found: found["bounds"])
    return harness.aligned(rows)


def rate(outcome: harness.Outcome) -> float:
    """Megabytes per CPU second, median."""
    return statistics.median(f["bytes"] / 1e6 / f["cpu"] for f in outcome.found)


if __name__ == "__main__":
    main()
