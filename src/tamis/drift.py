"""Partitions that are not what their frame declares: put right without loss, or refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from tamis.errors import ColumnError


def declared(frame: Any, columns: Mapping[str, Any], part: int) -> pd.DataFrame:
    """The partition number `part` with the columns and dtypes its frame declares.

    Values are converted where each stays what it is: 2.0 becomes 2, nothing becomes null. Raises
    `ColumnError` for a column that is missing or not declared, and for values that would change,
    such as 1.5 or a missing value in a column of int64.
    """
    if not isinstance(frame, pd.DataFrame):
        raise TypeError(f"partition {part} is a {type(frame).__name__}, not a pandas DataFrame")
    have, want = list(frame.columns), list(columns)
    for name in want:
        if name not in have:
            raise ColumnError(
                f"partition {part} has no column {name!r} (have: {', '.join(map(str, have))}), "
                "which the frame declares; mend the function that made it, or its meta="
            )
    if len(have) != len(want):
        name = next((name for name in have if name not in columns), have[0])
        raise ColumnError(
            f"partition {part} has a column {name!r} that the frame does not declare (declared: "
            f"{', '.join(want)}); add it to meta=, or drop it"
        )
    if have == want and all(frame[name].dtype == dtype for name, dtype in columns.items()):
        return frame
    made = {name: _converted(frame[name], dtype, part) for name, dtype in columns.items()}
    return pd.DataFrame(made, index=frame.index)


def _converted(series: pd.Series, dtype: Any, part: int) -> pd.Series:
    if series.dtype == dtype:
        return series
    try:
        made = _checked(series, dtype)
    except (ValueError, TypeError, OverflowError, ArithmeticError) as error:
        lost = series[series.isna()]
        if len(lost) and _is_plain_number(dtype):
            what = f"{len(lost)} missing values, which {dtype} cannot hold"
            advice = f"declare it as {_nullable(dtype)}, or .fillna(…) before the run"
        else:
            what, advice = str(error), "convert it before the run, or declare it as it is"
        raise ColumnError(
            f"column {series.name!r} is declared as {dtype}, but partition {part} holds it as "
            f"{series.dtype} with {what}; {advice}"
        ) from error
    return made


def _checked(series: pd.Series, dtype: Any) -> pd.Series:
    made = series.astype(dtype)
    if made.dtype == object:
        return made
    if isinstance(made.dtype, pd.StringDtype) and not _is_text(series):
        raise ValueError("values that are not text")
    changed = made.isna() != series.isna()
    numbers = pd.api.types.is_numeric_dtype
    if numbers(series.dtype) and numbers(made.dtype) and not changed.any():
        back = made.astype(series.dtype)  # what wraps around comes back, but is not equal
        changed = ((made != series) | (back != series)).fillna(False) & series.notna()
    if changed.any():
        raise ValueError(f"the value {series[changed.to_numpy(bool)].iloc[0]}")
    return made


def _is_text(series: pd.Series) -> bool:
    if isinstance(series.dtype, pd.CategoricalDtype):
        return _is_text(series.cat.categories.to_series())
    return pd.api.types.infer_dtype(series, skipna=True) in ("string", "empty")


def _is_plain_number(dtype: Any) -> bool:
    return isinstance(dtype, np.dtype) and dtype.kind in "iub"


def _nullable(dtype: Any) -> str:
    name = str(dtype)
    return {"bool": "'boolean'"}.get(name, f"'{name[0].upper()}{name[1:]}'".replace("Ui", "UI"))
