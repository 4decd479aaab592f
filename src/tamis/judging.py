"""The rows of one partition on their way through steps: alive, or gone and why."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from tamis import unmeasured
from tamis.frame import STRING, masked
from tamis.outcome import LEDGER, Count, Outcome, shape
from tamis.viewing import Views

Named = Sequence[tuple[str, Any]]
Ahead = Callable[[Views, Named], Mapping[str, pd.Series]]
"""What has measured some steps of a block before these are asked: their scores, of all rows."""


def _nothing(views: Views, block: Named) -> Mapping[str, pd.Series]:
    return {}


class State:
    """The rows still alive, those gone, and what each step did."""

    def __init__(
        self, frame: pd.DataFrame, given: Mapping[str, Any] | None = None, ahead: Ahead = _nothing
    ) -> None:
        self.alive, self.at, self.given = frame, np.arange(len(frame)), given
        self.ahead = ahead
        self.gone: list[tuple[pd.DataFrame, np.ndarray]] = []
        self.counts: dict[str, Count] = {}
        self.views: dict[str, float] = {}
        if LEDGER[0] in frame.columns:
            self._already_dropped()

    def _already_dropped(self) -> None:
        """Rows that a reader or an earlier step has dropped only pass through."""
        lost = self.alive[LEDGER[0]].notna().to_numpy()
        if lost.any():
            self.gone.append((masked(self.alive, lost), self.at[lost]))
            self.alive, self.at = masked(self.alive, ~lost), self.at[~lost]
        self.alive = self.alive.drop(columns=[c for c in LEDGER if c in self.alive.columns])

    def judge(self, block: Named) -> None:
        """Take all measures of a block, then drop the rows that any bound drops."""
        if not block:
            return
        views, still = Views(self.alive, given=self.given), np.ones(len(self.alive), bool)
        by, why = np.full(len(still), None, object), np.full(len(still), None, object)
        there = self.ahead(views, block)
        for name, step in block:
            clock = _Clock()
            count = self.counts[name] = Count(rows_in=int(still.sum()))
            with _named(name, self.alive):
                concerned = step.where.rows(views)
                values = self._values(name, step, views, still, concerned, there.get(name))
            if step.word == "filter":
                failing = still & ~step.passes(values)
                failing = np.flatnonzero(failing if concerned is None else failing & concerned)
                by[failing] = name
                why[failing] = step.reasons(values, views, failing)
                still[failing] = False
                for code in (reason.partition(":")[0] for reason in why[failing]):
                    count.reasons[code] = count.reasons.get(code, 0) + 1
            count.rows_out = int(still.sum())
            clock.stop(count)
        self._note(views)
        if views.added:
            added = pd.DataFrame(views.added, index=self.alive.index)
            self.alive = pd.concat([self.alive, added], axis=1)
        if not still.all():
            lost = masked(self.alive, ~still).assign(
                dropped_by=pd.array(by[~still], STRING), dropped_why=pd.array(why[~still], STRING)
            )
            self.gone.append((lost, self.at[~still]))
            self.alive, self.at = masked(self.alive, still), self.at[still]

    def _values(
        self, name: str, step: Any, views: Views, still: np.ndarray, concerned: np.ndarray | None,
        there: pd.Series | None,
    ) -> pd.Series:  # fmt: skip
        measure = step.score if step.word == "filter" else step
        if measure is None:
            return step.values(views)
        whole = measure.together is not None
        asked = still if measure.heavy or whole else np.ones(len(still), bool)
        if concerned is not None and not whole:
            asked = asked & concerned
        if there is not None:
            values = there if asked.all() else there.mask(~asked)
        elif asked.all():
            values = measure.column(views)
        else:
            values = _spread(measure.column(views.part(asked)), asked, self.alive.index)
        if concerned is not None and whole:
            values = values.mask(~concerned)
        if step.word == "score":
            wanted = still if concerned is None else still & concerned
            unmeasured.tell(name, step, views, values, wanted)
        views.added[name] = values
        for column in measure.beside(name):
            views.added[column] = measure.told(column, views)
        return values

    def edit(self, name: str, step: Any) -> None:
        """Put the edited column in place; rows that cannot be edited may be dropped."""
        clock, views = _Clock(), Views(self.alive, given=self.given)
        with _named(name, self.alive):
            concerned = step.where.rows(views)
            if concerned is None or concerned.all():
                values = step.column(views)
            else:
                edited = step.column(views.part(concerned))
                values = _spread(edited, concerned, self.alive.index)
                if step.target in self.alive.columns:
                    before = self.alive[step.target].astype(values.dtype)
                    values = values.where(concerned, before)
            self.alive = self.alive.assign(**{step.target: values})
        self._note(views)
        count = self.counts[name] = Count(len(self.alive), len(self.alive))
        if step.op.drops:
            self._drop(name, step.problems(views), count)
        clock.stop(count)

    def _drop(self, name: str, problems: dict[int, str], count: Count) -> None:
        """Take rows out for these reasons."""
        if not problems:
            return
        lost = np.zeros(len(self.alive), bool)
        lost[list(problems)] = True
        why = [problems[row] for row in np.flatnonzero(lost).tolist()]
        dropped = self.alive[lost].assign(dropped_by=name, dropped_why=pd.array(why, STRING))
        self.gone.append((dropped, self.at[lost]))
        self.alive, self.at = masked(self.alive, ~lost), self.at[~lost]
        count.rows_out = len(self.alive)
        for code in (reason.partition(":")[0] for reason in why):
            count.reasons[code] = count.reasons.get(code, 0) + 1

    def cut(self, name: str, step: Any) -> None:
        """Replace each row by its spans; a row without any is dropped."""
        clock, views = _Clock(), Views(self.alive, given=self.given)
        with _named(name, self.alive):
            spans = step.spans(views, step.where.rows(views))
        self._note(views)
        parent = np.asarray(spans.pop("parent"), np.int64)
        problems, whole = spans.pop("problems", {}), spans.pop("whole", None)
        rows, parts = len(self.alive), np.bincount(parent, minlength=len(self.alive))
        count = self.counts[name] = Count(rows_in=rows, rows_out=len(parent))
        barren = parts == 0
        if barren.any():
            nothing = "cut.empty: nothing to cut out of it"
            why = [problems.get(row, nothing) for row in np.flatnonzero(barren).tolist()]
            lost = self.alive[barren].assign(dropped_by=name, dropped_why=pd.array(why, STRING))
            self.gone.append((lost, self.at[barren]))
            for code in (reason.partition(":")[0] for reason in why):
                count.reasons[code] = count.reasons.get(code, 0) + 1
        first = np.cumsum(parts) - parts
        number = pd.Series(np.arange(len(parent)) - first[parent] + 1).astype("str")
        children = self.alive.drop(columns=[c for c in step.spends if c in self.alive]).iloc[parent]
        ids = children["id"].astype(STRING)
        own = (ids.reset_index(drop=True) + "/" + number).astype(STRING)
        made = {"id": own.array, "parent_id": ids.array}
        if whole is not None:
            made = _uncut(made, children, whole[parent])
        self.alive = children.assign(**made, **spans)
        self._renumber(parent, number.index.to_numpy() - first[parent] + 1)
        count.cut = len(parent) - int((~barren).sum())
        clock.stop(count)

    def _renumber(self, parent: np.ndarray, number: np.ndarray) -> None:
        """New positions after a cut: spans of a row come in order, where the row was."""
        lengths = [len(where) for _, where in self.gone]
        at = np.concatenate([*(where for _, where in self.gone), self.at[parent]])
        order = np.lexsort((np.concatenate([np.zeros(sum(lengths), np.int64), number]), at))
        rank = np.empty(len(order), np.int64)
        rank[order] = np.arange(len(order))
        *gone, self.at = np.split(rank, np.cumsum(lengths))
        self.gone = [(part, where) for (part, _), where in zip(self.gone, gone, strict=True)]

    def outcome(self, columns: dict[str, Any]) -> Outcome:
        """The rows in order, every frame with the planned columns and dtypes."""
        gone = [shape(part, columns) for part, _ in self.gone]
        at = np.concatenate([np.empty(0, np.int64), *(where for _, where in self.gone)])
        order = np.argsort(at, kind="stable")
        kept = shape(self.alive, columns)
        dropped = pd.concat(gone).iloc[order] if gone else kept.iloc[:0]
        return Outcome(kept, dropped, self.at, at[order], self.counts, self.views)

    def _note(self, views: Views) -> None:
        for name, spent in views.seconds.items():
            self.views[name] = self.views.get(name, 0.0) + spent


class _Clock:
    """When a step began, by this thread's processor time and by the clock."""

    def __init__(self) -> None:
        self.processor, self.wall = time.thread_time(), time.perf_counter()

    def stop(self, count: Count) -> None:
        """Note what went by."""
        count.seconds = time.thread_time() - self.processor
        count.wall = time.perf_counter() - self.wall


@contextlib.contextmanager
def _named(name: str, frame: pd.DataFrame) -> Iterator[None]:
    """Let an error from an op say which step and which rows it was at."""
    try:
        yield
    except Exception as error:
        place = f", from {frame['id'].iloc[0]}" if len(frame) and "id" in frame.columns else ""
        error.add_note(f"in the step {name!r}, on a partition of {len(frame)} rows{place}")
        raise


def _uncut(made: dict[str, Any], rows: pd.DataFrame, whole: np.ndarray) -> dict[str, Any]:
    """Names of rows after a cut, of which some are whole still, and keep what they had."""
    found = {}
    for name, values in made.items():
        before = rows[name] if name in rows.columns else pd.Series([None] * len(rows))
        before = before.astype(STRING).reset_index(drop=True)
        found[name] = pd.Series(values).where(~whole, before).array
    return found


def _spread(found: pd.Series, rows: np.ndarray, index: pd.Index) -> pd.Series:
    """The values of some rows as a column of all; null elsewhere."""
    if not len(found):
        return found.reindex(index)
    return found.take(np.where(rows, np.cumsum(rows) - 1, 0)).set_axis(index).mask(~rows)
