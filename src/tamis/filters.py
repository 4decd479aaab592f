"""Filters: a measure, or a column that is there, and the range of it that is kept."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd

from tamis.bounds import Bounds, listed
from tamis.errors import ColumnError, SettingError
from tamis.op import Op
from tamis.registry import registered
from tamis.spelling import meant
from tamis.steps import Columns, On, Score, Step
from tamis.viewing import Views
from tamis.where import Where


@dataclass(frozen=True, init=False)
class Filter(Step):
    """Keep the rows whose measure (or existing column) lies within bounds.

    `min` and `max` are included; `isin` lists the values to keep; `invert` keeps the others.
    `min="70%"` is the value that 70 % of the rows that come to this step lie below, so the best
    30 % stay; `max="q3 + 3 iqr"` is three interquartile ranges above the third quartile. Such a
    bound is found exactly, in a pass over the data before any row is judged (docs/guide/steps.md).
    A null (blank text, unreadable medium) is dropped unless `null="keep"`. With
    `where={"modality": "image"}` it is for those rows only: all others pass, and have no value.

    >>> import pandas as pd, tamis
    >>> docs = pd.DataFrame({"text": ["one two", "three", None]})
    >>> docs.pipe(Filter(tamis.text.word_count, min=2)).text.tolist()
    ['one two']
    """

    score: Score | None
    column: str | None
    name: str
    bounds: Bounds
    where: Where
    word: ClassVar[str] = "filter"

    def __init__(
        self,
        op: Op | str,
        *,
        on: On = None,
        name: str | None = None,
        min: float | str | None = None,
        max: float | str | None = None,
        isin: Any = None,
        invert: bool = False,
        null: Literal["drop", "keep"] = "drop",
        where: Mapping[str, Any] | None = None,
        **settings: Any,
    ):
        column = op.removeprefix("column:") if isinstance(op, str) and _is_column(op) else None
        score = None if column is not None else Score(op, on=on, name=name, where=where, **settings)
        if column is not None and (settings or on is not None):
            extra = "on" if on is not None else next(iter(settings))
            raise SettingError(f"Filter on the column {column!r} has no setting {extra!r}")
        own = name or (score.name if score else str(column))
        bounds = Bounds(min, max, isin, invert, null)
        op_settings = dict(score.settings) if score else {}
        bounds.check(f"Filter {own}", score.op if score else None, op_settings)
        put = object.__setattr__
        put(self, "score", score)
        put(self, "column", column)
        put(self, "name", own)
        put(self, "bounds", bounds)
        put(self, "where", Where.of(where, f"Filter {own}"))

    def plan(self, columns: Columns, name: str) -> None:
        if self.score is not None:
            self.score.plan(columns, name)
            return
        self.where.check(columns, self.name)
        if self.column not in columns:
            raise ColumnError(
                f"{self.name}: no column and no op {self.column!r} (have: {', '.join(columns)})"
                f"{meant(self.column, [*columns, *registered()])}"
            )
        number = pd.api.types.is_numeric_dtype(columns[self.column])
        if self.bounds.numeric and not number:
            raise ColumnError(
                f"{self.name}: column {self.column!r} holds {columns[self.column]}; "
                "min and max need numbers, isin takes any values"
            )

    @property
    def rows(self) -> int | None:
        return None if self.score is None else self.score.rows

    @property
    def views(self) -> frozenset[str]:
        return frozenset() if self.score is None else self.score.views

    @property
    def packages(self) -> dict[str, str]:
        return {} if self.score is None else self.score.packages

    @property
    def together(self) -> str | None:
        return None if self.score is None else self.score.together

    def hides(self, name: str) -> tuple[str, ...]:
        return () if self.score is None else (name, *self.beside(name))

    @property
    def relative(self) -> bool:
        return bool(self.bounds.asked)

    def __call__(self, frame: Any) -> Any:
        """The rows within the bounds, of a pandas or Dask frame; lazily for Dask."""
        if not self.relative:
            return super().__call__(frame)
        from tamis.relative import keep

        return keep(frame, self.name, self)

    def explain(self, frame: Any) -> Any:
        """Every row, with its score, `dropped_by` and `dropped_why`."""
        if not self.relative:
            return super().explain(frame)
        from tamis.relative import explain

        return explain(frame, self.name, self)

    def rehearsed(self, unknown: int) -> Filter:
        return self._but(bounds=replace(self.bounds, null="keep")) if unknown else self

    def measuring(self) -> Filter:
        """What this does before the data has given its bounds: rows without a value go."""
        return self._but(bounds=Bounds(null=self.bounds.null))

    def judging(self, name: str, bounds: Bounds) -> Filter:
        """What it does then, to rows that have been measured into the column `name`."""
        column = self.column if self.score is None else name
        return self._but(score=None, column=column, bounds=replace(bounds, null="keep"))

    def measured(self, frame: pd.DataFrame, name: str) -> np.ndarray:
        """The numbers, without NaN, of rows that `measuring` left: what quantiles are taken of."""
        values = frame[self.column if self.score is None else name]
        concerned = self.where.rows(Views(frame))
        numbers = values.to_numpy(np.float64, na_value=np.nan)
        numbers = numbers if concerned is None else numbers[concerned]
        return numbers[~np.isnan(numbers)]

    def values(self, views: Views) -> pd.Series:
        """What the bounds are put to."""
        if self.score is not None:
            return self.score.column(views)
        return views.column(str(self.column))

    def passes(self, values: pd.Series) -> np.ndarray:
        """Which rows lie within the bounds."""
        return self.bounds.passes(values)

    def reasons(self, values: pd.Series, views: Views, rows: np.ndarray) -> list[str]:
        """Why each of these rows (positions) was dropped: `<code>: <what was there and wanted>`."""
        found = values.iloc[rows]
        blank, known = self._blank(views, rows), self._unreadable(views)
        told = [None] * len(rows) if self.score is None else self.score.reasons(views, values, rows)
        return [
            known.get(row) or own or why
            if pd.isna(value)
            else _told(own, self.bounds.reason(value), value)
            for value, why, own, row in zip(found.tolist(), blank, told, rows.tolist(), strict=True)
        ]

    def to_dict(self) -> dict[str, Any]:
        if self.score is None:
            entry: dict[str, Any] = {self.word: self.column}
            if self.name != self.column:
                entry["name"] = self.name
            return entry | self.where.to_dict() | self.bounds.to_dict()
        inner = self.score._entry()
        entry = {self.word: inner.pop("score")} | inner | self.bounds.to_dict()
        return entry | {k: listed(v) for k, v in self.score.settings}

    def _but(self, **changed: Any) -> Filter:
        made = copy(self)
        for key, value in changed.items():
            object.__setattr__(made, key, value)
        return made

    def _blank(self, views: Views, rows: np.ndarray) -> list[str]:
        if self.score is None:
            return [f"score.null: {self.column} has no value"] * len(rows)
        column = next(iter(self.score.binding.values()))
        source = views.column(column).iloc[rows]
        other = f"score.null: {self.name} has no value"
        if self.score.op.null_where is not None:
            other = f"text.empty: {column} is empty or blank"
        if self.score.op.media_columns():
            return [other] * len(rows)
        return [f"text.null: {column} is null" if n else other for n in source.isna()]

    def _unreadable(self, views: Views) -> dict[int, str]:
        """What was found wrong with the media that the measure looked at."""
        found: dict[int, str] = {}
        if self.score is not None and self.score.op.rows is not None:
            for name in self.score.op.inputs:
                found |= views.problems(name, self.score.binding, dict(self.score.settings))
        return found


def _told(own: str | None, bound: str, value: Any) -> str:
    """What the op tells of a row, then the bound, unless that is just true or false."""
    if own is None:
        return bound
    return own if isinstance(value, bool) else f"{own}; {bound}"


def _is_column(name: str) -> bool:
    """A dotted name is an op, a plain one a column unless an op of a notebook has that name."""
    return name.startswith("column:") or ("." not in name and name not in registered())
