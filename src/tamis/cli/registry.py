"""`tamis list` and `tamis show`: what there is, told by the ops themselves."""

from __future__ import annotations

import inspect
from typing import Any

import click

KINDS = {"measures": "measure", "edits": "edit", "cuts": "cut"}
SECTIONS = (*KINDS, "dedups", "recipes")


@click.command("list")
@click.argument("what", type=click.Choice(SECTIONS), required=False)
def list_command(what: str | None) -> None:
    """List measures, edits, cuts, dedups and recipes, or one kind of them."""
    from tamis.cli import display

    console = display.console()
    for section in SECTIONS if what is None else (what,):
        entries = _entries(section)
        if not entries:
            continue
        if what is None:
            console.print(section, style="bold")
        listing = display.table("", "")
        listing.columns[0].no_wrap = True
        for name, sentence in entries:
            listing.add_row(name, sentence)
        console.print(listing)
        if what is None:
            console.print()


@click.command("show")
@click.argument("name", metavar="OP")
def show_command(name: str) -> None:
    """Show an op, a dedup or a recipe: what it does, its settings, its range, an example."""
    from tamis import recipe
    from tamis.cli import display
    from tamis.dedup import DEDUPS
    from tamis.registry import registered

    console = display.console()
    name = name.removesuffix("_dedup") if name.removesuffix("_dedup") in DEDUPS else name
    if name in DEDUPS:
        _show_dedup(console, name, DEDUPS[name])
    elif name not in registered() and name in recipe.packaged_names():
        click.echo(recipe.read(name)[0], nl=False)
    else:
        _show_op(console, op_named(name))


def op_named(name: str) -> Any:
    """The op of this name; the part after the dot will do where only one op has it."""
    from tamis.registry import find, registered

    short = [op for op in registered().values() if op.short == name]
    return short[0] if len(short) == 1 and name not in registered() else find(name)


def _entries(section: str) -> list[tuple[str, str]]:
    if section == "recipes":
        return _recipes()
    if section == "dedups":
        from tamis.dedup import DEDUPS

        return [(name, _sentence(kind)) for name, kind in DEDUPS.items()]
    from tamis.registry import registered

    return [(n, _sentence(op)) for n, op in registered().items() if op.kind == KINDS[section]]


def _recipes() -> list[tuple[str, str]]:
    from tamis import notation, recipe

    found = []
    for name in recipe.packaged_names():
        top = notation.load(recipe.read(name)[0])
        found.append((name, f"{top.get('description', '')} ({len(top['steps'])} steps)".strip()))
    return found


def _sentence(thing: Any) -> str:
    """The first sentence of a docstring."""
    return (inspect.getdoc(thing) or "").split("\n\n")[0].replace("\n", " ")


def _show_op(console: Any, op: Any) -> None:
    from tamis.cli import display

    console.print(op.name, style="bold", end="")
    console.print(f"   {op.kind}", style="dim")
    console.print()
    console.print(inspect.getdoc(op.function) or "")
    console.print()
    facts = display.table("", "")
    facts.add_row("reads", ", ".join(op.columns()))
    if op.kind == "cut":
        facts.add_row("gives", ", ".join(f"{k} ({v})" for k, v in op.spans.items()))
    else:
        facts.add_row("gives", op.dtype)
    if op.range is not None:
        facts.add_row("range", f"{op.range[0]:g} to {op.range[1]:g}")
    console.print(facts)
    _settings(console, op.settings, op.function)
    _example(console, {"measure": "filter"}.get(op.kind, op.kind), op)


def _show_dedup(console: Any, name: str, kind: Any) -> None:
    console.print(name, style="bold", end="")
    console.print("   dedup", style="dim")
    console.print()
    console.print(inspect.getdoc(kind) or "")
    console.print()
    parameters = inspect.signature(kind).parameters.values()
    _settings(console, {p.name: p.default for p in parameters}, kind)
    console.print("\nin a recipe", style="dim")
    console.print(f"- dedup: {name}")
    for parameter in parameters:
        if parameter.default is inspect.Parameter.empty:
            console.print(f"  {parameter.name}: …")


def _settings(console: Any, settings: dict[str, Any], function: Any) -> None:
    from tamis.cli import display

    if not settings:
        return
    hints = inspect.signature(function).parameters
    console.print("\nsettings", style="dim")
    listing = display.table("", "", "")
    for name, default in settings.items():
        kind = hints[name].annotation if name in hints else inspect.Parameter.empty
        told = "required" if default is inspect.Parameter.empty else f"= {default!r}"
        listing.add_row(f"  {name}", told, "" if kind is inspect.Parameter.empty else str(kind))
    console.print(listing)


def _example(console: Any, word: str, op: Any) -> None:
    """A recipe entry that can be copied; a text that has no known values is a score."""
    values = op.values if isinstance(op.values, tuple) else ()
    free = op.kind == "measure" and op.dtype == "string" and not values
    word = "score" if free else word
    console.print("\nin a recipe", style="dim")
    console.print(f"- {word}: {op.name}")
    required = [k for k, default in op.settings.items() if default is inspect.Parameter.empty]
    for name in required:
        console.print(f"  {name}: …")
    if op.kind != "measure" or free:
        return
    if op.dtype in ("string", "boolean"):
        value = "true" if op.dtype == "boolean" else "en" if "en" in values else values[0]
        console.print(f"  isin: [{value}]", markup=False)
    else:
        low = (op.range or (0, 0))[0]
        console.print("  min: 0.1" if op.dtype == "float64" and low == 0 else "  min: 1")
