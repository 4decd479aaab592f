"""What a finished run says of records, of the children of records, and of times: once per process.

Names are held as 64-bit hashes: of a million records two are taken for one another once in ten
million runs.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from tamis.dedup.groups import hashed
from tamis.errors import ColumnError
from tamis.named_files import states
from tamis.resources import resource

if TYPE_CHECKING:
    from tamis.results import Run

KEPT = -1  # in place of the step that dropped a record


class Records(NamedTuple):
    """Every record of a run: `names` (uint64, ascending) and which of `steps` dropped it."""

    names: np.ndarray
    by: np.ndarray  # int32: place in `steps`, or KEPT
    steps: tuple[str, ...]


class Families(NamedTuple):
    """The children that a run has of each parent, by `names` of parents (uint64, ascending)."""

    names: np.ndarray
    total: np.ndarray  # int64
    left: np.ndarray  # int64: how many of them it kept
    gone: np.ndarray  # int64, ascending: place of the parent × number of steps + place of the step
    counts: np.ndarray  # int64: how many that step dropped
    steps: tuple[str, ...]

    def told(self, at: int) -> str:
        """Which steps dropped how many of a parent's children."""
        low, high = np.searchsorted(self.gone, [at * len(self.steps), (at + 1) * len(self.steps)])
        found = zip(self.gone[low:high].tolist(), self.counts[low:high].tolist(), strict=True)
        counted = Counter({self.steps[step % len(self.steps)]: count for step, count in found})
        return ", ".join(f"{step} {count}" for step, count in counted.most_common())


class Times(NamedTuple):
    """The spans that a run dropped: whose they are (uint64), from when to when, and the step."""

    parents: np.ndarray
    rows: pd.DataFrame  # start, end
    by: np.ndarray
    steps: tuple[str, ...]


def records(run: str) -> Records:
    """What the run in a folder made of its records; as `Run` raises where there is none."""
    return _records(run, _state(run))


def families(run: str, must: bool = True) -> Families:
    """What it made of the children of each record.

    Raises `ColumnError` where its records have no `parent_id`; unless they `must`, there are none.
    """
    return _families(run, _state(run), must)


def times(run: str) -> Times:
    """When it dropped something."""
    return _times(run, _state(run))


def places(known: np.ndarray, names: Any) -> np.ndarray:
    """Where names stand among known hashes; -1 for those that do not, and for nulls."""
    asked = hashed(names)
    if not known.size:
        return np.full(len(asked), -1)
    at = np.minimum(np.searchsorted(known, asked), known.size - 1)
    return np.where((known[at] == asked) & ~pd.isna(names).to_numpy(bool), at, -1)


def _state(run: str) -> Any:
    """What changes when the run is made anew."""
    return tuple(states(run)) or _opened(run).figures["token"]


def _opened(run: str) -> Run:
    from tamis.results import Run

    return Run(run)


@resource
def _records(run: str, state: Any) -> Records:
    opened = _opened(run)
    parts = [_table(opened, part, ["id"]) for part in opened.parts("ledger")]
    names = np.concatenate([np.empty(0, np.uint64), *(hashed(table["id"]) for table, _ in parts)])
    by, steps = _steps(opened, [by for _, by in parts])
    order = np.argsort(names, kind="stable")
    return Records(names[order], by[order], steps)


@resource
def _families(run: str, state: Any, must: bool) -> Families:
    opened = _opened(run)
    found, dropped = [np.empty(0, np.uint64)], []
    for part in opened.parts("ledger"):
        if not must and "parent_id" not in pq.read_schema(opened.file(part)).names:
            continue
        table, by = _table(opened, part, ["parent_id"])
        known = table["parent_id"].is_valid().to_numpy()
        found.append(hashed(table["parent_id"])[known])
        dropped.append(by.filter(pa.array(known)))
    by_step, steps = _steps(opened, dropped)
    names, parent = np.unique(np.concatenate(found), return_inverse=True)
    size = len(names)
    gone, counts = np.unique((parent * len(steps) + by_step)[by_step != KEPT], return_counts=True)
    left = np.bincount(parent[by_step == KEPT], minlength=size)
    return Families(names, np.bincount(parent, minlength=size), left, gone, counts, steps)


@resource
def _times(run: str, state: Any) -> Times:
    opened = _opened(run)
    columns = ["parent_id", "start", "end"]
    parts = [_table(opened, part, columns, "dropped") for part in opened.parts("dropped")]
    by, steps = _steps(opened, [by for _, by in parts])
    tables = [table for table, _ in parts]
    parents = [hashed(table["parent_id"]) for table in tables]
    ends = {
        name: np.concatenate([np.empty(0), *(_numbers(table, name, run) for table in tables)])
        for name in ("start", "end")
    }
    known = np.concatenate(
        [np.empty(0, bool), *(table["parent_id"].is_valid().to_numpy() for table in tables)]
    )
    names = np.concatenate([np.empty(0, np.uint64), *parents])[known]
    return Times(names, pd.DataFrame(ends)[known].reset_index(drop=True), by[known], steps)


def _table(run: Run, part: str, columns: list[str], folder: str = "ledger") -> tuple[Any, Any]:
    """Columns of a part, and which step dropped each row (text, null: none)."""
    have = pq.read_schema(run.file(part)).names
    for name in columns:
        if name not in have:
            raise ColumnError(
                f"{run.path}: the records of the run have no {name!r} (have: {', '.join(have)})"
            )
    table = pq.read_table(run.file(part), columns=[*columns, "dropped_by"])
    return table.select(columns), table["dropped_by"].cast(pa.large_string())


def _steps(run: Run, dropped: list[pa.ChunkedArray]) -> tuple[np.ndarray, tuple[str, ...]]:
    """Which step dropped each row, as a number, and the names of the steps."""
    steps = tuple(step["name"] for step in run.figures["steps"])
    known = pd.Index(steps)
    found = [known.get_indexer(by.to_pandas()).astype(np.int32) for by in dropped]
    return np.concatenate([np.empty(0, np.int32), *found]), steps


def _numbers(table: pa.Table, name: str, run: str) -> np.ndarray:
    kind = table[name].type
    if not (pa.types.is_floating(kind) or pa.types.is_integer(kind)):
        raise ColumnError(f"{run}: the column {name!r} of the run holds {kind}, not numbers")
    return table[name].cast(pa.float64(), safe=False).to_numpy()
