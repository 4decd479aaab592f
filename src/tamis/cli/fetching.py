"""`tamis fetch`: what a list of URLs names, into archives."""

from __future__ import annotations

from typing import Any

import click

MODES = ("no", "keep_ratio", "keep_ratio_largest", "center_crop", "border")


@click.command("fetch")
@click.argument("lists", nargs=-1, required=True, metavar="LIST...")
@click.option("--output", "-o", required=True, metavar="DIR", help="Run again to go on.")
@click.option("--on", default="url", show_default=True, help="The column of URLs.")
@click.option("--id", "id_column", metavar="COLUMN", help="The column of the ids.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Only the first N rows.")
@click.option("--format", "-f", type=click.Choice(("webdataset", "parquet")), default="webdataset",
              show_default=True)  # fmt: skip
@click.option("--shard", type=click.IntRange(min=1), default=1000, show_default=True, metavar="N",
              help="Rows of a list in one archive.")  # fmt: skip
@click.option("--resize", type=click.Choice(MODES), default="no", show_default=True)
@click.option("--size", type=click.IntRange(min=1), metavar="PIXELS")
@click.option("--only-if-bigger", is_flag=True, help="Never enlarge.")
@click.option("--encode", type=click.Choice(("jpg", "png", "webp")), default="jpg",
              show_default=True)  # fmt: skip
@click.option("--quality", type=int, help="Of jpg and webp 1 to 100, of png 0 to 9.")
@click.option("--verify", metavar="HASH", help="md5, sha1, sha256, sha512, or COLUMN:HASH.")
@click.option("--connections", type=click.IntRange(min=1), default=64, show_default=True)
@click.option("--per-host", type=click.IntRange(min=1), default=8, show_default=True,
              help="Connections to one host.")  # fmt: skip
@click.option("--delay", type=click.FloatRange(min=0), default=0.0, metavar="SECONDS",
              help="Between two requests to one host.")  # fmt: skip
@click.option("--retries", type=click.IntRange(min=0), default=2, show_default=True)
@click.option("--timeout", type=float, default=10.0, show_default=True, metavar="SECONDS")
@click.option("--max-bytes", default="50MiB", show_default=True, metavar="SIZE")
@click.option("--opt-out", multiple=True, metavar="DIRECTIVE",
              help="X-Robots-Tag directives to honour [default: img2dataset's].")  # fmt: skip
@click.option("--ignore-opt-out", is_flag=True, help="Honour none.")
@click.option("--allow-private", is_flag=True, help="Also fetch from private networks.")
@click.option("--user-agent", metavar="TEXT")
def fetch_command(
    lists: tuple[str, ...], output: str, id_column: str | None, limit: int | None,
    verify: str | None, opt_out: tuple[str, ...], ignore_opt_out: bool, **settings: Any,
) -> None:  # fmt: skip
    """Fetch the URLs in LIST (JSON Lines, Parquet, CSV) into WebDataset archives or Parquet.

    \b
    tamis fetch urls.parquet --output images
    tamis fetch laion.parquet -o images --on URL --resize center_crop --size 256
    """
    import tamis
    from tamis.cli import display
    from tamis.cli.inputs import open_input
    from tamis.errors import SettingError

    if opt_out and ignore_opt_out:
        raise SettingError("--opt-out names what is honoured, --ignore-opt-out nothing: give one")
    if opt_out or ignore_opt_out:
        settings["opt_out"] = opt_out
    if verify is not None:
        column, colon, kind = verify.rpartition(":")
        settings["verify"] = (column, kind) if colon else verify
    result = tamis.fetch(open_input(lists, id_column, limit), output, **settings)
    console = display.console()
    share = f" ({result.kept / result.rows:.1%})" if result.rows else ""
    console.print(f"{result.kept:,} of {result.rows:,}{share} fetched, {result.bytes:,} bytes")
    for code, count in sorted(result.reasons.items(), key=lambda item: -item[1]):
        console.print(f"{count:>10,}  {code}", style=display.SOFT)
    if result.resumed:
        console.print(f"resumed: {result.resumed:,} of {result.shards:,} shards stood already")
    console.print(f"folder: {result.folder}", soft_wrap=True)
