"""Fingerprints of recordings in whatever form a column holds them, as words of 32 bits."""

from __future__ import annotations

import base64
import binascii
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from tamis.errors import ColumnError, DataError
from tamis.kernels.alignment import count_telling
from tamis.kernels.recordings import LONGEST, Places, Sounds, count_hashes

WORDS = pa.large_list(pa.uint32())  # the column of a sketch


class Words(NamedTuple):
    """The words of each row: `values[ends[n]:ends[n + 1]]`; and which rows are not null."""

    values: np.ndarray
    ends: np.ndarray
    valid: np.ndarray


def read_words(values: pd.Series, ids: Any = None) -> Words:
    """The words of a column of fingerprints.

    Takes what `audio.fingerprint` makes (base64 of words, the lowest byte first), such bytes, and
    lists of whole numbers. Raises `ColumnError` for another type, `DataError` for what is no
    fingerprint, which names the id where `ids` are given, else the row.

    >>> read_words(pd.Series(["AQAAAAIAAAA=", None])).values.tolist()
    [1, 2]
    """
    array = pa.array(values, from_pandas=True)
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    name, kind = f"column {values.name!r}", array.type
    valid = np.asarray(array.is_valid())
    if _is_list(kind) and (
        pa.types.is_integer(kind.value_type) or pa.types.is_null(kind.value_type)
    ):
        return _checked(_of_lists(array, valid, name), ids, name)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        cells = [_decoded(cell, row, ids, name) for row, cell in enumerate(array.to_pylist())]
    elif pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        cells = [cell or b"" for cell in array.to_pylist()]
    elif pa.types.is_null(kind):
        cells = [b""] * len(array)
    else:
        raise ColumnError(
            f"{name} holds {kind}, no fingerprints; Score(audio.fingerprint) makes them"
        )
    for row, cell in enumerate(cells):
        if len(cell) % 4:
            raise DataError(
                f"{name}: {len(cell)} bytes {_of(row, ids)} are no fingerprint, which has 4 a word"
            )
    ends = np.zeros(len(cells) + 1, np.int64)
    np.cumsum([len(cell) // 4 for cell in cells], out=ends[1:])
    words = np.frombuffer(b"".join(cells), "<u4").astype(np.uint32, copy=False)
    return _checked(Words(words, ends, valid), ids, name)


def as_column(words: Words) -> pa.LargeListArray:
    """Words as a column of a sketch; nulls as empty lists."""
    return pa.LargeListArray.from_arrays(pa.array(words.ends), pa.array(words.values))


def sounds(column: pa.ChunkedArray) -> Sounds:
    """The words of a column of lists as kernels take them, copied."""
    sizes = [np.diff(np.asarray(chunk.offsets)) for chunk in column.chunks]
    starts = np.cumsum(np.concatenate([[0], *sizes])).astype(np.int64)
    parts = [np.asarray(chunk.flatten()) for chunk in column.chunks]
    words = np.concatenate([np.empty(0, np.uint32), *parts])
    telling = np.empty(starts.size - 1, np.int64)
    count_telling(words, starts, telling)
    return Sounds(words, starts, telling)


def places_of(found: Sounds) -> Places:
    """Room for the words of all these recordings, none of them entered."""
    bits = max(8, int(found.telling.sum()).bit_length() - 1)
    starts = np.zeros((1 << bits) + 1, np.uint32)
    count_hashes(found.words, bits, starts)
    np.cumsum(starts, out=starts)
    total = int(starts[-1])
    return Places(
        bits, starts, np.zeros(1 << bits, np.uint8), np.empty(total, np.int32),
        np.empty(total, np.uint32),
    )  # fmt: skip


def _is_list(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    )


def _of_lists(array: Any, valid: np.ndarray, name: str) -> Words:
    """Lists of whole numbers; those of 32 bits may have a sign."""
    lists = array.cast(pa.large_list(pa.int64()))
    flat = lists.flatten()
    if flat.null_count:
        raise DataError(f"{name} has fingerprints with null words")
    numbers = np.asarray(flat, np.int64)
    if numbers.size and not -(2**31) <= numbers.min() <= numbers.max() < 2**32:
        raise DataError(f"{name} has words of more than 32 bits")
    sizes = np.where(valid, np.asarray(lists.value_lengths().fill_null(0)), 0)
    return Words(numbers.astype(np.uint32), np.concatenate([[0], np.cumsum(sizes)]), valid)


def _decoded(cell: str | None, row: int, ids: Any, name: str) -> bytes:
    try:
        return base64.b64decode(cell or "", validate=True)
    except (binascii.Error, ValueError):
        raise DataError(
            f"{name}: {str(cell)[:40]!r} {_of(row, ids)} is no fingerprint (base64)"
        ) from None


def _of(row: int, ids: Any) -> str:
    return f"in row {row:,}" if ids is None else f"of id {ids.iloc[row]!r}"


def _checked(words: Words, ids: Any, name: str) -> Words:
    sizes = np.diff(words.ends)
    if sizes.size and sizes.max() >= LONGEST:
        row = int(sizes.argmax())
        raise DataError(
            f"{name}: the fingerprint {_of(row, ids)} has {sizes[row]:,} words, "
            f"{LONGEST - 1:,} (6 days) are compared at most; cut the recording"
        )
    return words
