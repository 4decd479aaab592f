"""Text and json members of archives as columns."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from tamis.io.byte_ranges import Ranges
from tamis.io.frames import room, text_array
from tamis.io.growing import TextColumn
from tamis.io.json_chunk import Rows, read_chunk
from tamis.io.json_line import Layout
from tamis.io.lines import Chunk
from tamis.io.schema import TEXT
from tamis.io.tar_members import Members
from tamis.kernels import tar_bytes
from tamis.kernels.json_lines import PADDING
from tamis.kernels.move import SLACK


def texts(source: Ranges, found: Members, rows: np.ndarray) -> pa.Array:
    """The members as texts, null where a row is -1; UTF-8 is not looked at."""
    there = rows >= 0
    starts, sizes = np.zeros(len(rows), np.int64), np.full(len(rows), -1, np.int64)
    sizes[there] = found.size[rows[there]]
    data, places = source.gathered(found.offset[rows[there]], sizes[there])
    starts[there] = places
    out = room(int(sizes[there].sum()) + SLACK)
    offsets = np.zeros(len(rows) + 1, np.int64)
    tar_bytes.gather(data, starts, sizes, out, offsets)
    return text_array(out[: offsets[-1]], offsets, there)


def json_chunk(source: Ranges, found: Members, rows: np.ndarray) -> Chunk:
    """The json members as lines, each on one."""
    sizes = found.size[rows]
    data, places = source.gathered(found.offset[rows], sizes)
    out = room(int(sizes.sum()) + len(rows) + PADDING)
    end = tar_bytes.gather_lines(data, places, sizes, out)
    return Chunk(out, 0, end, 0, 0)


def json_rows(source: Ranges, found: Members, rows: np.ndarray, layout: Layout) -> Rows:
    """The json members as rows of columns; `line` says which member each is."""
    chunk = json_chunk(source, found, rows)
    columns = {name: TextColumn() for name, type in layout.types.items() if type == TEXT}
    return read_chunk(chunk, layout, columns, 1.0)
