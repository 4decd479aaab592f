"""`tamis look`: a finished run as a page to look through."""

from __future__ import annotations

import contextlib

import click


@click.command("look")
@click.argument("out")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0,
    help="Listen on this port; a free one is taken where none is named.",
)  # fmt: skip
@click.option("--no-browser", is_flag=True, help="Only say the address; do not open it.")
@click.option(
    "--uncovered", is_flag=True,
    help="Show what the recipe redacts, too: texts dropped before that, and what it would find.",
)  # fmt: skip
def look_command(out: str, port: int, no_browser: bool, uncovered: bool) -> None:
    """Look through the records of the run OUT, or of a folder of Parquet files, in a browser.

    Pictures where rows point to images, else the beginnings of texts; by what became of them, step,
    reason, score or id. Only this machine can see it, until Ctrl-C.
    """
    from tamis.gallery import Gallery

    gallery = Gallery(out, port, uncovered=uncovered)
    click.echo(f"{len(gallery.catalogue):,} records at {gallery.url}")
    click.echo("Ctrl-C ends it.")
    if not no_browser:
        import webbrowser

        with contextlib.suppress(webbrowser.Error):
            webbrowser.open(gallery.url)
    with contextlib.suppress(KeyboardInterrupt):
        gallery.serve()
