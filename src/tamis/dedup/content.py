"""The content of columns, as 128-bit hashes: of texts in the host's memory, or on a card.

Texts of a cuDF column are hashed where they lie, and 16 bytes of each come to the host. Texts of
the host stay there: a core hashes them about as fast as they would be copied to a card.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from tamis import device_columns
from tamis.array_device import Device
from tamis.dedup.card import on_host
from tamis.errors import ColumnError
from tamis.frame import Texts, text_buffers
from tamis.kernels import content, cuda_content
from tamis.kernels.cuda import per_item
from tamis.kernels.unicode import classes

ROW = 48  # bytes a row on the card: 16 of hash, 8 of offset, and a copy of each


class Content(NamedTuple):
    """Both halves of a hash (uint64) for each row, zeros where it is not `valid`: null."""

    low: np.ndarray
    high: np.ndarray
    valid: np.ndarray


def of_host(values: pd.Series, chosen: np.ndarray | None = None) -> Content:
    """The content of a pandas column: texts, bytes, numbers and times as they are written.

    Rows that are not `chosen` are null.
    """
    count = len(values)
    if not count:
        return _made(np.zeros((2, 0), np.uint64), np.zeros(0, np.bool_), None)
    texts = _texts(values)
    hashes = np.zeros((2, count), np.uint64)
    content.hash_texts(texts.data, texts.offsets, hashes[0], hashes[1])
    return _made(hashes, texts.valid, chosen)


def of_device(series: Any, there: Device, chosen: np.ndarray | None = None) -> Content:
    """The content of a cuDF column of text; rows that are not `chosen` are null."""
    data, offsets, valid = device_columns.device_buffers(series)
    return _made(hashed(data, offsets, there), on_host(valid), chosen)


def hashed(data: Any, offsets: Any, there: Device) -> np.ndarray:
    """Both halves of the hash of each text that lies on a card, uint64[2, texts]."""
    hashes = there.xp.zeros((2, offsets.size - 1), np.uint64)
    given = _some(data, there), offsets, hashes[0], hashes[1]
    per_item(cuda_content.hash_texts, offsets.size - 1, *given)
    return np.array(on_host(hashes))


def blank(data: Any, offsets: Any, there: Device) -> np.ndarray:
    """Which of the texts that lie on a card are empty or white space only."""
    found = there.xp.zeros(offsets.size - 1, np.bool_)
    given = _some(data, there), offsets, there.put(classes()), found
    per_item(cuda_content.blank, offsets.size - 1, *given)
    return on_host(found)


def _some(data: Any, there: Device) -> Any:
    """Bytes as kernels take them, who get no empty array."""
    return data if data.size else there.xp.zeros(1, np.uint8)


def lengths(series: Any, there: Device, chosen: np.ndarray | None = None) -> np.ndarray:
    """Characters of each text of a cuDF column, float64; 0 for null and for what is not chosen."""
    found = on_host(series.str.len().fillna(0).values).astype(np.float64)
    return found if chosen is None else np.where(chosen, found, 0.0)


def together(columns: Sequence[Content]) -> Content:
    """The content of several columns; a row is null where all of them are."""
    low, high, valid = columns[0]
    for other in columns[1:]:
        content.combine(low, high, other.low, other.high)
        valid = valid | other.valid
    return Content(low, high, valid)


def is_text(series: Any) -> bool:
    """Whether a cuDF column has texts."""
    return str(series.dtype) in ("object", "str", "string")  # cuDF has no other objects


def _made(hashes: np.ndarray, valid: np.ndarray, chosen: np.ndarray | None) -> Content:
    if chosen is not None:
        valid = valid & chosen
    hashes[:, ~valid] = 0  # a null is not an empty text
    return Content(hashes[0], hashes[1], valid)


def _texts(values: pd.Series) -> Texts:
    """A column as texts; numbers and times as they are written."""
    try:
        return text_buffers(values)
    except ColumnError:
        array: Any = pa.array(values, from_pandas=True)
        if pa.types.is_binary(array.type) or pa.types.is_large_binary(array.type):
            return _bytes(array.cast(pa.large_binary()))
        try:
            return text_buffers(array.cast(pa.large_string()))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise ColumnError(
                f"column {values.name!r} holds {array.type}, which cannot be compared as text"
            ) from error


def _bytes(array: pa.Array | pa.ChunkedArray) -> Texts:
    """A column of bytes, which need be no text; a null spans none."""
    whole = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
    valid = np.asarray(whole.is_valid())
    filled = whole.fill_null(b"") if whole.null_count else whole
    _, offsets, data = filled.buffers()
    return Texts(
        np.empty(0, np.uint8) if data is None else np.frombuffer(data, np.uint8),
        np.frombuffer(offsets, np.int64)[filled.offset : filled.offset + len(filled) + 1],
        valid,
    )
