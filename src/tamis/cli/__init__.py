"""The command line: `tamis run`, `tamis plan`, `tamis list`, `tamis show`, `tamis score`, …"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import click

from tamis.version import VERSION

COMMANDS = {
    "run": "running",
    "demo": "running",
    "plan": "planning",
    "doctor": "doctor",
    "fetch": "fetching",
    "download": "downloading",
    "list": "registry",
    "show": "registry",
    "score": "scoring",
    "why": "finished",
    "dropped": "finished",
    "duplicates": "duplicates",
    "report": "finished",
    "look": "looking",
    "verify": "verifying",
    "index": "indexing",
    "train": "training",
}


class Commands(click.Group):
    """The commands, each imported when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        module = import_module(f"tamis.cli.{COMMANDS[name]}")
        command: click.Command = getattr(module, f"{name}_command")
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from tamis.spelling import meant

            hint = meant(args[0], COMMANDS) or f"; there are {', '.join(COMMANDS)}"
            raise click.UsageError(f"No command {args[0]!r}{hint}", ctx) from error


def _version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        click.echo(f"tamis {VERSION}")
        ctx.exit()


@click.group(
    cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_version,
    help="Show the version and exit.",
)  # fmt: skip
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def commands(debug: bool) -> None:
    """Turn raw text into training data, with every record accounted for."""


def main(arguments: Sequence[str] | None = None) -> None:
    """The command `tamis`. Exits with 2 for a mistake in the call, 1 for a run that stopped."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in given
    try:
        result = commands.main([a for a in given if a != "--debug"], "tamis", standalone_mode=False)
        code = result if isinstance(result, int) else 0
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        code = 0
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (KeyboardInterrupt, click.Abort):
        click.echo(
            "\nStopped. What is done stays; give the same command again to go on from there.",
            err=True,
        )
        code = 130
        if arguments is None and _busy():
            # Python would wait for them, a partition of media may take minutes; what they had
            # not put in place is no part of anything.
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    except Exception as error:
        if debug:
            raise
        from tamis.cli.mistakes import explained

        message, code = explained(error)
        click.echo(message, err=True)
    sys.exit(code)


def _busy() -> bool:
    """Whether threads are still at work that the end of Python would wait for."""
    here = threading.current_thread()
    return any(one is not here and not one.daemon for one in threading.enumerate())
