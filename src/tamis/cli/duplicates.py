"""`tamis duplicates`: clusters and pairs of a finished run, and other bounds tried on them."""

from __future__ import annotations

from typing import Any

import click

from tamis.errors import SettingError


@click.command("duplicates")
@click.argument("out")
@click.option("--by", metavar="STEP", help="The deduplication, where the run has several.")
@click.option("--least", "order", flag_value="least", help="Pairs, the least certain first.")
@click.option("--most", "order", flag_value="most", help="Pairs, the most certain first.")
@click.option("--cluster", metavar="ID", help="The cluster that this record is in.")
@click.option(
    "--threshold", type=float, metavar="X",
    help="Decide anew at this bound: the threshold of fuzzy, the radius of perceptual.",
)  # fmt: skip
@click.option("--limit", type=click.IntRange(min=1), default=10, show_default=True)
def duplicates_command(
    out: str, by: str | None, order: Any, cluster: str | None, threshold: float | None, limit: int
) -> None:
    """Show the duplicates that the run OUT found: clusters, or pairs with their differing words."""
    from tamis import Run
    from tamis.cli import display

    run = Run(out)
    try:
        found = run.duplicates(by)
    except KeyError as error:
        raise SettingError(str(error.args[0])) from None
    before = found.dropped
    if threshold is not None:
        whole = threshold == int(threshold) and found.step.bound == "radius"
        found = found.rethreshold(int(threshold) if whole else threshold)
    inspected = None if cluster is None else found.inspect(cluster, limit=limit)
    console = display.console()
    if threshold is not None:
        console.print(f"dropped {found.dropped:,} in place of {before:,}", style="bold")
    console.print(display.safe(repr(found)[1:-1]))
    console.print()
    if inspected is not None:
        _inspected(console, inspected)
    elif order is not None:
        _pairs(console, found, order, limit)
    else:
        _clusters(console, found, limit)


def _clusters(console: Any, found: Any, limit: int) -> None:
    from tamis.cli import display

    rows = found.clusters()
    made = display.table("kept", "records", "least alike", "most alike", right=(1, 2, 3))
    for row in rows.head(limit).itertuples():
        made.add_row(display.safe(row.kept), f"{row.size:,}", f"{row.least:.3f}", f"{row.most:.3f}")
    console.print(made)
    if len(rows) > limit:
        console.print(f"{limit:,} of {len(rows):,} clusters", style=display.SOFT)


def _pairs(console: Any, found: Any, order: str, limit: int) -> None:
    """Pairs with the words that differ; one look at the texts serves them all."""
    from tamis.cli import display
    from tamis.dedup.inspection import inspected

    rows = found.pairs(order)
    shown = list(rows.head(limit).itertuples())
    ids = sorted({name for row in shown for name in (row.id, row.duplicate_of)})
    texts = found.texts(ids, None)
    for row in shown:
        pair = inspected(row.duplicate_of, 2, [(row.id, row.similarity)], texts)
        _member(console, pair.members[0], row.duplicate_of)
    if len(rows) > limit:
        console.print(f"{limit:,} of {len(rows):,} pairs", style=display.SOFT)


def _inspected(console: Any, found: Any) -> None:
    from tamis.cli import display
    from tamis.dedup.inspection import START

    console.print("kept", style=display.GREEN, end="")
    console.print(f" {display.safe(found.kept)}")
    if found.text is not None:
        console.print(display.safe(found.text, START))
    console.print()
    for member in found.members:
        _member(console, member, None)
    left = found.size - 1 - len(found.members)
    if left:
        console.print(f"and {left:,} more", style=display.SOFT)


def _member(console: Any, member: Any, of: str | None) -> None:
    from rich.text import Text

    from tamis.cli import display
    from tamis.dedup.inspection import MARKS
    from tamis.difference import FOLDED, GONE, NEW

    told = f" duplicates {display.safe(of)}" if of is not None else ""
    console.print(f"{member.similarity:.3f}  {display.safe(member.id)}{told}", style="bold")
    line = Text()
    styles = {GONE: display.RED, NEW: display.GREEN, FOLDED: display.SOFT}
    for kind, words in member.words or ():
        line.append(MARKS.get(kind, "{}").format(display.safe(words)), styles.get(kind))
        line.append(" ")
    console.print(line if member.words else Text(member.told, style=display.SOFT))
    console.print()
