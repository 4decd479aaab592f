"""Documents as WebDataset samples: the lists as json, each image a member, byte by byte."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from tamis.errors import AccountingError
from tamis.io.columns import arrow_column
from tamis.io.document_rows import HELD, REASONS, DocumentRows
from tamis.io.json_text import json_lines
from tamis.io.sample_names import extension, safe_key, unique
from tamis.io.store import Store
from tamis.io.ustar import Archive
from tamis.io.write import FORMATS, WrittenFile

_ROWS = 64  # whose bytes are in memory at a time; more where one document has more
_PLACED = {"path": pa.large_string(), "offset": pa.int64(), "size": pa.int64()}


def put_shards(
    frame: pd.DataFrame,
    rows: DocumentRows,
    stem: str,
    store: Store,
    *,
    target_size: int,
    empty: bool,
    **settings: Any,
) -> list[WrittenFile]:
    """Put the documents of a partition into a store as archives, a table of the rows beside each.

    An archive ends with the document that fills it.
    """
    written: list[WrittenFile] = []
    keys = unique(safe_key(str(name)) for name in rows.names)
    at = number = told = 0
    while at < len(rows.names) or (empty and not written):
        shard = _Shard(frame, rows, keys, at, target_size, settings)
        name = f"{stem}-{number}.tar"
        put = store.put(name, shard.write)
        table = shard.table(os.path.basename(name))
        if shard.samples or empty:
            written.append(WrittenFile(name, shard.samples, put.bytes, put.sha256))
        else:
            store.remove(name)
        put = store.put(f"{stem}-{number}.parquet", FORMATS["parquet"](table, "zstd"))
        written.append(
            WrittenFile(f"{stem}-{number}.parquet", table.num_rows, put.bytes, put.sha256)
        )
        told += table.num_rows
        at, number = shard.stop, number + 1
    if told != rows.count:
        raise AccountingError(f"{stem}: {rows.count} rows came, {told} were written")
    return written


class _Shard:
    """The documents from `first` on that go into one archive."""

    def __init__(
        self,
        frame: pd.DataFrame,
        rows: DocumentRows,
        keys: list[str],
        first: int,
        target_size: int,
        settings: dict[str, Any],
    ) -> None:
        self.frame, self.rows, self.keys = frame, rows, keys
        self.first, self.target_size, self.settings = first, target_size, settings
        self.stop, self.samples = first, 0
        self.offset: list[int | None] = []
        self.size: list[int | None] = []
        self.reasons: list[tuple[str | None, str | None]] = []

    def write(self, file: Any) -> None:
        """Write the archive, up to where it is full."""
        archive, at = Archive(file), self.first
        self.offset, self.size, self.reasons, self.samples = [], [], [], 0
        starts = self.rows.starts
        while at < len(self.keys) and (at == self.first or archive.size < self.target_size):
            stop = int(np.searchsorted(starts, starts[at] + _ROWS, side="right")) - 1
            stop = max(at + 1, min(stop, len(self.keys)))
            at = self._add(archive, at, stop)
        archive.close()
        self.stop = at

    def _add(self, archive: Archive, at: int, stop: int) -> int:
        """Write the documents `at:stop`, or as many as there is room for; the first one left."""
        order, starts = self.rows.order, self.rows.starts
        here = order[starts[at] : starts[stop]]
        part = DocumentRows(self.frame.iloc[here], **self.settings, read=True)
        place = np.repeat(np.arange(at, stop), np.diff(starts[at : stop + 1]))
        names = self._names(part, place)
        table = part.table(pa.array(names, pa.large_string()))
        lines = b"".join(json_lines(table.drop_columns(list(REASONS)))).split(b"\n")
        sample = {int(place[row]): k for k, row in enumerate(part.first) if part.by[row] is None}
        for document in range(at, stop):
            if document > self.first and archive.size >= self.target_size:
                return document
            rows = np.arange(starts[document], starts[document + 1]) - starts[at]
            kept = [row for row in rows.tolist() if names[row] is not None]
            offsets: dict[int, int] = {}
            if document in sample:
                contents: list[bytes] = [lines[sample[document]], *(_data(part, r) for r in kept)]
                members = [f"{self.keys[document]}.json", *(str(names[row]) for row in kept)]
                found = archive.add([name.encode() for name in members], contents)
                offsets = dict(zip(kept, found[1:], strict=True))
                self.samples += 1
            for row in rows.tolist():
                self.offset.append(offsets.get(row))
                self.size.append(len(_data(part, row)) if row in offsets else None)
                self.reasons.append((part.by[row], part.why[row]))
        return stop

    def _names(self, part: DocumentRows, place: np.ndarray) -> list[str | None]:
        """What the image of each row is called; None for other rows and those dropped."""
        names: list[str | None] = [None] * part.count
        told = part.frame["ext"].tolist() if "ext" in part.frame.columns else [None] * part.count
        paths = [""] * part.count
        if "path" in part.frame.columns:
            found = pa.array(part.frame["path"], from_pandas=True).to_pylist()
            paths = [path or "" for path in found]
        for start, stop in zip(part.starts[:-1], part.starts[1:], strict=True):
            for number, row in enumerate(part.order[start:stop].tolist()):
                if part.images[row] and part.by[row] is None:
                    said = told[row] if isinstance(told[row], str) else None
                    end = extension(said, paths[row], _data(part, row), ["json"])
                    names[row] = f"{self.keys[place[row]]}.{number}.{end}"
        return names

    def table(self, archive: str) -> pa.Table:
        """The rows, each image pointing into the archive, dropped rows with their reasons."""
        starts, order = self.rows.starts, self.rows.order
        part = self.frame.iloc[order[starts[self.first] : starts[self.stop]]]
        placed = np.array([offset is not None for offset in self.offset], bool)
        gone = np.array([by is not None for by, _ in self.reasons], bool)
        new: dict[str, Sequence[Any]] = {
            "path": [archive] * len(part), "offset": self.offset, "size": self.size
        }  # fmt: skip
        columns: dict[str, Any] = {}
        for name in dict.fromkeys([*map(str, part.columns), *_PLACED]):
            if name in REASONS or name == HELD:
                continue
            if name not in _PLACED:
                columns[name] = arrow_column(part[name])
                continue
            before: list[Any] = [None] * len(part)
            if name in part.columns:
                before = pa.array(part[name], from_pandas=True).to_pylist()
            values = [
                value if here else old if lost else None
                for value, here, old, lost in zip(new[name], placed, before, gone, strict=True)
            ]
            columns[name] = pa.array(values, _PLACED[name])
        for k, name in enumerate(REASONS):
            columns[name] = pa.array([reason[k] for reason in self.reasons], pa.large_string())
        return pa.table(columns)


def _data(rows: DocumentRows, row: int) -> bytes:
    data = rows.data[row]
    assert data is not None
    return data
