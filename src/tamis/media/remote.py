"""Bytes from object stores and web servers, several rows fetched at a time."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from tamis.codes import BadRecord
from tamis.media.blocks import Blocks
from tamis.media.columns import Pointer
from tamis.media.pieces import LARGE, Pieces

PROTOCOLS = frozenset([
    "http", "https", "s3", "s3a", "r2", "gs", "gcs", "az", "abfs", "abfss",
    "adl", "oci", "oss", "hf", "hdfs", "webhdfs", "ftp", "sftp", "ssh", "memory",
])  # fmt: skip
"""What a pointer may name. Data must not choose a protocol that opens archives or runs commands."""

AHEAD = 16 << 20  # bytes fetched at a time, at least one row


OPEN = 4  # large files of which ranges are kept


class Remote:
    """The remote ones of some pointers (None: not remote), read in order of the rows.

    Rows of the same bytes share them.
    """

    def __init__(
        self, pointers: Sequence[Pointer | None], storage_options: Mapping[str, Any] | None = None
    ) -> None:
        self._pointers, self._options = pointers, dict(storage_options or {})
        self._here: dict[Hashable, bytes | BadRecord] = {}
        self._large: dict[Hashable, Pieces] = {}
        self._sizes: dict[Hashable, int | None] = {}  # asked for
        self._longest: int | None = None  # of the files whose size nobody knew

    def read(self, row: int) -> bytes | Pieces:
        """The bytes of a row; with it those of the rows after it are fetched."""
        key = _key(self._pointer(row))
        large = self._large.get(key)
        if large is not None:
            return large
        if key not in self._here:
            try:
                self._fetch(row)
            except Exception as error:  # whatever a file system raises costs a row, not the run
                self._here[key] = _told(error, self._pointer(row))
        found = self._large.get(key) or self._here[key]
        if isinstance(found, BadRecord):
            raise found
        return found

    def ask_size(self, row: int) -> None:
        """Learn how large a file is of which nobody said it, lest it be fetched whole."""
        pointer = self._pointer(row)
        key = _key(pointer)
        if key in self._here or key in self._large:
            return
        try:
            if key not in self._sizes:
                filesystem = self._filesystem(pointer)
                path = filesystem._strip_protocol(pointer.path)
                self._sizes[key] = filesystem.info(path).get("size")
                if self._sizes[key] is None and _web(pointer):  # sent in chunks, as it is made
                    self._keep(key, _copied(filesystem, path, pointer))
            pointer.size = self._sizes[key]
        except Exception as error:
            self._here[key] = _told(error, pointer)

    def _filesystem(self, pointer: Pointer) -> Any:
        kind, given = _place(pointer)
        return kind(**{**dict(given), **self._options})

    def _keep(self, key: Hashable, large: Pieces) -> None:
        while len(self._large) >= OPEN:
            self._large.pop(next(iter(self._large)))
        self._large[key] = large

    def _pointer(self, row: int) -> Pointer:
        pointer = self._pointers[row]
        assert pointer is not None
        return pointer

    def _fetch(self, row: int) -> None:
        pointer = self._pointer(row)
        if pointer.offset is not None and pointer.size == 0:
            self._here[_key(pointer)] = b""
            return
        filesystem = self._filesystem(pointer)
        if (pointer.size or 0) > LARGE:
            self._keep(_key(pointer), _large(filesystem, pointer))
            return
        wanted = self._from(row)
        answers = filesystem.cat_ranges(
            [filesystem._strip_protocol(one.path) for one in wanted],
            [one.offset for one in wanted],
            [None if one.offset is None else one.offset + (one.size or 0) for one in wanted],
            on_error="return",
        )
        self._here = dict(zip(map(_key, wanted), map(_checked, answers, wanted), strict=True))
        unknown = [
            len(answer)
            for answer, one in zip(answers, wanted, strict=True)
            if one.size is None and not isinstance(answer, Exception)
        ]
        if unknown:
            self._longest = max(1, *unknown, self._longest or 0)

    def _from(self, row: int) -> list[Pointer]:
        """This one and those after it of the same file system, up to `AHEAD` bytes."""
        found = {_key(self._pointer(row)): self._pointer(row)}
        total, place = self._expected(row), _place(self._pointer(row))
        for k in range(row + 1, len(self._pointers)):
            pointer = self._pointers[k]
            if pointer is None or (pointer.size or 0) > LARGE or _key(pointer) in found:
                continue
            try:
                if _place(pointer) != place:
                    break
            except Exception:  # told when it is its turn
                continue
            total += self._expected(k)
            if total > AHEAD:
                break
            found[_key(pointer)] = pointer
        return list(found.values())

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


def _key(pointer: Pointer) -> Hashable:
    return pointer.path, pointer.offset, None if pointer.offset is None else pointer.size


def _web(pointer: Pointer) -> bool:
    return pointer.path.startswith(("http://", "https://"))


class _NoRanges(Exception):
    """A server that sends all of a file whatever it is asked for."""


def _large(filesystem: Any, pointer: Pointer) -> Pieces:
    """A large one in pieces, each fetched when it is its turn.

    Of a server that knows no ranges it is fetched once, into a temporary file.
    """
    path, start = filesystem._strip_protocol(pointer.path), pointer.offset or 0
    length = filesystem.info(path)["size"] if pointer.offset is None else pointer.size
    if length is None:
        raise BadRecord("media.unreadable", f"{pointer}: nobody says how many bytes it has")
    get = _range_of_web if _web(pointer) else _range
    whole: list[Pieces] = []
    copying = threading.Lock()

    def fetch(first: int, stop: int) -> bytes:
        try:
            found = get(filesystem, path, start + first, start + stop)
        except _NoRanges:
            raise
        except Exception as error:
            raise _told(error, pointer) from None
        return _exactly(found, stop - first, pointer)

    blocks = Blocks(length, fetch)

    def read(first: int, stop: int) -> bytes:
        try:
            if not whole:
                return blocks.read(first, stop)
        except _NoRanges:
            with copying:
                if not whole:
                    whole.append(_copied(filesystem, path, pointer))
        return whole[0][start + first : start + stop]

    return Pieces(length, read)


def _range(filesystem: Any, path: str, start: int, stop: int) -> bytes:
    found: bytes = filesystem.cat_file(path, start=start, end=stop)
    return found


def _range_of_web(filesystem: Any, path: str, start: int, stop: int) -> bytes:
    """The same of a web server, of which not all answer with the range that they are asked for."""
    how = {"block_size": stop - start, "cache_type": "none", "size": stop}  # not asked for again
    with filesystem.open(path, "rb", **how) as file:
        try:
            file.seek(start)
            found: bytes = file.read(stop - start)
        except ValueError:
            raise _NoRanges from None
    return found


def _copied(filesystem: Any, path: str, pointer: Pointer) -> Pieces:
    """All of a file in a temporary one, fetched in one go."""
    copy = tempfile.TemporaryFile(prefix="tamis-")  # noqa: SIM115  closed with the last reference
    try:
        with filesystem.open(path, "rb", block_size=0) as file:
            while data := file.read(1 << 20):
                copy.write(data)
        copy.flush()
    except Exception as error:
        raise _told(error, pointer) from None
    return Pieces(copy.tell(), lambda first, stop: os.pread(copy.fileno(), stop - first, first))


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
    cause = error.__cause__
    if isinstance(error, FileNotFoundError):
        # fsspec says so of whatever a web server answers when it is asked how large a file is.
        if not _web(pointer) or cause is None or getattr(cause, "status", None) in (404, 410):
            return BadRecord("media.missing", f"{pointer}: no such file")
        error = cause if isinstance(cause, Exception) else error
    detail = f"{pointer}: {type(error).__name__}: {str(error)[:200]}"
    return BadRecord("media.unreadable", detail)
