"""Parts of what lasts: columns of seconds."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tamis.errors import ColumnError


def seconds(column: pd.Series | None, rows: int) -> list[float | None]:
    """A column of seconds; None where there is none."""
    if column is None:
        return [None] * rows
    try:
        numbers = pd.to_numeric(column).to_numpy(np.float64, na_value=np.nan).tolist()
        return [None if number != number else number for number in numbers]
    except (TypeError, ValueError) as error:
        raise ColumnError(f"column {column.name!r} must hold seconds: {error}") from None
