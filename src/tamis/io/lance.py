"""Lance data sets: read by fragments, written in one commit. Needs the extra `lance`."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from tamis.codes import BadRecord
from tamis.errors import DataError, MissingPackageError, SettingError
from tamis.frame import library
from tamis.io.arrow_rows import Selection, bad_rows, rows_of, select
from tamis.io.commit import Part
from tamis.io.frames import Types, Work, check_errors, dask_frame, frame, joined, quarantine_types
from tamis.io.schema import normal
from tamis.io.sizes import size
from tamis.io.write import arrow_table
from tamis.scheduling import scheduler

Tabled = Callable[[pd.DataFrame], tuple[pa.Table, Any]]


@dataclass(frozen=True)
class Piece:
    """Rows of a fragment of one version of a data set; `row` is its first row in the whole."""

    uri: str
    version: int
    fragment: int
    start: int
    stop: int
    row: int

    @property
    def name(self) -> str:
        """What ids of its rows begin with."""
        return os.path.basename(self.uri.rstrip("/"))


def read_lance(
    uri: str | os.PathLike[str],
    *,
    id: str | None = None,
    columns: Sequence[str] | None = None,
    version: int | None = None,
    block_size: int | str = "64MB",
    storage_options: Mapping[str, Any] | None = None,
    errors: str = "quarantine",
) -> Any:
    """Read a Lance data set as a lazy frame: the latest version of now, or the one asked for.

    `id`, `columns` and the two columns of reasons are as in `read_parquet`; derived ids are
    `<data set>:<row>`, from 1. A partition is at most one fragment, and about `block_size` bytes on
    disk. A fragment that cannot be read is a row with `dropped_by="read_lance"`.
    """
    check_errors(errors)
    options, block = dict(storage_options or {}), size("block_size", block_size)
    found = _opened(os.fspath(uri), version, options)
    selection = select({field.name: normal(field.type) for field in found.schema}, id, columns)
    return dask_frame(
        read_work,
        [Work((piece,)) for piece in _pieces(found, os.fspath(uri), block)],
        Types(tuple(quarantine_types(selection.columns, errors).items())),
        "read_lance",
        selection=selection,
        raising=errors == "raise",
        storage_options=options,
    )


def read_work(
    work: Work,
    *,
    types: Types,
    selection: Selection,
    raising: bool,
    storage_options: dict[str, Any],
) -> pd.DataFrame:
    """The partition of these pieces."""
    parts: list[dict[str, pa.Array]] = []
    for piece in work.pieces:
        first = piece.row + piece.start + 1
        try:
            table = _read(piece, selection.sources, storage_options)
        except (OSError, ValueError, RuntimeError) as error:
            bad = BadRecord("file.unreadable", str(error).splitlines()[0][:300])
            ids, place = [f"{piece.name}:{first}"], f"{piece.name}, fragment {piece.fragment}"
            parts.append(bad_rows(selection, raising, "read_lance", ids, [(bad, place)]))
            continue
        numbers = np.arange(first, first + table.num_rows)
        prefix = f"{piece.name}:"
        parts.append(rows_of(selection, table, raising, "read_lance", prefix, numbers, {}))
    return frame({n: joined([part[n] for part in parts], t) for n, t in types.columns})


def write_lance(
    df: Any,
    uri: str | os.PathLike[str],
    *,
    mode: str = "create",
    storage_options: Mapping[str, Any] | None = None,
) -> list[Part]:
    """Write a frame (Dask or pandas) as a Lance data set; the files written.

    A partition becomes one fragment or more, and all become a version of the data set at once, at
    the end: what broke off before leaves none. `mode="overwrite"` makes a new version of a data set
    that stands, "create" refuses that. Lance names files at random and keeps no checksums.
    """
    return put(df, uri, _as_it_is, mode, storage_options)


def put(
    df: Any,
    uri: str | os.PathLike[str],
    tabled: Tabled,
    mode: str = "create",
    storage_options: Mapping[str, Any] | None = None,
    check: Callable[[list[Any]], None] | None = None,
) -> list[Part]:
    """Write the table that `tabled` makes of each partition; `check` sees what else it gave."""
    import dask

    if mode not in ("create", "overwrite"):
        raise SettingError(f"mode is 'create' or 'overwrite', not {mode!r}")
    lance, options, place = _lance(), dict(storage_options or {}), os.fspath(uri)
    if mode == "create" and _stands(place, options):
        raise DataError(f"{place} is a data set already; mode='overwrite' makes a new version")
    kind = library(df)
    if kind not in ("dask", "pandas"):
        raise SettingError("write a pandas or Dask frame; bring a cuDF one to the host first")
    schema = tabled(df if kind == "pandas" else df._meta)[0].schema
    parts = [df] if kind == "pandas" else df.to_delayed()
    tasks = [
        dask.delayed(_fragments, pure=False)(part, place, tabled, schema, options) for part in parts
    ]
    written = list(dask.compute(*tasks, scheduler=scheduler()))
    if check is not None:
        check([told for _, told, _ in written])
    schemas = [found for _, _, found in written]
    for found in schemas:
        if found != schemas[0]:
            raise DataError(f"partitions have different types: {schemas[0]} and {found}")
    fragments = [
        lance.FragmentMetadata.from_json(text) for texts, _, _ in written for text in texts
    ]
    operation = lance.LanceOperation.Overwrite(schemas[0] if schemas else schema, fragments)
    lance.LanceDataset.commit(place, operation, storage_options=options or None)
    return [
        Part(f"data/{fragment.files[0].path}", fragment.physical_rows,
             fragment.files[0].file_size_bytes or 0, "")
        for fragment in fragments
    ]  # fmt: skip


def _as_it_is(rows: pd.DataFrame) -> tuple[pa.Table, None]:
    return arrow_table(rows), None


def _fragments(
    rows: pd.DataFrame, uri: str, tabled: Tabled, schema: pa.Schema, options: dict[str, Any]
) -> tuple[list[str], Any, pa.Schema]:
    """Write the fragments of one partition: their metadata, what else is told, their schema."""
    import json

    table, told = tabled(rows)
    known = pa.schema(
        [there if not pa.types.is_null(there.type) else table.field(there.name) for there in schema]
    )
    table = table.cast(known)
    if not table.num_rows:
        return [], told, known
    write = importlib.import_module("lance.fragment").write_fragments
    made = write(table, uri, schema=known, storage_options=options or None)
    return [json.dumps(fragment.to_json()) for fragment in made], told, known


def _pieces(found: Any, uri: str, block: int) -> Iterator[Piece]:
    row = 0
    for fragment in found.get_fragments():
        rows = fragment.count_rows()
        held = sum(file.file_size_bytes or 0 for file in fragment.metadata.files)
        cuts = max(1, min(-(-held // block), rows))
        for k in range(cuts):
            start, stop = rows * k // cuts, rows * (k + 1) // cuts
            yield Piece(uri, found.version, fragment.fragment_id, start, stop, row)
        row += rows
    if not row:
        yield Piece(uri, found.version, -1, 0, 0, 0)


def _read(piece: Piece, names: list[str], options: dict[str, Any]) -> pa.Table:
    found = _opened(piece.uri, piece.version, options)
    if piece.fragment < 0:
        return pa.table({name: pa.array([], found.schema.field(name).type) for name in names})
    scanner = found.get_fragment(piece.fragment).scanner(
        columns=names, offset=piece.start, limit=piece.stop - piece.start
    )
    return scanner.to_table()


def _opened(uri: str, version: int | None, options: dict[str, Any]) -> Any:
    lance = _lance()
    try:
        return lance.dataset(uri, version=version, storage_options=options or None)
    except (ValueError, OSError) as error:
        said = (str(error).splitlines() or [""])[0][:300]
        raise DataError(f"{uri} cannot be read as a Lance data set: {said}") from None


def _stands(uri: str, options: dict[str, Any]) -> bool:
    try:
        _opened(uri, None, options)
    except DataError:
        return False
    return True


def _lance() -> Any:
    try:
        return importlib.import_module("lance")
    except ImportError as error:
        raise MissingPackageError("Lance needs pylance: pip install 'tamis[lance]'") from error
