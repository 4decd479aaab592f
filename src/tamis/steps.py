"""Steps: frozen values that bind an op to columns, settings and bounds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd

from tamis.errors import ColumnError, SettingError
from tamis.frame import STRING
from tamis.op import Kind, Op, find, registered
from tamis.settings import plain
from tamis.viewing import Views, series_dtype

On = str | tuple[str, ...] | Mapping[str, str] | None
Columns = dict[str, Any]


class Step:
    """What a pipeline is made of: plain data that pickles, tokenises and writes to YAML."""

    word: ClassVar[str]
    shuffles: ClassVar[bool] = False
    name: str

    def plan(self, columns: Columns, name: str) -> None:
        """Check the step against the columns (name to dtype) there will be; add what it adds."""
        raise TypeError(f"{type(self).__name__} does not say what columns it makes")

    def to_dict(self) -> dict[str, Any]:
        """The step as a recipe entry: plain data that YAML and JSON can hold."""
        raise TypeError(f"{type(self).__name__} does not say how it is written")

    def __call__(self, frame: Any) -> Any:
        """The rows this step keeps, of a pandas or Dask frame; lazily for Dask."""
        from tamis.rowwise import keep

        return keep(frame, [(self.name, self)])

    def explain(self, frame: Any) -> Any:
        """Every row, with the step's score, `dropped_by` and `dropped_why`."""
        from tamis.rowwise import explain

        return explain(frame, [(self.name, self)])


@dataclass(frozen=True, init=False)
class OpStep(Step):
    """A step that applies an op."""

    op: Op
    on: tuple[tuple[str, str], ...]
    name: str
    settings: tuple[tuple[str, Any], ...]
    kind: ClassVar[Kind]

    def _set(self, op: Op | str, on: On, name: str | None, settings: Mapping[str, Any]) -> None:
        op = find(op) if isinstance(op, str) else op
        if not isinstance(op, Op):
            raise SettingError(
                f"{type(self).__name__} takes an op such as tamis.text.word_count, not {op!r}"
            )
        if op.kind != self.kind:
            raise SettingError(
                f"{type(self).__name__} takes a {self.kind}; {op.name} is a {op.kind}"
            )
        binding = op.bind(on)
        checked = op.check(settings)
        put = object.__setattr__
        put(self, "op", op)
        put(self, "on", tuple((k, v) for k, v in binding.items() if v != k))
        put(self, "settings", tuple(checked.items()))
        put(self, "name", name or _default_name(op, dict(self.on), checked))

    @property
    def binding(self) -> dict[str, str]:
        """Which column stands for each column of the op."""
        return self.op.bind(dict(self.on))

    def column(self, views: Views) -> pd.Series:
        """The op's values for one partition."""
        return self.op.column(views, self.binding, dict(self.settings))

    def _require(self, columns: Columns) -> None:
        text = self.op.text_columns()
        for name, column in self.binding.items():
            if column not in columns:
                raise ColumnError(
                    f"{self.name}: no column {column!r} (have: {', '.join(columns)}); pass on=…"
                )
            if name in text and not _holds_text(columns[column]):
                raise ColumnError(
                    f"{self.name}: column {column!r} holds {columns[column]}, not text; "
                    "convert it with .astype('string')"
                )

    def _entry(self) -> dict[str, Any]:
        entry: dict[str, Any] = {self.word: self.op.name}
        if self.on:
            only = len(self.on) == 1 and self.on[0][0] == self.op.columns()[0]
            entry["on"] = self.on[0][1] if only else dict(self.on)
        if self.name != _default_name(self.op, dict(self.on), dict(self.settings)):
            entry["name"] = self.name
        return entry

    def to_dict(self) -> dict[str, Any]:
        return self._entry() | {k: _listed(v) for k, v in self.settings}


@dataclass(frozen=True, init=False)
class Score(OpStep):
    """Add a measure's values as a column.

    >>> import pandas as pd, tamis
    >>> docs = pd.DataFrame({"text": ["one two", "three"]})
    >>> docs.pipe(Score(tamis.text.word_count)).word_count.tolist()
    [2, 1]
    """

    word = "score"
    kind = "measure"

    def __init__(self, op: Op | str, *, on: On = None, name: str | None = None, **settings: Any):
        self._set(op, on, name, settings)

    def plan(self, columns: Columns, name: str) -> None:
        self._require(columns)
        add_column(columns, name, series_dtype(self.op.dtype))


