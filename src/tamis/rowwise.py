"""Row-wise steps on one partition, fused: each view made once, each measure run once.

Steps between two edits form a block. In a block every measure is taken of all rows that entered
it, so that bounds can be moved after a run; only heavy measures pass over rows already dropped.
What a step dropped takes no part in later blocks.
"""

from __future__ import annotations

import contextlib
import itertools
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
    planned, spent = dict(columns), dict[str, Any]()
    for name, step in steps:
        step_columns = dict(planned)
        _plan_one(step, planned, name, step_columns)
        spent |= {k: step_columns[k] for k in step.spends if k in step_columns}
    for column in LEDGER:
        planned.pop(column, None)
    kept = {k: spent.get(k, planned.get(k)) for k in columns if k in spent or k in planned}
    return kept | spent | planned | dict.fromkeys(LEDGER, STRING)


def hidden(steps: Named) -> list[str]:
    """The columns that filters add and those that cuts spend: not in what is kept."""
    found: dict[str, None] = {}
    for name, step in steps:
        if step.word == "filter" and step.score is not None:
            found[name] = None
        found |= dict.fromkeys(step.spends)
    return list(found)


def documents(steps: Named, columns: Sequence[str]) -> tuple[str, ...]:
    """The columns, of those a frame comes with, whose equal values must not be taken apart.

    What a cut makes of a row stays together anyway.
    """
    found: dict[str, None] = {}
    cut = False
    for _, step in steps:
        cut |= step.word == "cut"
        if step.together in columns and not (cut and step.together == "parent_id"):
            found[step.together] = None
    return tuple(found)


def run(frame: pd.DataFrame, steps: Named) -> Outcome:
    """Carry out row-wise steps on one pandas partition.

    Where a step looks at media the partition is gone through some rows at a time, so that pixels
    and samples of no more than those are in memory.
    """
    rows = min((step.rows for _, step in steps if step.rows is not None), default=None)
    if rows is None or len(frame) <= rows:
        return _run(frame, steps)
    ends = _ends(frame, rows, documents(steps, list(frame.columns)))
    return _joined([_run(frame.iloc[a:b], steps) for a, b in itertools.pairwise([0, *ends])])


def _ends(frame: pd.DataFrame, rows: int, columns: Sequence[str]) -> list[int]:
    """Where batches of at most `rows` rows end; larger ones where a document has more rows."""
    may = np.ones(len(frame), bool)
    for column in columns:
        document, _ = pd.factorize(frame[column])
        last = np.arange(len(frame))
        known = document >= 0  # rows of no document stand alone
        final = np.zeros(int(document.max(initial=-1)) + 1, np.int64)
        np.maximum.at(final, document[known], last[known])
        last[known] = final[document[known]]
        may &= np.maximum.accumulate(last) == np.arange(len(frame))
    ends: list[int] = []
    possible, at = np.flatnonzero(may) + 1, 0
    while at < len(frame):
        place = np.searchsorted(possible, at + rows, side="right") - 1
        if place < 0 or possible[place] <= at:
            place += 1
        at = int(possible[place])
        ends.append(at)
    return ends


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
    gone = {*hidden(steps), *LEDGER}
    return frame.drop(columns=[name for name in frame.columns if name in gone])


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
                concerned = step.where.rows(views)
                values = self._values(name, step, views, still, concerned)
            if step.word == "filter":
                failing = still & ~step.passes(values)
                failing = np.flatnonzero(failing if concerned is None else failing & concerned)
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

    def _values(
        self, name: str, step: Any, views: Views, still: np.ndarray, concerned: np.ndarray | None
    ) -> pd.Series:
        measure = step.score if step.word == "filter" else step
        if measure is None:
            return step.values(views)
        whole = measure.op.whole is not None
        asked = still if measure.op.heavy or whole else np.ones(len(still), bool)
        if concerned is not None and not whole:
            asked = asked & concerned
        if asked.all():
            values = measure.column(views)
        else:
            values = _spread(measure.column(views.part(asked)), asked, self.alive.index)
        if concerned is not None and whole:
            values = values.mask(~concerned)
        views.added[name] = values
        return values

    def edit(self, name: str, step: Any) -> None:
        """Put the edited column in place."""
        start, views = time.thread_time(), Views(self.alive)
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
        spent = time.thread_time() - start
        self.counts[name] = Count(len(self.alive), len(self.alive), 0, spent)

    def cut(self, name: str, step: Any) -> None:
        """Replace each row by its spans; a row without any is dropped."""
        start, views = time.thread_time(), Views(self.alive)
        with _named(name, self.alive):
            spans = step.spans(views)
        self._note(views)
        parent = np.asarray(spans.pop("parent"), np.int64)
        problems = spans.pop("problems", {})
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


def _spread(found: pd.Series, rows: np.ndarray, index: pd.Index) -> pd.Series:
    """The values of some rows as a column of all; null elsewhere."""
    if not len(found):
        return found.reindex(index)
    return found.take(np.where(rows, np.cumsum(rows) - 1, 0)).set_axis(index).mask(~rows)


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
