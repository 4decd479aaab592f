"""Read Parquet: partitions of whole row groups, only the columns asked for."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, BinaryIO
from urllib.parse import unquote

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from dask.utils import parse_bytes

from tamis.codes import BadRecord
from tamis.errors import DataError
from tamis.io.arrow_rows import Selection, bad_rows, failure, rows_of, select, utf8_problems
from tamis.io.files import File, Paths, find_files, open_file
from tamis.io.frames import (
    Types,
    Work,
    check_errors,
    dask_frame,
    frame,
    joined,
    piecewise,
    quarantine_types,
)
from tamis.io.packing import pack
from tamis.io.schema import TEXT, declared, reconcile
from tamis.io.write import NO_VALUE

SUFFIXES = (".parquet", ".parq", ".pq")
_MOST_CUTS = 8  # pieces of one row group: each decodes it from its start


@dataclass(frozen=True)
class Piece:
    """Rows of a row group: `start` and `stop` count in the group, `row` is its first in the file.

    `group` is None for a file that cannot be read, `problem` then says why.
    """

    file: File
    group: int | None
    start: int
    stop: int
    row: int
    problem: tuple[str, str] | None = None


@dataclass(frozen=True)
class _Footer:
    file: File
    schema: pa.Schema | None
    groups: tuple[tuple[int, int], ...]  # rows, bytes of the columns read
    problem: tuple[str, str] | None = None


def read_parquet(
    paths: Paths,
    *,
    id: str | None = None,
    columns: Sequence[str] | None = None,
    schema: pa.Schema | Mapping[str, Any] | None = None,
    block_size: int | str = "64MB",
    files_per_partition: int | None = None,
    storage_options: Mapping[str, Any] | None = None,
    errors: str = "quarantine",
) -> Any:
    """Read Parquet files as a lazy frame; only `columns` (and the ids) are read from them.

    The schema is that of all files together: a column that a file has not is null there, integers
    widen (to float beside float), and columns that cannot agree are a `DataError` naming two files.
    A partition is about `block_size` of decoded data: neighbouring row groups and small files
    together, a larger row group in up to eight pieces. Dictionaries become their values. Folders
    named `key=value` give a text column `key` where the files have none.

    `id` names the column of ids; without it a column named `id` is used, and rows without one are
    named `<file>:<row>`, from 1. A file or row group that cannot be read is one row with
    `dropped_by="read_parquet"`, and so is a row whose text is not UTF-8; `errors="raise"` makes the
    first of them a `DataError`. So is it where no file can be read and no `schema` is given: there
    are no columns to speak of.
    """
    check_errors(errors)
    files = find_files(paths, SUFFIXES, storage_options)
    options = dict(storage_options or {})
    with ThreadPoolExecutor(16) as pool:
        footers = list(pool.map(lambda file: _footer(file, columns, id, options), files))
    if schema is not None:
        known = declared(schema, checked=lambda name, type: None)
    else:
        _need_one(footers)
        known = reconcile(
            [
                (footer.file.name, _types(footer.schema) | _keys(footer.file, footer.schema))
                for footer in footers
                if footer.schema is not None
            ]
        )
    selection = select(known, id, columns)
    return dask_frame(
        read_work,
        plan(footers, parse_bytes(block_size), files_per_partition),
        Types(tuple(quarantine_types(selection.columns, errors).items())),
        "read_parquet",
        selection=selection,
        raising=errors == "raise",
        storage_options=options,
    )


def _need_one(footers: Sequence[_Footer]) -> None:
    """Refuse files of which none says what columns there are."""
    bad = [(footer.file.url, *footer.problem) for footer in footers if footer.problem is not None]
    if bad and len(bad) == len(footers):
        url, code, detail = bad[0]
        others = f"; nor can the {len(bad) - 1:,} others" if len(bad) > 1 else ""
        raise DataError(f"{url} cannot be read: {code}: {detail}{others}")


def plan(footers: Sequence[_Footer], block: int, files_per_partition: int | None) -> list[Work]:
    """Which row groups each partition reads."""
    work: list[Work] = []
    sizes = [sum(size for _, size in footer.groups) for footer in footers]
    for members in pack(sizes, block, files_per_partition):
        pieces: list[Piece] = []
        used = 0
        for k in members:
            for piece, size in _pieces(footers[k], block):
                if pieces and used + size > block and files_per_partition is None:
                    work.append(Work(tuple(pieces)))
                    pieces, used = [], 0
                pieces.append(piece)
                used += size
        if pieces:
            work.append(Work(tuple(pieces)))
    return work


def _pieces(footer: _Footer, block: int) -> Iterator[tuple[Piece, int]]:
    if footer.problem is not None:
        yield Piece(footer.file, None, 0, 0, 0, footer.problem), 0
    row = 0
    for group, (rows, size) in enumerate(footer.groups):
        cuts = min(_MOST_CUTS, -(-size // block), max(rows, 1)) if size > 1.5 * block else 1
        for k in range(cuts):
            start, stop = rows * k // cuts, rows * (k + 1) // cuts
            yield Piece(footer.file, group, start, stop, row), size // cuts
        row += rows


def _footer(
    file: File, columns: Sequence[str] | None, id: str | None, options: Mapping[str, Any]
) -> _Footer:
    try:
        with _opened(file, options) as parquet:
            metadata, schema = parquet.metadata, parquet.schema_arrow
            wanted = None if columns is None else {*columns, id or "id"}
            used = [
                k
                for k in range(metadata.num_columns)
                if wanted is None or metadata.schema.column(k).path.split(".")[0] in wanted
            ]
            groups = []
            for k in range(metadata.num_row_groups):
                group = metadata.row_group(k)
                size = sum(group.column(c).total_uncompressed_size for c in used)
                groups.append((group.num_rows, size))
            return _Footer(file, schema, tuple(groups))
    except BadRecord as bad:
        return _Footer(file, None, (), (bad.code, bad.detail))
    except OSError as error:
        return _Footer(file, None, (), ("file.unreadable", str(error)))


@contextlib.contextmanager
def _opened(file: File, options: Mapping[str, Any]) -> Iterator[pq.ParquetFile]:
    """A file's footer read; a local one is then read by Arrow itself, without the GIL."""
    with open_file(file, options) as handle, _parquet(file.url if file.local else handle) as opened:
        yield opened


