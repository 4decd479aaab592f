"""Change some texts of a column, and leave the column as it is where there is nothing to change."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from tamis.frame import Texts, strings, text_buffers
from tamis.kernels.search import contains
from tamis.text.views import arrays


def rewritten(text: pd.Series, rows: np.ndarray, change: Callable[[str], str]) -> pd.Series:
    """The column with `change` applied to the texts at `rows` (true where one may change)."""
    column = arrow(text)
    rows = rows & np.asarray(pc.is_valid(column))
    if not rows.any():
        return text
    mask = pa.array(rows)
    changed = [change(value) for value in column.filter(mask).to_pylist()]
    replaced = pc.replace_with_mask(column, mask, pa.array(changed, pa.large_string()))
    return strings(replaced, text.index, text.name)


def holding(text: pd.Series, *substrings: str) -> np.ndarray:
    """Which texts have one of these substrings in them; False for null."""
    data, offsets = arrays(text_buffers(text))
    found, part = np.zeros((2, len(text)), bool)
    for substring in substrings:
        contains(data, offsets, np.frombuffer(substring.encode(), np.uint8), 0, part)
        found |= part
    return found


def arrow(text: pd.Series) -> pa.Array:
    """The column as one Arrow array of large strings, uncopied where it already is one."""
    column = pa.array(text, from_pandas=True)
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
    return column if column.type == pa.large_string() else column.cast(pa.large_string())


def column_of(utf8: Texts, data: np.ndarray, offsets: np.ndarray) -> pa.Array:
    """New bytes and offsets (from 0) as a column of strings, null where `utf8` was null."""
    nulls = None
    if not utf8.valid.all():
        nulls = pa.array(utf8.valid).buffers()[1]
    return pa.LargeStringArray.from_buffers(
        len(utf8.valid), pa.py_buffer(offsets), pa.py_buffer(data), nulls
    )
