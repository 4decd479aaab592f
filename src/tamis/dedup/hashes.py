"""Binary hashes in whatever form a column holds them: bytes, hexadecimal text, whole numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from tamis.errors import ColumnError, DataError
from tamis.frame import text_buffers

LONGEST = 32  # bytes of a hash

_DIGITS = np.full(256, 255, np.uint8)
_DIGITS[list(b"0123456789abcdef")] = np.arange(16)
_DIGITS[list(b"ABCDEF")] = np.arange(10, 16)


def hash_bytes(values: Any, ids: Any = None) -> tuple[np.ndarray, np.ndarray]:
    """Hashes as uint8[hashes, bytes], zeros for nulls; and which are not null.

    Takes a Series, list or Arrow array of bytes, of hexadecimal texts or of whole numbers (64
    bits), or a NumPy array of uint64, or of uint8 with a row for each. Raises `ColumnError` for
    another type, `DataError` for hashes of different lengths and texts that are no hexadecimal,
    which names the id where `ids` are given, else the row.

    >>> hash_bytes(["00ff", None])[0].tolist()
    [[0, 255], [0, 0]]
    """
    name = f"column {values.name!r}" if isinstance(values, pd.Series) else "the hashes"
    if isinstance(values, np.ndarray) and values.ndim == 2 and values.dtype == np.uint8:
        return _checked(values, name), np.ones(len(values), bool)
    try:
        array = pa.array(values, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError) as error:
        raise ColumnError(f"{name} cannot be read as hashes: {error}") from error
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    valid = np.asarray(array.is_valid())
    kind = array.type
    if pa.types.is_null(kind):
        return np.zeros((len(array), 1), np.uint8), valid
    if pa.types.is_integer(kind):
        numbers = array.cast(pa.int64() if pa.types.is_signed_integer(kind) else pa.uint64())
        words = np.asarray(numbers.fill_null(0)).astype(np.uint64)
        return words.astype(">u8").view(np.uint8).reshape(-1, 8), valid
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _from_text(array, valid, name, ids), valid
    if pa.types.is_fixed_size_binary(kind) or pa.types.is_binary(kind):
        array = array.cast(pa.large_binary())
    if array.type != pa.large_binary():
        raise ColumnError(
            f"{name} holds {kind}; a hash is bytes, a hexadecimal text or a whole number"
        )
    return _rows(array.cast(pa.large_binary()), valid, name, ids), valid


def _from_text(array: pa.Array, valid: np.ndarray, name: str, ids: Any) -> np.ndarray:
    texts = text_buffers(array)
    digits = _even(np.diff(texts.offsets), valid, name, "digits", ids)
    table = np.zeros((len(array), max(digits, 2)), np.uint8)
    start, end = int(texts.offsets[0]), int(texts.offsets[-1])
    table[valid] = _DIGITS[texts.data[start:end]].reshape(-1, max(digits, 2))
    wrong = np.flatnonzero((table == 255).any(axis=1))
    if wrong.size or digits % 2:
        row = int(wrong[0] if wrong.size else np.flatnonzero(valid)[0])
        where = f"{'in' if ids is None else 'of'} {_called(row, ids)}"
        raise DataError(f"{name}: {array[row].as_py()!r} {where} is not hexadecimal bytes")
    return _checked((table[:, ::2] << 4) | table[:, 1::2], name)


def _rows(array: pa.Array, valid: np.ndarray, name: str, ids: Any) -> np.ndarray:
    """Bytes of one length as rows."""
    _, offsets_buffer, data = array.buffers()
    offsets = np.frombuffer(offsets_buffer, np.int64)[array.offset : array.offset + len(array) + 1]
    width = _even(np.diff(offsets), valid, name, "bytes", ids)
    table = np.zeros((len(array), max(width, 1)), np.uint8)
    if width:
        whole = np.frombuffer(data, np.uint8)
        at = offsets[:-1][valid]
        table[valid] = whole[at[:, None] + np.arange(width)]
    return _checked(table, name)


def _even(lengths: np.ndarray, valid: np.ndarray, name: str, unit: str, ids: Any) -> int:
    """The one length that all hashes have."""
    found = np.unique(lengths[valid])
    if found.size > 1:
        one = int(np.flatnonzero(valid)[0])
        other = int(np.flatnonzero(valid & (lengths != lengths[one]))[0])
        raise DataError(
            f"{name} has hashes of {lengths[one]} {unit} ({_called(one, ids)}) and of "
            f"{lengths[other]} ({_called(other, ids)}); all must be of one length"
        )
    if found.size and found[0] == 0:
        raise DataError(f"{name} has empty hashes; nulls stand for none")
    return int(found[0]) if found.size else 0


def _called(row: int, ids: Any) -> str:
    return f"row {row:,}" if ids is None else f"id {ids.iloc[row]!r}"


def _checked(table: np.ndarray, name: str) -> np.ndarray:
    if table.shape[1] > LONGEST:
        raise DataError(
            f"{name} has hashes of {table.shape[1]} bytes; up to {LONGEST} are compared"
        )
    return np.ascontiguousarray(table)
