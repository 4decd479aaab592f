"""`tamis verify`: a folder that was written, compared with its manifest."""

from __future__ import annotations

import click


@click.command("verify")
@click.argument("folder")
def verify_command(folder: str) -> None:
    """Read every file of FOLDER, written by tamis, and compare it with the manifest's SHA-256.

    Exits with 1 where it is not as it was written.
    """
    from tamis.cli.mistakes import STOPPED
    from tamis.errors import DamageError, UncommittedError
    from tamis.io.verifying import verify

    try:
        found = verify(folder)
    except (DamageError, UncommittedError) as error:
        click.echo(f"Error: {error}", err=True)
        raise click.exceptions.Exit(STOPPED) from error
    click.echo(f"{found.files:,} files, {found.rows:,} rows, {found.bytes:,} bytes: as written")
    if found.unchecked:
        click.echo(f"of {found.unchecked:,} only the size was looked at: they have no checksum")
    for name in found.strays:
        click.echo(f"not of it, though beside its files: {name}", err=True)
    if found.strays:
        raise click.exceptions.Exit(STOPPED)
