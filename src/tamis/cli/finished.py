"""`tamis why`, `tamis dropped` and `tamis report`: a finished run, asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import click

from tamis.errors import SettingError

START = 600  # characters of a text that are shown
ROWS = 20  # of those that a record was cut into


@click.command("why")
@click.argument("out")
@click.argument("id")
def why_command(out: str, id: str) -> None:
    """Say why the record ID was kept or dropped in the run OUT."""
    from tamis import Run
    from tamis.cli import display

    run = Run(out)
    try:
        found = run.why(id)
    except KeyError as error:
        raise SettingError(str(error.args[0])) from None
    console = display.console()
    if found["verdict"] == "kept":
        console.print("kept", style=display.GREEN, end="")
        console.print(": every step let it pass")
    elif found["verdict"] == "cut":
        console.print("cut", style=display.GREEN, end="")
        console.print(f" into {len(found['rows']):,} rows; each has its own answer:")
        for row in found["rows"][:ROWS]:
            console.print(f"  {display.safe(row)}")
        if len(found["rows"]) > ROWS:
            console.print(f"  … {len(found['rows']) - ROWS:,} more", style=display.SOFT)
        return
    else:
        console.print("dropped", style=display.RED, end="")
        console.print(f" by {found['dropped_by']}: {display.safe(found['dropped_why'])}")
    if found.get("duplicate_of"):
        other, similarity = display.safe(found["duplicate_of"]), found["similarity"]
        console.print(f"duplicates {other}, similarity {similarity:.3f}")
    if found.get("parent_id"):
        console.print(f"cut out of {display.safe(found['parent_id'])}")
    console.print()
    console.print(_scores(run.figures, found))
    text = _texts(run, [id]).get(id)
    if text is not None:
        console.print()
        console.print(display.safe(text, START))


@click.command("dropped")
@click.argument("out")
@click.option(
    "--by", metavar="STEP",
    help="Only what this step dropped: its name (fuzzy_dedup) or kind (fuzzy, text.word_count).",
)  # fmt: skip
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True)
@click.option("--uncovered", is_flag=True, help="Show what the recipe redacts, too.")
def dropped_command(out: str, by: str | None, limit: int, uncovered: bool) -> None:
    """Show records that the run OUT dropped, and why.

    Of a run whose recipe redacts no text that was dropped before, and nothing that it would find.
    """
    from tamis import Run, revisit
    from tamis.cli import display

    run = Run(out)
    try:
        by = by and revisit.step_named(run.figures, by)
    except KeyError as error:
        raise SettingError(str(error.args[0])) from None
    console = display.console()
    shown = 0
    for row in _dropped(run, by, limit):
        if not uncovered:
            row = _covered(run, row)
        shown += 1
        console.print(display.safe(row["id"]), style="bold", end="")
        told = display.safe(row["dropped_why"])
        console.print(f"  {told}" if by else f"  {row['dropped_by']}, {told}", style=display.RED)
        if row["text"] is not None:
            console.print(display.safe(row["text"], 240))
        console.print()
    total = sum(s["dropped"] for s in run.figures["steps"] if by in (None, s["name"]))
    console.print(f"{shown:,} of {total:,} dropped{f' by {by}' if by else ''}", style=display.SOFT)


@click.command("report")
@click.argument("out")
def report_command(out: str) -> None:
    """Make report.html of the run OUT again, from its run.json."""
    from tamis import report

    click.echo(report.again(out))


def _scores(figures: Mapping[str, Any], found: Mapping[str, Any]) -> Any:
    """The record's values beside the bounds, and which of them it met."""
    from rich.text import Text

    from tamis.cli import display
    from tamis.report.wording import exact, rule

    made = display.table("score", "value", "bounds", "", right=(1,))
    for step in figures["steps"]:
        if step["kind"] not in ("score", "filter"):
            continue
        column = step["name"]
        if column not in found:
            column = str(step["entry"].get("filter", "")).removeprefix("column:")
        if column not in found:
            continue
        value, bounds = found[column], step.get("bounds")
        here = found["dropped_by"] == step["name"]
        verdict = Text("dropped here", style=display.RED) if here else Text("")
        if not here and bounds and not _within(value, bounds):
            verdict = Text("outside" if value is not None else "no value", style=display.SOFT)
        made.add_row(
            display.safe(step["name"]), "–" if value is None else display.safe(exact(value)),
            Text(rule(bounds), style=display.SOFT), verdict,
        )  # fmt: skip
    return made


def _within(value: Any, bounds: Mapping[str, Any]) -> bool:
    if value is None:
        return False
    inside = (
        ("min" not in bounds or value >= bounds["min"])
        and ("max" not in bounds or value <= bounds["max"])
        and ("isin" not in bounds or value in bounds["isin"])
    )
    return inside != bool(bounds.get("invert"))


def _dropped(run: Any, by: str | None, limit: int) -> Iterator[dict[str, Any]]:
    """The first dropped records, part by part."""
    import pyarrow as pa
    import pyarrow.compute as pc

    from tamis.exhibits import subject_of
    from tamis.report.survey import read

    column = subject_of(run.figures).text
    for part in run.parts("dropped"):
        table = read(run.store, part)
        if by is not None:
            table = table.filter(
                pc.equal(table["dropped_by"], pa.scalar(by, table["dropped_by"].type))
            )
        table = table.slice(0, limit)
        for row in table.to_pylist():
            yield row | {"text": row.get(column) if column else None}
        limit -= table.num_rows
        if limit <= 0:
            return


def _covered(run: Any, row: dict[str, Any]) -> dict[str, Any]:
    """A dropped row as far as it may be shown."""
    from tamis.exhibits import subject_of
    from tamis.report import covered

    steps = run.figures["steps"]
    cover = covered.cover(steps)
    if cover is None:
        return row
    column = subject_of(run.figures).text
    after = covered.showing(steps, column) if column else None
    told = {name: row[name] for name in ("id", "dropped_why", "text")}
    if after is not None and not covered.may_show(row["dropped_by"], after):
        told["text"] = covered.COVERED
    return row | covered.record_covered(told, cover)


def _texts(run: Any, ids: list[str]) -> dict[str, str]:
    from tamis.exhibits import subject_of
    from tamis.io.fetch import fetch

    column = subject_of(run.figures).text
    return (
        fetch(run.store, [*run.parts("dropped"), *run.parts("kept")], column, ids) if column else {}
    )
