"""Read a Hugging Face data set that `save_to_disk` wrote: Arrow files, by pyarrow alone."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from tamis.codes import BadRecord
from tamis.errors import DataError
from tamis.io.arrow_rows import Selection, bad_rows, failure, rows_of, select, utf8_problems
from tamis.io.files import File, find_files, open_file
from tamis.io.frames import Types, Work, check_errors, dask_frame, frame, joined, quarantine_types
from tamis.io.schema import reconcile
from tamis.io.sizes import size


@dataclass(frozen=True)
class Piece:
    """The record batches `first:stop` of a file, whose first row is `row`; damage stands last."""

    file: File
    first: int
    stop: int
    row: int
    problem: tuple[str, str] | None = None


@dataclass(frozen=True)
class _Contents:
    file: File
    schema: pa.Schema | None
    batches: tuple[tuple[int, int], ...]  # rows, bytes
    problem: tuple[str, str] | None = None


def read_huggingface(
    path: str | os.PathLike[str],
    *,
    split: str | None = None,
    id: str | None = None,
    columns: Sequence[str] | None = None,
    block_size: int | str = "64MB",
    errors: str = "quarantine",
) -> Any:
    """Read a data set (or one `split` of a dictionary of them) saved with `save_to_disk`.

    Columns keep their Arrow types; `id` and the two columns of reasons are as in `read_parquet`,
    derived ids are `<file>:<row>`. A file that breaks off is one row with
    `dropped_by="read_huggingface"`, after the batches that can be read.
    """
    check_errors(errors)
    files = _files(os.fspath(path), split)
    contents = [_walk(file) for file in files]
    known = reconcile(
        [
            (found.file.name, {field.name: field.type for field in found.schema})
            for found in contents
            if found.schema is not None
        ]
    )
    selection = select(known, id, columns)
    block = size("block_size", block_size)
    work = [Work((piece,)) for found in contents for piece in _pieces(found, block)]
    return dask_frame(
        read_work,
        work,
        Types(tuple(quarantine_types(selection.columns, errors).items())),
        "read_huggingface",
        selection=selection,
        raising=errors == "raise",
    )


def _files(folder: str, split: str | None) -> list[File]:
    splits = _json(os.path.join(folder, "dataset_dict.json"))
    if splits is not None:
        names = splits["splits"]
        if split is None or split not in names:
            raise DataError(f"{folder} has the splits {', '.join(names)}; name one with split=")
        folder = os.path.join(folder, split)
    elif split is not None and os.path.isdir(os.path.join(folder, split)):
        folder = os.path.join(folder, split)
    state = _json(os.path.join(folder, "state.json"))
    if state is None:
        raise DataError(
            f"{folder} is not a data set saved with save_to_disk (it has no state.json)"
        )
    paths = [os.path.join(folder, item["filename"]) for item in state["_data_files"]]
    return find_files(paths, (".arrow",)) if paths else []


def _json(path: str) -> Any:
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read: {error}") from error


def _batches(file: File) -> Iterator[pa.Schema | pa.RecordBatch]:
    """The schema of an Arrow stream, then its batches, not copied; `BadRecord` where it breaks."""
    try:
        open_file(file).close()
        stream = pa.ipc.open_stream(pa.memory_map(file.url))
        yield stream.schema
        while True:
            try:
                batch = stream.read_next_batch()
            except StopIteration:
                return
            yield batch
    except (pa.ArrowException, OSError) as error:
        raise failure(error) from error


def _walk(file: File) -> _Contents:
    schema, batches, problem = None, [], None
    try:
        for found in _batches(file):
            if isinstance(found, pa.Schema):
                schema = found
            else:
                batches.append((found.num_rows, found.nbytes))
    except BadRecord as bad:
        problem = bad.code, bad.detail
    return _Contents(file, schema, tuple(batches), problem)


def _pieces(found: _Contents, block: int) -> Iterator[Piece]:
    first, row, rows, size = 0, 0, 0, 0
    for number, (more, bytes) in enumerate(found.batches):
        if number > first and size + bytes > block:
            yield Piece(found.file, first, number, row)
            first, row, rows, size = number, row + rows, 0, 0
        rows, size = rows + more, size + bytes
    yield Piece(found.file, first, len(found.batches), row, found.problem)


def read_work(work: Work, *, types: Types, selection: Selection, raising: bool) -> pd.DataFrame:
    """The partition of these batches."""
    parts: list[dict[str, pa.Array]] = []
    for piece in work.pieces:
        parts.extend(_parts(piece, selection, raising))
    return frame({n: joined([part[n] for part in parts], t) for n, t in types.columns})


def _parts(piece: Piece, selection: Selection, raising: bool) -> Iterator[dict[str, pa.Array]]:
    table = _read(piece, selection.sources)
    name, first = piece.file.name, piece.row + 1
    if table is not None:
        bad = utf8_problems(table, name, first)
        numbers = np.arange(first, first + table.num_rows)
        yield rows_of(selection, table, raising, "read_huggingface", f"{name}:", numbers, bad)
        first += table.num_rows
    if piece.problem is not None:
        record = BadRecord(*piece.problem)
        place = f"{name}, from row {first}"
        ids = [f"{name}:{first}"]
        yield bad_rows(selection, raising, "read_huggingface", ids, [(record, place)])


def _read(piece: Piece, names: list[str]) -> pa.Table | None:
    if piece.first == piece.stop:
        return None
    chosen: list[pa.RecordBatch] = []
    number = -1
    for found in _batches(piece.file):
        if number >= piece.first:
            kept = [n for n in names if n in found.schema.names]
            chosen.append(found.select(kept))
        number += 1
        if number == piece.stop:
            break
    return pa.Table.from_batches(chosen).combine_chunks()
