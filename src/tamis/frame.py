"""What a partition is: which library holds it, and the Arrow buffers behind its text columns."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from tamis.errors import ColumnError

STRING = pd.StringDtype("pyarrow")


class Texts(NamedTuple):
    """The bytes of a text column: text `i` is `data[offsets[i]:offsets[i + 1]]`, UTF-8.

    `data` is uint8, `offsets` int64 with one entry more than there are rows (the first need not be
    0), `valid` is False where the text is null (its span is then empty). `data` and `offsets` are
    read-only.
    """

    data: np.ndarray
    offsets: np.ndarray
    valid: np.ndarray


def library(frame: Any) -> str:
    """Which library holds this frame: "pandas", "cudf" or "dask", told without importing any.

    >>> library(pd.DataFrame({"text": ["a"]}))
    'pandas'
    """
    kind = type(frame).__name__
    if kind in ("Series", "Index"):
        raise TypeError(f"not a frame but one column: {kind}; pass .to_frame() or the whole frame")
    module = type(frame).__module__.split(".")[0]
    if module == "pandas":
        return "pandas"
    if module == "cudf":
        return "cudf"
    if module in ("dask", "dask_expr", "dask_cudf"):
        return "dask"
    raise TypeError(f"not a frame: {kind}; pass a pandas, cuDF or Dask DataFrame")


def host(frame: Any) -> pd.DataFrame:
    """A partition, or the columns of one, in the host's memory: cuDF's copied, pandas' as it is."""
    return frame if library(frame) == "pandas" else frame.to_pandas()


def like(rows: pd.DataFrame, frame: Any) -> Any:
    """Rows as the library that holds `frame` has them."""
    if library(frame) == "pandas":
        return rows
    return importlib.import_module(type(frame).__module__.split(".")[0]).from_pandas(rows)


def named_once(frame: Any) -> None:
    """Raise `ColumnError` for a column that stands twice."""
    twice = frame.columns[frame.columns.duplicated()]
    if len(twice):
        raise ColumnError(f"the column {twice[0]!r} stands twice; rename or drop one")


def masked(frame: pd.DataFrame, mask: np.ndarray) -> pd.DataFrame:
    """The rows where `mask` is true.

    `frame[mask]` takes them by their numbers, and Arrow puts a column's chunks together for that.
    """
    if mask.all():
        return frame
    columns = {k: frame.iloc[:, k].array[mask] for k in range(frame.shape[1])}
    rows = pd.DataFrame(columns, index=frame.index[mask], copy=False)
    return rows.set_axis(frame.columns, axis=1)


def text_buffers(texts: Any) -> Texts:
    """The Arrow buffers of a text column (pandas Series, Arrow array or list of str), uncopied.

    Raises `ColumnError` when the values are not text.
    """
    array = _arrow(texts)
    if array.type != pa.large_string():
        array = array.cast(pa.large_string())
    _, offset_buffer, data_buffer = array.buffers()
    data = np.empty(0, np.uint8) if data_buffer is None else np.frombuffer(data_buffer, np.uint8)
    offsets = np.zeros(1, np.int64)
    if len(array):
        offsets = np.frombuffer(offset_buffer, np.int64)
        offsets = offsets[array.offset : array.offset + len(array) + 1]
    data.flags.writeable = offsets.flags.writeable = False  # a kernel is compiled for one kind only
    if array.null_count == 0:
        return Texts(data, offsets, np.ones(len(array), bool))
    valid = np.asarray(array.is_valid())
    if (np.diff(offsets)[~valid] != 0).any():  # Arrow lets a null span bytes
        return text_buffers(pa.array(array.to_pylist(), pa.large_string()))
    return Texts(data, offsets, valid)


def _arrow(texts: Any) -> pa.Array:
    if isinstance(texts, pd.Series):
        try:
            array = pa.array(texts, from_pandas=True)
        except (pa.ArrowInvalid, pa.ArrowTypeError, UnicodeEncodeError) as error:
            raise ColumnError(
                f"column {texts.name!r} holds values that are not text: {error}"
            ) from error
        name = texts.name
    else:
        array, name = pa.array(texts) if not isinstance(texts, pa.ChunkedArray) else texts, None
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks() if array.num_chunks != 1 else array.chunk(0)
        if isinstance(array, pa.ChunkedArray):  # no chunks at all
            array = pa.array([], array.type)
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if pa.types.is_null(array.type):
        array = array.cast(pa.large_string())
    if not (pa.types.is_string(array.type) or pa.types.is_large_string(array.type)):
        label = f"column {name!r}" if name is not None else "the values"
        raise ColumnError(f"{label} must be text, found {array.type}; convert it with .astype(str)")
    return array


def strings(array: pa.Array | pa.ChunkedArray, index: pd.Index, name: Any = None) -> pd.Series:
    """An Arrow string array as the text column of a partition with this index, uncopied."""
    chunked = array if isinstance(array, pa.ChunkedArray) else pa.chunked_array([array])
    values = pd.array(chunked.cast(pa.large_string()), dtype=STRING)
    return pd.Series(values, index=index, name=name)


def to_arrow(frame: pd.DataFrame) -> pa.Table:
    """A partition as an Arrow table without its index; text uncopied."""
    return pa.table({str(name): _flat(frame[name]) for name in frame.columns})


def from_arrow(table: pa.Table, dtypes: Mapping[str, Any]) -> pd.DataFrame:
    """An Arrow table as a partition with exactly these columns and dtypes; text uncopied."""
    index = pd.RangeIndex(table.num_rows)
    made = {name: _restored(table[name], dtype, index) for name, dtype in dtypes.items()}
    return pd.DataFrame(made, index)


def _flat(series: pd.Series) -> pa.ChunkedArray:
    array = pa.array(series, from_pandas=True)
    return array if isinstance(array, pa.ChunkedArray) else pa.chunked_array([array])


def _restored(values: pa.ChunkedArray, dtype: Any, index: pd.Index) -> pd.Series:
    if hasattr(dtype, "__from_arrow__"):
        if isinstance(dtype, pd.StringDtype):
            values = values.cast(pa.large_string())
        return pd.Series(dtype.__from_arrow__(values), index=index, dtype=dtype)
    return pd.Series(values.to_pandas().to_numpy(), index=index).astype(dtype)
