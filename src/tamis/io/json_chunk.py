"""A chunk of JSON lines as Arrow columns: compiled loops for what is plain, care for the rest."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json

from tamis.codes import BadRecord
from tamis.io.frames import room, text_array
from tamis.io.growing import TextColumn
from tamis.io.json_line import Layout, fit, json_text, load_line, read_line
from tamis.io.lines import Chunk
from tamis.io.schema import TEXT
from tamis.kernels import json_cells as cells
from tamis.kernels import json_values as values
from tamis.kernels.jit import COMPILED
from tamis.kernels.json_lines import count_lines
from tamis.kernels.move import SLACK

LINE = "line"
_SHORT = 100  # bytes of a line below which lines are counted first
_BEFORE = b'{"v":'
_PADDED = np.frombuffer(_BEFORE + bytes(SLACK), np.uint8)


@dataclass
class Rows:
    """The rows of a chunk: columns by key, the line and byte of each row, and the bad ones."""

    columns: dict[str, pa.Array]
    line: np.ndarray
    start: np.ndarray
    bad: dict[int, tuple[BadRecord, bytes]]


def read_chunk(chunk: Chunk, layout: Layout, texts: Mapping[str, TextColumn], times: float) -> Rows:
    """Every line of the chunk that is not blank, as a row; rows that cannot be read are null.

    Texts are written into the room of the columns they will be added to, which will hold about
    `times` as many bytes as come of this chunk.
    """
    if not COMPILED or any(_needs_escape(name) for name, _ in layout.known):
        return _read_all_carefully(chunk, layout)
    names, spans, types = _name_table(layout)
    most, count = chunk.end // _SHORT + 64, -1
    while count < 0:
        ends, line = np.empty(most, np.int32), np.empty(most, np.int64)
        starts, stops = np.empty((2, most, len(types)), np.int32)
        kinds, careful = np.zeros((most, len(types)), np.uint8), np.zeros(most, np.uint8)
        count, rows = cells.parse_lines(
            chunk.data, chunk.first, chunk.end, ends, names, spans, types, layout.ignore,
            layout.max_line, starts, stops, kinds, line, careful,
        )  # fmt: skip
        most = count_lines(chunk.data, chunk.end) if count < 0 else most
    careful, line = careful[:rows], line[:rows]
    columns = {}
    for place, (name, type) in enumerate(layout.known):
        if types[place] == cells.SKIP:
            continue
        spans_of = chunk.data, starts[:rows, place], stops[:rows, place], kinds[:rows, place]
        if name in layout.as_json:
            columns[name] = _json_texts(*spans_of, name, careful)
        elif type == TEXT:
            columns[name] = _texts(*spans_of, texts[name], times, careful)
        else:
            columns[name] = _column(*spans_of, name, type, layout, careful)
    start = np.where(line > 0, ends[line - 1].astype(np.int64) + 1, chunk.first) if rows else line
    found = Rows(columns, line, start, {})
    doubtful = np.flatnonzero(careful)
    if len(doubtful):
        _replace(found, doubtful, chunk.data, ends[line[doubtful]], layout)
    return found


def raw_lines(chunk: Chunk, layout: Layout, texts: Mapping[str, TextColumn], times: float) -> Rows:
    """Every line of the chunk that is not blank, as it stands: a column `LINE` of bytes.

    It takes the place of `read_chunk` where somebody else reads the lines.
    """
    numbers: list[int] = []
    starts: list[int] = []
    lines: list[bytes] = []
    bad: dict[int, tuple[BadRecord, bytes]] = {}
    start = chunk.first
    for number, raw in enumerate(io.BytesIO(chunk.data[chunk.first : chunk.end].tobytes())):
        if raw.strip(b" \t\r\n"):
            if len(raw) > layout.max_line:
                detail = f"the line has more than {layout.max_line} bytes; set max_line to read it"
                bad[len(lines)] = BadRecord("json.too_long", detail), raw[:1000]
            numbers.append(number)
            starts.append(start)
            lines.append(raw.removesuffix(b"\n"))
        start += len(raw)
    column = pa.array(lines, pa.large_binary())
    return Rows({LINE: column}, np.array(numbers, np.int64), np.array(starts, np.int64), bad)


def _needs_escape(name: str) -> bool:
    return any(c in '"\\' or c < " " for c in name)


def _name_table(layout: Layout) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The keys with their closing quotes, where each begins, and what the compiled parser reads."""
    keys = [name.encode("utf-8", "surrogatepass") + b'"' for name, _ in layout.known]
    kept = set(layout.kept)
    codes = [
        cells.SKIP
        if name not in kept
        else cells.JSON
        if name in layout.as_json
        else _code(type, name == layout.id_key)
        for name, type in layout.known
    ]
    spans = np.cumsum([0, *map(len, keys)]).astype(np.int64)
    return np.frombuffer(b"".join(keys) + b"\0", np.uint8), spans, np.array(codes, np.int64)


