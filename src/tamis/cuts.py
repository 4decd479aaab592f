"""Cuts: a row replaced by its spans."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from tamis.errors import ColumnError, SettingError
from tamis.frame import STRING
from tamis.op import Op
from tamis.steps import Columns, On, OpStep
from tamis.viewing import Views, series_dtype


@dataclass(frozen=True, init=False)
class Cut(OpStep):
    """Replace each row by its spans: rows with `parent_id` and `id = "<parent>/<n>"`.

    Rows that are not those of `where` stay as they are.
    """

    word = "cut"
    kind = "cut"

    def __init__(
        self, op: Op | str, *, on: On = None, name: str | None = None,
        where: Mapping[str, Any] | None = None, **settings: Any,
    ):  # fmt: skip
        self._set(op, on, name, settings, where)
        if self.where.columns and self.spends:
            raise SettingError(
                f"{self.name}: {self.op.name} takes away {', '.join(self.spends)}, which rows that "
                "where leaves out would lose"
            )

    @property
    def spends(self) -> tuple[str, ...]:
        return tuple(self.binding[name] for name in self.op.spends)

    def plan(self, columns: Columns, name: str) -> None:
        self._require(columns)
        if "id" not in columns:
            raise ColumnError(f"{name}: a cut needs a column 'id' (have: {', '.join(columns)})")
        for column in self.spends:
            columns.pop(column, None)
        columns["parent_id"] = STRING
        for column, dtype in self.op.spans.items():
            columns[self.binding.get(column, column)] = series_dtype(dtype)
        for column, told in self.op.along.items():
            if told is not None and self.binding.get(column, column) in columns:
                columns[self.binding.get(column, column)] = series_dtype(told)

    def spans(self, views: Views, rows: np.ndarray | None = None) -> dict[str, Any]:
        """The spans of one partition, under the names the columns have here.

        Of `rows` only (bool), where given: all others are one span, with the values they have.
        """
        if rows is None or rows.all():
            return self._spans(views)
        return among(self._spans(views.part(rows)), rows, views.frame)

    def _spans(self, views: Views) -> dict[str, Any]:
        binding, settings = self.binding, dict(self.settings)
        made: dict[str, Any] = dict(self.op.evaluate(views, binding, settings))
        problems = self.problems(views) | made.get("problems", {})
        found: dict[str, Any] = {"parent": made["parent"], "problems": problems}
        for name, told in self.op.spans.items():
            found[binding.get(name, name)] = pd.array(made[name], dtype=series_dtype(told))
        for name, kept in self.op.along.items():
            column = binding.get(name, name)
            if column in views.frame.columns:
                dtype = views.column(column).dtype if kept is None else series_dtype(kept)
                found[column] = pd.array(made[name], dtype=dtype)
        return found


def among(spans: dict[str, Any], rows: np.ndarray, frame: pd.DataFrame) -> dict[str, Any]:
    """The spans of some rows, and each other row as the one span of itself, in order."""
    at, others = np.flatnonzero(rows), np.flatnonzero(~rows)
    parent = np.concatenate([at[np.asarray(spans.pop("parent"), np.int64)], others])
    order = np.argsort(parent, kind="stable")
    problems = {int(at[row]): why for row, why in spans.pop("problems").items()}
    found: dict[str, Any] = {"parent": parent[order], "problems": problems, "whole": ~rows}
    for name, values in spans.items():
        before = pd.Series(pd.array([None] * len(others), dtype=values.dtype))
        if name in frame.columns:
            before = frame[name].iloc[others].astype(values.dtype)
        found[name] = pd.concat([pd.Series(values), before]).iloc[order].array
    return found
