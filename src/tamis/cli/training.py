"""`tamis train`: a classifier from labelled rows, and how good it is on rows held out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from tamis.cli.inputs import Input, input_options, pairs
from tamis.errors import SettingError


@click.command("train")
@input_options
@click.option(
    "--output", "-o", required=True, metavar="FILE",
    help="What is written: FILE.bin, a fastText classifier of texts, or FILE.safetensors, a linear "
    "one of embeddings.",
)  # fmt: skip
@click.option("--label", default="label", metavar="COLUMN", help="The column of the labels.")
@click.option("--on", metavar="COLUMN", help="The column of the texts, or of the embeddings.")
@click.option("--embed", metavar="OP", help="Compute the embeddings by this, e.g. text.embedding.")
@click.option(
    "--by", metavar="COLUMN",
    help="Hold out whole groups: rows with one value here (a site, a source) stay together.",
)  # fmt: skip
@click.option(
    "--precision", type=click.FloatRange(0, 1, min_open=True), metavar="P",
    help="Suggest thresholds that reach this precision; by default those of the best F1.",
)  # fmt: skip
@click.option(
    "--set", "-s", "settings", multiple=True, metavar="KEY=VALUE",
    help="A setting of train_fasttext or train_linear, e.g. epochs=10.",
)  # fmt: skip
def train_command(
    given: Input, output: str, label: str, on: str | None, embed: str | None, by: str | None,
    precision: float | None, settings: tuple[str, ...],
) -> None:  # fmt: skip
    """Train a classifier on rows with labels, and say how good it is on rows held out.

    \b
    tamis train --input 'labelled/*.jsonl' --output quality.bin --by site --precision 0.9
    tamis score text.fasttext_score --set model=quality.bin --set label=hq --input 'crawl/*.jsonl'
    """
    import inspect

    from tamis import Score, training
    from tamis.cli.registry import op_named
    from tamis.spelling import meant

    linear = Path(output).suffix == ".safetensors"
    if not linear and Path(output).suffix != ".bin":
        raise SettingError(f"--output {output}: the name ends with .bin or .safetensors")
    if embed is not None and (on is not None or not linear):
        why = "name --embed or --on" if linear else "--embed is for .safetensors"
        raise SettingError(f"--embed {embed}: {why}")
    train = training.train_linear if linear else training.train_fasttext
    chosen = dict(pairs(settings))
    own = [
        name
        for name in inspect.signature(train).parameters
        if name not in ("frame", "output", "on", "label", "by", "precision")
    ]
    for name in chosen.keys() - set(own):
        told = f"{train.__name__} has no such setting ({', '.join(own)}){meant(name, own)}"
        raise SettingError(f"--set {name}: {told}")
    if on is not None or embed is not None:
        chosen["on"] = on if embed is None else Score(op_named(embed))
    made = train(given.open(), output=output, label=label, by=by, precision=precision, **chosen)
    _show(made)


def _show(made: Any) -> None:
    from tamis.cli import display
    from tamis.report.wording import count

    console = display.console()
    console.print(f"{made.file}: from {count(made.rows)} rows, {len(made.labels)} labels")
    if made.held_out is None:
        console.print("no rows were held out, so nothing is known of how good it is")
        return
    found = made.held_out
    console.print(f"of {count(found.rows)} rows held out it tells {found.accuracy:.1%} right")
    console.print()
    columns = [name for name in found.labels.columns if name != "rows"]
    listing = display.table("label", "rows", *columns, right=range(1, len(columns) + 2))
    for label, row in found.labels.iterrows():
        figures = ("" if row[name] != row[name] else f"{row[name]:.3f}" for name in columns)
        listing.add_row(display.safe(str(label), 40), count(int(row["rows"])), *figures)
    console.print(listing)
