"""`tamis verify`: a folder that was written, compared with its manifest."""

from __future__ import annotations

import click


@click.command("verify")
@click.argument("folder")
def verify_command(folder: str) -> None:
    """Read every file of FOLDER, written by tamis, and compare it with the manifest's SHA-256."""
    from tamis.io.verifying import verify

    found = verify(folder)
    click.echo(f"{found.files:,} files, {found.rows:,} rows, {found.bytes:,} bytes: as written")
    if found.unchecked:
        click.echo(f"of {found.unchecked:,} only the size was looked at: they have no checksum")
