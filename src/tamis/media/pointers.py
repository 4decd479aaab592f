"""Pointers to media: which bytes a row stands for, read when a decoder asks for them."""

from __future__ import annotations

import os
import stat
import threading
from typing import Any

import numpy as np
import pandas as pd

from tamis.codes import BadRecord
from tamis.media.decoded import Decoded
from tamis.media.remote import Remote
from tamis.op import view

MAX_BYTES = 1 << 30  # of one medium in memory
ROWS = 64  # of a partition at a time: their thumbnails take 17 MB


class Pointer:
    """Where the bytes of one row are: all of a file or URL, or `size` bytes from `offset`."""

    __slots__ = ("offset", "path", "size")

    def __init__(self, path: str, offset: int | None = None, size: int | None = None) -> None:
        self.path, self.offset, self.size = path, offset, size

    @property
    def local(self) -> bool:
        """Whether the operating system can open it."""
        return "://" not in self.path

    def __str__(self) -> str:
        return self.path if self.offset is None else f"{self.path}, byte {self.offset}"


class Media(Decoded[bytes]):
    """The bytes behind each row. `place(row)` says where they are, for reasons.

    Local files are read as often as they are asked for: the system keeps them. One row is read at
    a time, whichever threads ask: they share the open file and what is fetched ahead.
    """

    def __init__(self, pointers: list[Pointer | bytes | None]) -> None:
        self.pointers = pointers
        self._open: dict[str, int] = {}
        self._reading = threading.Lock()
        self._remote = Remote([p if isinstance(p, Pointer) else None for p in pointers])
        super().__init__(self._read, len(pointers), room=0)

    def place(self, row: int) -> str:
        """What the row points to, in words."""
        pointer = self.pointers[row]
        return str(pointer) if isinstance(pointer, Pointer) else "the bytes in the row"

    def _read(self, row: int) -> bytes:
        with self._reading:
            return self._bytes(row)

    def _bytes(self, row: int) -> bytes:
        pointer = self.pointers[row]
        if pointer is None:
            raise BadRecord("media.null", "the row points to nothing")
        if isinstance(pointer, bytes):
            return _sized(pointer, "the bytes in the row")
        if (pointer.size or 0) > MAX_BYTES:
            detail = f"{pointer}: {pointer.size} bytes; at most {MAX_BYTES} are read"
            raise BadRecord("media.too_long", detail)
        if not pointer.local:
            return _sized(self._remote.read(row), str(pointer))
        try:
            return _sized(self._range(pointer), str(pointer))
        except FileNotFoundError:
            raise BadRecord("media.missing", f"no file {pointer.path}") from None
        except (OSError, ValueError) as error:
            said = getattr(error, "strerror", None) or error
            raise BadRecord("media.unreadable", f"{pointer}: {said}") from None

    def _range(self, pointer: Pointer) -> bytes:
        handle = self._handle(pointer.path)
        start = pointer.offset or 0
        length = os.fstat(handle).st_size
        size = length - start if pointer.size is None or pointer.offset is None else pointer.size
        if size > MAX_BYTES:
            detail = f"{pointer}: {size} bytes; at most {MAX_BYTES} are read"
            raise BadRecord("media.too_long", detail)
        if start + size > length or size < 0 or start < 0:
            detail = f"{pointer}: {size} bytes wanted, the file has {length}"
            raise BadRecord("media.unreadable", detail)
        pieces, at = [], start
        while at < start + size:  # one read gives at most 2 GB
            piece = os.pread(handle, start + size - at, at)
            if not piece:
                raise BadRecord("media.unreadable", f"{pointer}: the file became shorter")
            pieces.append(piece)
            at += len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _handle(self, path: str) -> int:
        """The file, kept open: rows that follow one another mostly point into one archive."""
        if path not in self._open:
            for old in self._open.values():
                os.close(old)
            self._open.clear()
            handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            if not stat.S_ISREG(os.fstat(handle).st_mode):  # reading a pipe could last for ever
                os.close(handle)
                raise BadRecord("media.unreadable", f"{path} is not a regular file")
            self._open[path] = handle
        return self._open[path]

    def __del__(self) -> None:
        for handle in getattr(self, "_open", {}).values():
            os.close(handle)


@view(rows=ROWS)
def media(path: pd.Series, offset: pd.Series | None = None, size: pd.Series | None = None) -> Media:
    """The bytes that rows point to.

    `path` holds local paths, fsspec URLs, bytes, or structs of `bytes` and `path` as Hugging Face
    has them; `offset` and `size` say which bytes of it, where both are there and not null.
    """
    starts, sizes = _numbers(offset, len(path)), _numbers(size, len(path))
    return Media([_pointer(*where) for where in zip(path.array, starts, sizes, strict=True)])


def _pointer(path: Any, offset: int | None, size: int | None) -> Pointer | bytes | None:
    if isinstance(path, dict):  # Hugging Face's images and sounds
        path = path.get("path") if path.get("bytes") is None else path["bytes"]
        offset = size = None
    if isinstance(path, bytes | bytearray | memoryview | np.bytes_):
        return bytes(path)
    if path is None or path is pd.NA or path != path or path == "":
        return None
    if offset is None or size is None:
        offset = size = None
    return Pointer(str(path).removeprefix("file://"), offset, size)


def _numbers(column: pd.Series | None, rows: int) -> list[int | None]:
    if column is None:
        return [None] * rows
    return [None if value is None or pd.isna(value) else int(value) for value in column.array]


def _sized(data: bytes, place: str) -> bytes:
    if not data:
        raise BadRecord("media.empty", f"{place}: there are no bytes")
    if len(data) > MAX_BYTES:
        raise BadRecord("media.too_long", f"{place}: {len(data)} bytes; at most {MAX_BYTES}")
    return data
