"""A column of lists: its items one after another, and how many each row has."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from tamis.errors import ColumnError


class Lists(NamedTuple):
    """`values` holds the items of all rows; row `i` has `lengths[i]`, none where not `there[i]`.

    `problems` says which rows hold no list, and why.
    """

    values: pa.Array
    lengths: np.ndarray
    there: np.ndarray
    problems: dict[int, str]


def listed(column: pd.Series, kind: pa.DataType | None = None) -> Lists:
    """The lists of a column; of JSON text, too. `kind` is what items must be, if given.

    >>> listed(pd.Series(['["a", null]', "{}"], dtype="str")).problems
    {1: 'document.shape: the column holds an object, not a list'}
    """
    array, problems = _arrow(column), dict[int, str]()
    if pa.types.is_string(array.type) or pa.types.is_large_string(array.type):
        array, problems = _parsed(array, column.name, kind)
    if pa.types.is_null(array.type):
        array = array.cast(pa.large_list(kind or pa.null()))
    if not (pa.types.is_list(array.type) or pa.types.is_large_list(array.type)):
        raise ColumnError(f"column {column.name!r} holds {array.type}, not lists")
    items = array.flatten()
    if isinstance(items, pa.ChunkedArray):
        items = items.combine_chunks()
    if kind is not None:
        try:
            items = items.cast(kind)
        except pa.ArrowException:
            raise ColumnError(
                f"column {column.name!r} holds lists of {items.type}, not of text"
            ) from None
    lengths = np.asarray(pc.fill_null(pc.list_value_length(array), 0)).astype(np.int64)
    return Lists(items, lengths, np.asarray(array.is_valid()), problems)


def _arrow(column: pd.Series) -> pa.Array:
    try:
        array = pa.array(column, from_pandas=True)
    except (pa.ArrowException, TypeError) as error:
        raise ColumnError(f"column {column.name!r} holds no lists: {error}") from None
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], array.type)
    return array


def _parsed(
    array: pa.Array, name: Any, kind: pa.DataType | None
) -> tuple[pa.Array, dict[int, str]]:
    """JSON text as lists of text."""
    found: list[list[str | None] | None] = []
    problems: dict[int, str] = {}
    for row, text in enumerate(array.to_pylist()):
        found.append(None)
        if text is None:
            continue
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            problems[row] = f"document.shape: {name} is text, and no list in JSON"
            continue
        if not isinstance(value, list):
            what = "an object" if isinstance(value, dict) else f"{str(value)[:40]!r}"
            problems[row] = f"document.shape: the column {name or ''} holds {what}, not a list"
            problems[row] = problems[row].replace("  ", " ")
        elif not all(item is None or isinstance(item, str) for item in value):
            problems[row] = f"document.shape: {name} has an item that is neither text nor null"
        else:
            found[-1] = value
    return pa.array(found, pa.large_list(kind or pa.large_string())), problems
