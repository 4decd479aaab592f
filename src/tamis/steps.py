"""Steps: frozen values that bind an op to columns, settings and bounds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd

from tamis.bounds import Bounds, listed
from tamis.errors import ColumnError, SettingError
from tamis.frame import STRING
from tamis.media.columns import holds_media
from tamis.op import Kind, Op
from tamis.registry import find, registered
from tamis.settings import parameters
from tamis.viewing import Views, series_dtype
from tamis.where import Where

On = str | tuple[str, ...] | Mapping[str, str] | None
Columns = dict[str, Any]


class Step:
    """What a pipeline is made of: plain data that pickles, tokenises and writes to YAML."""

    word: ClassVar[str]
    shuffles: ClassVar[bool] = False
    name: str

    @property
    def rows(self) -> int | None:
        """How many rows of a partition to give it at a time; None: all of them."""
        return None

    @property
    def together(self) -> str | None:
        """The column whose equal values mark rows that it has to be given together."""
        return None

    @property
    def spends(self) -> tuple[str, ...]:
        """The columns that there are no more after it."""
        return ()

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
    where: Where
    kind: ClassVar[Kind]

    def _set(
        self, op: Op | str, on: On, name: str | None, settings: Mapping[str, Any],
        where: Mapping[str, Any] | None = None,
    ) -> None:  # fmt: skip
        op = find(op) if isinstance(op, str) else op
        if not isinstance(op, Op):
            raise SettingError(
                f"{type(self).__name__} takes an op such as tamis.text.word_count, not {op!r}"
            )
        if op.kind != self.kind:
            raise SettingError(
                f"{type(self).__name__} takes {_an(self.kind)}; {op.name} is {_an(op.kind)}"
            )
        binding = op.bind(on)
        checked = op.check(settings)
        put = object.__setattr__
        put(self, "op", op)
        put(self, "on", tuple((k, v) for k, v in binding.items() if v != k))
        put(self, "settings", tuple(checked.items()))
        put(self, "name", name or _default_name(op, dict(self.on), checked))
        put(self, "where", Where.of(where, self.name))

    @property
    def rows(self) -> int | None:
        return self.op.rows

    @property
    def together(self) -> str | None:
        return None if self.op.whole is None else self.binding[self.op.whole]

    @property
    def binding(self) -> dict[str, str]:
        """Which column stands for each column of the op."""
        return self.op.bind(dict(self.on))

    def column(self, views: Views) -> pd.Series:
        """The op's values for one partition."""
        return self.op.column(views, self.binding, dict(self.settings))

    def _require(self, columns: Columns) -> None:
        self.where.check(columns, self.name)
        text, media = self.op.text_columns(), self.op.media_columns()
        spare = self.op.optional_columns()
        for name, column in self.binding.items():
            if column not in columns:
                if name in spare and name not in dict(self.on):
                    continue
                raise ColumnError(
                    f"{self.name}: no column {column!r} (have: {', '.join(columns)}); pass on=…"
                )
            if name in text and not _holds_text(columns[column]):
                raise ColumnError(
                    f"{self.name}: column {column!r} holds {columns[column]}, not text; "
                    "convert it with .astype('string')"
                )
            if name in media and not holds_media(columns[column]):
                raise ColumnError(
                    f"{self.name}: column {column!r} holds {columns[column]}; a medium is a path, "
                    "a URL or its bytes"
                )

    def _entry(self) -> dict[str, Any]:
        entry: dict[str, Any] = {self.word: self.op.name}
        if self.on:
            only = len(self.on) == 1 and self.on[0][0] == self.op.columns()[0]
            entry["on"] = self.on[0][1] if only else dict(self.on)
        if self.name != _default_name(self.op, dict(self.on), dict(self.settings)):
            entry["name"] = self.name
        return entry | self.where.to_dict()

    def to_dict(self) -> dict[str, Any]:
        return self._entry() | {k: listed(v) for k, v in self.settings}


@dataclass(frozen=True, init=False)
class Score(OpStep):
    """Add a measure's values as a column, null in rows that are not those of `where`.

    >>> import pandas as pd, tamis
    >>> docs = pd.DataFrame({"text": ["one two", "three"]})
    >>> docs.pipe(Score(tamis.text.word_count)).word_count.tolist()
    [2, 1]
    """

    word = "score"
    kind = "measure"

    def __init__(
        self, op: Op | str, *, on: On = None, name: str | None = None,
        where: Mapping[str, Any] | None = None, **settings: Any,
    ):  # fmt: skip
        self._set(op, on, name, settings, where)

    def plan(self, columns: Columns, name: str) -> None:
        self._require(columns)
        add_column(columns, name, series_dtype(self.op.column_dtype(dict(self.settings))))


