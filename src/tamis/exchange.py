"""The exchange of a comparison beyond memory: keys to blocks, blocks to edges, edges to labels.

What moves is (column, key, row), 14 bytes, for every band, for the content hash and for the id;
never text. A partition's task deals its keys out by their high bits; the task of a block takes its
share of all partitions, one column at a time, and joins rows of one key to the first of them: a
star, so that a key shared by a million rows costs a million steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from tamis.dedup.components import EDGES, pairs, routed
from tamis.dedup.equal_keys import grouped
from tamis.errors import DataError
from tamis.frame import text_buffers
from tamis.io.blocks import blocks_of, put_blocks, read_block
from tamis.io.store import Store
from tamis.kernels.content import hash_texts
from tamis.kernels.exchange import deal
from tamis.stages import read_table

KEYS = pa.schema([("column", pa.uint16()), ("key", pa.uint64()), ("row", pa.uint32())])
KEY = 14  # bytes
LABELS = pa.schema([("row", pa.int64()), ("label", pa.int64())])
NAMED = 1000  # pairs of rows with one id hash that are noted, to see whether their ids are equal


class Block(NamedTuple):
    """One partition's share of a block of keys."""

    key: np.ndarray
    row: np.ndarray
    ends: np.ndarray  # where each column begins, and the end
    first: int  # number of the partition's first row

    @classmethod
    def of(cls, table: pa.Table, columns: int, first: int) -> Block:
        """The share as arrays, uncopied."""
        column, key, row = (table[name].to_numpy() for name in KEYS.names)
        return cls(key, row, np.searchsorted(column, np.arange(columns + 1)), first)


def columns_of(names: Sequence[str]) -> list[str]:
    """The columns of a sketch that are exchanged, in order: id, content, bands."""
    return ["id", "hash_lo", *(name for name in names if name.startswith("band_"))]


def split_keys(store: Store, sketch: str, part: int, count: int, out: str) -> str:
    """Deal out a partition's keys to `count` blocks, those of a block column by column."""
    table = read_table(store, sketch)
    found = [_keys(table, name, part) for name in columns_of(table.schema.names)]
    column = np.repeat(np.arange(len(found), dtype=np.uint16), [len(rows) for _, rows in found])
    keys = np.concatenate([keys for keys, _ in found])
    rows = np.concatenate([rows for _, rows in found])
    del found
    order, ends = np.empty(keys.size, np.int64), np.empty(count + 1, np.int64)
    deal(keys, count, order, ends)
    put_blocks(store, out, KEYS, blocks_of(pa.table([column, keys, rows], KEYS), order, ends))
    return out


def group_keys(
    store: Store, names: Sequence[str], offsets: np.ndarray, columns: int, which: int,
    count: int, out: str,
) -> str:  # fmt: skip
    """Edges between the rows that share a key of one block, dealt out by their larger row.

    Rows whose ids have one hash are noted instead: ids must be unique. Of content hashes 64 bits
    are looked at: two that agree by chance are only compared for nothing.
    """
    blocks = [
        Block.of(read_block(store, name, which), columns, first)
        for name, first in zip(names, offsets.tolist(), strict=False)
    ]
    again = _stars(blocks, 0)
    notes = {
        side: ",".join(map(str, rows[:NAMED].tolist()))
        for side, rows in zip(("again", "first"), again, strict=True)
    }
    edges = [_stars(blocks, column) for column in range(1, columns)]
    node, low = (np.concatenate([pair[k] for pair in edges]) for k in (0, 1))
    put_blocks(store, out, EDGES, routed(node, low, count), notes)
    return out


def label_rows(
    store: Store, names: Sequence[str], offsets: np.ndarray, which: int, out: str
) -> str:
    """Send the rows of a block of stars, and their centres, to the partitions they are of."""
    row, label = pairs(store, names, which)
    centres = np.unique(label)
    write_labels(
        store, out, np.concatenate([row, centres]), np.concatenate([label, centres]), offsets
    )
    return out


def write_labels(
    store: Store, out: str, rows: np.ndarray, labels: np.ndarray, offsets: np.ndarray
) -> None:
    """Rows and labels as a block for each partition."""
    order = np.argsort(rows, kind="stable")
    ends = np.searchsorted(rows, offsets, sorter=order)
    made = pa.table([rows.astype(np.int64), labels.astype(np.int64)], schema=LABELS)
    put_blocks(store, out, LABELS, blocks_of(made, order, ends), {"rows": rows.size})


def read_labels(store: Store, names: Sequence[str], part: int) -> tuple[np.ndarray, np.ndarray]:
    """The rows of a partition that are in a component of two or more, ascending, with its label."""
    tables = [read_block(store, name, part) for name in names]
    rows, labels = (
        np.concatenate([np.empty(0, np.int64), *(np.asarray(t[c]) for t in tables)])
        for c in ("row", "label")
    )
    rows, first = np.unique(rows, return_index=True)
    return rows, labels[first]


def _keys(table: pa.Table, column: str, part: int) -> tuple[np.ndarray, np.ndarray]:
    """A column's keys and the rows that have one."""
    if column == "id":
        return _id_keys(table, part), np.arange(table.num_rows, dtype=np.uint32)
    rows = np.asarray(table["valid"])
    if column != "hash_lo":
        rows = rows & (np.asarray(table["shingles"]) > 0)
    chosen = np.flatnonzero(rows)
    return np.asarray(table[column]).astype(np.uint64, copy=False)[chosen], chosen.astype(np.uint32)


def _id_keys(table: pa.Table, part: int) -> np.ndarray:
    low, high = np.empty((2, table.num_rows), np.uint64)
    if table.num_rows:
        texts = text_buffers(table["id"])
        if not texts.valid.all():
            row = int(np.flatnonzero(~texts.valid)[0])
            raise DataError(
                f"the id of row {row:,} of partition {part} is null; every record needs one"
            )
        hash_texts(texts.data, texts.offsets, low, high)
    return low


def _stars(blocks: Sequence[Block], column: int) -> tuple[np.ndarray, np.ndarray]:
    """Of one column of a block the rows that are not the first of their key, and that first."""
    cuts = [block.ends[column : column + 2] for block in blocks]
    key = np.concatenate([b.key[start:stop] for b, (start, stop) in zip(blocks, cuts, strict=True)])
    row = np.concatenate(
        [
            b.row[start:stop].astype(np.int64) + b.first
            for b, (start, stop) in zip(blocks, cuts, strict=True)
        ]
    )
    valid = np.ones(key.size, np.bool_)
    first = grouped(
        "the grouping of keys", key.size, 1, lambda keys: keys.first_equal(key, key, valid)
    )
    again = np.flatnonzero(first != np.arange(first.size))
    return row[again], row[first[again]]
