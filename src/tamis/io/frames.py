"""Partitions from Arrow columns, the empty partition that declares them, and the Dask frame."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from tamis.errors import DataError
from tamis.importing import uncollected
from tamis.io.schema import TEXT, dtype
from tamis.kernels.move import SLACK

QUARANTINE = {"dropped_by": TEXT, "dropped_why": TEXT}
ERRORS = ("quarantine", "raise")
CHUNK = 2 << 20  # bytes of text from which an array stays a chunk of its own
BATCH = 4 << 20  # bytes decoded at a time where who reads them goes batch by batch
PIECEWISE: set[Callable[..., Any]] = set()
"""Readers marked by `piecewise`."""


@dataclass(frozen=True)
class Work:
    """What one task reads. Its token is that of its pieces: files with fingerprints, and ranges."""

    pieces: tuple[Any, ...]

    @functools.cached_property
    def _token(self) -> str:
        return hashlib.sha256(repr(self.pieces).encode()).hexdigest()

    def __dask_tokenize__(self) -> str:
        return self._token


@dataclass(frozen=True)
class Types:
    """Column types that tokenise the same in every process."""

    columns: tuple[tuple[str, pa.DataType], ...]

    def __dask_tokenize__(self) -> str:
        return repr([(name, str(type)) for name, type in self.columns])

    def empty(self) -> pd.DataFrame:
        """A frame of these columns without rows."""
        return frame({name: pa.array([], type) for name, type in self.columns})


def frame(columns: Mapping[str, pa.Array | pa.ChunkedArray]) -> pd.DataFrame:
    """A partition of these columns; text and nested values are not copied."""
    values = {name: pandas_values(array) for name, array in columns.items()}
    rows = len(next(iter(columns.values()))) if columns else 0
    return pd.DataFrame(values, index=pd.RangeIndex(rows), copy=False)


def pandas_values(array: pa.Array | pa.ChunkedArray) -> Any:
    """An Arrow array as the values of a pandas column."""
    kind = dtype(array.type)
    chunked = array if isinstance(array, pa.ChunkedArray) else pa.chunked_array([array])
    if isinstance(kind, type):
        return chunked.to_numpy()
    return kind.__from_arrow__(chunked)


def joined(arrays: Sequence[pa.Array], type: pa.DataType) -> pa.Array | pa.ChunkedArray:
    """The arrays one after another as a column of the type.

    Long texts are left in chunks as they came, since who reads them can go chunk by chunk; the
    rest is copied together.
    """
    if not arrays:
        return pa.array([], type)
    if type != TEXT:
        return arrays[0] if len(arrays) == 1 else pa.concat_arrays(arrays)
    chunks: list[pa.Array] = []
    waiting: list[pa.Array] = []
    size = 0
    for array in arrays:
        waiting.append(array)
        size += array.nbytes
        if size >= CHUNK:
            chunks.append(waiting[0] if len(waiting) == 1 else pa.concat_arrays(waiting))
            waiting, size = [], 0
    if waiting:
        chunks.append(pa.concat_arrays(waiting))
    return pa.chunked_array(chunks, TEXT)


def piecewise(reader: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a reader whose partition is that of each piece of its `Work`, one after another.

    Given `batch=` bytes it decodes about so much at a time, and leaves long texts in such chunks.
    """
    PIECEWISE.add(reader)
    return reader


def dask_frame(
    function: Callable[..., pd.DataFrame],
    work: Sequence[Work],
    types: Types,
    label: str,
    **settings: Any,
) -> Any:
    """The lazy frame whose partition `i` is `function(work[i], **settings)`."""
    with uncollected():
        import dask.dataframe as dd  # half a second: not for those who only `import tamis`

    meta = types.empty()
    parts = list(work) or [Work(())]  # an empty committed folder: one partition without rows
    return dd.from_map(function, parts, meta=meta, label=label, types=types, **settings)


def numbered(prefix: str, numbers: np.ndarray) -> pa.Array:
    """The texts `prefix` + number."""
    from tamis.kernels.json_values import write_ids  # not for those whose rows have ids

    head = prefix.encode()
    out = room((len(head) + 20) * len(numbers) + SLACK)
    offsets = np.zeros(len(numbers) + 1, np.int64)
    padded = np.frombuffer(head + bytes(SLACK), np.uint8)
    write_ids(padded, len(head), np.asarray(numbers, np.int64), out, offsets)
    return text_array(out[: offsets[-1]], offsets)


def room(size: int) -> np.ndarray:
    """Bytes to write to, from Arrow's pool: it keeps what was freed, the kernel does not."""
    return np.frombuffer(pa.allocate_buffer(size), np.uint8)


def text_array(data: np.ndarray, offsets: np.ndarray, valid: np.ndarray | None = None) -> pa.Array:
    """A text column over these bytes and 64-bit offsets."""
    bits = None
    if valid is not None and not valid.all():
        bits = pa.py_buffer(np.packbits(valid, bitorder="little"))
    buffers = [bits, pa.py_buffer(offsets), pa.py_buffer(data)]
    return pa.Array.from_buffers(TEXT, len(offsets) - 1, buffers)


def nulls(type: pa.DataType, count: int) -> pa.Array:
    """A column of nulls."""
    return pa.nulls(count, type)


def check_errors(errors: str) -> None:
    """Refuse an `errors=` that is neither of the two."""
    if errors not in ERRORS:
        from tamis.errors import SettingError

        raise SettingError(f"errors must be 'quarantine' or 'raise', found {errors!r}")


def quarantine_types(columns: Mapping[str, pa.DataType], errors: str) -> dict[str, pa.DataType]:
    """The columns with `dropped_by` and `dropped_why` after them, unless errors raise."""
    if errors == "raise":
        return dict(columns)
    for name, type in QUARANTINE.items():
        if columns.get(name, type) != type:
            raise DataError(f"column {name!r} must be text, found {columns[name]}; rename it")
    return {**{n: t for n, t in columns.items() if n not in QUARANTINE}, **QUARANTINE}
