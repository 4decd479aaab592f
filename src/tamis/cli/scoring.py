"""`tamis score`: the distribution of a measure, so that a bound can be chosen."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import click

from tamis.cli.columns import on_option, over
from tamis.cli.inputs import Input, input_options, pairs
from tamis.errors import SettingError

BINS = 24


@click.command("score")
@click.argument("name", metavar="OP")
@input_options
@on_option
@click.option(
    "--set", "-s", "settings", multiple=True, metavar="KEY=VALUE",
    help="A setting of the measure, e.g. n=3.",
)  # fmt: skip
def score_command(
    name: str, given: Input, on: tuple[str, ...], settings: tuple[str, ...],
) -> None:  # fmt: skip
    """Show how the values of the measure OP are distributed over the input.

    \b
    tamis score text.top_ngram_ratio --set n=3 --input 'crawl/*.jsonl.gz' --limit 10000
    """
    from tamis import Score
    from tamis.cli import display
    from tamis.cli.registry import op_named
    from tamis.report.distribution import Tally
    from tamis.report.wording import count

    chosen = dict(pairs(settings))
    if chosen.keys() & {"min", "max", "isin"}:
        raise SettingError("score takes the measure's own settings; bounds come with a filter")
    (step,) = over([Score(op_named(name), **chosen)], on)
    if "[" in step.op.dtype:
        raise SettingError(f"{step.op.name} gives vectors, of which there is no distribution")
    frame = given.open()
    step.plan(dict(frame._meta.dtypes), step.name)
    console = display.console()
    rows, lost, nulls, tally, values = _counted(step, frame)
    unreadable = f", {count(lost)} could not be read" if lost else ""
    console.print(f"{step.name}: {count(rows)} records{unreadable}, {count(nulls)} without a value")
    console.print()
    if isinstance(tally, Tally) and len(tally.buckets):
        console.print(display.bars(_bins(tally.histogram({}, BINS), not tally.fractional), 48))
        console.print()
        _quantiles(console, tally)
    elif values:
        ranked = sorted(values.items(), key=lambda item: (-item[1], item[0]))[:BINS]
        console.print(display.bars(((display.safe(v, 40), {"kept": n}) for v, n in ranked), 48))


def _counted(step: Any, frame: Any) -> tuple[int, int, int, Any, Mapping[str, int]]:
    """Rows, those unreadable, nulls and the tally (or counts per value), part by part."""
    import dask

    from tamis.report.distribution import Tally

    scored = step.explain(frame)[[step.name, "dropped_by"]]
    parts = [dask.delayed(_tally)(part, step.name) for part in scored.to_delayed()]
    rows, lost, nulls, tally = 0, 0, 0, Tally()
    values: dict[str, int] = {}
    for found in dask.compute(*parts):
        rows, lost, nulls = rows + found[0], lost + found[1], nulls + found[2]
        tally = tally.merge(found[3])
        for value, number in found[4].items():
            values[value] = values.get(value, 0) + number
    return rows, lost, nulls, tally, values


def _tally(part: Any, name: str) -> tuple[int, int, int, Any, dict[str, int]]:
    import numpy as np
    import pandas as pd

    from tamis.report.distribution import Tally

    read = part["dropped_by"].isna()
    rows, lost = len(part), int((~read).sum())
    column = part.loc[read, name]
    present = column[column.notna()]
    nulls = len(column) - len(present)
    if pd.api.types.is_bool_dtype(column.dtype) or not pd.api.types.is_numeric_dtype(column.dtype):
        counted = {str(k): int(v) for k, v in present.value_counts().items()}
        return rows, lost, nulls, Tally(), counted
    values = present.to_numpy(np.float64)
    fractional = pd.api.types.is_float_dtype(column.dtype)
    return rows, lost, nulls, Tally.of(values, np.zeros(len(values), np.int64), fractional), {}


def _bins(histogram: Mapping[str, Any], whole: bool) -> Iterator[tuple[str, dict[str, int]]]:
    from tamis.report.wording import number

    edges = histogram["edges"]
    for low, high, found in zip(edges, edges[1:], histogram["kept"], strict=False):
        if whole:
            first, last = math.ceil(low), math.floor(high)
            label = number(first) if first == last else f"{number(first)} – {number(last)}"
        else:
            label = f"{number(low)} – {number(high)}"
        yield label, {"kept": found}


def _quantiles(console: Any, tally: Any) -> None:
    from tamis.cli import display
    from tamis.report.wording import number

    found = tally.quantiles()
    listing = display.table("least", *(f"{float(k) * 100:g} %" for k in found), "most",
                            right=range(len(found) + 2))  # fmt: skip
    listing.add_row(number(tally.low), *map(number, found.values()), number(tally.high))
    console.print(listing)