@dataclass(frozen=True, init=False)
class Filter(Step):
    """Keep the rows whose measure (or existing column) lies within bounds.

    `min` and `max` are included; `isin` lists the values to keep; `invert` keeps the others.
    A null (blank text, unreadable medium) is dropped unless `null="keep"`.

    >>> import pandas as pd, tamis
    >>> docs = pd.DataFrame({"text": ["one two", "three", None]})
    >>> docs.pipe(Filter(tamis.text.word_count, min=2)).text.tolist()
    ['one two']
    """

    score: Score | None
    column: str | None
    name: str
    min: float | None
    max: float | None
    isin: tuple[Any, ...] | None
    invert: bool
    null: Literal["drop", "keep"]
    word: ClassVar[str] = "filter"

    def __init__(
        self,
        op: Op | str,
        *,
        on: On = None,
        name: str | None = None,
        min: float | None = None,
        max: float | None = None,
        isin: Any = None,
        invert: bool = False,
        null: Literal["drop", "keep"] = "drop",
        **settings: Any,
    ):
        column = op.removeprefix("column:") if isinstance(op, str) and _is_column(op) else None
        score = None if column is not None else Score(op, on=on, name=name, **settings)
        if column is not None and (settings or on is not None):
            extra = "on" if on is not None else next(iter(settings))
            raise SettingError(f"Filter on the column {column!r} has no setting {extra!r}")
        put = object.__setattr__
        put(self, "score", score)
        put(self, "column", column)
        put(self, "name", name or (score.name if score else column))
        put(self, "min", _number("min", min))
        put(self, "max", _number("max", max))
        put(self, "isin", None if isin is None else _values(isin))
        put(self, "invert", bool(invert))
        put(self, "null", null)
        self._check_bounds()

    @property
    def heavy(self) -> bool:
        """Whether the measure is not to be asked about rows already dropped."""
        return self.score is not None and self.score.op.heavy

    def plan(self, columns: Columns, name: str) -> None:
        if self.score is not None:
            self.score.plan(columns, name)
            return
        if self.column not in columns:
            raise ColumnError(
                f"{self.name}: no column and no op {self.column!r} (have: {', '.join(columns)})"
            )
        number = pd.api.types.is_numeric_dtype(columns[self.column])
        if (self.min is not None or self.max is not None) and not number:
            raise ColumnError(
                f"{self.name}: column {self.column!r} holds {columns[self.column]}; "
                "min and max need numbers, isin takes any values"
            )

    def values(self, views: Views) -> pd.Series:
        """What the bounds are put to."""
        return views.column(self.column) if self.column is not None else self.score.column(views)  # type: ignore[union-attr]

    def passes(self, values: pd.Series) -> np.ndarray:
        """Which rows lie within the bounds."""
        null = values.isna().to_numpy()
        inside = ~null
        if self.min is not None:
            inside &= (values >= self.min).fillna(False).to_numpy(bool)
        if self.max is not None:
            inside &= (values <= self.max).fillna(False).to_numpy(bool)
        if self.isin is not None:
            inside &= values.isin(self.isin).fillna(False).to_numpy(bool)
        if self.invert:
            inside = ~inside & ~null
        return inside | null if self.null == "keep" else inside

    def reasons(self, values: pd.Series, views: Views, rows: np.ndarray) -> list[str]:
        """Why each of these rows (positions) was dropped: `<code>: <what was there and wanted>`."""
        found = values.iloc[rows]
        blank = self._blank(views, rows)
        return [
            self._reason(value) if not pd.isna(value) else why
            for value, why in zip(found.tolist(), blank, strict=True)
        ]

    def to_dict(self) -> dict[str, Any]:
        entry: dict[str, Any] = {self.word: self.column}
        if self.score is not None:
            inner = self.score._entry()
            entry = {self.word: inner.pop("score")} | inner
        elif self.name != self.column:
            entry["name"] = self.name
        for key in ("min", "max"):
            if getattr(self, key) is not None:
                entry[key] = getattr(self, key)
        if self.isin is not None:
            entry["isin"] = list(self.isin)
        if self.invert:
            entry["invert"] = True
        if self.null != "drop":
            entry["null"] = self.null
        if self.score is not None:
            entry |= {k: _listed(v) for k, v in self.score.settings}
        return entry

    def _reason(self, value: Any) -> str:
        shown = f"{value:.9g}" if isinstance(value, float) else str(value)[:100]
        if self.invert:
            return f"invert: {shown} lies within what is not wanted"
        if self.min is not None and value < self.min:
            return f"min: {shown} < {self.min:.9g}"
        if self.max is not None and value > self.max:
            return f"max: {shown} > {self.max:.9g}"
        return f"isin: {shown} is not one of {', '.join(map(str, (self.isin or ())[:8]))}"

    def _blank(self, views: Views, rows: np.ndarray) -> list[str]:
        if self.score is None:
            return [f"score.null: {self.column} has no value"] * len(rows)
        column = next(iter(self.score.binding.values()))
        source = views.column(column).iloc[rows]
        other = f"score.null: {self.name} has no value"
        if self.score.op.null_where is not None:
            other = f"text.empty: {column} is empty or blank"
        return [f"text.null: {column} is null" if n else other for n in source.isna()]

    def _check_bounds(self) -> None:
        if self.min is None and self.max is None and self.isin is None:
            raise SettingError(f"Filter {self.name}: give min, max or isin; it keeps everything so")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise SettingError(f"Filter {self.name}: min {self.min:g} is above max {self.max:g}")
        if self.isin is not None and not self.isin:
            raise SettingError(f"Filter {self.name}: isin is empty, nothing could be kept")
        if self.null not in ("drop", "keep"):
            raise SettingError(f"Filter {self.name}: null is 'drop' or 'keep', not {self.null!r}")
        op = self.score.op if self.score else None
        if op is None:
            return
        if op.dtype in ("string", "boolean") and (self.min is not None or self.max is not None):
            raise SettingError(
                f"Filter {self.name}: {op.name} is {op.dtype}; use isin, not min or max"
            )
        low, high = op.range or (-np.inf, np.inf)
        if (self.min is not None and self.min > high) or (self.max is not None and self.max < low):
            bound = "min" if self.min is not None and self.min > high else "max"
            raise SettingError(
                f"Filter {self.name}: {bound} {getattr(self, bound):g} is impossible, "
                f"{op.name} lies between {low:g} and {high:g}"
            )


