"""Rows that come as Arrow tables (Parquet, CSV, Arrow files): ids, types, and the bad ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tamis.codes import BadRecord, reason
from tamis.errors import ColumnError, DataError, SettingError
from tamis.frame import text_buffers
from tamis.io.frames import numbered
from tamis.io.schema import TEXT
from tamis.kernels.jit import COMPILED
from tamis.kernels.json_lines import mark_not_utf8
from tamis.spelling import no_column

Bad = Mapping[int, tuple[BadRecord, str]]


@dataclass(frozen=True)
class Selection:
    """Which columns are read, with their types; `id_key` is the one that becomes `id`."""

    known: tuple[tuple[str, pa.DataType], ...]
    id_key: str | None

    def __dask_tokenize__(self) -> str:
        return repr(([(name, str(type)) for name, type in self.known], self.id_key))

    @property
    def sources(self) -> list[str]:
        """The names of the columns in the files."""
        return [name for name, _ in self.known]

    @property
    def columns(self) -> dict[str, pa.DataType]:
        """The columns of the frame: id first."""
        return {"id": TEXT, **{name: type for name, type in self.known if name != self.id_key}}


def select(
    known: Mapping[str, pa.DataType], id: str | None, columns: Sequence[str] | None
) -> Selection:
    """The columns to read; `ColumnError` for one that is not there, or two that would be `id`."""
    names, key = chosen(known, id, columns)
    return Selection(tuple((name, known[name]) for name in names), key)


def chosen(
    known: Mapping[str, pa.DataType], id: str | None, columns: Sequence[str] | None
) -> tuple[list[str], str | None]:
    """The names of the columns to read, and the one that becomes `id`, if any."""
    if isinstance(columns, str):
        raise SettingError(f"columns={columns!r} is one name; give a list of names")
    for name in [*(columns or []), *([id] if id is not None else [])]:
        if name not in known and not (name == "id" and id is None):
            raise ColumnError(no_column(name, known))
    key = id if id is not None else ("id" if "id" in known else None)
    kept = [name for name in known if columns is None or name in columns or name == key]
    if key not in (None, "id") and "id" in kept:
        raise ColumnError(
            f"id={key!r} would hide the column 'id' that is there too; leave it out with columns="
        )
    if key is not None and not is_id(known[key]):
        hint = ""
        if pa.types.is_floating(known[key]):
            hint = ' (pandas writes an empty column so; give it .astype("string") before)'
        raise ColumnError(f"column {key!r} is {known[key]}; ids must be text or integers{hint}")
    return kept, key


def is_id(type: pa.DataType) -> bool:
    """Whether a column of this type can be ids."""
    return type == TEXT or pa.types.is_integer(type)


def rows_of(
    selection: Selection,
    table: pa.Table,
    raising: bool,
    reader: str,
    prefix: str,
    numbers: np.ndarray,
    bad: Bad,
) -> dict[str, pa.Array]:
    """The output columns of a table's rows; the `bad` ones are null and say why.

    A row without an id is named `prefix` + its number. Raises `DataError` when `raising`.
    """
    if bad and raising:
        row = min(bad)
        raise DataError(_sentence(*bad[row]))
    good = None
    if bad:
        mask = np.ones(table.num_rows, bool)
        mask[list(bad)] = False
        good = pa.array(mask)
    columns = {}
    for name, type in selection.known:
        array = _array(table, name, type)
        columns[name] = array if good is None else _without(array, good)
    derived = None
    ids = columns.pop(selection.id_key) if selection.id_key is not None else None
    if ids is not None and ids.type != TEXT:
        ids = ids.cast(TEXT)
    if ids is None or ids.null_count:
        derived = numbered(prefix, numbers)
        ids = derived if ids is None else pc.coalesce(ids, derived)
    columns = {"id": ids, **columns}
    if raising:
        return columns
    why = None
    if bad:
        why = [None if row not in bad else _sentence(*bad[row]) for row in range(table.num_rows)]
    return with_reasons(columns, reader, why, table.num_rows)


def bad_rows(
    selection: Selection,
    raising: bool,
    reader: str,
    ids: list[str],
    bad: Sequence[tuple[BadRecord, str]],
) -> dict[str, pa.Array]:
    """Rows that stand for what could not be read."""
    why = [_sentence(record, place) for record, place in bad]
    if raising:
        raise DataError(why[0])
    columns = {name: pa.nulls(len(ids), type) for name, type in selection.columns.items()}
    return with_reasons(columns | {"id": pa.array(ids, TEXT)}, reader, why, len(ids))


def with_reasons(
    columns: dict[str, pa.Array], reader: str, why: Sequence[str | None] | None, rows: int
) -> dict[str, pa.Array]:
    """The columns with dropped_by and dropped_why, which data that has them keeps."""
    reasons = pa.nulls(rows, TEXT) if why is None else pa.array(why, TEXT)
    by = pa.nulls(rows, TEXT)
    if why is not None:
        by = pa.array([None if text is None else reader for text in why], TEXT)
    if "dropped_by" in columns:
        by = pc.coalesce(by, columns["dropped_by"])
    if "dropped_why" in columns:
        reasons = pc.coalesce(reasons, columns["dropped_why"])
    return columns | {"dropped_by": by, "dropped_why": reasons}


def failure(error: Exception) -> BadRecord:
    """What an error of pyarrow's says of a file: it raises OSError also for damage."""
    detail = (str(error).splitlines() or [type(error).__name__])[0]
    if isinstance(error, OSError) and error.errno is not None:
        return BadRecord("file.unreadable", str(error))
    short = "Expected to be able to read" in detail or "runcated" in detail
    return BadRecord("file.truncated" if short else "file.corrupt", detail)


