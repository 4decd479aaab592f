"""Write partitions as files: whole or absent, of a target size, apart by a column if asked."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO
from urllib.parse import quote

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq
from dask.utils import parse_bytes

from tamis.errors import ColumnError, DataError, SettingError
from tamis.io.json_text import json_lines
from tamis.io.store import Store
from tamis.spelling import no_column

ROW_GROUP = 24 << 20  # bytes of data; readers take one or two as a partition
_SAMPLE = 1000  # rows that tell whether a column repeats its values
_LONG = 64  # mean bytes from which text gets no statistics
_LONG_NAME = 200  # bytes; file systems take 255, and the column's name is in it too
NO_VALUE = "__HIVE_DEFAULT_PARTITION__"  # the folder of nulls, as other readers know it


@dataclass(frozen=True)
class WrittenFile:
    """A file that was put: its name in the store, rows, bytes and hex SHA-256."""

    name: str
    rows: int
    bytes: int
    sha256: str


def write_part(
    frame: pd.DataFrame,
    stem: str,
    store: Store,
    *,
    format: str = "parquet",
    target_size: int | str | None = None,
    partition_on: str | None = None,
    compression: str = "zstd",
    empty: bool = False,
) -> list[WrittenFile]:
    """Put the rows of a partition into a store, as files named after `stem`.

    A partition without rows gives no file, unless `empty` asks for one that has its columns.

    `format` is one of `FORMATS`. A file holds at most about `target_size` bytes of data, before
    compression; if there are several they are `<stem>-0`, `<stem>-1` … With `partition_on` the
    rows of each value of that column go to a folder `<column>=<value>/` of their own. The same rows
    give the same bytes.
    """
    return write_table(
        arrow_table(frame), stem, store, format=format, target_size=target_size,
        partition_on=partition_on, compression=compression, empty=empty,
    )  # fmt: skip


def write_table(
    table: pa.Table,
    stem: str,
    store: Store,
    *,
    format: str = "parquet",
    target_size: int | str | None = None,
    partition_on: str | None = None,
    compression: str = "zstd",
    empty: bool = False,
) -> list[WrittenFile]:
    """As `write_part`, for rows that are an Arrow table."""
    check_format(format)
    limit = parse_bytes(target_size) if target_size is not None else None
    written = []
    place, slash, base = stem.rpartition("/")
    if empty and not table.num_rows:
        partition_on = None
    for folder, rows in groups(table, partition_on, empty):
        parts = list(pieces(rows, limit))
        for number, part in enumerate(parts):
            suffix = f"-{number}" if len(parts) > 1 else ""
            name = f"{place}{slash}{folder}{base}{suffix}.{format}"
            put = store.put(name, FORMATS[format](part, compression))
            written.append(WrittenFile(name, part.num_rows, put.bytes, put.sha256))
    return written


def check_format(format: str) -> None:
    """Refuse a format that is not known."""
    if format not in FORMATS:
        raise SettingError(f"format must be one of {', '.join(FORMATS)}, found {format!r}")


def arrow_table(frame: pd.DataFrame) -> pa.Table:
    """The columns of a partition as Arrow, without its index; a missing value is null, NaN too."""
    arrays = {}
    for name in frame.columns:
        try:
            array = pa.array(frame[name], from_pandas=True)
        except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
            raise ColumnError(f"column {name!r} holds values of several types: {error}") from error
        arrays[str(name)] = array
    return pa.table(arrays)


def groups(
    table: pa.Table, partition_on: str | None, empty: bool
) -> Iterator[tuple[str, pa.Table]]:
    """The rows by value of a column, in order of value, with the folder of each."""
    if partition_on is None:
        if table.num_rows or empty:
            yield "", table
        return
    if partition_on not in table.column_names:
        raise ColumnError(f"partition_on: {no_column(partition_on, table.column_names)}")
    codes = table.column(partition_on).combine_chunks().dictionary_encode()
    if isinstance(codes, pa.ChunkedArray):
        codes = codes.combine_chunks()
    numbers = np.asarray(pc.fill_null(codes.indices, -1))
    names = {-1: NO_VALUE} | {k: _quoted(v) for k, v in enumerate(codes.dictionary.to_pylist())}
    for number in sorted(set(numbers.tolist()), key=lambda n: names[n]):
        chosen = table.take(pa.array(np.flatnonzero(numbers == number)))
        yield f"{quote(partition_on, safe='')}={names[number]}/", chosen


def _quoted(value: Any) -> str:
    """A value as the name of a folder; the text that stands for nulls is told apart from them."""
    name = quote(str(value), safe="")
    if name == NO_VALUE:
        return name.replace("_", "%5F", 1)
    if len(name) > _LONG_NAME:
        raise DataError(
            f"partition_on: the value {name[:40]}… is too long for the name of a folder "
            f"({len(name)} bytes, at most {_LONG_NAME}); choose a column of short values"
        )
    return name


def pieces(table: pa.Table, limit: int | None) -> Iterator[pa.Table]:
    """The table in pieces of about `limit` bytes."""
    if limit is None or table.nbytes <= limit:
        yield table
        return
    ends = np.cumsum(_row_bytes(table))
    first = 0
    while first < table.num_rows:
        used = ends[first - 1] if first else 0
        last = max(first + 1, int(np.searchsorted(ends, used + limit, side="right")))
        yield table.slice(first, last - first)
        first = last


def _row_bytes(table: pa.Table) -> np.ndarray:
    sizes = np.zeros(table.num_rows)
    for column in table.columns:
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            sizes += np.asarray(pc.fill_null(pc.binary_length(column), 0))
        else:
            sizes += column.nbytes / max(table.num_rows, 1)
    return sizes


def _parquet(table: pa.Table, compression: str) -> Callable[[BinaryIO], None]:
    table = _without_empty_structs(table)
    long = {
        name
        for name, column in zip(table.column_names, table.columns, strict=True)
        if column.nbytes > _LONG * max(table.num_rows, 1)
    }
    rows = max(1, table.num_rows * ROW_GROUP // max(table.nbytes, 1))

    def write(file: BinaryIO) -> None:
        pq.write_table(
            table,
            file,
            compression=compression,
            compression_level=1 if compression == "zstd" else None,
            row_group_size=rows,
            use_dictionary=[n for n in table.column_names if n not in long and _repeats(table[n])],
            write_statistics=[n for n in table.column_names if n not in long],
        )

    return write


def _repeats(column: pa.ChunkedArray) -> bool:
    """Whether a dictionary pays: half or more of the first values occur again."""
    if pa.types.is_nested(column.type):
        return True
    head = column.slice(0, _SAMPLE)
    return 2 * len(head.unique()) <= len(head)


def _without_empty_structs(table: pa.Table) -> pa.Table:
    """Parquet has no struct without fields: such a column becomes the text `{}`."""
    for place, field in enumerate(table.schema):
        if pa.types.is_struct(field.type) and field.type.num_fields == 0:
            known = table.column(place).is_valid()
            texts = pc.if_else(known, pa.scalar("{}", pa.large_string()), None)
            table = table.set_column(place, field.name, texts)
    return table


def _jsonl(table: pa.Table, compression: str) -> Callable[[BinaryIO], None]:
    def write(file: BinaryIO) -> None:
        for lines in json_lines(table):
            file.write(lines)

    return write


def _jsonl_gz(table: pa.Table, compression: str) -> Callable[[BinaryIO], None]:
    def write(file: BinaryIO) -> None:
        # zlib writes a header without time or name: the same rows give the same bytes.
        packer = zlib.compressobj(6, zlib.DEFLATED, 31)
        for lines in json_lines(table):
            file.write(packer.compress(lines))
        file.write(packer.flush())

    return write


def _jsonl_zst(table: pa.Table, compression: str) -> Callable[[BinaryIO], None]:
    def write(file: BinaryIO) -> None:
        with pa.CompressedOutputStream(_Open(file), "zstd") as stream:
            for lines in json_lines(table):
                stream.write(lines)

    return write


def _csv(table: pa.Table, compression: str) -> Callable[[BinaryIO], None]:
    flat = {
        name: _json_column(column) if pa.types.is_nested(column.type) else column
        for name, column in zip(table.column_names, table.columns, strict=True)
    }

    def write(file: BinaryIO) -> None:
        pa.csv.write_csv(pa.table(flat), _Open(file))

    return write


def _json_column(column: pa.ChunkedArray) -> pa.Array:
    import json

    return pa.array(
        [
            None if v is None else json.dumps(v, ensure_ascii=False, default=str)
            for v in column.to_pylist()
        ],
        pa.large_string(),
    )


class _Open:
    """A file that a writer of pyarrow's may close without closing it for others."""

    closed = False

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def write(self, data: Any) -> int:
        return self._file.write(data)

    def writable(self) -> bool:
        return True

    def readable(self) -> bool:
        return False

    def seekable(self) -> bool:
        return False

    def flush(self) -> None:
        pass

    def close(self) -> None:
        pass


FORMATS: dict[str, Callable[[pa.Table, str], Callable[[BinaryIO], None]]] = {
    "parquet": _parquet,
    "jsonl": _jsonl,
    "jsonl.gz": _jsonl_gz,
    "jsonl.zst": _jsonl_zst,
    "csv": _csv,
}
