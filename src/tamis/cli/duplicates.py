"""`tamis duplicates`: clusters and pairs of a finished run, and other bounds tried on them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import click

from tamis.errors import DataError, SettingError

Safe = Callable[..., str]
"""What of a text, or of an id, is shown: at most so many letters, where that is given."""


@click.command("duplicates")
@click.argument("out")
@click.option(
    "--by", metavar="STEP",
    help="Only this deduplication: its name (fuzzy_dedup) or kind (fuzzy). Else all, one by one.",
)  # fmt: skip
@click.option("--least", "order", flag_value="least", help="Pairs, the least certain first.")
@click.option("--most", "order", flag_value="most", help="Pairs, the most certain first.")
@click.option("--cluster", metavar="ID", help="The cluster that this record is in.")
@click.option(
    "--threshold", type=float, metavar="X",
    help="Decide anew at this bound: the threshold of fuzzy, semantic, fingerprint, the radius of "
    "perceptual. Needs --by where several have one.",
)  # fmt: skip
@click.option("--limit", type=click.IntRange(min=1), default=10, show_default=True)
@click.option("--uncovered", is_flag=True, help="Show what the recipe redacts, too.")
def duplicates_command(
    out: str, by: str | None, order: Any, cluster: str | None, threshold: float | None, limit: int,
    uncovered: bool,
) -> None:  # fmt: skip
    """Show the duplicates that the run OUT found: clusters, or pairs with their differing words.

    Where the run has several deduplications they are shown one after another, in their order;
    --by STEP shows one. Of a run whose recipe redacts no text that was dropped before, and nothing
    that it would find.
    """
    from tamis import Run
    from tamis.cli import display

    run = Run(out)
    shown = _asked(run, by)
    safe: Safe = display.safe
    if not uncovered:
        shown, safe = _covered(run, shown)
    moved: dict[int, str] = {}
    if threshold is not None:
        shown = [_movable(shown)]
        before = shown[0].dropped
        whole = threshold == int(threshold) and shown[0].step.bound == "radius"
        shown = [shown[0].rethreshold(int(threshold) if whole else threshold)]
        moved[0] = f"dropped {shown[0].dropped:,} in place of {before:,}"
    inspected = [None] * len(shown) if cluster is None else _looked_up(shown, cluster, limit)
    console = display.console()
    first = True
    for number, found in enumerate(shown):
        if cluster is not None and inspected[number] is None:
            continue
        if not first:
            console.print()
        first = False
        if number in moved:
            console.print(moved[number], style="bold")
        console.print(display.safe(repr(found)[1:-1]))
        console.print()
        if inspected[number] is not None:
            _inspected(console, inspected[number], safe)
        elif found.cuts:
            _losses(console, found, order or "most", limit, safe)
        elif order is not None:
            _pairs(console, found, order, limit, safe)
        else:
            _clusters(console, found, limit, safe)
    if run.figures.get("shown_by", {}).get("medium"):
        console.print(f"their pictures: tamis look {display.safe(out)}", style=display.SOFT)


def _covered(run: Any, shown: list[Any]) -> tuple[list[Any], Safe]:
    """The same without texts that may not be shown, and what makes others and ids fit to be."""
    from tamis.cli import display
    from tamis.exhibits import subject_of
    from tamis.report import covered

    steps = run.figures["steps"]
    cover = covered.cover(steps)
    if cover is None:
        return shown, display.safe
    parts = [*run.parts("dropped"), *run.parts("kept")]

    def texts(ids: list[str], column: str | None) -> dict[str, str]:
        named = column or subject_of(run.figures).text
        if named is None:
            return {}
        after = covered.showing(steps, named)
        found = covered.fetch_shown(run.store, parts, named, ids, after)
        there = {name: text for name, text in found.items() if text != covered.COVERED}
        return dict(zip(there, cover(list(there.values())), strict=True))

    def safe(value: str, length: int | None = None) -> str:
        (told,) = cover([value])
        return display.safe(told) if length is None else display.safe(told, length)

    return [replace(found, texts=texts) for found in shown], safe


def _asked(run: Any, by: str | None) -> list[Any]:
    """What the deduplications found that are to be shown: the one asked for, else all."""
    names = [by] if by is not None else [found["step"] for found in run.figures["deduplications"]]
    try:
        return [run.duplicates(name) for name in names or [None]]
    except KeyError as error:
        told = str(error.args[0]).replace(": name one", "; name one with --by STEP")
        raise SettingError(told) from None


def _movable(shown: list[Any]) -> Any:
    """The only one of them that has a bound to move."""
    bounded = [found for found in shown if found.step.bound is not None]
    if len(shown) > 1 and len(bounded) != 1:
        have = ", ".join(found.step.name for found in bounded or shown)
        told = "several deduplications have a bound" if bounded else "no deduplication has a bound"
        raise SettingError(
            f"--threshold: {told} to move (the run has {have})"
            + ("; name one with --by STEP" if bounded else "")
        )
    return (bounded or shown)[0]


def _looked_up(shown: list[Any], cluster: str, limit: int) -> list[Any]:
    """The cluster of a record in each of them; None where it is in none."""
    found: list[Any] = []
    errors: list[DataError | SettingError] = []
    for each in shown:
        try:
            found.append(each.inspect(cluster, limit=limit))
        except (DataError, SettingError) as error:
            errors.append(error)
            found.append(None)
    if len(errors) == len(shown):
        raise (
            errors[-1]
            if len(shown) == 1
            else next((error for error in errors if isinstance(error, DataError)), errors[-1])
        )
    return found


def _clusters(console: Any, found: Any, limit: int, safe: Safe) -> None:
    from tamis.cli import display

    rows = found.clusters()
    made = display.table("kept", "records", "least alike", "most alike", right=(1, 2, 3))
    for row in rows.head(limit).itertuples():
        made.add_row(safe(row.kept), f"{row.size:,}", f"{row.least:.3f}", f"{row.most:.3f}")
    console.print(made)
    if len(rows) > limit:
        console.print(f"{limit:,} of {len(rows):,} clusters", style=display.SOFT)


def _losses(console: Any, found: Any, order: str, limit: int, safe: Safe) -> None:
    """Records of which parts stand before: what share, in which record most of it, what became."""
    from tamis.cli import display

    rows = found.pairs(order)
    made = display.table("record", "stands before", "most of it in", "", right=(1,))
    acted = "cut" if found.step.action == "unit" else "kept"
    for row in rows.head(limit).itertuples():
        of = safe(row.duplicate_of) if isinstance(row.duplicate_of, str) else ""
        what = acted if row.keep else "dropped"
        made.add_row(safe(row.id), f"{row.similarity:.1%}", of, what)
    console.print(made)
    if len(rows) > limit:
        console.print(f"{limit:,} of {len(rows):,} records", style=display.SOFT)


def _pairs(console: Any, found: Any, order: str, limit: int, safe: Safe) -> None:
    """Pairs with the words that differ; one look at the texts serves them all."""
    from tamis.cli import display
    from tamis.dedup.inspection import inspected

    rows = found.pairs(order)
    shown = list(rows.head(limit).itertuples())
    ids = sorted({name for row in shown for name in (row.id, row.duplicate_of)})
    texts = found.texts(ids, None)
    for row in shown:
        pair = inspected(row.duplicate_of, 2, [(row.id, row.similarity)], texts)
        _member(console, pair.members[0], row.duplicate_of, safe)
    if len(rows) > limit:
        console.print(f"{limit:,} of {len(rows):,} pairs", style=display.SOFT)


def _inspected(console: Any, found: Any, safe: Safe) -> None:
    from tamis.cli import display
    from tamis.dedup.inspection import START

    console.print("kept", style=display.GREEN, end="")
    console.print(f" {safe(found.kept)}")
    if found.text is not None:
        console.print(safe(found.text, START))
    console.print()
    for member in found.members:
        _member(console, member, None, safe)
    left = found.size - 1 - len(found.members)
    if left:
        console.print(f"and {left:,} more", style=display.SOFT)


def _member(console: Any, member: Any, of: str | None, safe: Safe) -> None:
    from rich.text import Text

    from tamis.cli import display
    from tamis.dedup.inspection import MARKS
    from tamis.difference import FOLDED, GONE, NEW

    told = f" duplicates {safe(of)}" if of is not None else ""
    console.print(f"{member.similarity:.3f}  {safe(member.id)}{told}", style="bold")
    line = Text()
    styles = {GONE: display.RED, NEW: display.GREEN, FOLDED: display.SOFT}
    for kind, words in member.words or ():
        line.append(MARKS.get(kind, "{}").format(display.safe(words)), styles.get(kind))
        line.append(" ")
    console.print(line if member.words else Text(member.told, style=display.SOFT))
    console.print()
