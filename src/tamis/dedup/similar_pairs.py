"""Pairs of records with their cosines, and what a threshold makes of them.

A pair is noted with the places of its records in survivor order, so that another threshold can be
settled without looking at a vector again.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tamis.dedup.components import connected_components
from tamis.dedup.near import TIE, Near
from tamis.dedup.verdicts import told
from tamis.errors import SettingError
from tamis.kernels import vectors as kernel

TEXT = pa.large_string()
PAIRS = pa.schema(
    [
        ("id", TEXT), ("other", TEXT), ("similarity", pa.float64()),
        ("rank", pa.int64()), ("other_rank", pa.int64()),
        ("row", pa.int64()), ("other_row", pa.int64()),
    ]
)  # fmt: skip


def pairs_of(
    near: Near, order: np.ndarray, rows: np.ndarray, ids: pa.ChunkedArray, floor: float, made: str
) -> pa.Table:
    """All pairs found from a cosine `floor` on: `other` comes before `id` in survivor order.

    The metadata says the floor, whether the pairs are complete (of a hub they are not), and how
    products were `made`.
    """
    later, earlier = near.pairs[:, 0].astype(np.int64), near.pairs[:, 1].astype(np.int64)
    columns = [
        ids.take(pa.array(order[later])), ids.take(pa.array(order[earlier])),
        pa.array(near.cosines), pa.array(later), pa.array(earlier),
        pa.array(rows[order[later]]), pa.array(rows[order[earlier]]),
    ]  # fmt: skip
    noted = {"complete": str(near.complete), "floor": repr(floor), "products": made}
    return pa.table(columns, schema=PAIRS).replace_schema_metadata(noted)


def settled(pairs: pa.Table, threshold: float) -> pa.Table:
    """The verdicts at a threshold, ascending by row.

    Raises `SettingError` below the floor of the pairs, or where they are not complete.
    """
    noted = pairs.schema.metadata or {}
    floor = float(noted.get(b"floor", b"0"))
    if not floor <= threshold <= 1:
        raise SettingError(
            f"threshold={threshold!r} is not between {floor:g}, from which pairs were stored, and 1"
        )
    if noted.get(b"complete") == b"False":
        raise SettingError(
            f"threshold={threshold!r}: so many records are alike that not all their pairs were "
            "stored; run again with that threshold"
        )
    later, earlier = pairs["rank"].to_numpy(), pairs["other_rank"].to_numpy()
    order = np.lexsort((earlier, later))
    size = int(max(later.max(initial=-1), earlier.max(initial=-1))) + 1
    witness, value = np.full(size, -1, np.int64), np.zeros(size)
    similarity = pairs["similarity"].to_numpy()[order]
    kernel.settle(later[order], earlier[order], similarity, threshold - TIE, witness, value)
    named = np.full(size, -1, np.int64)  # a pair that names the record of each rank
    named[earlier], named[later] = np.arange(later.size) + later.size, np.arange(later.size)
    gone = np.flatnonzero(witness >= 0)
    stays = np.unique(witness[gone])
    members, target = np.concatenate([gone, stays]), np.concatenate([witness[gone], stays])
    ids = pa.chunked_array([*pairs["id"].chunks, *pairs["other"].chunks], TEXT)
    rows = np.concatenate([pairs["row"].to_numpy(), pairs["other_row"].to_numpy()])
    by_row = np.argsort(rows[named[members]], kind="stable")
    members, target = members[by_row], target[by_row]
    return told(
        rows[named[members]],
        ids.take(pa.array(named[members])),
        ids.take(pa.array(named[target])),
        members == target,
        value[members],
    )


def connected(pairs: pa.Table, threshold: float) -> tuple[pa.ChunkedArray, np.ndarray]:
    """The ids of records that are in a pair at the threshold, and the lowest row linked to each."""
    near = pairs.filter(pc.greater_equal(pairs["similarity"], threshold - TIE))
    edges = np.stack([near["row"].to_numpy(), near["other_row"].to_numpy()], axis=1)
    rows, lowest = connected_components(edges)
    both = np.concatenate([edges[:, 0], edges[:, 1]])
    _, first = np.unique(both, return_index=True)
    ids = pa.chunked_array([*near["id"].chunks, *near["other"].chunks], TEXT)
    return ids.take(pa.array(first)), np.asarray(lowest)[: len(rows)]
