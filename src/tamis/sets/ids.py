"""Ids for rows that have none: a prefix and the number of the row in the whole frame."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from tamis.errors import ColumnError, SettingError
from tamis.frame import STRING, library, strings
from tamis.io.frames import numbered
from tamis.sets.keys import check_frame
from tamis.sets.partitions import call, computed, frame_of, partitions


def add_id(frame: Any, *, prefix: str = "doc", column: str = "id", start: int = 0) -> Any:
    """Add a column of ids, `<prefix>-<number of the row>`, as the first; lazily for a Dask frame.

    Rows are numbered from `start` through the whole frame, so their ids do not depend on
    partitions, only on the order of the rows. A Dask frame is computed once to count the rows of
    its partitions.

    >>> add_id(pd.DataFrame({"text": ["a", "b"]}), prefix="news").id.tolist()
    ['news-0', 'news-1']
    """
    have = check_frame("add_id", frame)
    if column in have:
        raise ColumnError(f"add_id: a column {column!r} exists already; pass column=…")
    if isinstance(start, bool) or not isinstance(start, int) or start < 0:
        raise SettingError(f"add_id: start={start!r} is not a whole number from 0 on")
    if not isinstance(prefix, str):
        raise SettingError(f"add_id: prefix={prefix!r} is not text")
    if library(frame) == "pandas":
        return _named(frame, prefix, column, start)
    parts = partitions(frame)
    firsts = call(_firsts, [call(_count, part) for part in parts], start)
    tasks = [
        call(_named, part, prefix, column, firsts[number]) for number, part in enumerate(parts)
    ]
    return frame_of(tasks, _named(frame._meta, prefix, column, start))


def _count(part: Any) -> int:
    return len(computed(part))


def _firsts(counts: list[int], start: int) -> list[int]:
    return (start + np.cumsum([0, *counts[:-1]])).tolist()


def _named(part: Any, prefix: str, column: str, first: int) -> pd.DataFrame:
    part = computed(part)
    numbers = np.arange(first, first + len(part))
    ids = strings(numbered(f"{prefix}-" if prefix else "", numbers), part.index)
    made = part.copy(deep=False)
    made.insert(0, column, ids.astype(STRING))
    return made
