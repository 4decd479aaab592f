"""All rows of a frame in random order."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pandas as pd

from tamis.frame import library
from tamis.sets.exchange import exchanged, sorted_rows
from tamis.sets.keys import check_frame, check_number, checked_seed, keys
from tamis.sets.partitions import partitions


def shuffle(
    frame: Any, *, seed: int = 42, by: str = "id", count: int | None = None,
    folder: str | os.PathLike[str] | None = None,
) -> Any:  # fmt: skip
    """Put all rows in a random order that follows from the seed and the ids; lazily for Dask.

    The order is that of a hash of `by` (a column of unique values), so neither the order of the
    rows nor their partitions have a part in it. A Dask frame is dealt out to `count` new
    partitions (by default as many as there were) by way of files in `folder`, uncompressed, as
    large as the rows in memory; without it in a temporary one (Dask's `temporary-directory`) that
    goes when the process ends. One partition is in memory at a time. Rows dealt out into a folder
    of yours are not dealt out again. The index is made anew.

    >>> shuffle(pd.DataFrame({"id": list("abcdef")})).id.tolist()
    ['f', 'b', 'e', 'a', 'c', 'd']
    """
    checked_seed("shuffle", seed)
    check_frame("shuffle", frame, by)
    if library(frame) == "pandas":
        return sorted_rows(*_keyed(frame, seed, by))
    count = frame.npartitions if count is None else check_number("shuffle", "count", count)
    parts = [(part, _keyed, (seed, by)) for part in partitions(frame)]
    return exchanged(parts, frame._meta, count, folder)


def _keyed(part: pd.DataFrame, seed: int, by: str) -> tuple[pd.DataFrame, np.ndarray]:
    return part, keys(part, seed, "shuffle", by)
