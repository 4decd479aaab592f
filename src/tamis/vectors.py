"""Columns of vectors: embeddings of any source as one array of numbers, and what ails them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from tamis.errors import ColumnError, DataError, SettingError
from tamis.kernels.vectors import lengths

GOOD, NULL, ZERO, NOT_FINITE = range(4)
STATES = ("good", "null", "zero", "not finite")
"""What a vector can be; only good ones have a direction, and so a cosine."""


class Vectors(NamedTuple):
    """The vectors of a column: float16 or float32 of [rows, width], and the state of each.

    Rows that are not good are zeros. `width` is 0 where no row says how wide vectors are.
    """

    values: np.ndarray
    state: np.ndarray  # uint8 per row, a place in STATES


def vector_type(dtype: str) -> pa.DataType:
    """The Arrow type of vectors such as "float32[384]": a fixed-size list.

    >>> vector_type("float16[4]")
    FixedSizeListType(fixed_size_list<item: halffloat>[4])
    """
    kind, bracket, width = dtype.removesuffix("]").partition("[")
    kinds = {"float16": pa.float16(), "float32": pa.float32()}
    if not bracket or kind not in kinds or not width.isdigit() or int(width) < 1:
        raise SettingError(f"{dtype!r} is no kind of vector; use float32[<width>] or float16[…]")
    return pa.list_(kinds[kind], int(width))


def read_vectors(column: Any, ids: pd.Series | None = None) -> Vectors:
    """The vectors of a column: fixed-size or other lists of numbers, or an object column of arrays.

    float16 stays float16, all other numbers become float32 (a number too large for it is not
    finite, and neither is a vector with a null in it). Raises `ColumnError` where the column holds
    no numbers, and `DataError` where the vectors are not of one width; `ids` names the row.
    """
    array = _arrow(column)
    valid = np.asarray(array.is_valid())
    values, width = _flat(array, ids)
    rows = np.zeros((len(array), width), np.float16 if values.dtype == np.float16 else np.float32)
    if values.size:
        rows[valid] = values.reshape(-1, width)
    state = np.full(len(array), NULL, np.uint8)
    state[valid] = GOOD
    length = np.empty(len(array))
    lengths(rows.astype(np.float32, copy=False), length)
    state[valid & (length == 0)] = ZERO
    state[~np.isfinite(length)] = NOT_FINITE
    rows[state != GOOD] = 0
    return Vectors(rows, state)


def to_column(values: np.ndarray, valid: np.ndarray | None = None) -> pa.FixedSizeListArray:
    """An array of [rows, width] as a fixed-size list column, uncopied; null where not valid."""
    flat = pa.array(np.ascontiguousarray(values).reshape(-1))
    mask = None if valid is None or valid.all() else pa.array(~valid)
    return pa.FixedSizeListArray.from_arrays(flat, values.shape[1], mask=mask)


def view(column: pa.ChunkedArray) -> list[np.ndarray]:
    """The chunks of a fixed-size list column without nulls as arrays over its memory."""
    width = column.type.list_size
    found = []
    for chunk in column.chunks:
        values = chunk.values.slice(chunk.offset * width, len(chunk) * width)
        found.append(values.to_numpy(zero_copy_only=True).reshape(-1, width))
    return found


def _arrow(column: Any) -> pa.Array:
    name = getattr(column, "name", None)
    label = f"column {name!r}" if name is not None else "the values"
    try:
        if isinstance(column, pd.Series) and column.dtype == object:
            column = column.where(column.notna().to_numpy(), None).tolist()
        array = column if isinstance(column, pa.Array) else pa.array(column)
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise ColumnError(f"{label} must hold vectors of numbers: {error}") from error
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks() if array.num_chunks else pa.array([], array.type)
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], array.type)
    if pa.types.is_null(array.type):
        return array.cast(pa.list_(pa.float32()))
    listed = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)
    kind = array.type.value_type if any(test(array.type) for test in listed) else None
    if kind is None or not (
        pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_null(kind)
    ):
        raise ColumnError(f"{label} must hold vectors of numbers, found {array.type}")
    return array


def _flat(array: pa.Array, ids: pd.Series | None) -> tuple[np.ndarray, int]:
    """The numbers of all rows that are not null, one after another, and the width."""
    there = array.drop_null()
    widths = np.asarray(pc.list_value_length(there))
    width = int(widths[0]) if len(widths) else getattr(array.type, "list_size", 0)
    odd = np.flatnonzero(widths != width)
    rows = np.flatnonzero(np.asarray(array.is_valid()))
    if odd.size:
        raise DataError(
            f"vectors are of one width; {_called(rows[odd[0]], ids)} has {widths[odd[0]]} numbers, "
            f"{_called(rows[0], ids)} has {width}"
        )
    if len(widths) and width == 0:
        raise DataError(f"{_called(rows[0], ids)} has a vector without numbers")
    numbers = pc.fill_null(there.flatten().cast(_number(array.type.value_type)), np.nan)
    with np.errstate(over="ignore"):
        values = numbers.to_numpy(zero_copy_only=False)
        return (values if values.dtype == np.float16 else values.astype(np.float32)), width


def _number(kind: pa.DataType) -> pa.DataType:
    """What numbers are read as before they become float32: whole ones as float64."""
    return kind if pa.types.is_floating(kind) else pa.float64()


def _called(row: int, ids: pd.Series | None) -> str:
    return f"row {row}" if ids is None else f"id {ids.iloc[row]!r}"