def _code(type: pa.DataType, is_id: bool) -> int:
    if type == TEXT:
        return cells.ID if is_id else cells.TEXT
    return {
        pa.int64(): cells.INT,
        pa.uint64(): cells.UINT,
        pa.float64(): cells.FLOAT,
        pa.bool_(): cells.BOOL,
    }.get(type, cells.NESTED)


def _texts(
    data: np.ndarray,
    starts: np.ndarray,
    stops: np.ndarray,
    kinds: np.ndarray,
    column: TextColumn,
    times: float,
    careful: np.ndarray,
) -> pa.Array:
    rows = len(kinds)
    out = column.room(values.spanned(starts, stops, kinds), times)
    offsets, valid = np.zeros(rows + 1, np.int64), np.empty(rows, np.bool_)
    nulls = values.read_texts(data, starts, stops, kinds, out, offsets, valid, careful)
    return text_array(out[: offsets[-1]], offsets, valid if nulls else None)


def _json_texts(
    data: np.ndarray,
    starts: np.ndarray,
    stops: np.ndarray,
    kinds: np.ndarray,
    name: str,
    careful: np.ndarray,
) -> pa.Array:
    """Values of any shape as compact JSON, by Python's parser: it says what they are."""
    found = []
    for row, kind in enumerate(kinds):
        value = None
        if kind != cells.NULL:
            quote = 1 if kind in (cells.PLAIN, cells.ESCAPED) else 0
            raw = data[starts[row] - quote : stops[row] + quote].tobytes()
            try:
                value = json_text(load_line(b'{"v":' + raw + b"}")["v"], name)
            except BadRecord:
                careful[row] = 1
        found.append(value)
    return pa.array(found, TEXT)


def _column(
    data: np.ndarray,
    starts: np.ndarray,
    stops: np.ndarray,
    kinds: np.ndarray,
    name: str,
    type: pa.DataType,
    layout: Layout,
    careful: np.ndarray,
) -> pa.Array:
    rows = len(kinds)
    spans = data, starts, stops, kinds
    null = np.zeros(rows, np.bool_)
    if pa.types.is_integer(type):
        numbers = np.zeros(rows, np.uint64)
        values.read_integers(*spans, type == pa.int64(), numbers, null, careful)
        numbers = numbers.view(np.int64) if type == pa.int64() else numbers
        return pa.array(numbers, type, mask=null)
    if pa.types.is_floating(type):
        return _floats(*spans)
    if pa.types.is_boolean(type):
        flags = np.zeros(rows, np.bool_)
        values.read_booleans(kinds, flags, null)
        return pa.array(flags, type, mask=null)
    return _nested(*spans, name, type, layout, careful)


def _floats(data: np.ndarray, starts: np.ndarray, stops: np.ndarray, kinds: np.ndarray) -> pa.Array:
    out, hard = np.empty(len(kinds)), np.zeros(len(kinds), np.uint8)
    if values.read_floats(data, starts, stops, kinds, out, hard):
        rows = np.flatnonzero(hard)
        spans = starts[rows], stops[rows], np.full(len(rows), cells.PLAIN, np.uint8)
        digits = room(values.spanned(*spans) + SLACK)
        offsets, scratch = np.zeros(len(rows) + 1, np.int64), np.zeros(len(rows), np.bool_)
        values.read_texts(data, *spans, digits, offsets, scratch, hard[rows])
        texts = text_array(digits[: offsets[-1]], offsets)
        out[rows] = texts.cast(pa.float64()).to_numpy()
    return pa.array(out, pa.float64(), mask=kinds == cells.NULL)


