"""The bytes that rows of media point to, for those who copy them unchanged."""

from __future__ import annotations

import mmap
import os
import stat
from collections.abc import Mapping
from typing import Any

import pandas as pd
import pyarrow as pa

from tamis.codes import BadRecord
from tamis.errors import ColumnError

PROTOCOLS = ("http", "https", "s3", "s3a", "gs", "gcs", "abfs", "az", "hf", "hdfs", "memory",
             "r2", "oss", "webhdfs")  # fmt: skip
_MAPPED = 4  # archives that are open at once

Bytes = bytes | memoryview


class MediaBytes:
    """What the rows of a partition point to.

    `on` holds paths and URLs (with `offset` and `size` beside them, null for whole files), bytes,
    or structs of `bytes` and `path` as Hugging Face has them.
    """

    def __init__(
        self, frame: pd.DataFrame, on: str, storage_options: Mapping[str, Any] | None = None
    ) -> None:
        values = pa.array(frame[on], from_pandas=True)
        self.held: list[Any] | None = None
        kind = values.type
        if pa.types.is_struct(kind):
            if kind.get_field_index("bytes") < 0 or kind.get_field_index("path") < 0:
                raise ColumnError(f"column {on!r} is {kind}; a struct must have 'bytes' and 'path'")
            self.held = [None if v is None else v["bytes"] for v in values.to_pylist()]
            self.paths = [None if v is None else v["path"] for v in values.to_pylist()]
        elif pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or kind == pa.binary_view():
            self.held, self.paths = values.to_pylist(), [None] * len(values)
        elif pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_null(kind):
            self.paths = values.to_pylist()
        else:
            raise ColumnError(f"column {on!r} is {kind}; media are paths, bytes or structs of both")
        pointing = self.held is None and "offset" in frame and "size" in frame
        self.offsets = _numbers(frame["offset"]) if pointing else [None] * len(values)
        self.sizes = _numbers(frame["size"]) if pointing else [None] * len(values)
        self.storage_options = dict(storage_options or {})
        self._maps: dict[str, memoryview] = {}

    def name(self, row: int) -> str:
        """The path of a row, "" where it has none."""
        return self.paths[row] or ""

    def read(self, row: int) -> Bytes:
        """The bytes of a row; `BadRecord` where they cannot be had."""
        if self.held is not None and self.held[row] is not None:
            return self.held[row]
        path = self.paths[row]
        if not path:
            raise BadRecord("media.null", "the row points to no file and holds no bytes")
        return self.range(path, self.offsets[row], self.sizes[row])

    def range(self, path: str, offset: int | None, size: int | None) -> Bytes:
        """Bytes of a file: `size` from `offset`, or all."""
        path = path.removeprefix("file://")
        place = path if offset is None else f"{path}, byte {offset}"
        if offset is None or size is None:
            offset = size = None
        if offset is not None and (offset < 0 or size is None or size < 0):
            raise BadRecord("media.unreadable", f"{place}: {size} bytes cannot be read")
        try:
            if "://" in path:
                return self._remote(path, offset, size)
            if offset is None or size is None:
                return _whole(path)
            mapped = self._mapped(path)
        except FileNotFoundError:
            raise BadRecord("media.missing", f"no file {path}") from None
        except (OSError, ValueError) as error:
            said = getattr(error, "strerror", None) or error
            raise BadRecord("media.unreadable", f"{place}: {said}") from None
        if offset + size > len(mapped):
            detail = f"{place}: {size} bytes wanted, the file has {len(mapped)}"
            raise BadRecord("media.unreadable", detail)
        return mapped[offset : offset + size]

    def _mapped(self, path: str) -> memoryview:
        if path not in self._maps:
            while len(self._maps) >= _MAPPED:
                self._maps.pop(next(iter(self._maps)))
            with open(path, "rb", opener=_regular) as handle:
                empty = not os.fstat(handle.fileno()).st_size
                mapped = b"" if empty else mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ)
            self._maps[path] = memoryview(mapped)
        return self._maps[path]

    def _remote(self, path: str, offset: int | None, size: int | None) -> bytes:
        import fsspec

        protocol = path.partition("://")[0]
        if protocol not in PROTOCOLS:
            raise BadRecord("media.unreadable", f"{path}: media are not read by {protocol!r}")
        try:
            filesystem, inner = fsspec.core.url_to_fs(path, **self.storage_options)
            stop = None if offset is None or size is None else offset + size
            data = filesystem.cat_file(inner, start=offset, end=stop)
        except FileNotFoundError:
            raise
        except Exception as error:  # every service has exceptions of its own
            detail = f"{path}: {type(error).__name__}: {str(error)[:200]}"
            raise BadRecord("media.unreadable", detail) from None
        if size is not None and len(data) != size:
            detail = f"{path}, byte {offset}: {size} bytes wanted, {len(data)} came"
            raise BadRecord("media.unreadable", detail)
        return data


def _regular(path: str, flags: int) -> int:
    """Open a file, but no pipe: reading one could last for ever."""
    handle = os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise ValueError("it is not a regular file")
    return handle


def _whole(path: str) -> bytes:
    with open(path, "rb", buffering=0, opener=_regular) as handle:
        return handle.readall()


def _numbers(column: pd.Series) -> list[int | None]:
    return pa.array(column, from_pandas=True).cast(pa.int64()).to_pylist()
