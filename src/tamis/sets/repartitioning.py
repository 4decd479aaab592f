"""Partitions of a size, the same whatever they were before."""

from __future__ import annotations

import itertools
from typing import Any

import dask
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from tamis.frame import to_arrow
from tamis.io.sizes import size as parsed
from tamis.sets.keys import check_frame
from tamis.sets.partitions import call, frame_of

_TEXTS = (
    pa.types.is_large_string, pa.types.is_string, pa.types.is_large_binary, pa.types.is_binary,
)  # fmt: skip
Cuts = list[tuple[int, int]]  # partition and row at which each new partition begins, and the end


def repartition(frame: Any, *, size: int | str = "256MB") -> Any:
    """Cut a Dask frame anew into partitions of about `size` bytes of data; rows keep their order.

    A partition ends with the row that fills it. What a row takes is the UTF-8 bytes of its texts,
    the bytes of its lists, and 8 for any other value, so where partitions end depends on the rows
    alone: writers, which make files of partitions, then write the same files for the same rows.
    The frame is computed once, now, to be measured; rows move only between neighbours.

    >>> import dask.dataframe as dd
    >>> docs = dd.from_pandas(pd.DataFrame({"text": ["ab"] * 60}), npartitions=7)
    >>> repartition(docs, size=50).map_partitions(len).compute().tolist()
    [25, 25, 10]
    """
    check_frame("repartition", frame)
    limit = parsed("size", size)
    if not hasattr(frame, "to_delayed"):
        raise TypeError("repartition takes a Dask DataFrame; a pandas one is one partition")
    parts = list(frame.to_delayed(optimize_graph=True))
    measured = dask.compute(*[call(_sizes, part) for part in parts])
    tasks = []
    cuts = _cuts([np.asarray(one) for one in measured], limit)
    for (part, row), (last, stop) in itertools.pairwise(cuts):
        ends = [None] * (last - part) + [stop]
        pieces = [
            call(_piece, parts[part + k], row if k == 0 else 0, end)
            for k, end in enumerate(ends)
            if end is None or end > (row if k == 0 else 0) or last == part
        ]
        tasks.append(call(_together, pieces))
    return frame_of(tasks, frame._meta)


def _cuts(sizes: list[np.ndarray], limit: int) -> Cuts:
    """Where partitions begin: each is filled by its last row."""
    found: Cuts = [(0, 0)]
    held = 0
    for part, own in enumerate(sizes):
        ends = np.cumsum(own)
        row = 0
        while row < own.size:
            before = int(ends[row - 1]) if row else 0
            stop = int(np.searchsorted(ends, before + limit - held, side="left"))
            if stop >= own.size:
                held += int(ends[-1]) - before
                break
            row, held = stop + 1, 0
            found.append((part, row))
    last = (len(sizes) - 1, int(sizes[-1].size)) if sizes else (0, 0)
    if len(found) > 1 and not held:
        found[-1] = last
    else:
        found.append(last)
    return found


def _sizes(part: pd.DataFrame) -> np.ndarray:
    """What each row takes, int64."""
    sizes = np.zeros(len(part), np.int64)
    for column in to_arrow(part).columns:
        kind = column.type
        if any(is_kind(kind) for is_kind in _TEXTS):
            sizes += np.asarray(pc.fill_null(pc.binary_length(column), 0)).astype(np.int64)
        elif pa.types.is_list(kind) or pa.types.is_large_list(kind):
            sizes += 8 * np.asarray(pc.fill_null(pc.list_value_length(column), 0)).astype(np.int64)
        elif pa.types.is_fixed_size_list(kind):
            sizes += 8 * kind.list_size
        else:
            sizes += 8
    return sizes


def _piece(part: pd.DataFrame, row: int, stop: int | None) -> pd.DataFrame:
    return part.iloc[row:stop]


def _together(pieces: list[pd.DataFrame]) -> pd.DataFrame:
    return pieces[0] if len(pieces) == 1 else pd.concat(pieces)
