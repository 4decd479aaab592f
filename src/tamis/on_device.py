"""Row-wise steps over a cuDF partition: what has a version for it is measured where the texts are.

The scores alone come to the host, where the steps are carried out as ever, with the columns that
the others of them need. Texts that only such measures look at are never copied; rows are taken out
of them on the device.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from tamis import device_columns
from tamis.frame import STRING, like
from tamis.judging import Named
from tamis.outcome import LEDGER
from tamis.settings import parameters
from tamis.steps import Score
from tamis.viewing import Views, finish, leaves

_HIDDEN = "\0score "  # no column of anybody's begins so


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

    def __init__(self, frame: Any, steps: Named) -> None:
        self.frame = frame
        special = _special(frame, steps)
        self.steps = [(name, special.get(name, (step, None))[0]) for name, step in steps]
        columns = {name: scored[1] for name, scored in special.items()}
        others = [step for name, step in steps if name not in special]
        looked = {c for step in others for c in _read(step, frame)}
        looked |= {column for _, step in steps for column, _ in step.where.columns}
        measured = {
            column
            for name, step in steps
            if name in special and (measure := _measure(step)) is not None
            for column in measure.binding.values()
        }
        self.left = [c for c in frame.columns if c in measured and c not in looked | {"id"}]
        if any(step.word == "cut" for _, step in steps):
            self.left = []
        rows = frame.drop(columns=self.left).to_pandas()
        for column in self.left:  # null where it is null, which is all that a reason tells of it
            null = device_columns.on_host(frame[column].isna().values)
            stand_in: Any = pd.array([None if one else "" for one in null.tolist()], STRING)
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


def able(frame: Any, steps: Named) -> bool:
    """Whether anything of these steps is done on the device."""
    return LEDGER[0] not in frame.columns and bool(_candidates(frame, steps))


def _measure(step: Any) -> Score | None:
    """The measure of a step, where it has one: a prompt, say, has none."""
    measure = step.score if step.word == "filter" else step
    return measure if isinstance(measure, Score) else None


def _candidates(frame: Any, steps: Named) -> dict[str, Any]:
    """The steps of which a version for cuDF sees what the op would see."""
    found: dict[str, Any] = {}
    changed: set[str] = set()
    for name, step in steps:
        if step.word == "cut":
            break
        measure = _measure(step)
        if step.word == "edit":
            changed.add(step.target)
            continue
        if measure is not None:
            own = set(measure.binding.values())
            version = measure.op.special("cudf", dict(measure.settings))
            if version is not None and own <= set(frame.columns) - changed:
                found[name] = step
        changed |= {name, *step.beside(name)}
    return found


def _special(frame: Any, steps: Named) -> dict[str, tuple[Any, pd.Series]]:
    """Steps with what they measure there already, and the scores, of all rows."""
    found = {}
    chosen = _candidates(frame, steps)
    measures = {k: m for k, step in chosen.items() if (m := _measure(step)) is not None}
    for name, values in _scores(frame, measures).items():
        step = chosen[name]
        scored = Measured(measures[name], _HIDDEN + name)
        found[name] = (step._but(score=scored) if step.word == "filter" else scored, values)
    return found


def _scores(frame: Any, measures: dict[str, Score]) -> dict[str, pd.Series]:
    """Columns of measures of one partition, computed on the device, some texts at a time."""
    counted: dict[str, list[str]] = {}  # the measures of each column whose bytes are looked at
    for name, measure in measures.items():
        looked = [*_version(measure).views, *filter(None, [measure.op.null_where])]
        if looked:
            leaf = leaves(looked[0])[0]
            counted.setdefault(measure.binding.get(leaf, leaf), []).append(name)
    values: dict[str, list[Any]] = {name: [] for name in measures}
    blank: dict[str, list[np.ndarray]] = {name: [] for name in measures}
    for column, names in counted.items():
        for batch in device_columns.text_arrays(frame[column]):
            for name in names:
                version = _version(measures[name])
                if version.views:
                    given = [version.views[view](batch) for view in parameters(version.function)[0]]
                    values[name].append(version.function(*given, **_own(measures[name])))
                blank[name].append(batch.blank)
    return {
        name: _column(measure, frame, values[name], blank[name])
        for name, measure in measures.items()
    }


def _column(measure: Score, frame: Any, parts: list[Any], blank: list[np.ndarray]) -> pd.Series:
    """The parts of a score put together, or what a version makes of whole columns."""
    op, version = measure.op, _version(measure)
    if version.views:
        made: Any = np.concatenate(parts) if parts else np.zeros(0)
    else:
        columns = [frame[measure.binding[name]] for name in parameters(version.function)[0]]
        made = device_columns.on_host(version.function(*columns, **_own(measure)))
    null = None
    if op.null_where is not None:
        null = np.concatenate([np.zeros(0, bool), *blank])
    dtype = op.column_dtype(dict(measure.settings))
    return finish(made, dtype, pd.RangeIndex(len(frame)), null)


def _version(measure: Score) -> Any:
    return measure.op.special("cudf", dict(measure.settings))


def _own(measure: Score) -> dict[str, Any]:
    """The settings that its version takes."""
    own = parameters(_version(measure).function)[1]
    return {k: v for k, v in measure.settings if k in own}


def _read(step: Any, frame: Any) -> list[str]:
    """The columns of a frame that a step looks at; all of them where that is not known."""
    if step.word == "filter" and step.score is None:
        return [step.column]
    if step.word == "edit":
        return [*step.binding.values(), step.target]
    measure = _measure(step)
    if measure is not None:
        return list(measure.binding.values())
    return list(frame.columns)
