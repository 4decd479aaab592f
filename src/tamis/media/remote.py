"""Bytes from object stores and web servers, several rows fetched at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tamis.codes import BadRecord
from tamis.media.columns import Pointer
from tamis.media.pieces import LARGE, Pieces

PROTOCOLS = frozenset([
    "http", "https", "s3", "s3a", "r2", "gs", "gcs", "az", "abfs", "abfss",
    "adl", "oci", "oss", "hf", "hdfs", "webhdfs", "ftp", "sftp", "ssh", "memory",
])  # fmt: skip
"""What a pointer may name. Data must not choose a protocol that opens archives or runs commands."""

AHEAD = 16 << 20  # bytes fetched at a time, at least one row


class Remote:
    """The remote ones of some pointers (None: not remote), read in order of the rows."""

    def __init__(
        self, pointers: Sequence[Pointer | None], storage_options: Mapping[str, Any] | None = None
    ) -> None:
        self._pointers, self._options = pointers, dict(storage_options or {})
        self._here: dict[int, bytes | Pieces | BadRecord] = {}
        self._longest: int | None = None  # of the files whose size nobody knew

    def read(self, row: int) -> bytes | Pieces:
        """The bytes of a row; with it those of the rows after it are fetched."""
        if row not in self._here:
            try:
                self._fetch(row)
            except Exception as error:  # whatever a file system raises costs a row, not the run
                self._here[row] = _told(error, self._pointer(row))
        found = self._here[row]
        if isinstance(found, BadRecord):
            raise found
        return found

    def ask_size(self, row: int) -> None:
        """Learn how large a file is of which nobody said it, lest it be fetched whole."""
        if row in self._here:
            return
        pointer = self._pointer(row)
        try:
            kind, given = _place(pointer)
            filesystem = kind(**{**dict(given), **self._options})
            pointer.size = filesystem.info(filesystem._strip_protocol(pointer.path)).get("size")
        except Exception as error:
            self._here[row] = _told(error, pointer)

    def _pointer(self, row: int) -> Pointer:
        pointer = self._pointers[row]
        assert pointer is not None
        return pointer

    def _fetch(self, row: int) -> None:
        pointer = self._pointer(row)
        kind, given = _place(pointer)
        if pointer.offset is not None and pointer.size == 0:
            self._here[row] = b""
            return
        filesystem = kind(**{**dict(given), **self._options})
        if (pointer.size or 0) > LARGE:
            self._here[row] = _large(filesystem, pointer)
            return
        rows = self._rows_from(row, (kind, given))
        wanted = [self._pointer(k) for k in rows]
        answers = filesystem.cat_ranges(
            [filesystem._strip_protocol(one.path) for one in wanted],
            [one.offset for one in wanted],
            [None if one.offset is None else one.offset + (one.size or 0) for one in wanted],
            on_error="return",
        )
        self._here = dict(zip(rows, map(_checked, answers, wanted), strict=True))
        unknown = [
            len(answer)
            for answer, one in zip(answers, wanted, strict=True)
            if one.size is None and not isinstance(answer, Exception)
        ]
        if unknown:
            self._longest = max(1, *unknown, self._longest or 0)

    def _rows_from(self, row: int, place: Any) -> list[int]:
        """This row and those after it of the same file system, up to `AHEAD` bytes."""
        rows: list[int] = [row]
        total = self._expected(row)
        for k in range(row + 1, len(self._pointers)):
            pointer = self._pointers[k]
            if pointer is None or (pointer.size or 0) > LARGE:
                continue
            try:
                if _place(pointer) != place:
                    break
            except Exception:  # told when it is its turn
                continue
            total += self._expected(k)
            if total > AHEAD:
                break
            rows.append(k)
        return rows

    def _expected(self, row: int) -> int:
        size = self._pointer(row).size
        if size is None:  # the first one is fetched alone
            return AHEAD if self._longest is None else self._longest
        return size


def _place(pointer: Pointer) -> tuple[Any, tuple[tuple[str, Any], ...]]:
    """The class of the file system of a URL, and what else the URL says of it, such as its host."""
    import fsspec

    protocol = pointer.path.partition("://")[0]
    if protocol not in PROTOCOLS or "::" in pointer.path:
        raise BadRecord("media.unreadable", f"{pointer}: media are not read by {protocol!r}")
    if (pointer.offset or 0) < 0 or (pointer.size or 0) < 0:  # some count from the end then
        raise BadRecord("media.unreadable", f"{pointer}: {pointer.size} bytes cannot be read")
    kind = fsspec.get_filesystem_class(protocol)
    return kind, tuple(sorted(kind._get_kwargs_from_urls(pointer.path).items()))


def _large(filesystem: Any, pointer: Pointer) -> Pieces:
    """A large one in pieces, each fetched when it is its turn."""
    path, start = filesystem._strip_protocol(pointer.path), pointer.offset or 0
    length = filesystem.info(path)["size"] if pointer.offset is None else pointer.size
    if length is None:
        raise BadRecord("media.unreadable", f"{pointer}: nobody says how many bytes it has")

    def read(first: int, stop: int) -> bytes:
        try:
            found = filesystem.cat_file(path, start=start + first, end=start + stop)
        except Exception as error:
            raise _told(error, pointer) from None
        return _exactly(found, stop - first, pointer)

    return Pieces(length, read)


def _checked(answer: Any, pointer: Pointer) -> bytes | BadRecord:
    try:
        if isinstance(answer, Exception):
            raise answer
        if pointer.offset is None:
            return bytes(answer)
        return _exactly(answer, pointer.size or 0, pointer)
    except Exception as error:
        return _told(error, pointer)


def _exactly(found: Any, size: int, pointer: Pointer) -> bytes:
    if len(found) != size:
        detail = f"{pointer}: {size} bytes wanted, there were {len(found)}"
        raise BadRecord("media.unreadable", detail)
    return bytes(found)


def _told(error: Exception, pointer: Pointer) -> BadRecord:
    if isinstance(error, BadRecord):
        return error
    if isinstance(error, FileNotFoundError):
        return BadRecord("media.missing", f"{pointer}: no such file")
    detail = f"{pointer}: {type(error).__name__}: {str(error)[:200]}"
    return BadRecord("media.unreadable", detail)
