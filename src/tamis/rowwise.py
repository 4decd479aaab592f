"""Row-wise steps on one partition, fused: each view made once, each measure run once.

Steps between two edits form a block. In a block every measure is taken of all rows that entered
it, so that bounds can be moved after a run; only heavy measures pass over rows already dropped.
What a step dropped takes no part in later blocks.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from tamis import lending, on_device
from tamis.engines import carried, engine, within
from tamis.errors import ColumnError
from tamis.frame import STRING, host, library, like, named_once
from tamis.judging import Named, State
from tamis.lost_cards import guards
from tamis.media.carried import Carried, Wish
from tamis.outcome import LEDGER, Count, Outcome, shape

_CUT_ROWS = 16  # media that are cut at a time: what is known of them is carried to their pieces


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
    return list(dict.fromkeys(column for name, step in steps for column in step.hides(name)))


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


def run(frame: pd.DataFrame, steps: Named, carried: Carried | None = None) -> Outcome:
    """Carry out row-wise steps on one pandas partition.

    Where a step looks at media the partition is gone through some rows at a time, so that pixels
    and samples of no more than those are in memory; the spans that a cut has made of them, too,
    before the next rows are cut. What was learned of media on the way is `carried` along.
    """
    named_once(frame)
    for at, (_, step) in enumerate(steps, 1):
        if step.word == "cut" and any(later.rows is not None for _, later in steps[at:]):
            rows = None if all(step.rows is None for _, step in steps[:at]) else _CUT_ROWS
            parts = _parts(frame, rows, steps)
            return _joined([_one_after_another(part, steps, at, carried) for part in parts])
    rows = min((step.rows for _, step in steps if step.rows is not None), default=None)
    parts = _parts(frame, rows, steps)
    return _joined([_run(part, steps, carried or _carried(steps)) for part in parts])


def _one_after_another(
    frame: pd.DataFrame, steps: Named, at: int, before: Carried | None
) -> Outcome:
    """The first `at` steps on all rows, then the others on what came of them."""
    carried = before or _carried(steps)
    first = run(frame, steps[:at], carried)
    later = carried.then(_views(steps[at:]), _wishes(steps[at:]))
    then = run(first.explained(), steps[at:], later)
    columns = plan(dict(frame.dtypes), steps)
    kept, dropped = shape(then.kept, columns), shape(then.dropped, columns)
    views = dict(first.views)
    for name, spent in then.views.items():
        views[name] = views.get(name, 0.0) + spent
    return Outcome(kept, dropped, then.kept_at, then.dropped_at, first.counts | then.counts, views)


def _carried(steps: Named) -> Carried:
    return Carried(_views(steps), wishes=_wishes(steps))


def _views(steps: Named) -> frozenset[str]:
    return frozenset().union(*(step.views for _, step in steps))


def _wishes(steps: Named) -> list[Wish]:
    measures = [getattr(step, "score", None) or step for _, step in steps]
    return [Wish(one.views, dict(one.settings)) for one in measures if hasattr(one, "op")]


def _parts(frame: pd.DataFrame, rows: int | None, steps: Named) -> list[pd.DataFrame]:
    """The partition, or at most `rows` rows of it at a time."""
    if rows is None or len(frame) <= rows:
        return [frame]
    ends = _ends(frame, rows, documents(steps, list(frame.columns)))
    return [frame.iloc[a:b] for a, b in itertools.pairwise([0, *ends])]


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
    if len(batches) == 1:
        return batches[0]
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


def _run(frame: pd.DataFrame, steps: Named, carried: Carried) -> Outcome:
    columns = plan(dict(frame.dtypes), steps)
    state = State(frame, {"carried": carried}, lending.ahead)
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
        return frame.map_partitions(_explained, steps=tuple(steps), meta=meta, **carried())
    return _explained(frame, tuple(steps))


def keep(frame: Any, steps: Named) -> Any:
    """The rows that pass, without the filters' scores; lazily for a Dask frame."""
    if library(frame) == "dask":
        meta = like(_kept_only(_planned(frame._meta, steps), steps), frame._meta)
        return frame.map_partitions(_kept, steps=tuple(steps), meta=meta, **carried())
    return _kept(frame, tuple(steps))


def empty(columns: dict[str, Any], index: pd.Index | None = None) -> pd.DataFrame:
    """No rows of these columns."""
    index = pd.RangeIndex(0) if index is None else index[:0]
    return pd.DataFrame({k: pd.Series([], dtype=v, index=index) for k, v in columns.items()}, index)


@guards
def _explained(frame: Any, steps: Named, taken: str | None = None) -> Any:
    with within(taken or _of(frame)):
        loan = on_device.loan(frame, steps) if library(frame) == "cudf" else None
        if loan is None:
            return like(run(host(frame), steps).explained(), frame)
        made = run(loan.rows, loan.steps)
    at = np.sort(np.concatenate([made.kept_at, made.dropped_at]))
    return loan.back(made.explained(), at)


@guards
def _kept(frame: Any, steps: Named, taken: str | None = None) -> Any:
    with within(taken or _of(frame)):
        loan = on_device.loan(frame, steps) if library(frame) == "cudf" else None
        if loan is None:
            return like(_kept_only(run(host(frame), steps).kept, steps), frame)
        made = run(loan.rows, loan.steps)
    return loan.back(_kept_only(made.kept, steps), made.kept_at)


def _of(frame: Any) -> str | None:
    """The engine for a partition: who has it on a card already means that, unless it is said."""
    return (engine() or "auto") if library(frame) == "cudf" else None


def _kept_only(frame: pd.DataFrame, steps: Named) -> pd.DataFrame:
    gone = {*hidden(steps), *LEDGER}
    return frame.drop(columns=[name for name in frame.columns if name in gone])


def _planned(meta: Any, steps: Named) -> pd.DataFrame:
    """No rows of the columns after these steps."""
    meta = host(meta)
    named_once(meta)
    return empty(plan(dict(meta.dtypes), steps), meta.index)


def _plan_one(step: Any, planned: dict[str, Any], name: str, before: dict[str, Any]) -> None:
    try:
        step.plan(planned, name)
    except ColumnError as error:
        if name in before or str(error).startswith(name):
            raise
        raise ColumnError(f"{name}: {error}") from None
