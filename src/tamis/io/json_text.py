"""A partition as JSON Lines: the bytes of its rows."""

from __future__ import annotations

import base64
import datetime
import json
import math
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tamis.frame import text_buffers
from tamis.io.frames import room
from tamis.kernels import json_write
from tamis.kernels.move import SLACK

_SLICE = 8 << 20  # bytes of a table that become lines at once


def json_lines(table: pa.Table) -> Iterator[memoryview]:
    """The rows of a table as lines of JSON, some megabytes at a time.

    Missing values are `null`, as are NaN and infinities; times and decimals are strings, binary
    values base64.
    """
    rows = max(1, table.num_rows * _SLICE // max(table.nbytes, 1))
    for first in range(0, table.num_rows, rows):
        yield _lines(table.slice(first, rows).combine_chunks())


def _lines(table: pa.Table) -> memoryview:
    keys = [json.dumps(name, ensure_ascii=False) + ":" for name in table.column_names]
    heads = [("," if place else "{") + key for place, key in enumerate(keys)]
    heads_bytes = [head.encode("utf-8", "surrogatepass") for head in heads]
    spans = np.cumsum([0, *map(len, heads_bytes)]).astype(np.int64)
    columns = [text_buffers(_texts(column)) for column in table.columns]
    quoted = [_is_string(field.type) for field in table.schema]
    bounds = [
        json_write.escaped_bound(c.data, int(c.offsets[0]), int(c.offsets[-1])) + 6 * len(c.valid)
        for c in columns
    ]
    cells = room(sum(bounds) + SLACK)
    ends = np.zeros((len(columns), table.num_rows + 1), np.int64)
    to = 0
    for place, column in enumerate(columns):
        ends[place, 0] = to
        if quoted[place]:
            to = json_write.string_cells(*column, cells, ends[place, 1:], to)
        else:
            size = int(column.offsets[-1] - column.offsets[0])
            cells[to : to + size] = column.data[column.offsets[0] : column.offsets[-1]]
            ends[place] = column.offsets - column.offsets[0] + to
            to += size
    out = room(to + (int(spans[-1]) + 2) * table.num_rows + SLACK)
    padded = np.frombuffer(b"".join(heads_bytes) + bytes(SLACK), np.uint8)
    if not columns:
        return memoryview(b"{}\n" * table.num_rows)
    size = json_write.join_rows(cells, ends, padded, spans, out)
    return out.data[:size]


def _is_string(type: pa.DataType) -> bool:
    """Whether the values of a column are written as JSON strings by the kernel."""
    return pa.types.is_string(type) or pa.types.is_large_string(type) or pa.types.is_temporal(type)


def _texts(column: pa.ChunkedArray) -> pa.Array:
    """A column as texts: strings as they are, all else as the JSON of each value."""
    type = column.type
    array = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
    if isinstance(array, pa.ChunkedArray):
        array = array.chunk(0) if array.num_chunks else pa.array([], type)
    if _is_string(type):
        return array.cast(pa.large_string())
    if pa.types.is_boolean(type) or pa.types.is_integer(type):
        texts = array.cast(pa.large_string())
    elif pa.types.is_floating(type):
        texts = _float_texts(array)
    else:
        texts = pa.array([_dumps(value) for value in array.to_pylist()], pa.large_string())
    return pc.fill_null(texts, "null")


def _float_texts(array: pa.Array) -> pa.Array:
    """Shortest decimals that read back as the same floats, and read back as floats."""
    if pa.types.is_float16(array.type):
        array = array.cast(pa.float32())
    array = pc.if_else(pc.is_finite(array), array, pa.scalar(None, array.type))
    texts = array.cast(pa.large_string())
    whole = pc.invert(pc.match_substring_regex(texts, "[.e]"))
    return pc.if_else(
        whole,
        pc.binary_join_element_wise(texts, *(pa.scalar(t, texts.type) for t in (".0", ""))),
        texts,
    )


def _dumps(value: Any) -> str:
    return json.dumps(_plain(value), ensure_ascii=False, separators=(",", ":"))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, datetime.datetime | datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, datetime.timedelta | Decimal):
        return str(value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value
