"""Row-wise steps on one partition, fused: each view made once, each measure run once.

Steps between two edits form a block. In a block every measure is taken of all rows that entered
it, so that bounds can be moved after a run; only heavy measures pass over rows already dropped.
What a step dropped takes no part in later blocks.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from tamis.errors import ColumnError
from tamis.frame import STRING, host, library, like, masked
from tamis.viewing import Views

LEDGER = ("dropped_by", "dropped_why")
Named = Sequence[tuple[str, Any]]


@dataclass
class Count:
    """What one step did to the rows of a partition."""

    rows_in: int = 0
    rows_out: int = 0
    cut: int = 0
    seconds: float = 0.0
    reasons: dict[str, int] = field(default_factory=dict)

    def add(self, other: Count) -> None:
        """Count what the step did to other rows too."""
        self.rows_in += other.rows_in
        self.rows_out += other.rows_out
        self.cut += other.cut
        self.seconds += other.seconds
        for code, number in other.reasons.items():
            self.reasons[code] = self.reasons.get(code, 0) + number


@dataclass
class Outcome:
    """The rows of a partition after row-wise steps; `*_at` are their places among all of them."""

    kept: pd.DataFrame
    dropped: pd.DataFrame
    kept_at: np.ndarray
    dropped_at: np.ndarray
    counts: dict[str, Count]
    views: dict[str, float]

    def explained(self) -> pd.DataFrame:
        """Kept and dropped rows together, in their first order."""
        if not len(self.dropped):
            return self.kept
        order = np.argsort(np.concatenate([self.kept_at, self.dropped_at]), kind="stable")
        return pd.concat([self.kept, self.dropped]).iloc[order]


def plan(columns: dict[str, Any], steps: Named) -> dict[str, Any]:
    """The columns (name to dtype) after these steps, the ledger's included.

    Raises `ColumnError` where a step needs a column that is not there.
    """
    planned = dict(columns)
    for name, step in steps:
        step_columns = dict(planned)
        _plan_one(step, planned, name, step_columns)
    for column in LEDGER:
        planned.pop(column, None)
    return planned | dict.fromkeys(LEDGER, STRING)


def scores(steps: Named) -> list[str]:
    """The columns that filters add: in the ledger, not in what is kept."""
    return [name for name, step in steps if step.word == "filter" and step.score is not None]


def run(frame: pd.DataFrame, steps: Named) -> Outcome:
    """Carry out row-wise steps on one pandas partition.

    Where a step looks at media the partition is gone through some rows at a time, so that pixels
    and samples of no more than those are in memory.
    """
    rows = min((step.rows for _, step in steps if step.rows is not None), default=None)
    if rows is None or len(frame) <= rows:
        return _run(frame, steps)
    batches = [_run(frame.iloc[at : at + rows], steps) for at in range(0, len(frame), rows)]
    return _joined(batches)


def _joined(batches: Sequence[Outcome]) -> Outcome:
    """The outcomes of consecutive rows as one."""
    first = 0
    kept_at, dropped_at = [], []
    counts: dict[str, Count] = {}
    views: dict[str, float] = {}
    for batch in batches:
        kept_at.append(batch.kept_at + first)
        dropped_at.append(batch.dropped_at + first)
        first += len(batch.kept_at) + len(batch.dropped_at)
        for name, count in batch.counts.items():
            counts.setdefault(name, Count()).add(count)
        for name, spent in batch.views.items():
            views[name] = views.get(name, 0.0) + spent
    kept = pd.concat([batch.kept for batch in batches])
    dropped = pd.concat([batch.dropped for batch in batches])
    return Outcome(
        kept, dropped, np.concatenate(kept_at), np.concatenate(dropped_at), counts, views
    )


def _run(frame: pd.DataFrame, steps: Named) -> Outcome:
    columns = plan(dict(frame.dtypes), steps)
    state = _State(frame)
    blocks: list[tuple[str, Any]] = []
    for name, step in steps:
        if step.word in ("score", "filter"):
            blocks.append((name, step))
            continue
        state.judge(blocks)
        blocks = []
        (state.edit if step.word == "edit" else state.cut)(name, step)
    state.judge(blocks)
    return state.outcome(columns)


def explain(frame: Any, steps: Named) -> Any:
    """Every row with its scores, `dropped_by` and `dropped_why`; lazily for a Dask frame."""
    if library(frame) == "dask":
        meta = like(_planned(frame._meta, steps), frame._meta)
        return frame.map_partitions(_explained, steps=tuple(steps), meta=meta)
    return _explained(frame, tuple(steps))


def keep(frame: Any, steps: Named) -> Any:
    """The rows that pass, without the filters' scores; lazily for a Dask frame."""
    if library(frame) == "dask":
        meta = like(_kept_only(_planned(frame._meta, steps), steps), frame._meta)
        return frame.map_partitions(_kept, steps=tuple(steps), meta=meta)
    return _kept(frame, tuple(steps))


def empty(columns: dict[str, Any], index: pd.Index | None = None) -> pd.DataFrame:
    """No rows of these columns."""
    index = pd.RangeIndex(0) if index is None else index[:0]
    return pd.DataFrame({k: pd.Series([], dtype=v, index=index) for k, v in columns.items()}, index)


