"""A pipeline seen as row-wise stretches; after each but the last, all rows are looked at together.

That is a deduplication, or a filter whose bounds are quantiles of the data.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from tamis import rowwise
from tamis.filters import Filter
from tamis.frame import STRING
from tamis.steps import Step

Named = tuple[tuple[str, Step], ...]


class Segment(NamedTuple):
    """Row-wise steps that run in one pass, and what has to see all rows then, if anything does."""

    rowwise: Named
    dedup: tuple[str, Any] | None = None
    bound: tuple[str, Filter] | None = None
    card: bool = False  # for workers that declare a GPU (`tamis.cards`)
    moves: bool = False  # its rows go on to other workers

    @property
    def last(self) -> bool:
        """Whether nothing comes after it."""
        return self.dedup is None and self.bound is None and not self.moves

    @property
    def steps(self) -> Named:
        """The row-wise steps, the filter that waits for its bounds among them."""
        return self.rowwise if self.bound is None else (*self.rowwise, self.bound)

    @property
    def work(self) -> Named:
        """What a pass does to the rows: a filter that waits for its bounds measures them."""
        if self.bound is None:
            return self.rowwise
        name, step = self.bound
        return (*self.rowwise, (name, step.measuring()))

    def after(self, judged: Named) -> Segment:
        """This segment, beginning with the filters whose bounds the one before has settled."""
        return self._replace(rowwise=(*judged, *self.rowwise))

    def plan(self, columns: dict[str, Any]) -> dict[str, Any]:
        """The columns after this segment; raises `ColumnError` as the steps do."""
        columns = rowwise.plan(columns, self.steps)
        if self.dedup is not None:
            name, step = self.dedup
            step.plan(columns, name)
        return self.marked(columns)

    def unguarded(self) -> Segment:
        """This segment with a deduplication that nothing stops."""
        if self.dedup is None:
            return self
        name, step = self.dedup
        return self._replace(dedup=(name, step.unguarded()))

    def rehearsed(self, unknown: int = 0) -> Segment:
        """This segment as a plan tries it, asking no service.

        `unknown` is the most tokens that a step before it would have had a service write.
        """
        tried = []
        for name, step in self.rowwise:
            tried.append((name, step.rehearsed(unknown)))
            unknown = max(unknown, step.unknown())
        dedup, bound = self.dedup, self.bound
        if dedup is not None:
            dedup = (dedup[0], dedup[1].rehearsed())
        if bound is not None:
            bound = (bound[0], bound[1].rehearsed(unknown))
        return Segment(tuple(tried), dedup, bound)

    def decisive(self) -> Any:
        """What the outcome of a pass over the rows depends on."""
        return (self.work, self.unguarded().dedup)

    def marked(self, columns: dict[str, Any]) -> dict[str, Any]:
        """The columns that the verdicts of the deduplication add to those before it."""
        if self.dedup is None:
            return columns
        name, step = self.dedup
        added = step.added(name)
        return columns | added | {"duplicate_of": STRING, "similarity": np.dtype("float64")}


def segments(named: Named) -> list[Segment]:
    """Cut a pipeline where all rows are looked at together."""
    found: list[Segment] = []
    current: list[tuple[str, Step]] = []
    for name, step in named:
        if step.shuffles:
            found.append(Segment(tuple(current), dedup=(name, step)))
            current = []
        elif isinstance(step, Filter) and step.relative:
            found.append(Segment(tuple(current), bound=(name, step)))
            current = []
        else:
            current.append((name, step))
    return [*found, Segment(tuple(current))]


def rehearsed(named: Named) -> list[Segment]:
    """A pipeline cut like that, as a plan tries it."""
    found: list[Segment] = []
    unknown = 0
    for part in segments(named):
        found.append(part.rehearsed(unknown))
        unknown = max([unknown, *(step.unknown() for _, step in part.rowwise)])
    return found


def unique_names(steps: Iterable[Step]) -> Named:
    """Each step with its name; a name met again gets `_2`, `_3`, …"""
    seen: dict[str, int] = {}
    named = []
    for step in steps:
        seen[step.name] = count = seen.get(step.name, 0) + 1
        named.append((step.name if count == 1 else f"{step.name}_{count}", step))
    return tuple(named)
