"""Read CSV: every column text unless told otherwise, every row accounted for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pyarrow as pa

from tamis.codes import BadRecord
from tamis.errors import ColumnError, DataError, SettingError
from tamis.io.arrow_rows import select
from tamis.io.compression import EXTENSIONS, codec
from tamis.io.csv_piece import Dialect, Piece, boundaries, header, read_work
from tamis.io.files import File, Paths, find_files
from tamis.io.frames import Types, Work, check_errors, dask_frame, quarantine_types
from tamis.io.packing import PER_FILE, pack
from tamis.io.schema import TEXT, declared
from tamis.io.sizes import ratio, size
from tamis.spelling import no_column

SUFFIXES = tuple(stem + end for stem in (".csv", ".tsv") for end in ("", *EXTENSIONS))


def read_csv(
    paths: Paths,
    *,
    id: str | None = None,
    columns: Sequence[str] | None = None,
    schema: pa.Schema | Mapping[str, Any] | None = None,
    delimiter: str | None = None,
    names: Sequence[str] | None = None,
    quoted: bool = True,
    block_size: int | str = "64MB",
    files_per_partition: int | None = None,
    storage_options: Mapping[str, Any] | None = None,
    errors: str = "quarantine",
    max_row: int | str = "16MB",
    max_ratio: float = 200.0,
) -> Any:
    """Read CSV files (RFC 4180, plain or compressed) as a lazy frame.

    CSV has no types, so every column is text ("000000" stays what it is) unless `schema` declares
    another for it. An empty field is null, `""` is empty text. The first row names the columns,
    unless `names` does; files with other columns, or in another order, are put together by name.
    `delimiter` is a comma, or a tab for `.tsv`. `quoted=False` is for lists in which quotes are
    letters like others, as those of LJSpeech and Common Voice.

    Rows that cannot be read have `dropped_by="read_csv"` and the code, file, row and cause in
    `dropped_why`: a number of fields that is not the header's, a quote that does not close within
    `max_row` bytes (only the line it stands in is lost), bytes that are not UTF-8, a value that
    does not fit its declared type. `errors="raise"` makes the first a `DataError`. Rows without an
    id are named `<file>:<row>`, from 1 after the header. A local plain file larger than
    `block_size` is looked through once, at the call, for places to cut it; a compressed or remote
    one is one partition, however large.
    """
    check_errors(errors)
    if delimiter is not None and (len(delimiter) != 1 or delimiter in '"\n\r' or delimiter > "~"):
        raise SettingError(f"delimiter must be one ASCII character, found {delimiter!r}")
    files = find_files(paths, SUFFIXES, storage_options)
    options = dict(storage_options or {})
    dialect = Dialect(delimiter, size("max_row", max_row), ratio(max_ratio), bool(quoted))
    block = size("block_size", block_size)
    with ThreadPoolExecutor(16) as pool:
        heads = list(pool.map(lambda file: _head(file, names, dialect, options), files))
    known: dict[str, pa.DataType] = {}
    for head in heads:
        known |= dict.fromkeys(head.names, TEXT)
    if schema is not None:
        for name, type in declared(schema, checked=_csv_type).items():
            if name not in known:
                raise ColumnError(f"schema: {no_column(name, known)}")
            known[name] = type
    selection = select(known, id, columns)
    return dask_frame(
        read_work,
        _plan(heads, block, files_per_partition, dialect),
        Types(tuple(quarantine_types(selection.columns, errors).items())),
        "read_csv",
        selection=selection,
        dialect=dialect,
        raising=errors == "raise",
        storage_options=options,
    )


def _head(
    file: File, names: Sequence[str] | None, dialect: Dialect, options: dict[str, Any]
) -> Piece:
    """The whole of a file as a piece, its header read."""
    try:
        found, after = header(file, dialect, options) if names is None else (tuple(names), 0)
    except (BadRecord, OSError) as error:
        bad = error if isinstance(error, BadRecord) else BadRecord("file.unreadable", str(error))
        return Piece(file, (), 0, None, 0, (bad.code, bad.detail))
    if len(set(found)) != len(found):
        twice = next(name for name in found if found.count(name) > 1)
        raise DataError(f"{file.url} has two columns named {twice!r}; name them with names=")
    return Piece(file, found, after, None, 0)


def _plan(
    heads: Sequence[Piece], block: int, files_per_partition: int | None, dialect: Dialect
) -> list[Work]:
    work: list[Work] = []
    for run in pack([head.file.size + PER_FILE for head in heads], block, files_per_partition):
        first = heads[run[0]]
        large = len(run) == 1 and first.file.size > 1.5 * block
        if large and first.problem is None and first.file.local and codec(first.file.name) is None:
            work.extend(Work((piece,)) for piece in boundaries(first, block, dialect))
        else:
            work.append(Work(tuple(heads[k] for k in run)))
    return work


def _csv_type(name: str, type: pa.DataType) -> None:
    if pa.types.is_nested(type) or pa.types.is_binary(type):
        raise SettingError(f"schema: column {name!r} is {type}, which CSV has not")
