"""Views of one partition: each decoded form made once, when first asked for, and shared."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from tamis.errors import ColumnError
from tamis.extras import Needs
from tamis.frame import STRING
from tamis.settings import optional
from tamis.spelling import meant
from tamis.vectors import to_column, vector_type


class View(NamedTuple):
    """A registered view: its function, the columns or views it needs, its settings' defaults.

    Where `rows` is set it gives a sequence with an item for each row, made when first asked for,
    and a partition is gone through at most so many rows at a time. `needs` are the optional
    packages that it cannot do without.
    """

    function: Callable[..., Any]
    inputs: tuple[str, ...]
    settings: dict[str, Any]
    rows: int | None = None
    needs: Needs = None


VIEWS: dict[str, View] = {}
_PARTS = 3  # of a partition that are remembered: rows of a modality, rows not yet dropped


def leaves(name: str) -> tuple[str, ...]:
    """The columns behind an input."""
    if name not in VIEWS:
        return (name,)
    return tuple(leaf for part in VIEWS[name].inputs for leaf in leaves(part))


@functools.cache
def chain(name: str) -> frozenset[str]:
    """The views behind an input, itself included."""
    if name not in VIEWS:
        return frozenset()
    return frozenset({name}).union(*(chain(part) for part in VIEWS[name].inputs))


class Views:
    """The views of one partition. `seconds` holds the processor time spent making each of them.

    Views that are `given` are not made.
    """

    def __init__(
        self, frame: pd.DataFrame, whole: Views | None = None, rows: np.ndarray | None = None,
        given: Mapping[str, Any] | None = None,
    ) -> None:  # fmt: skip
        self.frame, self.whole, self.rows = frame, whole, rows
        self.given: Mapping[str, Any] = given or {}
        self.added: dict[str, pd.Series] = {}
        self.seconds: dict[str, float] = {} if whole is None else whole.seconds
        self._made: dict[Any, Any] = {}
        self._parts: dict[bytes, Views] = {}

    def get(self, name: str, on: Mapping[str, str], settings: Mapping[str, Any]) -> Any:
        """The view `name` under this column binding and these settings, or the column itself."""
        if name not in VIEWS:
            return self.column(on.get(name, name))
        if name in self.given:
            return self.given[name]
        view = VIEWS[name]
        key = key_of(name, on, settings)
        if view.rows is not None and self.whole is not None:
            return self.whole.get(name, on, settings).take(self.rows)
        if key not in self._made:
            spare = optional(view.function)
            arguments = [
                self.get(part, on, settings) if part not in spare or self.has(part, on) else None
                for part in view.inputs
            ]
            own = {k: settings[k] for k in view.settings if k in settings}
            start = time.thread_time()
            self._made[key] = view.function(*arguments, **own)
            spent = time.thread_time() - start
            self.seconds[name] = self.seconds.get(name, 0.0) + spent
        return self._made[key]

    def once(self, key: Any, make: Callable[[], Any]) -> Any:
        """What `make` gives for these rows, made when first asked for under a key."""
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]

    def has(self, name: str, on: Mapping[str, str]) -> bool:
        """Whether there is such a view, or a column that stands for the name."""
        if name in VIEWS or on.get(name, name) in (*self.added, *self.frame.columns):
            return True
        return self.whole is not None and self.whole.has(name, on)

    def part(self, still: np.ndarray) -> Views:
        """The views of those rows; what is decoded row by row is shared with these here.

        Steps that are for the same rows share one part, and so its views.
        """
        key = np.packbits(still).tobytes()
        found = self._parts.pop(key, None)
        if found is None:
            found = Views(self.frame[still], self, np.flatnonzero(still), self.given)
        while len(self._parts) >= _PARTS:
            self._parts.pop(next(iter(self._parts)))
        self._parts[key] = found  # the latest is the last to go
        return found

    def problems(
        self, name: str, on: Mapping[str, str], settings: Mapping[str, Any]
    ) -> dict[int, str]:
        """Why rows have nothing to see in a view, or in those behind it: position to reason."""
        if name not in VIEWS or not self.has(name, on):
            return {}
        found: dict[int, str] = {}
        for part in VIEWS[name].inputs:
            found |= self.problems(part, on, settings)
        if VIEWS[name].rows is not None:
            found = {**self.get(name, on, settings).problems, **found}
        return found

    def column(self, name: str) -> pd.Series:
        """A column of the partition, or a score added to it since."""
        if name in self.added:
            return self.added[name]
        if self.whole is not None and self.rows is not None and name in self.whole.added:
            return self.whole.added[name].iloc[self.rows]
        if name not in self.frame.columns:
            have = ", ".join(map(str, self.frame.columns))
            hint = meant(name, self.frame.columns)
            raise ColumnError(f"no column {name!r} (have: {have}); pass on=…{hint}")
        return self.frame[name]


def key_of(name: str, on: Mapping[str, str], settings: Mapping[str, Any]) -> Any:
    """What tells a view, or a column, from another of the same partition."""
    if name not in VIEWS:
        return on.get(name, name)
    view = VIEWS[name]
    own = tuple((k, settings.get(k, default)) for k, default in view.settings.items())
    return (name, own, tuple(key_of(part, on, settings) for part in view.inputs))


def finish(values: Any, dtype: str, index: pd.Index, null: np.ndarray | None = None) -> pd.Series:
    """What an op returned, as a column of the declared dtype; nulls where `null` is true."""
    if len(values) != len(index):
        raise ValueError(f"an op returned {len(values)} values for {len(index)} rows")
    if "[" in dtype:
        return _vectors(values, dtype, index, null)
    if isinstance(values, pd.Series):
        values = values.array
    if dtype == "float64":
        if not isinstance(values, np.ndarray):
            values = pd.array(values, dtype="Float64").to_numpy(np.float64, na_value=np.nan)
        numbers = np.array(values, np.float64)
        if null is not None:
            numbers[null] = np.nan
        return pd.Series(numbers, index=index)
    result = pd.Series(values, index=index, dtype=series_dtype(dtype))
    if null is not None and null.any():
        result = result.mask(null)
    return result


def _vectors(values: np.ndarray, dtype: str, index: pd.Index, null: np.ndarray | None) -> pd.Series:
    """An array of [rows, width] as a column of vectors; a row of nothing but NaN is null."""
    kind = vector_type(dtype)
    rows = np.asarray(values, kind.value_type.to_pandas_dtype()).reshape(-1, kind.list_size)
    there = ~np.isnan(rows).all(axis=1)
    column = pa.chunked_array([to_column(rows, there if null is None else there & ~null)], kind)
    return pd.Series(pd.array(column, dtype=pd.ArrowDtype(kind)), index=index)


def series_dtype(dtype: str) -> Any:
    """The pandas dtype for the dtype an op declares."""
    known = {"float64": np.dtype("float64"), "string": STRING, "Int64": pd.Int64Dtype()}
    if dtype == "boolean":
        return pd.BooleanDtype()
    if dtype == "binary":
        return pd.ArrowDtype(pa.large_binary())
    if "[" in dtype:
        return pd.ArrowDtype(vector_type(dtype))
    if dtype not in known:
        raise ValueError(
            f"unknown dtype {dtype!r}; an op declares {', '.join(known)}, boolean, "
            "binary or a vector such as float32[384]"
        )
    return known[dtype]
