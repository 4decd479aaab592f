"""The rows of each document brought into one partition."""

from __future__ import annotations

from typing import Any

import pandas as pd

from tamis.errors import ColumnError
from tamis.frame import library
from tamis.spelling import no_column


def together(frame: Any, *, on: str = "parent_id") -> Any:
    """The frame with all rows of a document next to one another, in order of `position`.

    A Dask frame is shuffled by a hash of the column `on`, with all that its rows hold: texts and
    pointers, bytes too where there are such. It is what readers and cuts give anyway; only frames
    that were shuffled or sorted since need it. Documents are in order of their names within a
    partition, so the same rows give the same partitions.
    """
    if on not in frame.columns:
        raise ColumnError(no_column(on, frame.columns))
    if library(frame) != "dask":
        return _ordered(frame, on)
    return frame.shuffle(on).map_partitions(_ordered, on, meta=frame._meta)


def _ordered(frame: pd.DataFrame, on: str) -> pd.DataFrame:
    by = [name for name in (on, "position", "id") if name in frame.columns]
    return frame.sort_values(by, kind="stable")
