"""`tamis index`: deliveries added to an index of what was seen before, asked for, taken out."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from tamis.cli.inputs import Input, input_options, pairs
from tamis.errors import SettingError

SHOWN = 20
PREFIX = "Put this before every id, e.g. june/: for ids made from names of files."


@click.group("index")
def index_command() -> None:
    """Deduplicate each delivery against all earlier ones, at its own cost.

    \b
    tamis index add seen --input 'may/*.jsonl.gz' --source may --output may-new
    tamis index query seen --input june.parquet
    tamis index remove seen --source may
    """


@index_command.command("add")
@click.argument("dir")
@input_options
@click.option("--source", metavar="NAME", help="What `remove` will know these records by.")
@click.option("--prefix", default="", metavar="TEXT", help=PREFIX)
@click.option(
    "--output", "-o", metavar="FOLDER", help="Write the records that stay there, as Parquet."
)
@click.option(
    "--dedup", type=click.Choice(("fuzzy", "exact", "perceptual", "semantic")),
    help="How a new index compares records: fuzzy unless you say so.",
)  # fmt: skip
@click.option(
    "--set", "-s", "settings", multiple=True, metavar="KEY=VALUE",
    help="A setting of the deduplication of a new index, e.g. threshold=0.9.",
)  # fmt: skip
def add_command(
    dir: str, given: Input,
    source: str | None, prefix: str, output: str | None, dedup: str | None,
    settings: tuple[str, ...],
) -> None:  # fmt: skip
    """Add records to the index in DIR, and say which of them are new.

    The same command again adds nothing, and writes the records that stay.
    """
    from tamis.cli.output import Output
    from tamis.dedup import Index

    index = Index(dir, _step(dir, dedup, pairs(settings)))
    frame = given.open()
    place = output and Output(output, index.path, frame, "add", source, prefix)
    added = index.add(frame, source=source, prefix=prefix)
    what = "stood in the index already" if added.again else "added"
    _told(added.verdicts, f"{what} as {added.source!r}", added.passed)
    if len(added.changed):
        gone = int((~added.changed["keep"]).sum())
        more = len(added.changed) - gone
        click.echo(
            f"verdicts on earlier records changed: {gone:,} are duplicates now, {more:,} stay now"
        )
    if place:
        place.write(added.kept(frame), f"They are in the index {dir}; ")


@index_command.command("query")
@click.argument("dir")
@input_options
@click.option("--prefix", default="", metavar="TEXT", help=PREFIX)
@click.option(
    "--output", "-o", metavar="FOLDER", help="Write the records that would stay, as Parquet."
)
def query_command(
    dir: str,
    given: Input,
    prefix: str,
    output: str | None,
) -> None:
    """Say what adding records to the index in DIR would find, without adding them.

    A record that is in the index itself is a duplicate of the one that stays: often of its own id.
    """
    from tamis.cli import display
    from tamis.cli.output import Output
    from tamis.dedup import Index
    from tamis.dedup.index.results import prefixed, staying

    index = Index(dir)
    frame = given.open()
    place = output and Output(output, index.path, frame, "query", prefix)
    verdicts = index.query(frame, prefix=prefix)
    gone = verdicts[~verdicts["keep"]]
    console = display.console()
    table = display.table("id", "duplicates", "similarity", right=(2,))
    for row in gone.head(SHOWN).itertuples():
        table.add_row(display.safe(row.id), display.safe(row.duplicate_of), f"{row.similarity:.3f}")
    if len(gone):
        console.print(table)
        console.print()
    _told(verdicts, "asked for", 0)
    if place:
        place.write(staying(prefixed(frame, prefix), verdicts), "")


@index_command.command("remove")
@click.argument("dir")
@click.option("--source", metavar="NAME", help="Take out all records of this source.")
@click.option("--id", "ids", multiple=True, metavar="ID", help="Take out this record.")
@click.option(
    "--ids", "file", type=click.Path(exists=True, dir_okay=False), metavar="FILE",
    help="Take out the records whose ids are the lines of this file.",
)  # fmt: skip
def remove_command(dir: str, source: str | None, ids: tuple[str, ...], file: str | None) -> None:
    """Take records out of the index in DIR, and name those that stay in their place."""
    from tamis.cli import display
    from tamis.dedup import Index

    wanted = [*ids, *(Path(file).read_text("utf-8").splitlines() if file else ())]
    if bool(wanted) == (source is not None):
        raise SettingError("say what to remove: --source NAME, or --id ID and --ids FILE")
    removal = Index(dir).remove(source=source, ids=wanted or None)
    promoted = removal.promoted["id"].tolist()
    click.echo(f"{len(removal.removed):,} removed, {len(promoted):,} promoted")
    for name in promoted[:SHOWN]:
        click.echo(f"stays now: {display.safe(name)}")
    if len(promoted) > SHOWN:
        click.echo(f"… and {len(promoted) - SHOWN:,} more")


@index_command.command("stats")
@click.argument("dir")
@click.option("--json", "plain", is_flag=True, help="Print everything as JSON.")
def stats_command(dir: str, plain: bool) -> None:
    """Show what the index in DIR holds, and what it takes on disk."""
    from tamis.cli import display
    from tamis.dedup import Index
    from tamis.report.wording import count

    stats = Index(dir).stats()
    if plain:
        click.echo(json.dumps(stats, indent=1))
        return
    console = display.console()
    table = display.table("source", "records", "kept", "deliveries", right=(1, 2, 3))
    for name, told in stats["sources"].items():
        table.add_row(
            display.safe(name), count(told["records"]), count(told["kept"]),
            count(told["deliveries"]),
        )  # fmt: skip
    console.print(table)
    console.print()
    kept, gone = stats["kept"], stats["suppressed"]
    click.echo(f"{stats['records']:,} records: {kept:,} kept, {gone:,} duplicates")
    shares = ", ".join(f"{kind} {_size(size)}" for kind, size in _largest(stats["bytes"]))
    total = _size(sum(stats["bytes"].values()))
    click.echo(f"{total} on disk, {stats['bytes_per_record']:,.0f} bytes a record ({shares})")
    told = f"{stats['segments']:,} segments, version {stats['version']:,}"
    if stats["removed"]:
        told += f"; {stats['removed']:,} removed records wait for `tamis index compact`"
    click.echo(told)
    settings = {k: v for k, v in stats["settings"].items() if v is not None}
    click.echo(", ".join(f"{key}={value}" for key, value in settings.items()))
    if not stats["verified"]:
        click.echo("similarities are estimated from signatures, not verified")


@index_command.command("compact")
@click.argument("dir")
def compact_command(dir: str) -> None:
    """Write the index in DIR anew without removed records, and delete what killed writers left."""
    from tamis.dedup import Index

    index = Index(dir)
    before = sum(index.stats()["bytes"].values())
    index.compact()
    click.echo(f"{_size(before)} before, {_size(sum(index.stats()['bytes'].values()))} now")


def _step(dir: str, dedup: str | None, settings: Iterable[tuple[str, Any]]) -> Any:
    """The deduplication asked for; None for that of the index, or the default."""
    from tamis.dedup import Index
    from tamis.recipe import step_from

    given = dict(settings)
    if dedup is None and not given:
        return None
    kind = Index(dir).step.to_dict()
    entry = kind if dedup in (None, kind["dedup"]) else {"dedup": dedup}
    return step_from(entry | given)


def _told(verdicts: Any, what: str, passed: int) -> None:
    """How many records there are, and how many stay."""
    kept = int(verdicts["keep"].sum())
    gone = len(verdicts) - kept
    stays = verdicts["id"][verdicts["keep"]]
    among = int(verdicts["duplicate_of"].isin(stays).sum())
    click.echo(f"{len(verdicts):,} records {what}: {kept:,} to keep, duplicates: {gone:,}")
    if gone:
        click.echo(f"duplicates of earlier records: {gone - among:,}, within the input: {among:,}")
    if passed:
        click.echo(f"left out because they could not be read: {passed:,}")


def _largest(sizes: dict[str, int]) -> list[tuple[str, int]]:
    return sorted(sizes.items(), key=lambda item: -item[1])


def _size(count: int) -> str:
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count = round(count / 1000, 3)  # type: ignore[assignment]
    return f"{count:,.3g} GB"
