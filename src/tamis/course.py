"""The stages of one run, one after another, and what is looked at of all rows between them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dask.base import tokenize

from tamis import rowwise
from tamis.accounting import Budget, check_documents, check_ids
from tamis.bounds import Bounds
from tamis.cards import GPU
from tamis.certifying import certify
from tamis.execute import execute
from tamis.filters import Filter
from tamis.lost_cards import during, guarded
from tamis.progress import Progress
from tamis.segments import Named, Segment
from tamis.shuffle import deduplicate
from tamis.source import Source
from tamis.stages import Layout, Record, Staged, numbers, stage, standing
from tamis.version import VERSION


class Stages:
    """The stages of one run, with the records of their tasks."""

    def __init__(self, layout: Layout, budget: Budget, bar: Progress, certified: int = 0) -> None:
        self.layout, self.budget, self.bar, self.certified = layout, budget, bar, certified
        self.records: list[list[Record]] = []
        self.verdicts: list[dict[str, Any]] = []
        self.bounds: dict[str, Bounds] = {}  # those that the data gave, by step
        self.reused = self.done = 0  # tasks that stood already, and others

    def through(self, parts: list[Segment], inputs: list[Source], columns: dict[str, Any]) -> int:
        """Carry out every stage; the number of rows kept."""
        work: list[tuple[Callable[[], Any], str]] = [(part, part.token) for part in inputs]
        judged: Named = ()
        for number, part in enumerate(parts):
            segment = part.after(judged)
            records = self._stage(number, segment, work)
            self.records.append(records)
            if number == 0:
                check_ids(self.layout.store, records)
                if self.layout.documents:
                    check_documents(self.layout.store, records)
            if segment.last:
                break
            columns = rowwise.plan(columns, segment.steps)
            judged, verdicts = (), None
            if segment.bound is not None:
                judged = self._settle(*segment.bound, records)
            elif segment.dedup is not None:
                verdicts = self._compare(number, segment, records, columns)
            work = self._next(segment, records, columns, verdicts)
            columns = segment.marked(columns)
        return sum(record.rows_kept for record in self.records[-1])

    def _stage(
        self, number: int, segment: Segment, work: list[tuple[Callable[[], Any], str]]
    ) -> list[Record]:
        shared = tokenize(segment.decisive(), settings_of(self.layout), VERSION)
        tokens = [tokenize(token, shared)[:12] for _, token in work]
        found = [standing(self.layout.store, number, i, token) for i, token in enumerate(tokens)]
        self.reused += sum(record is not None for record in found)
        missing = [i for i, record in enumerate(found) if record is None]
        self.bar.begin(_label(segment, number), len(work), len(work) - len(missing))
        for record in found:
            self.budget.note(record)

        def done(which: int, record: Record) -> None:
            found[missing[which]] = record
            self.done += 1
            self.bar.advance(record.rows_in)
            self.budget.note(record)
            self.budget.judge()

        calls = [(work[i][0], segment, number, i, tokens[i], self.layout) for i in missing]
        self.budget.judge()
        execute(stage, calls, done, {GPU: 1} if segment.card else None)
        return [record for record in found if record is not None]

    def _settle(self, name: str, step: Filter, records: list[Record]) -> Named:
        """The filter with the bounds that the rows of a stage give."""
        files = [record.file("numbers") for record in records]
        self.bar.begin(f"finding the bounds of {name}", 1, 0)
        bounds = step.bounds.settled(lambda: (numbers(self.layout.store, f) for f in files))
        self.bar.advance(sum(record.rows_kept for record in records))
        self.bounds[name] = bounds
        return ((name, step.judging(name, bounds)),)

    def _compare(
        self, number: int, segment: Segment, records: list[Record], columns: dict[str, Any]
    ) -> dict[str, Any]:
        """The verdicts of the deduplication that follows a stage."""
        assert segment.dedup is not None
        found = guarded(
            _deduplicated, number, segment.dedup, records, columns, self.layout, self.bar
        )
        found["stage"] = number
        told = certify(
            number, segment.dedup[1], found, records, columns, self.layout, self.certified
        )
        self.verdicts.append(found | ({"certificate": told} if told else {}))
        return found

    def _next(
        self,
        segment: Segment,
        records: list[Record],
        columns: dict[str, Any],
        verdicts: dict[str, Any] | None,
    ) -> list[tuple[Callable[[], Any], str]]:
        work: list[tuple[Callable[[], Any], str]] = []
        first = 0
        for record in records:
            staged = Staged(
                rows=record.file("rows"),
                columns=columns,
                store=self.layout.store,
                first=first,
                ids=record.ids_kept,
                verdicts=None if verdicts is None else verdicts["name"],
                dedup=segment.dedup,
            )
            work.append((staged, tokenize(record.token, verdicts and verdicts["token"])))
            first += record.rows_kept
        return work


def _deduplicated(number: int, dedup: tuple[str, Any], *more: Any) -> dict[str, Any]:
    """`deduplicate`; an error says which."""
    with during(f"the deduplication {dedup[0]!r}"):
        return deduplicate(number, dedup, *more)


def settings_of(layout: Layout) -> tuple[Any, ...]:
    """What the outcome of all tasks depends on, beside their steps and their rows."""
    settings = (layout.columns, layout.writer)
    return (*settings, layout.documents) if layout.documents else settings


def _label(segment: Segment, number: int) -> str:
    if segment.dedup is not None:
        return f"reading and sketching for {segment.dedup[0]}"
    if segment.bound is not None:
        return f"measuring for {segment.bound[0]}"
    if segment.moves:
        return "measuring for workers with a GPU" if not segment.card else "measuring on GPUs"
    return "removing and writing" if number else "reading, measuring, writing"
