"""A pipeline seen as row-wise stretches with a deduplication after each but the last."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from tamis import rowwise
from tamis.frame import STRING
from tamis.steps import Step

Named = tuple[tuple[str, Step], ...]


class Segment(NamedTuple):
    """Row-wise steps that run in one pass, and the deduplication that follows them, if any."""

    rowwise: Named
    dedup: tuple[str, Any] | None

    def plan(self, columns: dict[str, Any]) -> dict[str, Any]:
        """The columns after this segment; raises `ColumnError` as the steps do."""
        columns = rowwise.plan(columns, self.rowwise)
        if self.dedup is not None:
            name, step = self.dedup
            step.plan(columns, name)
        return self.marked(columns)

    def unguarded(self) -> Segment:
        """This segment as far as its outcome depends on it: guards only stop a run."""
        if self.dedup is None:
            return self
        name, step = self.dedup
        return Segment(self.rowwise, (name, step.unguarded()))

    def marked(self, columns: dict[str, Any]) -> dict[str, Any]:
        """The columns that the verdicts of the deduplication add to those before it."""
        if self.dedup is None:
            return columns
        name, step = self.dedup
        added = step.added(name)
        return columns | added | {"duplicate_of": STRING, "similarity": np.dtype("float64")}


def segments(named: Named) -> list[Segment]:
    """Cut a pipeline at its deduplications. The last segment has none."""
    found: list[Segment] = []
    current: list[tuple[str, Step]] = []
    for name, step in named:
        if step.shuffles:
            found.append(Segment(tuple(current), (name, step)))
            current = []
        else:
            current.append((name, step))
    return [*found, Segment(tuple(current), None)]


def unique_names(steps: Iterable[Step]) -> Named:
    """Each step with its name; a name met again gets `_2`, `_3`, …"""
    seen: dict[str, int] = {}
    named = []
    for step in steps:
        seen[step.name] = count = seen.get(step.name, 0) + 1
        named.append((step.name if count == 1 else f"{step.name}_{count}", step))
    return tuple(named)