@dataclass(frozen=True, init=False)
class Filter(Step):
    """Keep the rows whose measure (or existing column) lies within bounds.

    `min` and `max` are included; `isin` lists the values to keep; `invert` keeps the others.
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
        min: float | None = None,
        max: float | None = None,
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
        bounds.check(f"Filter {own}", score.op if score else None)
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
    def together(self) -> str | None:
        return None if self.score is None else self.score.together

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
        blank = self._blank(views, rows)
        return [
            why if pd.isna(value) else self.bounds.reason(value)
            for value, why in zip(found.tolist(), blank, strict=True)
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

    def _blank(self, views: Views, rows: np.ndarray) -> list[str]:
        if self.score is None:
            return [f"score.null: {self.column} has no value"] * len(rows)
        column = next(iter(self.score.binding.values()))
        source = views.column(column).iloc[rows]
        other = f"score.null: {self.name} has no value"
        if self.score.op.null_where is not None:
            other = f"text.empty: {column} is empty or blank"
        known = self._unreadable(views)
        if known or self.score.op.media_columns():
            return [known.get(row, other) for row in rows.tolist()]
        return [f"text.null: {column} is null" if n else other for n in source.isna()]

    def _unreadable(self, views: Views) -> dict[int, str]:
        """What was found wrong with the media that the measure looked at."""
        assert self.score is not None
        found: dict[int, str] = {}
        if self.score.op.rows is not None:
            for name in self.score.op.inputs:
                found |= views.problems(name, self.score.binding, dict(self.score.settings))
        return found


@dataclass(frozen=True, init=False)
class Edit(OpStep):
    """Replace a column by its edited form, or put that into the column `to`.

    Rows that are not those of `where` keep what they have.
    """

    to: str | None
    word = "edit"
    kind = "edit"

    def __init__(
        self, op: Op | str, *, on: On = None, to: str | None = None, name: str | None = None,
        where: Mapping[str, Any] | None = None, **settings: Any,
    ):  # fmt: skip
        self._set(op, on, name, settings, where)
        object.__setattr__(self, "to", to)

    @property
    def target(self) -> str:
        """The column that is written."""
        return self.to or next(iter(self.binding.values()))

    def plan(self, columns: Columns, name: str) -> None:
        self._require(columns)
        columns[self.target] = series_dtype(self.op.column_dtype(dict(self.settings)))

    def to_dict(self) -> dict[str, Any]:
        entry = self._entry() | ({"to": self.to} if self.to else {})
        return entry | {k: listed(v) for k, v in self.settings}


@dataclass(frozen=True, init=False)
class Cut(OpStep):
    """Replace each row by its spans: rows with `parent_id` and `id = "<parent>/<n>"`."""

    word = "cut"
    kind = "cut"

    def __init__(self, op: Op | str, *, on: On = None, name: str | None = None, **settings: Any):
        self._set(op, on, name, settings)

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

    def spans(self, views: Views) -> dict[str, Any]:
        """The spans of one partition, under the names the columns have here."""
        made: dict[str, Any] = dict(self.op.evaluate(views, self.binding, dict(self.settings)))
        return {
            self.binding.get(name, name): pd.array(values, dtype=series_dtype(self.op.spans[name]))
            if name in self.op.spans
            else values
            for name, values in made.items()
        }


def add_column(columns: Columns, name: str, dtype: Any) -> None:
    """Note a new score column; one of that name already there is an error."""
    if name in columns:
        raise ColumnError(f"column {name!r} exists already; pass name=… for the score")
    columns[name] = dtype


def _default_name(op: Op, on: Mapping[str, str], settings: Mapping[str, Any]) -> str:
    """`word_count`, `top_ngram_ratio_n3`, `word_count_title`: what sets this use apart.

    How a medium is decoded does not.
    """
    parts, own = [op.short], parameters(op.function)[1]
    parts += [
        f"{key}{value}" if isinstance(value, int) else _slug(value)
        for key, value in settings.items()
        if key in own and value != own[key]
    ]
    return "_".join([*parts, *map(_slug, on.values())])


def _an(kind: str) -> str:
    return f"an {kind}" if kind == "edit" else f"a {kind}"


def _slug(value: Any) -> str:
    words = "_".join(map(str, value)) if isinstance(value, tuple) else str(value)
    return re.sub(r"\W+", "_", words).strip("_").lower()[:24] or "x"


def _is_column(name: str) -> bool:
    """A dotted name is an op, a plain one a column unless an op of a notebook has that name."""
    return name.startswith("column:") or ("." not in name and name not in registered())


def _holds_text(dtype: Any) -> bool:
    return pd.api.types.is_string_dtype(dtype) or "string" in str(dtype)
