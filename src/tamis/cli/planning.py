"""`tamis plan`: what a run would do and take, told from a sample."""

from __future__ import annotations

from typing import Any

import click

from tamis.cli.columns import on_option
from tamis.cli.inputs import Input, input_options
from tamis.cli.placing import taken
from tamis.cli.running import pipeline_of
from tamis.engines import ENGINES


@click.command("plan")
@click.argument("recipe")
@input_options
@on_option
@click.option(
    "--output", "-o", metavar="DIR", help="Where the run would go: is there room on that disk?"
)
@click.option(
    "--rows", type=click.IntRange(min=1), metavar="N",
    help="Run at most so many rows, of a few partitions: 5000 by default, 400 where steps look "
    "into media.",
)  # fmt: skip
@click.option(
    "--set", "-s", "settings", multiple=True, metavar="STEP.KEY=VALUE",
    help="Change a setting of the recipe, e.g. fuzzy_dedup.threshold=0.9.",
)  # fmt: skip
@click.option(
    "--engine", type=click.Choice(ENGINES),
    help="That of the run: gpu stops where there is none, cpu uses none.",
)  # fmt: skip
def plan_command(
    recipe: str, given: Input, on: tuple[str, ...],
    output: str | None, rows: int | None, settings: tuple[str, ...], engine: str | None,
) -> None:  # fmt: skip
    """Tell what RECIPE would do to the input: rows, time, memory, disk, and what is missed.

    \b
    tamis plan curator-en --input 'crawl/*.jsonl.gz' --output out
    """
    from tamis.cli import display
    from tamis.plan import asking

    pipeline = pipeline_of(recipe, settings, on)
    with taken(engine):
        plan = pipeline.plan(given.open(), rows=rows, out=output)
    console = display.console()
    console.print(_steps(plan))
    console.print()
    facts = display.table("", "")
    for name, told in plan.summary():
        facts.add_row(name, told)
    console.print(facts)
    for found in plan.figures["asking"]:
        console.print()
        console.print(display.safe(asking(found)))
    for found in plan.figures["deduplications"]:
        console.print()
        _search(console, found)
    for warning in plan.warnings:
        console.print(f"! {warning}", style=display.RED)


def _steps(plan: Any) -> Any:
    """Expected rows and time of each step."""
    from rich.text import Text

    from tamis.cli import display
    from tamis.report.wording import count, percent

    headings = ("step", "in", "left", "range", "time", "where")
    made = display.table(*headings, right=(1, 2, 3, 4))
    spent = sum(plan.figures["work"].values()) + sum(s["seconds"] for s in plan.figures["steps"])
    for step in plan.figures["steps"]:
        made.add_row(
            display.safe(step["name"]), count(step["rows_in"]), count(step["rows_out"]),
            Text(f"{count(step['low'])} to {count(step['high'])}", style=display.SOFT),
            percent(step["share"], 1), Text(step.get("where", ""), style=display.SOFT),
        )  # fmt: skip
    for name, seconds in plan.figures["work"].items():
        made.add_row(Text(name, style=display.SOFT), "", "", "", percent(seconds, spent), "")
    return made


def _search(console: Any, found: dict[str, Any]) -> None:
    """The settings of a deduplication and its S-curve as bars."""
    from rich.text import Text

    from tamis.cli import display
    from tamis.plan import search
    from tamis.report.wording import percent

    console.print(search(found))
    if not found["curve"]:
        return
    made = display.table("similarity", "chance of being compared", "", right=(0, 2))
    for similarity, chance in found["curve"]:
        here = abs(similarity - found["sought"]) < 0.025
        bar = Text(display.blocks(40 * chance), style=display.GREEN if here else "")
        made.add_row(f"{similarity:.2f}", bar, percent(chance, 1))
    console.print(made)
