"""`tamis run` and `tamis demo`: a recipe carried out into a folder."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from typing import Any

import click

from tamis.cli.columns import on_option, over
from tamis.cli.inputs import Input, input_options, pairs
from tamis.cli.mistakes import StoppedRun
from tamis.cli.placing import placed, placing_options
from tamis.errors import ColumnError, DataError, SettingError

FORMATS = ("parquet", "jsonl", "jsonl.gz", "jsonl.zst", "csv", "webdataset", "clips")


def output_options(function: Any) -> Any:
    """The options that say where results go and who does the work."""
    options = [
        click.option(
            "--output", "-o", required=True, metavar="DIR",
            help="The folder of the run: kept/, dropped/, report.html. Run again to resume.",
        ),
        click.option(
            "--format", "-f", "kind", type=click.Choice(FORMATS), default="parquet",
            show_default=True, help="How kept records are written.",
        ),
        click.option(
            "--set", "-s", "settings", multiple=True, metavar="STEP.KEY=VALUE",
            help="Change a setting of the recipe, e.g. word_count.min=100.",
        ),
        click.option(
            "--max-errors", type=click.FloatRange(0, 1), default=0.01, show_default=True,
            help="Stop once more than this share of the records could not be read.",
        ),
        click.option(
            "--certificate", type=click.IntRange(min=0), default=200, show_default=True,
            metavar="N", help="Estimate precision and recall of each deduplication from samples of "
            "N records; 0 for not at all.",
        ),
    ]  # fmt: skip
    function = placing_options(function)
    for option in reversed(options):
        function = option(function)
    return function


@click.command("run")
@click.argument("recipe")
@input_options
@on_option
@output_options
def run_command(
    recipe: str, given: Input, on: tuple[str, ...], **options: Any,
) -> None:  # fmt: skip
    """Carry out RECIPE (a YAML file or the name of a packaged recipe) over the input.

    \b
    tamis run curator-en --input 'crawl/*.jsonl.gz' --output out
    tamis run news.yaml --input docs.parquet --output out --set word_count.min=100
    """
    pipeline = pipeline_of(recipe, options.pop("settings"), on)
    _carry_out(pipeline, given.open, **options)


@click.command("demo")
@output_options
@click.option("--recipe", default="demo", show_default=True, help="Which recipe to show.")
def demo_command(recipe: str, **options: Any) -> None:
    """Curate the real web pages that come with tamis, and show where the report is."""

    def demo() -> Any:
        from tamis import datasets

        return datasets.demo()

    _carry_out(pipeline_of(recipe, options.pop("settings")), demo, **options)


def pipeline_of(recipe: str, settings: tuple[str, ...], on: tuple[str, ...] = ()) -> Any:
    """The pipeline of a recipe with the settings and columns that `--set` and `--on` change."""
    from tamis import Pipeline
    from tamis.recipe import load

    steps = load(recipe, dict(pairs(settings)))
    return Pipeline(over(steps, on))


def _carry_out(
    pipeline: Any, source: Any, output: str, kind: str, max_errors: float, certificate: int,
    **place: Any,
) -> None:  # fmt: skip
    from tamis.cli import display

    started = time.time()
    with placed(**place), _stopping(output):
        frame = source()
        pipeline.check(frame)
        run = pipeline.run(
            frame, output, format=kind, max_errors=max_errors, certificate=certificate or False
        )
    console = display.console()
    console.print(display.steps(run.figures))
    console.print()
    console.print(display.summary(run.figures))
    for line in display.certificates(run.figures):
        console.print(line, style=display.SOFT)
    console.print(_standing(run.figures, started), end="")
    console.print(f"report: {run.report}", soft_wrap=True)


def _standing(figures: Any, started: float) -> str:
    """What did not have to be done again."""
    from datetime import datetime

    if datetime.fromisoformat(figures["started"]).timestamp() < started - 1:
        return "nothing to do: this very run stood already\n"
    reused, done = figures["tasks"]["reused"], figures["tasks"]["done"]
    return f"resumed: {reused:,} of {reused + done:,} tasks stood already\n" if reused else ""


@contextlib.contextmanager
def _stopping(output: str) -> Iterator[None]:
    """Tell a run that had begun from a call that could not be right."""
    from tamis.io import commit
    from tamis.io.store import Store

    try:
        yield
    except (SettingError, ColumnError):
        raise
    except Exception as error:
        store = Store(output)
        with contextlib.suppress(OSError):
            if store.size(commit.MARKER) is not None:
                raise StoppedRun(store.root, rest=_rest(error, store.root)) from error
        raise


def _rest(error: BaseException, folder: str) -> str:
    """What to do where the same command alone would stop again; "" where it goes on."""
    if not isinstance(error, DataError):
        return ""
    return (
        "The same command alone would stop there again. Once that is mended it goes on from what "
        f"is done, which stays in {folder}."
    )
