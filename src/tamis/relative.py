"""A filter whose bounds are quantiles of the data, put to a frame without a run.

Of a Dask frame the partitions are computed twice: measured, and once the bounds are known, judged.
The measure runs once: a score and a reason for each row are what stays in memory between the two.
Where the partitions cannot be computed one by one Dask keeps them; `Pipeline.run` writes them out.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from tamis import rowwise
from tamis.bounds import Bounds
from tamis.engines import carried, within
from tamis.filters import Filter
from tamis.frame import host, library, like
from tamis.outcome import LEDGER
from tamis.source import sources


class Measured(NamedTuple):
    """What a pass over a partition found: columns for its rows, and the numbers to be ranked."""

    columns: pd.DataFrame
    numbers: np.ndarray


def explain(frame: Any, name: str, step: Filter) -> Any:
    """Every row, with the score, `dropped_by` and `dropped_why`; lazily for a Dask frame."""
    return _put(frame, name, step, only_kept=False)


def keep(frame: Any, name: str, step: Filter) -> Any:
    """The rows within the bounds, without the score; lazily for a Dask frame."""
    return _put(frame, name, step, only_kept=True)


def _put(frame: Any, name: str, step: Filter, only_kept: bool) -> Any:
    meta = host(frame._meta if library(frame) == "dask" else frame.iloc[:0])
    columns = rowwise.plan(dict(meta.dtypes), ((name, step),))
    if library(frame) == "dask":
        planned = _shown(rowwise.empty(columns, meta.index), name, step, only_kept)
        return _lazily(frame, name, step, only_kept, like(planned, frame._meta))
    found = _measured(frame, name, step)
    return _judged(frame, found, _settled(step, [found.numbers]), name, step, only_kept)


def _lazily(frame: Any, name: str, step: Filter, only_kept: bool, meta: Any) -> Any:
    import dask
    import dask.dataframe as dd

    measure, numbers, settle, judge = (
        dask.delayed(function, pure=True) for function in (_measured, _numbers, _settled, _judged)
    )
    parts = sources(frame) or frame.to_delayed(optimize_graph=True)
    found = [measure(part, name, step, **carried()) for part in parts]
    bounds = settle(step, [numbers(part) for part in found])
    tasks = [
        judge(part, measured, bounds, name, step, only_kept)
        for part, measured in zip(parts, found, strict=True)
    ]
    return dd.from_delayed(tasks, meta=meta, verify_meta=False)


def _measured(part: Any, name: str, step: Filter, taken: str | None = None) -> Measured:
    with within(taken):
        rows = rowwise.run(_rows(part), ((name, step.measuring()),)).explained()
    alive = rows[rows["dropped_by"].isna()]
    added = [column for column in (name, *LEDGER) if column in rows.columns]
    return Measured(rows[added], step.measured(alive, name))


def _numbers(measured: Measured) -> np.ndarray:
    return measured.numbers


def _settled(step: Filter, numbers: list[np.ndarray]) -> Bounds:
    return step.bounds.settled(lambda: numbers)


def _judged(
    part: Any, measured: Measured, bounds: Bounds, name: str, step: Filter, only_kept: bool
) -> Any:
    frame = part() if callable(part) else part
    rows, columns = host(frame), measured.columns
    rows = rows.assign(**{str(column): columns[column] for column in columns})
    judged = rowwise.run(rows, ((name, step.judging(name, bounds)),)).explained()
    return like(_shown(judged, name, step, only_kept), frame)


def _shown(rows: pd.DataFrame, name: str, step: Filter, only_kept: bool) -> pd.DataFrame:
    if not only_kept:
        return rows
    gone = {*rowwise.hidden(((name, step),)), *LEDGER}
    kept = rows[rows["dropped_by"].isna()]
    return kept.drop(columns=[column for column in kept.columns if column in gone])


def _rows(part: Any) -> pd.DataFrame:
    return host(part() if callable(part) else part)
