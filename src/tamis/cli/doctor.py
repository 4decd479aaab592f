"""`tamis doctor`: what is here, and what will run where."""

from __future__ import annotations

from typing import Any

import click

from tamis.cli.placing import taken
from tamis.engines import ENGINES
from tamis.errors import TamisError


class Wanting(TamisError):
    """What was asked for cannot be done here."""


@click.command("doctor")
@click.argument("recipe", required=False)
@click.option(
    "--engine",
    type=click.Choice(ENGINES),
    help="Where steps run with it; gpu: fail where there is none.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def doctor_command(recipe: str | None, engine: str | None, as_json: bool) -> None:
    """Tell what this machine has, what will run where, and what is wrong.

    With a RECIPE also where each of its steps runs, and the packages that they lack.

    \b
    tamis doctor
    tamis doctor datacomp-clip --engine gpu
    """
    from tamis.doctor import examine

    with taken(engine):
        found = examine()
        if recipe is not None:
            found["steps"] = _steps(recipe)
    if as_json:
        import json

        click.echo(json.dumps(found, indent=1))
    else:
        _show(found)
    lacking = sorted({extra for step in found.get("steps", []) for extra in step["extras"]})
    if lacking:
        raise Wanting(f"steps of {recipe} lack packages: pip install 'tamis[{','.join(lacking)}]'")
    if engine == "gpu" and not found["gpu"]["devices"]:
        raise Wanting(f"--engine gpu: no GPU: {found['gpu']['why']}")


def _steps(recipe: str) -> list[dict[str, Any]]:
    """Where each step runs over pandas frames with the engine that is set, and what it lacks."""
    from tamis import Pipeline
    from tamis.extras import absent
    from tamis.places import places
    from tamis.recipe import load

    named = Pipeline(load(recipe)).named
    told = []
    for (name, step), place in zip(named, places(named).values(), strict=True):
        away = absent(step.packages)
        extras = sorted({step.packages[module] for module in away})
        told.append({"step": name, "where": place.engine, "why": place.why, "lacking": away,
                     "extras": extras})  # fmt: skip
    return told


def _show(found: dict[str, Any]) -> None:
    from tamis.cli import display
    from tamis.report.wording import size

    console, machine, gpu = display.console(), found["machine"], found["gpu"]
    facts = display.table("", "")
    facts.add_row("tamis", f"{found['tamis']}, Python {machine['python']}, {machine['system']}")
    facts.add_row("cores", f"{machine['cores']} ({', '.join(machine['arithmetic']) or 'plain'})")
    facts.add_row("memory", size(machine["memory"]))
    facts.add_row("scratch", f"{machine['scratch']}, {size(machine['room'])} free")
    for cache in machine["caches"]:
        able = "" if cache["writable"] else " (cannot be written)"
        facts.add_row(f"cache of {cache['what']}", cache["folder"] + able)
    facts.add_row("driver", gpu["driver"] or ("there" if gpu["devices"] else "none"))
    for device in gpu["devices"]:
        free = f", {size(device['free'])} free" if device["free"] >= 0 else ""
        told = f"{device['name']}, {size(device['memory'])}{free}, {device['capability']}"
        facts.add_row(f"GPU {device['number']}", told)
    if gpu["why"]:
        facts.add_row("GPU", f"none: {gpu['why']}")
    for name, library in gpu["libraries"].items():
        facts.add_row(name, f"{library['version']}{_MARKS[library['works']]}")
    media = [f"{name} {version}" for name, version in found["media"].items() if version]
    facts.add_row("media", ", ".join(media) or "nothing decodes here: pip install 'tamis[image]'")
    there = [name for name, extra in found["extras"].items() if extra["installed"]]
    facts.add_row("extras", ", ".join(there) or "none")
    for name, extra in found["extras"].items():
        if not extra["installed"]:
            facts.add_row(f"  not {name}", ", ".join(extra["lacking"]))
    console.print(facts)
    console.print()
    _table(console, ("work", "where"), list(found["work"].items()))
    if "steps" in found:
        rows = [
            (s["step"], s["where"], ", ".join(s["lacking"]) or s["why"]) for s in found["steps"]
        ]
        console.print()
        _table(console, ("step", "where", "why, or what it lacks"), rows)
    for problem in found["problems"]:
        console.print(f"! {problem}", style=display.RED, soft_wrap=True)


_MARKS = {True: ", computes on a GPU", False: ", does not reach a GPU", None: ""}


def _table(console: Any, headings: tuple[str, ...], rows: list[Any]) -> None:
    from tamis.cli import display

    made = display.table(*headings)
    for row in rows:
        made.add_row(*(display.safe(cell) for cell in row))
    console.print(made)
