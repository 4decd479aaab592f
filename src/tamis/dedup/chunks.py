"""A partition sketched chunk by chunk, as its text lies in memory, so that no text is copied.

A column that was read from several row groups consists of several Arrow arrays. Put together they
would cost a copy of all text and fresh memory for it, a sixth of the time of a deduplication.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa


def sketch(step: Any, frame: pd.DataFrame) -> pa.Table:
    """`step.sketch_chosen` of a partition."""
    ends = _ends(step, frame)
    if len(ends) == 2:
        return step.sketch_chosen(frame)
    parts = [step.sketch_chosen(frame.iloc[a:b]) for a, b in pairwise(ends)]
    return pa.concat_tables(parts).unify_dictionaries()  # an IPC file takes one of a column


def evidence(step: Any, frame: pd.DataFrame, rows: np.ndarray) -> pa.Table:
    """`step.evidence` on some rows of a partition.

    `rows` are positions, ascending, or a table whose first column is that.
    """
    ends = _ends(step, frame)
    if len(ends) == 2:
        return step.evidence(frame, rows)
    cuts = np.searchsorted(rows if rows.ndim == 1 else rows[:, 0], ends)
    found = [
        step.evidence(frame.iloc[a:b], _less(rows[low:high], a))
        for (a, b), (low, high) in zip(pairwise(ends), pairwise(cuts), strict=True)
        if low < high
    ]
    return pa.concat_tables(found) if found else step.evidence(frame, rows)


def _less(rows: np.ndarray, start: int) -> np.ndarray:
    """The rows counted from `start`."""
    if rows.ndim == 1:
        return rows - start
    moved = rows.copy()
    moved[:, 0] -= start
    return moved


def _ends(step: Any, frame: pd.DataFrame) -> list[int]:
    """Where the chunks of the first column that is compared begin and end."""
    column = next((name for name in step.columns() if name in frame.columns), None)
    values = None if column is None else getattr(frame[column].array, "__arrow_array__", None)
    array = None if values is None else values()
    if not isinstance(array, pa.ChunkedArray) or array.num_chunks < 2:
        return [0, len(frame)]
    sizes = [len(chunk) for chunk in array.chunks if len(chunk)]
    return [0, *np.cumsum(sizes).tolist()] if sizes else [0, len(frame)]
