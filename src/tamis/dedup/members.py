"""The records of clusters, and the ids of records by their numbers among all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from tamis.dedup import verdicts
from tamis.dedup.candidates import ID


@dataclass(frozen=True, eq=False)
class Members:
    """Records of clusters, in survivor order: what `verdicts.table` looks at."""

    rows: np.ndarray
    group: np.ndarray
    ids: pa.ChunkedArray


def ids_at(
    names: Sequence[pa.ChunkedArray], offsets: np.ndarray, rows: np.ndarray
) -> pa.ChunkedArray:
    """The ids of some rows; `names` has those of each partition, `offsets` where it begins."""
    return taken(names, offsets, rows, ID.type)


def taken(
    columns: Sequence[pa.ChunkedArray], offsets: np.ndarray, rows: np.ndarray, kind: pa.DataType
) -> pa.ChunkedArray:
    """Some rows of a column, given as that of each partition; nothing else of it is copied."""
    order = np.argsort(rows, kind="stable")
    cuts = np.searchsorted(rows[order], offsets)
    parts = [
        part.take(pa.array(rows[order[a:b]] - start)).cast(kind).combine_chunks()
        for part, a, b, start in zip(columns, cuts[:-1], cuts[1:], offsets[:-1], strict=True)
        if b > a
    ]
    found = pa.chunked_array([pa.concat_arrays(_arrays(parts))] if parts else [], kind)
    if (order[1:] > order[:-1]).all():  # they were ascending
        return found
    back = np.empty(order.size, np.int64)
    back[order] = np.arange(order.size)
    return found.take(pa.array(back))


def clustered(
    rows: np.ndarray, group: np.ndarray, target: np.ndarray, value: np.ndarray, ids: Any
) -> pa.Table:
    """The verdicts on all records of clusters.

    `group` numbers what is compared (equal hashes are one), in survivor order; `target` is the
    group that each group gives way to (itself if it stays), `value` how similar it is to it. `ids`
    gives the ids of some rows.
    """
    of = target[group]
    members = np.flatnonzero(np.bincount(of, minlength=target.size)[of] > 1)
    numbers, own = np.unique(group[members], return_inverse=True)
    found = Members(rows[members], own, ids(rows[members]))
    return verdicts.table(found, np.searchsorted(numbers, target[numbers]), value[numbers])


def _arrays(parts: list[Any]) -> list[pa.Array]:
    return [
        chunk
        for part in parts
        for chunk in (part.chunks if isinstance(part, pa.ChunkedArray) else [part])
    ]
