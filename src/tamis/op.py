"""Ops and views: pure functions of columns, described by their signature.

Positional parameters name columns or views, keyword-only parameters are settings. That is all an
op has to say; a score column, a filter, a recipe entry, a command and a test follow from it.
"""

from __future__ import annotations

import functools
import importlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd

from tamis import registry
from tamis.compiled import code_hash
from tamis.errors import SettingError
from tamis.extras import Needs, needed
from tamis.settings import check_settings, optional, parameters
from tamis.viewing import VIEWS, View, Views, chain, finish, leaves

Kind = Literal["measure", "edit", "cut"]
Values = tuple[str, ...] | Callable[[Mapping[str, Any]], tuple[str, ...] | None] | None
RESERVED = frozenset({"on", "name", "to", "min", "max", "isin", "invert", "null", "where"})


class Special(NamedTuple):
    """A version of an op for another frame library: see `Op.specialize`."""

    function: Callable[..., Any]
    when: Callable[[Mapping[str, Any]], bool] | None
    views: Mapping[str, Callable[[Any], Any]]


@dataclass(eq=False, repr=False)
class Op:
    """A named function of columns. Made by `measure`, `edit` or `cut`; call it on a column.

    >>> import tamis
    >>> tamis.text.word_count("three short words")
    3
    """

    function: Callable[..., Any]
    kind: Kind
    name: str
    dtype: str
    range: tuple[float, float] | None = None
    null_where: str | None = None
    heavy: bool = False
    spans: Mapping[str, str] = field(default_factory=dict)
    whole: str | None = None
    spends: tuple[str, ...] = ()
    either: tuple[tuple[str, ...], ...] = ()
    needs: Needs = None
    values: Values = None
    along: Mapping[str, str | None] = field(default_factory=dict)
    drops: bool = False
    why: Callable[..., list[str | None]] | None = None
    kernels: dict[str, Special] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        functools.update_wrapper(self, self.function)

    @property
    def short(self) -> str:
        """The name without its namespace: what a score column is called."""
        return self.name.rpartition(".")[2]

    @property
    def inputs(self) -> tuple[str, ...]:
        """The positional parameters: columns and views."""
        return parameters(self.function)[0]

    @property
    def settings(self) -> dict[str, Any]:
        """The keyword-only parameters and their defaults (`Parameter.empty` if required).

        How a medium is decoded is a setting of every op that looks at it.
        """
        return {k: v for function in self._functions() for k, v in parameters(function)[1].items()}

    @property
    def rows(self) -> int | None:
        """How many rows of a partition this op is to be given at a time; None: all of them."""
        found = [VIEWS[view].rows for view in self._views()]
        return min((rows for rows in found if rows is not None), default=None)

    def _views(self) -> list[str]:
        """The views behind its inputs, in a fixed order."""
        return sorted(set().union(*(chain(name) for name in self.inputs)))

    def _functions(self) -> list[Callable[..., Any]]:
        """Its own function, then those of the views whose settings are its settings."""
        media = [VIEWS[name].function for name in self._views() if VIEWS[name].rows is not None]
        return [self.function, *media]

    def columns(self) -> tuple[str, ...]:
        """The columns this op reads unless told otherwise, in the order of its signature."""
        found: dict[str, None] = {}
        for name in self.inputs:
            found.update(dict.fromkeys(leaves(name)))
        return tuple(found)

    def optional_columns(self) -> frozenset[str]:
        """Those of its columns that a frame need not have."""
        return frozenset(self.columns()) - _needed(self.function)

    def media_columns(self) -> tuple[str, ...]:
        """Those of its columns that must point to media, or hold their bytes."""
        return ("path",) if "media" in self._views() else ()

    def medium(self) -> str | None:
        """What it takes the media for that it looks at: "image", "video" or "audio"."""
        homes = [VIEWS[name].function.__module__ for name in self._views()]
        found = [
            m
            for m in ("image", "video", "audio")
            if any(h.startswith(f"tamis.{m}.") for h in homes)
        ]
        return found[0] if found and self.media_columns() else None

    def packages(self, settings: Mapping[str, Any]) -> dict[str, str]:
        """The optional modules that it imports under these settings, each with its extra."""
        known = self.settings | dict(settings)
        found = needed(self.needs, known)
        for name in self._views():
            found |= needed(VIEWS[name].needs, known)
        return found

    def known_values(self, settings: Mapping[str, Any]) -> tuple[str, ...] | None:
        """All the texts that its value can be under these settings; None where there is no list."""
        return self.values(self.settings | dict(settings)) if callable(self.values) else self.values

    def text_columns(self) -> tuple[str, ...]:
        """Those of its columns that must hold text."""
        return tuple(
            dict.fromkeys(
                leaf
                for name in self.inputs
                for leaf in leaves(name)
                if leaf in ("text", "pred_text") or "utf8" in chain(name)
            )
        )

    def bind(self, on: str | tuple[str, ...] | Mapping[str, str] | None) -> dict[str, str]:
        """Which column of the frame stands for each column of the op.

        `on` is one name (for the op's first column), several in order, or a mapping.
        """
        wanted = self.columns()
        binding = {name: name for name in wanted}
        if on is None:
            return binding
        given = (
            dict(on)
            if isinstance(on, Mapping)
            else dict(zip(wanted, (on,) if isinstance(on, str) else on, strict=False))
        )
        count = len(given) if isinstance(on, Mapping | str) else len(tuple(on))
        if set(given) - set(wanted) or count > len(wanted):
            raise SettingError(
                f"{self.name} reads {', '.join(wanted)}; on={on!r} does not fit that"
            )
        return binding | given

    def check(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """The settings, in plain hashable form, or a `SettingError` that says what is wrong."""
        return check_settings(self.name, self._functions(), settings)

    def evaluate(
        self,
        views: Views,
        on: Mapping[str, str],
        settings: Mapping[str, Any],
    ) -> Any:
        """What the function returns for one partition, before it becomes a column."""
        spare = optional(self.function)
        arguments = [
            views.get(name, on, settings) if name not in spare or views.has(name, on) else None
            for name in self.inputs
        ]
        own = parameters(self.function)[1]
        return self.function(*arguments, **{k: v for k, v in settings.items() if k in own})

    def column_dtype(self, settings: Mapping[str, Any]) -> str:
        """The dtype of the op's column: as declared, with the settings it names filled in."""
        if "{" not in self.dtype:
            return self.dtype
        return self.dtype.format_map(self.settings | dict(settings))

    def column(self, views: Views, on: Mapping[str, str], settings: Mapping[str, Any]) -> pd.Series:
        """The values of a measure or an edit as a column of the declared dtype."""
        null = None if self.null_where is None else views.get(self.null_where, on, settings)
        dtype = self.column_dtype(settings)
        return finish(self.evaluate(views, on, settings), dtype, views.frame.index, null)

    def reasons(
        self, views: Views, on: Mapping[str, str], settings: Mapping[str, Any], values: pd.Series,
        rows: np.ndarray,
    ) -> list[str | None]:  # fmt: skip
        """What the op itself tells of rows (positions) that bounds put to its values drop."""
        if self.why is None:
            return [None] * len(rows)
        columns = [
            views.column(on[name]).iloc[rows] if views.has(name, on) else None
            for name in self.columns()
        ]
        return self.why(values.iloc[rows], *columns, **settings)

    def specialize(
        self,
        library: str,
        when: Callable[[Mapping[str, Any]], bool] | None = None,
        views: Mapping[str, Callable[[Any], Any]] | None = None,
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Register a version of a measure for another frame library: `@op.specialize("cudf")`.

        Its positional parameters are columns as that library has them; or they are all named in
        `views`, by functions from a column's bytes on the device to what stands for them. Settings
        are the op's. It gives a value per row, the same as the op does. `when` says for which
        settings (all of the op's, with defaults); None: for all.
        """
        if self.kind != "measure" or self.null_where not in (None, "blank"):
            raise SettingError(f"{self.name}: measures of columns have versions for {library}")

        def register(function: Callable[..., Any]) -> Callable[..., Any]:
            if views and set(parameters(function)[0]) != set(views):
                raise SettingError(f"{self.name}: {', '.join(views)} are not all that it takes")
            self.kernels[library] = Special(function, when, dict(views or {}))
            return function

        return register

    def special(self, library: str, settings: Mapping[str, Any]) -> Special | None:
        """The version for a library under these settings, if there is one."""
        found = self.kernels.get(library)
        if found is None or not (found.when is None or found.when(self.settings | dict(settings))):
            return None
        return found

    def __call__(self, *columns: Any, **settings: Any) -> Any:
        """Apply the op to columns: Series or lists give a Series (a cut a frame), a str one.

        A `pathlib.Path` is a str, too.
        """
        one = str | bytes | os.PathLike | None
        scalar = all(isinstance(c, one) for c in columns) and bool(columns)
        wanted = self.columns()
        needed = [name for name in wanted if name not in self.optional_columns()]
        if not len(needed) <= len(columns) <= len(wanted):
            raise TypeError(f"{self.name} takes {len(needed)} column(s): {', '.join(needed)}")
        for column in columns:
            if not scalar and not np.iterable(column):
                raise TypeError(f"{self.name} takes a text or columns of them, not {column!r}")
        given = [[c] if scalar else c for c in columns]
        frame = pd.DataFrame(dict(zip(wanted, map(_series, given), strict=False)))
        settings = self.check(settings)
        on = {name: name for name in wanted}
        if self.kind == "cut":
            return pd.DataFrame(self.evaluate(Views(frame), on, settings))
        result = self.column(Views(frame), on, settings)
        if not scalar:
            return result.rename(self.short)
        value = result.iloc[0]
        if np.ndim(value):
            return np.asarray(value)
        if pd.isna(value):
            return None
        return value.item() if isinstance(value, np.generic) else value

    def __repr__(self) -> str:
        return f"<{self.kind} {self.name}>"

    def __hash__(self) -> int:
        return hash(self.name)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Op) and other.name == self.name and other.code == self.code

    @functools.cached_property
    def code(self) -> str:
        """A hash of the compiled function, so that a changed op is a different op on resume."""
        return code_hash(self.function)

    def __dask_tokenize__(self) -> tuple[str, str]:
        return (self.name, self.code)

    def __reduce__(self) -> Any:
        module = self.function.__module__
        if module != "__main__" and registry.OPS.get(self.name) is self:
            return _restore, (self.name, module)
        return _rebuild, (
            self.function, self.kind, self.name, self.dtype, self.range, self.null_where,
            self.heavy, self.spans, self.whole, self.spends, self.either, self.needs,
            self.values, self.along, self.drops, self.why,
        )  # fmt: skip


def measure(
    *,
    dtype: str = "float64",
    range: tuple[float, float] | None = None,
    null_where: str | None = None,
    heavy: bool = False,
    whole: str | None = None,
    either: tuple[tuple[str, ...], ...] = (),
    needs: Needs = None,
    values: Values = None,
    why: Callable[..., list[str | None]] | None = None,
    namespace: str | None = None,
) -> Callable[[Callable[..., Any]], Op]:
    """Make a function from columns (or views) to one value per row an op.

    `dtype` is "float64" (NaN is null), "Int64", "boolean", "string", or a vector such as
    "float32[384]", of which "{dimensions}" may stand for a setting. `range` is what values can
    be, so that impossible bounds are found before a run; of text `values` are all that there
    can be (or a function from the settings to them), so that `isin` is checked likewise.
    `null_where` names a view of booleans: rows where it is true get null. A `heavy` measure is
    not asked about rows already dropped. `whole` names the column (of those it reads) whose
    equal values make rows one document, for a measure that looks at documents: it sees the rows
    of one that are still there together, also those that the step is not for (`where`), and no
    rows that were dropped before. `either` lists sets of optional columns of which a frame must
    have one. `why` tells more of rows that a filter drops than which bound they missed: a function
    of their values, the columns that the op reads, and its settings, to `<code>: <what>` for each,
    or None.

    >>> from tamis import measure
    >>> @measure(dtype="Int64")
    ... def shouting(text):
    ...     return text.str.count("!")
    >>> shouting("Hello!!")
    2
    """
    return lambda function: _register(
        Op(
            function, "measure", _name(function, namespace), dtype, range, null_where, heavy,
            whole=whole, either=either, needs=needs, values=values, why=why,
        )
    )  # fmt: skip


def edit(
    *,
    dtype: str = "string",
    needs: Needs = None,
    drops: bool = False,
    namespace: str | None = None,
) -> Callable[..., Op]:
    """Make a function from a column to the column's new values an op. Null stays null.

    With `drops` a row that cannot be edited, as a view of the edit says (`tamis.media.Decoded`), is
    dropped with what it says; otherwise it has null.
    """
    return lambda function: _register(
        Op(function, "edit", _name(function, namespace), dtype, needs=needs, drops=drops)
    )


def cut(
    *,
    columns: Mapping[str, str],
    spends: tuple[str, ...] = (),
    needs: Needs = None,
    along: Mapping[str, str | None] | None = None,
    namespace: str | None = None,
) -> Callable[[Callable[..., Any]], Op]:
    """Make a function from a column to spans an op.

    It returns a mapping with `parent` (row positions, never decreasing) and one array for each of
    `columns`, the columns a span has of its own with their dtypes, e.g. `{"text": "string"}`. It
    may return `problems`, too: row positions to `<code>: <detail>`, why a row cannot be cut; where
    a view has nothing to show of a medium, that is said without it. The spans do not repeat the
    columns that it `spends`, such as a list of which each becomes an item.

    Columns `along` what is cut, such as the transcript of a recording, are cut with it where the
    frame has them: the function returns an array for each of them. Their dtypes become those that
    are given, None: stay.
    """
    return lambda function: _register(
        Op(
            function, "cut", _name(function, namespace), "spans", spans=dict(columns),
            spends=spends, needs=needs, along=dict(along or {}),
        )
    )  # fmt: skip


def view(
    function: Callable[..., Any] | None = None, *, rows: int | None = None, needs: Needs = None
) -> Any:
    """Register a decoded form of a column, made once per partition and shared by ops.

    `@view(rows=64)` is for media: the function returns a sequence with an item for each row that
    is decoded when first asked for (`tamis.media.Decoded`), and no more than 64 rows of a partition
    are looked at at a time. Its settings are settings of every op that uses it, and what it `needs`
    they need.
    """

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        inputs, settings = parameters(function)
        before = VIEWS.get(function.__name__)
        if before is not None and _homes(before.function, function) == 2:
            raise SettingError(f"there are two views {function.__name__!r} in tamis")
        VIEWS[function.__name__] = View(function, inputs, settings, rows, needs)
        chain.cache_clear()
        return function

    return register if function is None else register(function)


def _register(op: Op) -> Op:
    if not {*op.spends, *([op.whole] if op.whole else [])} <= set(op.columns()):
        raise SettingError(f"{op.name}: whole= and spends= name columns that it reads")
    if set(op.spends) & {*op.spans, *op.along}:
        raise SettingError(f"{op.name}: a column that it spends cannot be one of its spans")
    if set(op.along) & set(op.spans):
        raise SettingError(f"{op.name}: a column of its spans is always there, not just along=")
    taken = RESERVED & set(op.settings)
    if taken:
        raise SettingError(
            f"{op.name}: {min(taken)!r} is a word of steps, not a name for a setting"
        )
    return registry.put(op)


def _homes(*functions: Callable[..., Any]) -> int:
    """In how many modules of tamis's own the functions are."""
    return len({f.__module__ for f in functions if f.__module__.startswith("tamis.")})


def _needed(function: Callable[..., Any]) -> frozenset[str]:
    """The columns that a function, or a view that it is given, cannot do without."""
    spare = optional(function)
    parts = [part for part in parameters(function)[0] if part not in spare]
    return frozenset().union(
        *(_needed(VIEWS[part].function) if part in VIEWS else {part} for part in parts)
    )


def _name(function: Callable[..., Any], namespace: str | None) -> str:
    parts = function.__module__.split(".")
    if namespace is None:
        namespace = parts[1] if parts[0] == "tamis" and len(parts) > 1 else parts[0]
    return function.__name__ if namespace == "__main__" else f"{namespace}.{function.__name__}"


def _series(values: Any) -> pd.Series:
    if isinstance(values, pd.Series):
        return values
    values = [os.fspath(v) if isinstance(v, os.PathLike) else v for v in values]
    text = all(isinstance(v, str) or v is None for v in values)
    return pd.Series(values, dtype="str" if text else None)


def _restore(name: str, module: str) -> Op:
    if name not in registry.OPS:
        importlib.import_module(module)
    return registry.OPS[name]


def _rebuild(*fields: Any) -> Op:
    return registry.OPS.setdefault(fields[2], Op(*fields))
