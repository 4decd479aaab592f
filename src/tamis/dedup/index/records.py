"""A record as an index holds it: one row of fixed width, so that reading one touches one page.

Sketches (Arrow tables) become records and back. Texts are not held; ids stand beside the records.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tamis.frame import text_buffers
from tamis.kernels.content import hash_texts

ID, CONTENT, BANDS = 0, 1, 2
"""Key tables of a segment: of ids, of contents, and from here on one for each band."""


def layout(sketch: pa.Table) -> np.dtype:
    """The type of a record for sketches of this schema."""
    names = sketch.schema.names
    fields: list[Any] = [("id_hash", "<u8"), ("hash_lo", "<u8"), ("hash_hi", "<u8")]
    bands = sum(name.startswith("band_") for name in names)
    if bands:
        fields.append(("keys", "<u8", (bands,)))
    if "shingles" in names:  # of hashes their bytes, of vectors their numbers
        fields.append(("shingles", "<i8"))
    if "priority" in names:
        fields.append(("priority", "<f8"))
    fields += [("set_at", "<i8"), ("set_size", "<i8"), ("set_file", "<i4"), ("valid", "?")]
    if "signature" in names:
        fields.append(("signature", "u1", (sketch.schema.field("signature").type.byte_width,)))
    return np.dtype(fields, align=True)


def bands(kind: np.dtype) -> int:
    """How many bands (of a hash: blocks of bits) a record has; none where none is looked up."""
    return int(kind["keys"].shape[0]) if "keys" in (kind.names or ()) else 0


def from_sketch(sketch: pa.Table) -> tuple[np.ndarray, pa.Array]:
    """The records of a sketch, still without sets, and their ids."""
    kind = layout(sketch)
    made = np.zeros(sketch.num_rows, kind)
    made["set_file"] = -1
    ids = chunk(sketch["id"])
    if not sketch.num_rows:
        return made, ids
    made["id_hash"] = hashes(ids)
    for name in ("hash_lo", "hash_hi", "shingles", "priority", "valid"):
        if name in (kind.names or ()):
            made[name] = sketch[name].to_numpy()
    for k in range(bands(kind)):
        made["keys"][:, k] = sketch[f"band_{k:02d}"].to_numpy()
    if "signature" in (kind.names or ()):
        array = chunk(sketch["signature"])
        width = array.type.byte_width
        flat = np.frombuffer(array.buffers()[1], np.uint8, len(array) * width, array.offset * width)
        made["signature"] = flat.reshape(-1, width)
    return made, ids


def to_sketch(records: np.ndarray, ids: pa.Array) -> pa.Table:
    """The sketch that such records were made from."""
    names = records.dtype.names or ()
    made: dict[str, Any] = {"id": ids}
    for name in ("priority", "valid", "shingles", "hash_lo", "hash_hi"):
        if name in names:
            made[name] = np.ascontiguousarray(records[name])
    for k in range(bands(records.dtype)):
        made[f"band_{k:02d}"] = np.ascontiguousarray(records["keys"][:, k])
    if "signature" in names:
        flat = np.ascontiguousarray(records["signature"])
        kind = pa.binary(flat.shape[1])
        made["signature"] = pa.Array.from_buffers(kind, len(flat), [None, pa.py_buffer(flat)])
    return pa.table(made)


def hashes(ids: pa.Array) -> np.ndarray:
    """A 64-bit hash of each id."""
    texts = text_buffers(ids)
    low, high = np.empty((2, len(ids)), np.uint64)
    hash_texts(texts.data, texts.offsets, low, high)
    return low


def chunk(column: pa.ChunkedArray) -> pa.Array:
    """A column as one array."""
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)


def keyed(records: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Of each key table, in order: the keys and the rows (int64, ascending) that have them."""
    everywhere = np.arange(len(records))
    yield records["id_hash"], everywhere
    valid = np.flatnonzero(records["valid"])
    yield records["hash_lo"][valid], valid
    count = bands(records.dtype)
    if count:
        shingled = valid[records["shingles"][valid] > 0]
        for k in range(count):
            yield records["keys"][shingled, k], shingled


def has_nulls(ids: pa.Array) -> int | None:
    """The first row whose id is null."""
    return int(pc.index(pc.is_null(ids), True).as_py()) if ids.null_count else None