def _explained(frame: Any, steps: Named) -> Any:
    return like(run(host(frame), steps).explained(), frame)


def _kept(frame: Any, steps: Named) -> Any:
    return like(_kept_only(run(host(frame), steps).kept, steps), frame)


def _kept_only(frame: pd.DataFrame, steps: Named) -> pd.DataFrame:
    return frame.drop(columns=[*scores(steps), *LEDGER])


def _planned(meta: Any, steps: Named) -> pd.DataFrame:
    """No rows of the columns after these steps."""
    meta = host(meta)
    return empty(plan(dict(meta.dtypes), steps), meta.index)


def _plan_one(step: Any, planned: dict[str, Any], name: str, before: dict[str, Any]) -> None:
    try:
        step.plan(planned, name)
    except ColumnError as error:
        if name in before or str(error).startswith(name):
            raise
        raise ColumnError(f"{name}: {error}") from None


@contextlib.contextmanager
def _named(name: str, frame: pd.DataFrame) -> Iterator[None]:
    """Let an error from an op say which step and which rows it was at."""
    try:
        yield
    except Exception as error:
        place = f", from {frame['id'].iloc[0]}" if len(frame) and "id" in frame.columns else ""
        error.add_note(f"in the step {name!r}, on a partition of {len(frame)} rows{place}")
        raise


class _State:
    """The rows still alive, those gone, and what each step did."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self.alive, self.at = frame, np.arange(len(frame))
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
        views, still = Views(self.alive), np.ones(len(self.alive), bool)
        by, why = np.full(len(still), None, object), np.full(len(still), None, object)
        for name, step in block:
            start = time.thread_time()
            count = self.counts[name] = Count(rows_in=int(still.sum()))
            with _named(name, self.alive):
                values = self._values(name, step, views, still)
            if step.word == "filter":
                failing = np.flatnonzero(still & ~step.passes(values))
                by[failing] = name
                why[failing] = step.reasons(values, views, failing)
                still[failing] = False
                for code in (reason.partition(":")[0] for reason in why[failing]):
                    count.reasons[code] = count.reasons.get(code, 0) + 1
            count.rows_out = int(still.sum())
            count.seconds = time.thread_time() - start
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

    def _values(self, name: str, step: Any, views: Views, still: np.ndarray) -> pd.Series:
        measure = step.score if step.word == "filter" else step
        if measure is None:
            return step.values(views)
        if measure.op.heavy and not still.all():
            part = views.part(still)
            found = measure.column(part)
            positions = np.cumsum(still) - 1
            values = found.take(np.where(still, positions, 0)) if len(found) else found
            values = (
                values.set_axis(self.alive.index).mask(~still)
                if len(found)
                else found.reindex(self.alive.index)
            )
            self._note(part)
        else:
            values = measure.column(views)
        views.added[name] = values
        return values

    def edit(self, name: str, step: Any) -> None:
        """Put the edited column in place."""
        start, views = time.thread_time(), Views(self.alive)
        with _named(name, self.alive):
            self.alive = self.alive.assign(**{step.target: step.column(views)})
        self._note(views)
        spent = time.thread_time() - start
        self.counts[name] = Count(len(self.alive), len(self.alive), 0, spent)

    def cut(self, name: str, step: Any) -> None:
        """Replace each row by its spans; a row without any is dropped."""
        start, views = time.thread_time(), Views(self.alive)
        with _named(name, self.alive):
            spans = step.spans(views)
        self._note(views)
        parent = np.asarray(spans.pop("parent"), np.int64)
        rows, parts = len(self.alive), np.bincount(parent, minlength=len(self.alive))
        count = self.counts[name] = Count(rows_in=rows, rows_out=len(parent))
        barren = parts == 0
        if barren.any():
            lost = self.alive[barren].assign(
                dropped_by=name, dropped_why="cut.empty: nothing to cut out of it"
            )
            self.gone.append((lost, self.at[barren]))
            count.reasons["cut.empty"] = int(barren.sum())
        first = np.cumsum(parts) - parts
        number = pd.Series(np.arange(len(parent)) - first[parent] + 1).astype("str")
        children = self.alive.iloc[parent]
        ids = children["id"].astype(STRING)
        made = {
            "id": (ids.reset_index(drop=True) + "/" + number).astype(STRING).array,
            "parent_id": ids.array,
        }
        self.alive = children.assign(**made, **spans)
        self._renumber(parent, number.index.to_numpy() - first[parent] + 1)
        count.cut = len(parent) - int((~barren).sum())
        count.seconds = time.thread_time() - start

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


def shape(frame: pd.DataFrame, columns: dict[str, Any]) -> pd.DataFrame:
    """The frame with just these columns and dtypes; columns it lacks are null."""
    made = {}
    for name, dtype in columns.items():
        if name not in frame.columns:
            made[name] = pd.Series(pd.array([None] * len(frame), dtype=dtype)
                                   if dtype != np.float64 else np.full(len(frame), np.nan),
                                   index=frame.index)  # fmt: skip
        elif frame[name].dtype != dtype:
            made[name] = frame[name].astype(dtype)
        else:
            made[name] = frame[name]
    return pd.DataFrame(made, index=frame.index, copy=False)
