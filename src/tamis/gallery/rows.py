"""Rows of Parquet files by their number over all files."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tamis.io.fetch import BATCH, FEW, holds_bytes
from tamis.io.store import Store


class Rows:
    """The rows of some Parquet files of one schema: file after file, row after row.

    A column is read whole (`column`), or some cells of some rows (`cells`); never all of both.
    """

    def __init__(self, store: Store, parts: Sequence[str]) -> None:
        self.store, self.parts = store, list(parts)
        counts, self.schema = [], pa.schema([])
        for part in self.parts:
            file = pq.ParquetFile(self._source(part))
            counts.append(file.metadata.num_rows)
            self.schema = self.schema if len(self.schema) else file.schema_arrow
        self.ends = list(accumulate(counts))

    def __len__(self) -> int:
        return self.ends[-1] if self.ends else 0

    def column(self, name: str) -> Iterator[pa.ChunkedArray]:
        """A column, file by file; nulls where a file has none of the name."""
        for part in self.parts:
            file = pq.ParquetFile(self._source(part))
            if name in file.schema_arrow.names:
                yield file.read([name])[name]
            else:
                yield pa.chunked_array([pa.nulls(file.metadata.num_rows)])

    def place(self, row: int) -> tuple[str, int]:
        """The file of a row, and its number in that file."""
        which = bisect_right(self.ends, row)
        return self.parts[which], row - (self.ends[which - 1] if which else 0)

    def cells(self, rows: Sequence[int], columns: Sequence[str]) -> dict[int, dict[str, Any]]:
        """Some columns of some rows, as Python values by row number."""
        return dict(self.each(rows, columns))

    def each(
        self, rows: Sequence[int], columns: Sequence[str]
    ) -> Iterator[tuple[int, dict[str, Any]]]:
        """The same one by one, in the order of the files."""
        by_part: dict[str, dict[int, int]] = {}
        for row in rows:
            part, at = self.place(row)
            by_part.setdefault(part, {})[at] = row
        for part, wanted in by_part.items():
            file = pq.ParquetFile(self._source(part))
            here = [name for name in columns if name in file.schema_arrow.names]
            for at, cells in _picked(file, sorted(wanted), here):
                yield wanted[at], dict.fromkeys(columns) | cells

    def _source(self, part: str) -> Any:
        """Each reader opens its own: one handle does not serve several threads."""
        if self.store.local:
            return self.store.path(part)
        return pa.BufferReader(self.store.read(part))


def _picked(
    file: pq.ParquetFile, wanted: list[int], columns: list[str]
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Rows of a file, ascending; a row group is decoded up to the last of them."""
    start, left = 0, np.asarray(wanted)
    heavy = any(holds_bytes(file.schema_arrow.field(name).type) for name in columns)
    size = FEW if heavy else BATCH
    for group in range(file.num_row_groups):
        end = start + file.metadata.row_group(group).num_rows
        here = left[(left >= start) & (left < end)]
        at = start
        batches = file.iter_batches(size, row_groups=[group], columns=columns) if here.size else ()
        for batch in batches:
            inside = here[(here >= at) & (here < at + batch.num_rows)]
            if inside.size:
                picked = batch.take(pa.array(inside - at)).to_pylist()
                yield from zip(inside.tolist(), picked, strict=True)
            at += batch.num_rows
            if at > here[-1]:
                break
        start = end