@dataclass(frozen=True, init=False)
class Edit(OpStep):
    """Replace a column by its edited form, or put that into the column `to`."""

    to: str | None
    word = "edit"
    kind = "edit"

    def __init__(
        self, op: Op | str, *, on: On = None, to: str | None = None, name: str | None = None,
        **settings: Any,
    ):  # fmt: skip
        self._set(op, on, name, settings)
        object.__setattr__(self, "to", to)

    @property
    def target(self) -> str:
        """The column that is written."""
        return self.to or next(iter(self.binding.values()))

    def plan(self, columns: Columns, name: str) -> None:
        self._require(columns)
        columns[self.target] = series_dtype(self.op.dtype)

    def to_dict(self) -> dict[str, Any]:
        entry = self._entry() | ({"to": self.to} if self.to else {})
        return entry | {k: _listed(v) for k, v in self.settings}


@dataclass(frozen=True, init=False)
class Cut(OpStep):
    """Replace each row by its spans: rows with `parent_id` and `id = "<parent>/<n>"`."""

    word = "cut"
    kind = "cut"

    def __init__(self, op: Op | str, *, on: On = None, name: str | None = None, **settings: Any):
        self._set(op, on, name, settings)

    def plan(self, columns: Columns, name: str) -> None:
        self._require(columns)
        if "id" not in columns:
            raise ColumnError(f"{name}: a cut needs a column 'id' (have: {', '.join(columns)})")
        columns["parent_id"] = STRING
        for column, dtype in self.op.spans.items():
            columns[self.binding.get(column, column)] = series_dtype(dtype)

    def spans(self, views: Views) -> dict[str, Any]:
        """The spans of one partition, under the names the columns have here."""
        made: dict[str, Any] = dict(self.op.evaluate(views, self.binding, dict(self.settings)))
        return {self.binding.get(name, name): values for name, values in made.items()}


def add_column(columns: Columns, name: str, dtype: Any) -> None:
    """Note a new score column; one of that name already there is an error."""
    if name in columns:
        raise ColumnError(f"column {name!r} exists already; pass name=… for the score")
    columns[name] = dtype


def _default_name(op: Op, on: Mapping[str, str], settings: Mapping[str, Any]) -> str:
    """`word_count`, `top_ngram_ratio_n3`, `word_count_title`: what sets this use apart."""
    parts = [op.short]
    parts += [
        f"{key}{value}" if isinstance(value, int) else _slug(value)
        for key, value in settings.items()
        if value != op.settings[key]
    ]
    return "_".join([*parts, *map(_slug, on.values())])


def _slug(value: Any) -> str:
    words = "_".join(map(str, value)) if isinstance(value, tuple) else str(value)
    return re.sub(r"\W+", "_", words).strip("_").lower()[:24] or "x"


def _is_column(name: str) -> bool:
    """A dotted name is an op, a plain one a column unless an op of a notebook has that name."""
    return name.startswith("column:") or ("." not in name and name not in registered())


def _number(bound: str, value: Any) -> float | None:
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        if isinstance(value, float) and np.isnan(value):
            raise SettingError(f"{bound} is NaN: nothing could be kept")
        return value
    raise SettingError(f"{bound}={value!r} is not a number")


def _values(isin: Any) -> tuple[Any, ...]:
    return plain(isin) if isinstance(isin, list | tuple | set | frozenset) else (isin,)


def _listed(value: Any) -> Any:
    return [_listed(item) for item in value] if isinstance(value, tuple) else value


def _holds_text(dtype: Any) -> bool:
    return pd.api.types.is_string_dtype(dtype) or "string" in str(dtype)
