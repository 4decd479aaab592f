"""Row-wise steps over a cuDF partition: what has a version for it is measured where the texts are.

The scores alone come to the host, where the steps are carried out as ever, with the columns that
the others of them need. Columns that none of these looks at are never copied; rows are taken out of
them on the device. Texts that an edit has changed are lent to the device again (`tamis.lending`).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
import pandas as pd

from tamis import array_device, device_columns, lending
from tamis.array_device import Device
from tamis.engines import engine
from tamis.frame import STRING, like
from tamis.judging import Named
from tamis.lending import measure_of, version_of
from tamis.outcome import LEDGER
from tamis.settings import parameters
from tamis.steps import Score
from tamis.viewing import Views, finish

_HIDDEN = "\0score "  # no column of anybody's begins so
Special = dict[str, tuple[Any, pd.Series]]  # steps, with what they have measured


class Measured:
    """A score that is there already, as a hidden column; else like the step that it is of."""

    def __init__(self, step: Score, column: str) -> None:
        self._step, self._column = step, column

    def column(self, views: Views) -> pd.Series:
        """The values for the rows of these views."""
        return views.column(self._column).rename(None)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._step, name)


class Loan:
    """What of a cuDF partition is lent to the host for some steps, and the steps it does there."""

    def __init__(self, frame: Any, steps: Named, special: Special) -> None:
        self.frame = frame
        self.steps = [(name, special.get(name, (step, None))[0]) for name, step in steps]
        columns = {name: scored[1] for name, scored in special.items()}
        others = [step for name, step in steps if name not in special]
        looked = {"id"} | {c for step in others for c in _read(step, frame)}
        looked |= {column for _, step in steps for column, _ in step.where.columns}
        measured = {
            column
            for name, step in steps
            if name in special and (measure := measure_of(step)) is not None
            for column in measure.binding.values()
        }
        cut = any(step.word == "cut" for _, step in steps)
        self.left = [] if cut else [c for c in frame.columns if c not in looked]
        rows = frame.drop(columns=self.left).to_pandas()
        for column in self.left:
            stand_in: Any = pd.array([None] * len(rows), STRING)
            if column in measured:  # null where it is, which is all that a reason tells of it
                null = device_columns.on_host(frame[column].isna().values)
                stand_in = pd.array([None if one else "" for one in null.tolist()], STRING)
            rows.insert(list(frame.columns).index(column), column, stand_in)
        for name, values in columns.items():
            rows[_HIDDEN + name] = values.set_axis(rows.index)
        self.rows = rows

    def back(self, made: pd.DataFrame, at: np.ndarray) -> Any:
        """What came of the rows at these places, with the columns that had been left."""
        made = made.drop(columns=[c for c in made.columns if str(c).startswith(_HIDDEN)])
        if not self.left:
            return like(made, self.frame)
        order, index = list(made.columns), made.index
        there = like(made.drop(columns=self.left).reset_index(drop=True), self.frame)
        for column in self.left:
            there[column] = self.frame[column].iloc[at].reset_index(drop=True)
        there = there[order]
        there.index = like(pd.DataFrame(index=index), self.frame).index
        return there


def loan(frame: Any, steps: Named) -> Loan | None:
    """What is lent of a frame where anything of these steps is done on the device; else None.

    None, too, where the device had no memory left for it.
    """
    if engine() == "cpu" or LEDGER[0] in frame.columns:
        return None
    chosen = candidates(frame.columns, steps)
    if not chosen:
        return None
    there = array_device.device()
    if there is None:
        return None
    special = lending.tried(lambda: _special(frame, chosen, there), there)
    return None if special is None else Loan(frame, steps, special)


def candidates(columns: Collection[str], steps: Named) -> dict[str, Any]:
    """The steps of which a version for cuDF sees what the op would see, in a frame's columns."""
    found: dict[str, Any] = {}
    changed: set[str] = set()
    for name, step in steps:
        if step.word == "cut":
            break
        measure = measure_of(step)
        if step.word == "edit":
            changed.add(step.target)
            continue
        if measure is not None and measure.together is None:
            own = set(measure.binding.values())
            if version_of(measure) is not None and own <= set(columns) - changed:
                found[name] = step
        changed |= {name, *step.beside(name)}
    return found


def _special(frame: Any, chosen: dict[str, Any], there: Device) -> Special:
    """Steps with what they measure there already, and the scores, of all rows."""
    found = {}
    measures = {k: m for k, step in chosen.items() if (m := measure_of(step)) is not None}
    for name, values in _scores(frame, measures, there).items():
        step = chosen[name]
        scored = Measured(measures[name], _HIDDEN + name)
        found[name] = (step._but(score=scored) if step.word == "filter" else scored, values)
    return found


def _scores(frame: Any, measures: dict[str, Score], there: Device) -> dict[str, pd.Series]:
    """Columns of measures of one partition, computed on the device, some texts at a time."""
    counted: dict[str, dict[str, Score]] = {}  # the measures of each column whose bytes are read
    for name, measure in measures.items():
        column = lending.looked_at(measure)
        if column is not None:
            counted.setdefault(column, {})[name] = measure
    made: dict[str, Any] = {}
    null: dict[str, np.ndarray] = {}
    for column, ours in counted.items():
        joined, blank = lending.scores(ours, *device_columns.of_cudf(frame[column]), there)
        made |= joined
        null |= {name: blank for name, m in ours.items() if m.op.null_where is not None}
    return {
        name: _column(measure, frame, made.get(name), null.get(name))
        for name, measure in measures.items()
    }


def _column(measure: Score, frame: Any, made: Any, null: np.ndarray | None) -> pd.Series:
    """What was made of bytes as a column, or what a version makes of whole columns."""
    version = version_of(measure)
    if not version.views:
        columns = [frame[measure.binding[name]] for name in parameters(version.function)[0]]
        made = device_columns.on_host(version.function(*columns, **lending.own_settings(measure)))
    dtype = measure.op.column_dtype(dict(measure.settings))
    return finish(made, dtype, pd.RangeIndex(len(frame)), null)


def _read(step: Any, frame: Any) -> list[str]:
    """The columns of a frame that a step looks at; all of them where that is not known."""
    if step.word == "filter" and step.score is None:
        return [step.column]
    if step.word == "edit":
        return [*step.binding.values(), step.target]
    measure = measure_of(step)
    if measure is not None:
        return list(measure.binding.values())
    return list(frame.columns)
