"""`tamis download`: files by their addresses, into a folder."""

from __future__ import annotations

from typing import Any

import click


@click.command("download")
@click.argument("urls", nargs=-1, metavar="URL...")
@click.option("--list", "-l", "lists", multiple=True, type=click.Path(exists=True, dir_okay=False),
              metavar="FILE", help="A file with an address a line.")  # fmt: skip
@click.option("--output", "-o", required=True, metavar="DIR", help="Run again to go on.")
@click.option("--names", type=click.Choice(("name", "path")), default="name", show_default=True,
              help="Call files as the last part of their address, or as all of it.")  # fmt: skip
@click.option("--checksums", type=click.Path(exists=True, dir_okay=False), metavar="FILE",
              help="Hashes, as sha1sum and its kin write them.")  # fmt: skip
@click.option("--connections", type=click.IntRange(min=1), default=8, show_default=True)
@click.option("--per-host", type=click.IntRange(min=1), default=2, show_default=True,
              help="Connections to one host.")  # fmt: skip
@click.option("--delay", type=click.FloatRange(min=0), default=0.0, metavar="SECONDS",
              help="Between two requests to one host.")  # fmt: skip
@click.option("--retries", type=click.IntRange(min=0), default=5, show_default=True)
@click.option("--timeout", type=float, default=30.0, show_default=True, metavar="SECONDS",
              help="For connecting, and for each silence.")  # fmt: skip
@click.option("--max-bytes", default="1TB", show_default=True, metavar="SIZE")
@click.option("--allow-private", is_flag=True, help="Also download from private networks.")
@click.option("--user-agent", metavar="TEXT")
def download_command(
    urls: tuple[str, ...], lists: tuple[str, ...], output: str, **settings: Any
) -> int:
    """Download the files at URL... into a folder, on from where it broke off.

    \b
    tamis download https://example.org/enwiki-pages-articles.xml.bz2 --output dumps
    tamis download --list addresses.txt -o crawl --names path --checksums sha1sums.txt
    """
    import tamis
    from tamis.cli import display
    from tamis.errors import SettingError

    wanted = list(urls)
    for name in lists:
        with open(name, encoding="utf-8", errors="replace") as file:
            wanted += [line.strip() for line in file if line.strip() and line[0] != "#"]
    if not wanted:
        raise SettingError("nothing to download: give addresses, or --list")
    result = tamis.download(wanted, output, **settings)
    console = display.console()
    lost = sum(result.reasons.values())
    console.print(f"{result.kept:,} of {result.kept + lost:,} files, {result.bytes:,} bytes")
    for code, count in sorted(result.reasons.items(), key=lambda item: -item[1]):
        console.print(f"{count:>10,}  {code}", style=display.SOFT)
    if result.standing:
        console.print(f"{result.standing:,} stood already")
    console.print(f"folder: {result.folder}", soft_wrap=True)
    return 1 if lost else 0
