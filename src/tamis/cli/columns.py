"""`--on`: the steps of a recipe over a frame whose columns have other names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from tamis.errors import SettingError

if TYPE_CHECKING:
    from tamis.steps import Step

on_option = click.option(
    "--on", multiple=True, metavar="[NAME=]COLUMN",
    help="The column that is looked at, instead of `text` or `path`; where steps look at "
    "several, text=COLUMN.",
)  # fmt: skip


def over(steps: Sequence[Step], given: Iterable[str]) -> list[Any]:
    """The steps with each column of `given`, as NAME=COLUMN, in place of the one they name.

    COLUMN alone stands for the one column of the input that they read. They keep their names.
    """
    from tamis.segments import unique_names

    asked = list(given)
    if not asked:
        return list(steps)
    reads = list(_read(steps))
    names: dict[str, str] = {}
    for item in asked:
        name, equals, column = item.rpartition("=")
        if not column or (equals and not name):
            raise SettingError(f"--on {item}: write COLUMN or NAME=COLUMN")
        if not equals and len(reads) != 1:
            example = reads[0] if reads else "text"
            raise SettingError(
                f"--on {item}: the steps read {_listed(reads)}; say which, as {example}={column}"
            )
        name = name if equals else reads[0]
        if name not in reads:
            raise SettingError(f"--on {item}: no step reads {name!r}; they read {_listed(reads)}")
        if name in names:
            raise SettingError(f"--on {item}: {name!r} is given twice")
        names[name] = column
    return [_renamed(step, own, names) for own, step in unique_names(steps)]


def _read(steps: Sequence[Step]) -> Iterator[str]:
    """The columns of the input that steps cannot do without, each once."""
    from tamis.cuts import Cut
    from tamis.filters import Filter
    from tamis.steps import Edit, OpStep

    known: set[str] = {"id"}
    for step in steps:
        inner = step.score if isinstance(step, Filter) else step
        found: Iterable[str] = ()
        if isinstance(inner, OpStep):
            spare = inner.op.optional_columns()
            found = [column for name, column in inner.binding.items() if name not in spare]
        elif isinstance(step, Filter):
            found = [str(step.column)]
        elif hasattr(step, "on"):
            found = [step.on] if isinstance(step.on, str) else step.on
        for column in found:
            if column not in known:
                yield column
        known |= {*found, step.name}
        if isinstance(step, Edit):
            known.add(step.target)
        if isinstance(step, Cut):
            known |= {step.binding.get(span, span) for span in step.op.spans} | {"parent_id"}


def _renamed(step: Step, own: str, names: Mapping[str, str]) -> Step:
    from tamis.filters import Filter
    from tamis.recipe import step_from
    from tamis.steps import OpStep

    entry: dict[str, Any] = step.to_dict() | {"name": own}
    inner = step.score if isinstance(step, Filter) else step
    if isinstance(inner, OpStep):
        bound = {name: names.get(column, column) for name, column in inner.binding.items()}
        entry["on"] = {name: column for name, column in bound.items() if name != column}
        if not entry["on"]:
            del entry["on"]
    elif isinstance(step, Filter):
        entry[step.word] = names.get(str(step.column), step.column)
    elif hasattr(step, "on"):
        on = step.on
        entry["on"] = names.get(on, on) if isinstance(on, str) else [names.get(c, c) for c in on]
    if "to" in entry:
        entry["to"] = names.get(entry["to"], entry["to"])
    if "where" in entry:
        entry["where"] = {names.get(column, column): v for column, v in entry["where"].items()}
    return step_from(entry)


def _listed(columns: Sequence[str]) -> str:
    return " and ".join(columns) or "no column of the input"
