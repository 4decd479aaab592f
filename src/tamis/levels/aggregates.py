"""What several rows come to: counts, sums, the first, their texts put together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from tamis.errors import ColumnError, SettingError
from tamis.frame import STRING
from tamis.spelling import no_column

COUNT = "count"
_NUMBERS = ("sum", "mean", "min", "max")
_TRUTHS = ("any", "all")
REDUCTIONS = (*_NUMBERS, *_TRUTHS, "first", "last", "text")
Reductions = Mapping[str, tuple[str, str] | str]


def checked(asked: Any) -> dict[str, tuple[str, str] | str]:
    """Names with what they are to hold: "count", or a column and a reduction."""
    if not isinstance(asked, Mapping) or not asked:
        raise SettingError(
            f"join: columns={asked!r}: of children name what is made of them, as "
            "{'clips': 'count', 'seconds': ('duration', 'sum')}"
        )
    found: dict[str, tuple[str, str] | str] = {}
    for name, what in asked.items():
        pair = tuple(what) if isinstance(what, list | tuple) else what
        if pair != COUNT and not (
            isinstance(pair, tuple) and len(pair) == 2 and pair[1] in REDUCTIONS
        ):
            raise SettingError(
                f"join: columns[{name!r}]={what!r} is neither 'count' nor a column with one of "
                f"{', '.join(REDUCTIONS)}"
            )
        found[str(name)] = pair
    return found


def nullable(dtype: Any) -> Any:
    """The dtype that holds these values and nulls."""
    if isinstance(dtype, pd.CategoricalDtype):
        return nullable(dtype.categories.dtype)
    if isinstance(dtype, np.dtype) and dtype.kind in "iu":
        sign = "U" if dtype.kind == "u" else ""
        return pd.api.types.pandas_dtype(f"{sign}Int{8 * dtype.itemsize}")
    return pd.BooleanDtype() if dtype == np.dtype(bool) else dtype


def dtype(what: tuple[str, str] | str, columns: Mapping[str, Any]) -> Any:
    """The dtype of a reduction; raises where the column is not there or does not allow of it."""
    if isinstance(what, str):
        return pd.Int64Dtype()
    column, how = what
    if column not in columns:
        raise ColumnError(f"join: children have {no_column(column, columns)}")
    own = nullable(columns[column])
    number = pd.api.types.is_numeric_dtype(own) and not pd.api.types.is_bool_dtype(own)
    right = {"text": pd.api.types.is_string_dtype(own)}
    right |= dict.fromkeys(_TRUTHS, pd.api.types.is_bool_dtype(own))
    right |= dict.fromkeys(_NUMBERS, number)
    if not right.get(how, True):
        wanted = "text" if how == "text" else "true or false" if how in _TRUTHS else "numbers"
        raise ColumnError(f"join: {how} of {column!r} needs {wanted}; it holds {columns[column]}")
    if how == "mean":
        return np.dtype("float64")
    return STRING if how == "text" else own


def reduced(
    rows: pd.DataFrame, owner: np.ndarray, count: int, what: tuple[str, str] | str
) -> pd.Series:
    """For each of `count` owners what its rows come to, of rows in the order of their owners.

    Without rows a count or sum is 0, any is false, all is true, everything else null. Nulls have no
    part in numbers and texts; `first` and `last` are those of the rows, null or not.
    """
    sizes = np.bincount(owner, minlength=count)
    if isinstance(what, str):
        return pd.Series(sizes, dtype=pd.Int64Dtype())
    column, how = what
    made, given = dtype(what, dict(rows.dtypes)), rows[column].reset_index(drop=True)
    if how in ("first", "last"):
        ends = np.cumsum(sizes)
        at = ends - sizes if how == "first" else ends - 1
        return given.astype(made).reindex(np.where(sizes > 0, at, -1)).reset_index(drop=True)
    if how == "text":
        told = given.astype(STRING).dropna()
        found = told.groupby(owner[told.index]).agg(" ".join).reindex(range(count))
        return found.astype(STRING)
    groups = given.astype(made if how in _TRUTHS else nullable(given.dtype)).groupby(owner)
    least = {"min_count": 0} if how == "sum" else {}
    found = getattr(groups, how)(**least).reindex(range(count))
    empty = {"sum": 0, "any": False, "all": True}
    if how in empty:
        found = found.mask(pd.Series(sizes == 0), empty[how])
    return found.astype(made)
