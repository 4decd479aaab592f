"""Steps: frozen values that bind an op to columns, settings and bounds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from tamis.bounds import listed
from tamis.errors import ColumnError, SettingError
from tamis.media.columns import holds_media
from tamis.named_files import states
from tamis.op import Kind, Op
from tamis.registry import find
from tamis.spelling import no_column
from tamis.step_names import default_name
from tamis.viewing import Views, chain, series_dtype
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

    @property
    def heavy(self) -> bool:
        """Whether it is not asked about rows already dropped."""
        return False

    @property
    def views(self) -> frozenset[str]:
        """The views that it looks at, and those behind them."""
        return frozenset()

    def beside(self, name: str) -> tuple[str, ...]:
        """The columns that it adds beside the score `name`, which tell of that."""
        return ()

    def hides(self, name: str) -> tuple[str, ...]:
        """The columns that are not with the rows that are kept: what it adds, what it spends."""
        return self.spends

    def recorded(self, name: str) -> tuple[str, ...]:
        """The columns that it adds, of which the ledger of a run tells."""
        return (name, *self.beside(name)) if self.word in ("score", "filter") else ()

    @property
    def relative(self) -> bool:
        """Whether it has bounds that the rows coming to it give."""
        return False

    @property
    def packages(self) -> dict[str, str]:
        """The optional modules that it imports, each with the extra of tamis that brings it."""
        return {}

    @property
    def asks(self) -> bool:
        """Whether it asks a service, which a plan does not."""
        return False

    def unknown(self) -> int:
        """The most tokens that it has a service write for a row; a plan does not have them."""
        return 0

    def rehearsed(self, unknown: int) -> Step:
        """This step as a plan tries it; `unknown` tokens, at most, have steps before not made."""
        return self

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
        if name is not None and not (isinstance(name, str) and name):
            raise SettingError(f"{op.name}: name={name!r} is no name: text that is not empty")
        put(self, "name", name or default_name(op, dict(self.on), checked))
        put(self, "where", Where.of(where, self.name))

    @property
    def rows(self) -> int | None:
        return self.op.rows

    @property
    def together(self) -> str | None:
        return None if self.op.whole is None else self.binding[self.op.whole]

    @property
    def heavy(self) -> bool:
        return self.op.heavy

    @property
    def views(self) -> frozenset[str]:
        return frozenset().union(*map(chain, self.op.inputs))

    @property
    def packages(self) -> dict[str, str]:
        return self.op.packages(dict(self.settings))

    def __dask_tokenize__(self) -> Any:
        own = [getattr(self, field.name) for field in fields(self)]
        return (type(self).__name__, own, states(self.settings))

    @property
    def binding(self) -> dict[str, str]:
        """Which column stands for each column of the op."""
        return self.op.bind(dict(self.on))

    def column(self, views: Views) -> pd.Series:
        """The op's values for one partition."""
        return self.op.column(views, self.binding, dict(self.settings))

    def reasons(self, views: Views, values: pd.Series, rows: np.ndarray) -> list[str | None]:
        """What the op tells of rows (positions) that a filter drops."""
        return self.op.reasons(views, self.binding, dict(self.settings), values, rows)

    def problems(self, views: Views) -> dict[int, str]:
        """Why rows have nothing for the op to work on, as far as it was asked: place to reason."""
        found: dict[int, str] = {}
        if self.op.rows is not None:
            for name in self.op.inputs:
                found |= views.problems(name, self.binding, dict(self.settings))
        return found

    def _require(self, columns: Columns) -> None:
        self.where.check(columns, self.name)
        text, media = self.op.text_columns(), self.op.media_columns()
        spare = self.op.optional_columns()
        for name, column in self.binding.items():
            if column not in columns:
                if name in spare and name not in dict(self.on):
                    continue
                raise ColumnError(f"{self.name}: {no_column(column, columns, '; pass on=…')}")
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
        if self.op.either and not any(
            all(self.binding[name] in columns for name in names) for names in self.op.either
        ):
            needs = ", or ".join(" and ".join(names) for names in self.op.either)
            raise ColumnError(f"{self.name} needs {needs} (have: {', '.join(columns)}); pass on=…")

    def _entry(self) -> dict[str, Any]:
        entry: dict[str, Any] = {self.word: self.op.name}
        if self.on:
            only = len(self.on) == 1 and self.on[0][0] == self.op.columns()[0]
            entry["on"] = self.on[0][1] if only else dict(self.on)
        if self.name != default_name(self.op, dict(self.on), dict(self.settings)):
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


def add_column(columns: Columns, name: str, dtype: Any) -> None:
    """Note a new score column; one of that name already there is an error.

    So are those in which it is said why rows are dropped.
    """
    if name in ("dropped_by", "dropped_why"):
        raise ColumnError(f"the column {name!r} says why rows are dropped; pass name=…")
    if name in columns:
        raise ColumnError(f"column {name!r} exists already; pass name=… for the score")
    columns[name] = dtype


def _an(kind: str) -> str:
    return f"an {kind}" if kind == "edit" else f"a {kind}"


def _holds_text(dtype: Any) -> bool:
    return pd.api.types.is_string_dtype(dtype) or "string" in str(dtype)