def _parquet(source: str | BinaryIO) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(source)
    except (pa.ArrowException, OSError) as error:
        text = str(error)
        if "magic bytes" in text or "too small" in text or "size is 0 bytes" in text:
            detail = "the file has no Parquet footer; it was cut short, or is something else"
            raise BadRecord("file.truncated", detail) from error
        raise failure(error) from error


def _types(schema: pa.Schema) -> dict[str, pa.DataType]:
    twice = {name for name in schema.names if schema.names.count(name) > 1}
    if twice:
        raise DataError(f"a file has two columns named {sorted(twice)[0]!r}")
    return {field.name: _plain(field.type) for field in schema}


def _plain(type: pa.DataType) -> pa.DataType:
    return type.value_type if pa.types.is_dictionary(type) else type


def _keys(file: File, schema: pa.Schema) -> dict[str, pa.DataType]:
    return {key: TEXT for key, _ in _folder_values(file) if key not in schema.names}


def _folder_values(file: File) -> list[tuple[str, str | None]]:
    """The `key=value` folders in a file's name."""
    pairs = [part.partition("=") for part in file.name.split("/")[:-1] if "=" in part]
    return [
        (unquote(key), None if value == NO_VALUE else unquote(value)) for key, _, value in pairs
    ]


@piecewise
def read_work(
    work: Work,
    *,
    types: Types,
    selection: Selection,
    raising: bool,
    storage_options: dict[str, Any],
    batch: int | None = None,
) -> pd.DataFrame:
    """The partition of these row groups, decoded about `batch` bytes at a time (None: whole)."""
    parts = [
        columns
        for piece in work.pieces
        for columns in _read_piece(piece, selection, raising, storage_options, batch)
    ]
    return frame(
        {name: joined([part[name] for part in parts], type) for name, type in types.columns}
    )


def _read_piece(
    piece: Piece,
    selection: Selection,
    raising: bool,
    options: dict[str, Any],
    batch: int | None,
) -> Iterator[dict[str, pa.Array]]:
    name = piece.file.name
    first = piece.row + piece.start
    try:
        if piece.group is None:
            assert piece.problem is not None
            raise BadRecord(*piece.problem)
        tables = _read(piece, selection, options, batch)
    except BadRecord as bad:
        count = piece.stop - piece.start
        place = name if piece.group is None else f"{name}, rows {first + 1} to {first + count}"
        yield bad_rows(selection, raising, "read_parquet", [f"{name}:{first + 1}"], [(bad, place)])
        return
    for table in tables:
        yield rows_of(
            selection,
            table,
            raising,
            "read_parquet",
            f"{name}:",
            np.arange(first + 1, first + 1 + table.num_rows),
            utf8_problems(table, name, first + 1),
        )
        first += table.num_rows


def _read(
    piece: Piece, selection: Selection, options: dict[str, Any], batch: int | None
) -> list[pa.Table]:
    """The rows of a piece, the columns of the selection that the file has."""
    try:
        with _opened(piece.file, options) as parquet:
            names = [n for n in selection.sources if n in parquet.schema_arrow.names]
            group = parquet.metadata.row_group(piece.group)
            if batch is not None and names:
                each = max(1, group.num_rows * batch // max(group.total_byte_size, 1))
                tables = [pa.Table.from_batches([b]) for b in _slice(parquet, piece, names, each)]
            elif (piece.start, piece.stop) == (0, group.num_rows):
                tables = [parquet.read_row_group(piece.group, columns=names, use_threads=False)]
            else:
                batches = _slice(parquet, piece, names, 16384)
                schema = batches[0].schema if batches else parquet.schema_arrow
                tables = [pa.Table.from_batches(batches, schema).combine_chunks()]
    except (pa.ArrowException, OSError) as error:
        raise failure(error) from error
    for key, value in _folder_values(piece.file):
        if key in selection.sources and key not in names:
            tables = [
                table.append_column(key, pa.array([value] * table.num_rows, TEXT))
                for table in tables
            ]
    return tables


def _slice(
    parquet: pq.ParquetFile, piece: Piece, names: list[str], rows: int
) -> list[pa.RecordBatch]:
    """Some rows of a row group, decoded so many at a time up to the last of them."""
    batches, at = [], 0
    for batch in parquet.iter_batches(
        rows, row_groups=[piece.group], columns=names, use_threads=False
    ):
        low, high = max(piece.start - at, 0), min(piece.stop - at, batch.num_rows)
        if low < high:
            batches.append(batch.slice(low, high - low))
        at += batch.num_rows
        if at >= piece.stop:
            break
    return batches