def utf8_problems(table: pa.Table, file: str, first: int) -> dict[int, tuple[BadRecord, str]]:
    """Which rows hold text that is not UTF-8; readers of Arrow and Parquet do not look."""
    return {
        row: (BadRecord("text.utf8", f"column {name!r} is not UTF-8"), f"{file}, row {first + row}")
        for name, column in zip(table.column_names, table.columns, strict=True)
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
        for row in not_utf8(one(column))
    }


def not_utf8(column: pa.ChunkedArray | pa.Array) -> list[int]:
    """The rows of a text column that are not UTF-8."""
    texts = text_buffers(column)
    if not COMPILED:
        return [row for row, valid in enumerate(texts.valid) if valid and not _decodes(texts, row)]
    bad = np.zeros(len(texts.valid), np.uint8)
    if not mark_not_utf8(texts.data, texts.offsets, bad):
        return []
    return np.flatnonzero(bad).tolist()


def _decodes(texts: object, row: int) -> bool:
    data, offsets = texts.data, texts.offsets  # type: ignore[attr-defined]
    try:
        data[offsets[row] : offsets[row + 1]].tobytes().decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def one(column: pa.ChunkedArray) -> pa.Array:
    """The one array of a column."""
    if column.num_chunks == 1:
        return column.chunk(0)
    if column.num_chunks == 0:
        return pa.array([], column.type)
    return pa.concat_arrays(column.chunks)


def _array(table: pa.Table, name: str, type: pa.DataType) -> pa.Array:
    if name not in table.column_names:
        return pa.nulls(table.num_rows, type)
    column = table.column(name)
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    array = one(column)
    if array.type == type:
        return array
    try:
        return array.cast(type)
    except pa.ArrowInvalid:
        # An integer beyond 2^53 in a column that is float in other files: the nearest float.
        return array.cast(type, safe=False)


def _without(array: pa.Array, good: pa.Array) -> pa.Array:
    if pa.types.is_nested(array.type):
        places = pc.if_else(good, pa.array(np.arange(len(array))), pa.scalar(None, pa.int64()))
        return array.take(places)
    return pc.if_else(good, array, pa.scalar(None, array.type))


def _sentence(record: BadRecord, place: str) -> str:
    return reason(record.code, place, record.detail)
