"""Columns that point to media, and the pointers in them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from tamis.errors import ColumnError

_BYTES = (bytes, bytearray, memoryview, np.bytes_)


class Pointer:
    """Where the bytes of one row are: `size` bytes of a file or URL from `offset`, or all of it.

    Without an offset the size is what somebody knew of the file, and only says what to expect.
    """

    __slots__ = ("offset", "path", "size")

    def __init__(self, path: str, offset: int | None = None, size: int | None = None) -> None:
        self.path, self.offset, self.size = path, offset, size

    @property
    def local(self) -> bool:
        """Whether the operating system can open it."""
        return "://" not in self.path

    def __str__(self) -> str:
        return self.path if self.offset is None else f"{self.path}, byte {self.offset}"


class Held:
    """The bytes themselves, and the path that they came from if it is known."""

    __slots__ = ("data", "path")

    def __init__(self, data: bytes | memoryview, path: str = "") -> None:
        self.data, self.path = data, path


def holds_media(dtype: Any) -> bool:
    """Whether a column may point to media: text (paths, URLs), bytes, or structs of both.

    >>> holds_media(pd.StringDtype()), holds_media(np.dtype("int64"))
    (True, False)
    """
    if isinstance(dtype, pd.ArrowDtype) and pa.types.is_struct(dtype.pyarrow_dtype):
        kind = dtype.pyarrow_dtype
        return kind.get_field_index("bytes") >= 0 and kind.get_field_index("path") >= 0
    text = pd.api.types.is_string_dtype(dtype) or "string" in str(dtype)
    return text or str(dtype) in ("object", "null[pyarrow]") or "binary" in str(dtype)


def holds_bytes(column: pd.Series) -> bool:
    """Whether what a column holds are bytes, bare or in structs."""
    if isinstance(column.dtype, pd.ArrowDtype):
        return pa.types.is_struct(column.dtype.pyarrow_dtype) or "binary" in str(column.dtype)
    if column.dtype != object:
        return False
    known = column.dropna()
    return len(known) > 0 and isinstance(known.iloc[0], (*_BYTES, dict))


def pointers(
    path: pd.Series, offset: pd.Series | None = None, size: pd.Series | None = None
) -> list[Pointer | Held | None]:
    """What each row points to; bytes that are in Arrow columns are not copied."""
    starts, sizes = numbers(offset, len(path)), numbers(size, len(path))
    return [_pointer(*where) for where in zip(_values(path), starts, sizes, strict=True)]


def numbers(column: pd.Series | None, rows: int) -> list[int | None]:
    """A column of bytes counted; nulls where there is none."""
    if column is None:
        return [None] * rows
    try:
        found: list[int | None] = pa.array(column, from_pandas=True).cast(pa.int64()).to_pylist()
    except (pa.ArrowException, TypeError) as error:
        raise ColumnError(
            f"column {column.name!r} must hold whole numbers of bytes: {error}"
        ) from None
    return found


def _values(column: pd.Series) -> Iterable[Any]:
    if not isinstance(column.dtype, pd.ArrowDtype):
        return column.array
    array = column.array.__arrow_array__()  # `pa.array` would copy it into one piece
    if pa.types.is_struct(array.type) and holds_media(column.dtype):
        data, paths = (pc.struct_field(array, name) for name in ("bytes", "path"))
        held = zip(_uncopied(data), paths.to_pylist(), strict=True)
        return [{"bytes": some, "path": path} for some, path in held]
    return _uncopied(array) if "binary" in str(array.type) else column.array


def _uncopied(array: Any) -> list[memoryview | None]:
    """The values of a binary column, where they are: a scalar of Arrow's would be a copy."""
    found: list[memoryview | None] = []
    for chunk in array.chunks:
        if not len(chunk):
            continue
        chunk = chunk.cast(pa.large_binary())  # the offsets only
        _, offsets, data = chunk.buffers()
        whole = memoryview(b"" if data is None else data).cast("B")
        ends = np.frombuffer(offsets, np.int64)[chunk.offset :][: len(chunk) + 1].tolist()
        valid = chunk.is_valid().to_pylist()
        found += [whole[a:b] if v else None for a, b, v in zip(ends, ends[1:], valid, strict=False)]
    return found


def _pointer(path: Any, offset: int | None, size: int | None) -> Pointer | Held | None:
    name = ""
    if isinstance(path, dict):  # Hugging Face's images and sounds
        data, name = path.get("bytes"), path.get("path") or ""
        path, offset, size = (name if data is None else data), None, None
    if isinstance(path, _BYTES):
        return Held(path if isinstance(path, memoryview) else bytes(path), name)
    if path is None or path is pd.NA or path != path or path == "":
        return None
    if offset is None or size is None:
        offset = None
    return Pointer(str(path).removeprefix("file://"), offset, size)
