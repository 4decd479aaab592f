"""A pandas column as Arrow, or why no file could hold it."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa

from tamis.errors import ColumnError


def arrow_column(series: pd.Series) -> pa.Array | pa.ChunkedArray:
    """A column as Arrow; `ColumnError` for values of several types, or of one that no file has."""
    try:
        array = pa.array(series, from_pandas=True)
    except (pa.ArrowException, UnicodeEncodeError, OverflowError, ValueError, TypeError) as error:
        raise ColumnError(
            f"column {series.name!r} holds values of several types, or of one that cannot be "
            f"written: {error}"
        ) from error
    if isinstance(array.type, pa.BaseExtensionType):
        raise ColumnError(
            f"column {series.name!r} is {series.dtype}, which files have not; convert it, as with "
            ".astype('string')"
        )
    return array
