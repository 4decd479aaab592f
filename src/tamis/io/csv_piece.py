"""What one task reads of CSV files, and where a large one can be cut."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, BinaryIO

import numpy as np
import pandas as pd
import pyarrow as pa

from tamis.codes import BadRecord
from tamis.io.arrow_rows import Selection, bad_rows, not_utf8, rows_of
from tamis.io.compression import Stream, codec, looks_like
from tamis.io.files import File, open_file
from tamis.io.frames import Types, Work, frame, joined, room, text_array
from tamis.kernels import csv_rows
from tamis.kernels.json_lines import PADDING
from tamis.kernels.move import SLACK

_CHUNK = 8 << 20
_FIELDS = 1 << 19  # looked at together
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Dialect:
    """How fields are separated and quoted, and the limits of rows and of expansion."""

    delimiter: str | None
    max_row: int
    max_ratio: float
    quoted: bool = True

    @property
    def quote(self) -> int:
        """The byte that quotes fields; -1 for none."""
        return ord('"') if self.quoted else -1

    def separator(self, file: File) -> int:
        """The byte between fields of a file."""
        if self.delimiter is not None:
            return ord(self.delimiter)
        return 9 if ".tsv" in file.name.lower()[-9:] else 44


@dataclass(frozen=True)
class Piece:
    """The rows of a file in a range of its (decompressed) bytes, the first being row `row` + 1."""

    file: File
    names: tuple[str, ...]
    start: int
    stop: int | None
    row: int
    problem: tuple[str, str] | None = None


@dataclass(frozen=True)
class _Rows:
    """Rows in a buffer that is used again: spans of fields, their number, how each row ended."""

    data: np.ndarray
    starts: np.ndarray
    ends: np.ndarray
    kinds: np.ndarray
    fields: np.ndarray
    states: np.ndarray
    at: np.ndarray  # byte of the file where each begins


def header(file: File, dialect: Dialect, options: dict[str, Any]) -> tuple[tuple[str, ...], int]:
    """The names in the first row of a file, and the byte after it."""
    stream = Stream(lambda: open_file(file, options), codec(file.name), dialect.max_ratio)
    try:
        head = b""
        while len(head) <= dialect.max_row and (data := stream.read(1 << 16)):
            head += data
            skip = len(_BOM) if head.startswith(_BOM) else 0
            block = np.frombuffer(head + bytes(PADDING), np.uint8)
            spans = np.zeros((3, 10_000), np.int64)
            after, count, state = csv_rows.split_row(
                block, skip, len(head), dialect.separator(file), dialect.quote, *spans
            )
            if state in (csv_rows.WHOLE, csv_rows.AFTER_QUOTE):
                break
    finally:
        stream.close()
    if not head:
        return (), 0
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise BadRecord("text.utf16", "the file is UTF-16; convert it, as with iconv -t utf-8")
    kind = looks_like(head)
    if kind is not None:
        raise BadRecord("file.corrupt", f"the file looks like {kind}, not text")
    if state in (csv_rows.AFTER_QUOTE, csv_rows.UNCLOSED):
        raise BadRecord("csv.quote", "the header has a quote that does not close")
    fields = [head[first:last] for first, last in zip(*spans[:2, :count], strict=True)]
    try:
        names = [field.decode("utf-8") for field in fields]
        names = [name.replace('""', '"') if dialect.quoted else name for name in names]
    except UnicodeDecodeError:
        raise BadRecord("text.utf8", "the header is not UTF-8") from None
    return tuple(name or f"column_{k + 1}" for k, name in enumerate(names)), int(after)


def boundaries(whole: Piece, block: int, dialect: Dialect) -> list[Piece]:
    """A local plain file cut into pieces of about `block` bytes where rows begin."""
    cuts = [(whole.start, whole.row)]
    row = whole.row
    for rows in _rows(whole, dialect, {}, 0):
        for k in np.flatnonzero(np.diff(rows.at // block, prepend=cuts[-1][0] // block)):
            if rows.at[k] - cuts[-1][0] >= block:
                cuts.append((int(rows.at[k]), row + int(k)))
        row += len(rows.at)
    stops = [start for start, _ in cuts[1:]]
    return [
        replace(whole, start=start, row=row, stop=stop)
        for (start, row), stop in zip(cuts, [*stops, None], strict=True)
    ]


def _rows(piece: Piece, dialect: Dialect, options: dict[str, Any], columns: int) -> Iterator[_Rows]:
    """The rows of a piece, some thousand at a time; raises `BadRecord` after the last readable."""

    def start() -> BinaryIO:
        handle = open_file(piece.file, options)
        if kind is None:
            handle.seek(piece.start)
        return handle

    kind = codec(piece.file.name)
    try:
        stream = Stream(start, kind, dialect.max_ratio)
    except OSError as error:
        raise BadRecord("file.unreadable", str(error)) from error
    try:
        skip = piece.start if kind is not None else 0
        while skip:
            skip -= len(stream.read(min(skip, 1 << 20))) or skip
        yield from _split(stream, piece, dialect, columns)
    finally:
        stream.close()


def _split(stream: Stream, piece: Piece, dialect: Dialect, columns: int) -> Iterator[_Rows]:
    buffer = bytearray(_CHUNK + PADDING)
    fill, at, offset = 0, 0, piece.start
    ended = False
    damage: BadRecord | None = None
    room_for = max(64, min(1 << 16, _FIELDS // max(columns, 1)))
    spans = np.empty((2, room_for, columns), np.int64)
    kinds = np.empty((room_for, columns), np.uint8)
    fields, states = np.empty(room_for, np.int64), np.empty(room_for, np.uint8)
    places = np.empty(room_for, np.int64)
    while True:
        left = None if piece.stop is None else piece.stop - offset - fill
        limit = len(buffer) - PADDING
        limit = limit if left is None else min(limit, fill + left)
        while fill < limit and not ended:
            try:
                count = stream.readinto(memoryview(buffer)[fill:limit])
            except BadRecord as error:
                damage, count = error, 0
            ended = count == 0
            fill += count
        final = ended or (piece.stop is not None and offset + fill >= piece.stop)
        data = np.frombuffer(buffer, np.uint8)
        at = 0
        while True:
            count, after = csv_rows.split_rows(
                data, at, fill, final, dialect.separator(piece.file), dialect.quote,
                dialect.max_row, *spans, kinds, fields, states, places,
            )  # fmt: skip
            if count:
                if damage is not None and after == fill and states[count - 1] != csv_rows.WHOLE:
                    count -= 1  # the damage is in this row
                yield _Rows(
                    data,
                    spans[0, :count],
                    spans[1, :count],
                    kinds[:count],
                    fields[:count],
                    states[:count],
                    places[:count] + offset,
                )
            if count == 0 or after >= fill:
                at = after
                break
            at = after
        if final:
            break
        rest = bytes(memoryview(buffer)[at:fill])
        if at == 0:
            del data
            buffer = bytearray(2 * len(buffer))
        buffer[: len(rest)] = rest
        fill, offset = len(rest), offset + at
    if damage is not None:
        raise damage


def read_work(
    work: Work,
    *,
    types: Types,
    selection: Selection,
    dialect: Dialect,
    raising: bool,
    storage_options: dict[str, Any],
) -> pd.DataFrame:
    """The partition of these pieces."""
    parts = [
        columns
        for piece in work.pieces
        for columns in _read_piece(piece, selection, dialect, raising, storage_options)
    ]
    return frame({n: joined([part[n] for part in parts], t) for n, t in types.columns})


def _read_piece(
    piece: Piece, selection: Selection, dialect: Dialect, raising: bool, options: dict[str, Any]
) -> Iterator[dict[str, pa.Array]]:
    name, row = piece.file.name, piece.row
    try:
        if piece.problem is not None:
            raise BadRecord(*piece.problem)
        for rows in _rows(piece, dialect, options, len(piece.names)):
            yield _columns(rows, piece, selection, raising, row)
            row += len(rows.at)
    except BadRecord as bad:
        place = f"{name}, row {row + 1}"
        yield bad_rows(selection, raising, "read_csv", [f"{name}:{row + 1}"], [(bad, place)])


def _columns(
    rows: _Rows, piece: Piece, selection: Selection, raising: bool, before: int
) -> dict[str, pa.Array]:
    bad: dict[int, BadRecord] = {}
    expected = len(piece.names)
    good = (rows.states <= csv_rows.CUT) & (rows.fields == expected)
    for row in np.flatnonzero(~good).tolist():
        bad[row] = _problem(int(rows.states[row]), int(rows.fields[row]), expected)
    arrays = {}
    for place, name in enumerate(piece.names):
        if name not in selection.sources:
            continue
        array = _texts(rows, place, good)
        for row in not_utf8(array):
            bad.setdefault(row, BadRecord("text.utf8", f"column {name!r} is not UTF-8"))
        arrays[name] = array
    if bad:  # what is not UTF-8 must not be looked at
        good = good & ~np.isin(np.arange(len(good)), list(bad))
        arrays = {n: _texts(rows, piece.names.index(n), good) for n in arrays}
    for name, type in selection.known:
        if name in arrays and arrays[name].type != type:
            arrays[name], unfit = _cast(arrays[name], type)
            for row in unfit:
                detail = f"column {name!r} is {type}, found {_field(rows, piece, name, row)!r}"
                bad.setdefault(row, BadRecord("schema.type", detail))
    count = len(rows.at)
    table = pa.table(arrays) if arrays else pa.table({"": pa.nulls(count)})
    numbers = np.arange(before + 1, before + 1 + count)
    name = piece.file.name
    placed = {row: (error, f"{name}, row {before + row + 1}") for row, error in bad.items()}
    return rows_of(selection, table, raising, "read_csv", f"{name}:", numbers, placed)


def _problem(state: int, fields: int, expected: int) -> BadRecord:
    if state == csv_rows.UNCLOSED:
        return BadRecord("csv.quote", "a quoted field does not end, or not within max_row bytes")
    if state == csv_rows.AFTER_QUOTE:
        return BadRecord("csv.quote", f"field {fields + 1} goes on after its closing quote")
    return BadRecord("csv.columns", f"the row has {fields} fields, the header {expected}")


def _texts(rows: _Rows, place: int, good: np.ndarray) -> pa.Array:
    starts, ends = rows.starts[:, place], rows.ends[:, place]
    size = int((ends - starts)[good].sum())
    out = room(size + SLACK)
    offsets, valid = np.zeros(len(good) + 1, np.int64), np.empty(len(good), np.bool_)
    nulls = csv_rows.read_fields(
        rows.data, starts, ends, rows.kinds[:, place], good, out, offsets, valid
    )
    return text_array(out[: offsets[-1]], offsets, valid if nulls else None)


def _cast(array: pa.Array, type: pa.DataType) -> tuple[pa.Array, list[int]]:
    """The texts as another type, and the rows that cannot be (null)."""
    try:
        return array.cast(type), []
    except pa.ArrowInvalid:
        if len(array) == 1:
            return pa.nulls(1, type), [0]
    half = len(array) // 2
    first, bad_first = _cast(array.slice(0, half), type)
    second, bad_second = _cast(array.slice(half), type)
    return pa.concat_arrays([first, second]), bad_first + [half + row for row in bad_second]


def _field(rows: _Rows, piece: Piece, name: str, row: int) -> str:
    place = piece.names.index(name)
    raw = rows.data[rows.starts[row, place] : rows.ends[row, place]].tobytes()
    return raw[:60].decode("utf-8", "replace")
