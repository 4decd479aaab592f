"""Which record of a group of duplicates stays: a total order that no partitioning can change."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from tamis.errors import ColumnError, SettingError
from tamis.frame import text_buffers


class Policy(NamedTuple):
    """A parsed `keep=`: its kind, the column it reads, and the values it prefers, best first."""

    kind: str
    column: str | None = None
    order: tuple[str, ...] = ()


def policy(keep: str) -> Policy:
    """Read a survivor policy.

    - `"first"`: the record that comes first.
    - `"longest"`: the longest text, in characters.
    - `"best:<column>"`: the highest number (or latest time, or True) in a column; nulls last.
    - `"source:<column>=<a>,<b>,<c>"`: the value of a column that is named first; others last.

    All but "first" settle ties by id, so that the order of the records does not matter.

    >>> policy("source:site=wikipedia,books").order
    ('wikipedia', 'books')
    """
    kind, colon, rest = keep.partition(":")
    if kind in ("first", "longest") and not colon:
        return Policy(kind)
    if kind == "best" and rest:
        return Policy(kind, rest)
    if kind == "source":
        column, equals, values = rest.partition("=")
        order = tuple(value.strip() for value in values.split(","))
        if column and equals and all(order):
            return Policy(kind, column, order)
    raise SettingError(
        f"keep={keep!r} is no survivor policy; use 'first', 'longest', 'best:<column>' "
        "or 'source:<column>=<a>,<b>,…'"
    )


def priority(chosen: Policy, frame: pd.DataFrame, texts: Any) -> np.ndarray | None:
    """What the policy looks at, float64, higher first; None where only the order of rows counts.

    `texts` are a column, or the length of each (float64).
    """
    if chosen.kind == "first":
        return None
    if chosen.kind == "longest":
        return texts if isinstance(texts, np.ndarray) else lengths(texts)
    if chosen.column not in frame.columns:
        have = ", ".join(map(str, frame.columns))
        raise ColumnError(f"keep='{chosen.kind}:…' needs column {chosen.column!r} (have: {have})")
    values = frame[chosen.column]
    if chosen.kind == "source":
        ranks = {value: -float(rank) for rank, value in enumerate(chosen.order)}
        names = values.astype("string").fillna("")
        return np.asarray(names.map(ranks).fillna(-float(len(ranks))), np.float64)
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        numbers = values.astype("int64").astype("float64").where(values.notna())
    elif pd.api.types.is_numeric_dtype(values.dtype) or pd.api.types.is_bool_dtype(values.dtype):
        numbers = values.astype("Float64")
    else:
        raise ColumnError(
            f"keep='best:{chosen.column}' needs numbers, found {values.dtype}; "
            "for texts name their order: keep='source:…=…'"
        )
    found = numbers.to_numpy(dtype=np.float64, na_value=np.nan)
    return np.where(np.isnan(found), -np.inf, found)


def lengths(texts: pd.Series) -> np.ndarray:
    """Characters of each text, float64; 0 for null."""
    array = pa.array(texts, from_pandas=True)
    text_buffers(array)  # speaks up when these are no texts
    return np.asarray(pc.fill_null(pc.utf8_length(array), 0), np.float64).reshape(-1)


def ranks(rows: np.ndarray, priorities: np.ndarray | None, ids: pa.ChunkedArray) -> np.ndarray:
    """The place of each row in the survivor order, among these rows."""
    if priorities is None:
        order = np.argsort(rows, kind="stable")
    else:
        table = pa.table({"priority": priorities, "id": ids})
        keys = [("priority", "descending"), ("id", "ascending")]
        order = np.asarray(pc.sort_indices(table, sort_keys=keys))
    places = np.empty(order.size, np.int64)
    places[order] = np.arange(order.size)
    return places