def _nested(
    data: np.ndarray,
    starts: np.ndarray,
    stops: np.ndarray,
    kinds: np.ndarray,
    name: str,
    type: pa.DataType,
    layout: Layout,
    careful: np.ndarray,
) -> pa.Array:
    """Lists and objects by pyarrow's parser, on lines of their own; Python's if it refuses."""
    size = values.spanned(starts, stops, kinds) + (len(_BEFORE) + 6) * len(kinds)
    out = room(size + SLACK)
    size = values.wrap_values(data, starts, stops, kinds, _PADDED, len(_BEFORE), out)
    behaviour = "ignore" if layout.ignore else "error"
    options = pa.json.ParseOptions(
        explicit_schema=pa.schema([("v", type)]), unexpected_field_behavior=behaviour
    )
    block = pa.json.ReadOptions(use_threads=False, block_size=max(size, 1))
    if not len(kinds):
        return pa.array([], type)
    try:
        source = pa.BufferReader(pa.py_buffer(out[:size]))
        table = pa.json.read_json(source, read_options=block, parse_options=options)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return _nested_carefully(data, starts, stops, kinds, name, type, layout, careful)
    column = table.column("v").combine_chunks()
    return column.chunk(0) if isinstance(column, pa.ChunkedArray) else column


def _nested_carefully(
    data: np.ndarray,
    starts: np.ndarray,
    stops: np.ndarray,
    kinds: np.ndarray,
    name: str,
    type: pa.DataType,
    layout: Layout,
    careful: np.ndarray,
) -> pa.Array:
    found = []
    for row, kind in enumerate(kinds):
        value = None
        if kind != cells.NULL:
            try:
                raw = data[starts[row] : stops[row]].tobytes()
                value = fit(load_line(b'{"v":' + raw + b"}")["v"], type, name, layout.ignore)
            except BadRecord:
                careful[row] = 1
        found.append(value)
    return pa.array(found, type)


def _replace(
    found: Rows, doubtful: np.ndarray, data: np.ndarray, stops: np.ndarray, layout: Layout
) -> None:
    """Put what the careful reader says in the place of the doubtful rows."""
    lines = [
        data[start:stop].tobytes() for start, stop in zip(found.start[doubtful], stops, strict=True)
    ]
    columns, bad = _careful_columns(lines, layout)
    found.bad = {int(doubtful[row]): error for row, error in bad.items()}
    order = np.arange(len(found.line))
    order[doubtful] = len(order) + np.arange(len(doubtful))
    for name, column in found.columns.items():
        found.columns[name] = pc.take(pa.concat_arrays([column, columns[name]]), pa.array(order))


def _careful_columns(
    lines: list[bytes], layout: Layout
) -> tuple[dict[str, pa.Array], dict[int, tuple[BadRecord, bytes]]]:
    bad = {}
    found: dict[str, list[Any]] = {name: [] for name in layout.kept}
    for row, raw in enumerate(lines):
        read: dict[str, Any] = {}
        try:
            read = read_line(raw, layout)
        except BadRecord as error:
            bad[row] = error, raw[:1000]
        for name, column in found.items():
            column.append(read.get(name))
    types = layout.types
    return {name: pa.array(column, types[name]) for name, column in found.items()}, bad


def _read_all_carefully(chunk: Chunk, layout: Layout) -> Rows:
    """The whole chunk by the careful reader: no compiler, or keys that need escapes."""
    numbers, starts, lines = [], [], []
    start = chunk.first
    for number, raw in enumerate(io.BytesIO(chunk.data[chunk.first : chunk.end].tobytes())):
        if raw.strip(b" \t\r\n"):
            numbers.append(number)
            starts.append(start)
            lines.append(raw.removesuffix(b"\n"))
        start += len(raw)
    columns, bad = _careful_columns(lines, layout)
    return Rows(columns, np.array(numbers, np.int64), np.array(starts, np.int64), bad)
