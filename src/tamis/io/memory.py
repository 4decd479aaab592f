"""Frames from what is in memory: pandas and Arrow."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from tamis.errors import DataError, SettingError
from tamis.io.arrow_rows import Selection, rows_of, select
from tamis.io.frames import frame
from tamis.io.schema import normal
from tamis.io.sizes import size
from tamis.io.write import arrow_table


def from_pandas(
    frame: pd.DataFrame,
    *,
    id: str | None = None,
    npartitions: int | None = None,
    block_size: int | str = "64MB",
) -> Any:
    """A pandas frame as a lazy frame with ids and the column types tamis reads files with.

    `id` names the column of ids; without it a column named `id` is used, else rows are named
    `row:1`, `row:2` … The index is not kept. It is cut into `npartitions`, or every `block_size`.

    >>> from_pandas(pd.DataFrame({"text": ["a", "b"]})).compute().id.tolist()
    ['row:1', 'row:2']
    """
    if not isinstance(frame, pd.DataFrame):
        raise TypeError(f"from_pandas takes a pandas DataFrame, found {type(frame).__name__}")
    return from_arrow(arrow_table(frame), id=id, npartitions=npartitions, block_size=block_size)


def from_arrow(
    table: pa.Table | pa.RecordBatch | pa.RecordBatchReader | Iterable[pa.RecordBatch],
    *,
    id: str | None = None,
    npartitions: int | None = None,
    block_size: int | str = "64MB",
) -> Any:
    """An Arrow table, batch or stream of batches as a lazy frame; see `from_pandas`."""
    import dask.dataframe as dd

    if npartitions is not None and (not isinstance(npartitions, int) or npartitions < 1):
        raise SettingError(f"npartitions={npartitions!r} is not a number from 1 on")
    whole = _table(table)
    selection = select({f.name: normal(f.type) for f in whole.schema}, id, None)
    rows = _rows(selection, whole)
    count = npartitions or max(1, math.ceil(whole.nbytes / size("block_size", block_size)))
    return dd.from_pandas(rows, npartitions=max(1, min(count, len(rows))), sort=False)


def _table(given: Any) -> pa.Table:
    if isinstance(given, pa.Table):
        return given
    if isinstance(given, pa.RecordBatch):
        return pa.Table.from_batches([given])
    if isinstance(given, pa.RecordBatchReader):
        return given.read_all()
    if not isinstance(given, Iterable):
        raise TypeError(f"from_arrow takes an Arrow table or batches, found {given!r}")
    batches = list(given)
    if not batches:
        raise DataError("from_arrow was given no batches, so no columns; pass a table")
    return pa.Table.from_batches(batches)


def _rows(selection: Selection, table: pa.Table) -> pd.DataFrame:
    numbers = np.arange(1, table.num_rows + 1)
    return frame(rows_of(selection, table, True, "", "row:", numbers, {}))
