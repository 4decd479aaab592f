"""Write a frame of texts as WebDataset archives: a text member and a json member for each row."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from tamis.errors import ColumnError, DataError
from tamis.frame import text_buffers
from tamis.io.columns import arrow_column
from tamis.io.json_text import json_lines
from tamis.io.sample_names import safe_key, unique
from tamis.io.sample_rows import text_members
from tamis.io.store import Store
from tamis.io.ustar import Archive
from tamis.io.write import FORMATS, WrittenFile, write_table

_BATCH = 512  # samples put together in memory at a time
REASONS = ("dropped_by", "dropped_why")
DROPPED = "__dropped"


def members(df: Any, text: Mapping[str, str] | Sequence[str] | None) -> dict[str, str]:
    """Which columns become text members, one at least."""
    meta = df if isinstance(df, pd.DataFrame) else df._meta
    found = text_members(meta, text, "")
    if not found:
        raise ColumnError(
            "on=None writes texts, and there is none of the columns txt, caption and text; pass "
            f"text=… (have: {', '.join(map(str, df.columns))})"
        )
    return found


def put_text_archives(
    frame: pd.DataFrame,
    stem: str,
    store: Store,
    *,
    number: int,
    samples: int,
    target_size: int,
    key: str | None,
    text: dict[str, str],
    json: Sequence[str] | None,
    checksum: bool,
    empty: bool = False,
) -> list[WrittenFile]:
    """Put the rows of a partition as archives, a table of keys beside each; dropped ones apart."""
    gone = np.zeros(len(frame), bool)
    if REASONS[0] in frame:
        gone = frame[REASONS[0]].notna().to_numpy(bool)
    written: list[WrittenFile] = []
    if gone.any():
        lost = pa.table({str(n): arrow_column(frame[n]) for n in frame[gone]}).filter(
            pa.array(gone)
        )
        place, slash, base = stem.rpartition("/")
        written += write_table(lost, f"{place}{slash}{DROPPED}/{base}", store)
    rows = frame[~gone]
    rest = [n for n in rows.columns if n not in text and n not in REASONS]
    chosen = rest if json is None else list(json)
    if key is None:
        names = [f"{number:05d}_{row:06d}" for row in np.flatnonzero(~gone).tolist()]
    else:
        given = pa.array(rows[key], from_pandas=True).cast(pa.large_string()).to_pylist()
        names = unique(safe_key(name or "") for name in given)
    shard = _Shard(rows, names, text, chosen, samples, target_size)
    count = 0
    while shard.at < len(rows) or (empty and not count):
        first, name = shard.at, f"{stem}-{count}.tar"
        put = store.put(name, shard.write, digest=checksum)
        written.append(WrittenFile(name, shard.at - first, put.bytes, put.sha256))
        table = pa.table(
            {
                "key": pa.array(names[first : shard.at], pa.large_string()),
                "path": pa.array([os.path.basename(name)] * (shard.at - first), pa.large_string()),
                "offset": pa.array(shard.offsets, pa.int64()),
                "size": pa.array(shard.sizes, pa.int64()),
            }
        )
        if "id" in rows:
            table = table.add_column(0, "id", pc.cast(arrow_column(rows["id"]), pa.large_string())[
                first : shard.at
            ])  # fmt: skip
        put = store.put(f"{stem}-{count}.parquet", FORMATS["parquet"](table, "zstd"))
        written.append(
            WrittenFile(f"{stem}-{count}.parquet", table.num_rows, put.bytes, put.sha256)
        )
        count += 1
    return written


class _Shard:
    """Rows on their way into archives; `at` is the first that is in none."""

    def __init__(
        self, rows: pd.DataFrame, names: list[str], text: dict[str, str], json: Sequence[str],
        samples: int, target_size: int,
    ) -> None:  # fmt: skip
        self.names, self.samples, self.target_size = names, samples, target_size
        self.texts = [(end, text_buffers(rows[name])) for name, end in text.items()]
        self.rows = pa.table({str(n): arrow_column(rows[n]) for n in json}) if json else None
        self.at, self.offsets, self.sizes = 0, list[int | None](), list[int | None]()

    def write(self, file: Any) -> None:
        """Write an archive, up to where it is full."""
        archive, first = Archive(file), self.at
        self.offsets, self.sizes = [], []
        while self.at < len(self.names) and self.at - first < self.samples:
            stop = min(self.at + _BATCH, first + self.samples, len(self.names))
            stop = self._fitting(stop, self.target_size - archive.size)
            self._add(archive, stop)
            if archive.size >= self.target_size:
                break
        archive.close()

    def _fitting(self, stop: int, room: int) -> int:
        """As many rows as have room by their texts and headers, one at least."""
        used = np.full(stop - self.at, 1024 if self.rows is not None else 0)
        for _, (_, offsets, valid) in self.texts:
            sizes = np.diff(offsets[self.at : stop + 1])
            used += (512 + sizes + -sizes % 512) * valid[self.at : stop]
        beyond = np.searchsorted(np.cumsum(used), room, side="left")
        return int(min(self.at + max(int(beyond) + 1, 1), stop))

    def _add(self, archive: Archive, stop: int) -> None:
        names: list[bytes] = []
        contents: list[bytes] = []
        firsts: list[int | None] = []
        lines: list[bytes] = []
        if self.rows is not None:
            lines = b"".join(json_lines(self.rows.slice(self.at, stop - self.at))).split(b"\n")
        for row in range(self.at, stop):
            stem = self.names[row].encode()
            firsts.append(None)
            for place, (end, (data, offsets, valid)) in enumerate(self.texts):
                if valid[row]:
                    if place == 0:
                        firsts[-1] = len(names)
                    names.append(stem + b"." + end.encode())
                    contents.append(data[offsets[row] : offsets[row + 1]].tobytes())
            if self.rows is not None:
                names.append(stem + b".json")
                contents.append(lines[row - self.at])
            elif firsts[-1] is None:
                raise DataError(
                    f"the sample {self.names[row]!r} would have no members: its texts are null, "
                    "and there is no json member"
                )
        offsets_ = archive.add(names, contents)
        for which in firsts:
            self.offsets.append(None if which is None else offsets_[which])
            self.sizes.append(None if which is None else len(contents[which]))
        self.at = stop
