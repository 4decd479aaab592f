"""Bytes from object stores and web servers, several rows fetched at a time."""

from __future__ import annotations

from typing import Any

from tamis.codes import BadRecord

PROTOCOLS = frozenset(
    [
        "http",
        "https",
        "s3",
        "s3a",
        "gs",
        "gcs",
        "az",
        "abfs",
        "abfss",
        "adl",
        "oci",
        "oss",
        "hf",
        "hdfs",
        "webhdfs",
        "ftp",
        "sftp",
        "ssh",
        "memory",
    ]
)
"""What a pointer may name. Data must not choose a protocol that opens archives or runs commands."""

AHEAD = 16 << 20  # bytes fetched at a time, at least one row
GUESS = 1 << 20  # bytes of a file whose size is not known


class Remote:
    """The remote ones of some pointers (None: not remote), read in order of the rows."""

    def __init__(self, pointers: list[Any]) -> None:
        self._pointers = pointers
        self._here: dict[int, bytes | Exception] = {}

    def read(self, row: int) -> bytes:
        """The bytes of a row; with it those of the rows after it are fetched."""
        pointer = self._pointers[row]
        if row not in self._here:
            self._fetch(row)
        found = self._here[row]
        if isinstance(found, BadRecord):
            raise found
        if isinstance(found, FileNotFoundError):
            raise BadRecord("media.missing", f"no file {pointer.path}")
        if isinstance(found, Exception):
            detail = f"{pointer}: {type(found).__name__}: {str(found)[:200]}"
            raise BadRecord("media.unreadable", detail)
        return found

    def _fetch(self, row: int) -> None:
        import fsspec

        protocol = self._pointers[row].path.partition("://")[0]
        if protocol not in PROTOCOLS or "::" in self._pointers[row].path:
            detail = f"{self._pointers[row]}: media are not read by {protocol!r}"
            self._here[row] = BadRecord("media.unreadable", detail)
            return
        rows = self._rows_from(row, protocol)
        wanted = [self._pointers[k] for k in rows]
        try:
            filesystem = fsspec.filesystem(protocol)
            paths = [filesystem._strip_protocol(pointer.path) for pointer in wanted]
            if all(pointer.offset is None for pointer in wanted):
                found = filesystem.cat(paths, on_error="return")
                found = {paths[0]: found} if isinstance(found, bytes) else found
                answers = [found.get(path, FileNotFoundError(path)) for path in paths]
            else:
                starts = [pointer.offset or 0 for pointer in wanted]
                ends = [
                    None if pointer.offset is None else pointer.offset + pointer.size
                    for pointer in wanted
                ]
                answers = filesystem.cat_ranges(paths, starts, ends, on_error="return")
        except Exception as error:  # whatever a file system raises costs these rows, not the run
            answers = [error] * len(rows)
        self._here = dict(zip(rows, map(_checked, answers, wanted), strict=True))

    def _rows_from(self, row: int, protocol: str) -> list[int]:
        """This row and those after it of the same protocol, up to `AHEAD` bytes."""
        rows: list[int] = []
        size = 0
        for k in range(row, len(self._pointers)):
            pointer = self._pointers[k]
            if pointer is None or not pointer.path.startswith(f"{protocol}://"):
                continue
            if "::" in pointer.path:
                continue
            size += pointer.size or GUESS
            if rows and size > AHEAD:
                break
            rows.append(k)
        return rows


def _checked(answer: Any, pointer: Any) -> bytes | Exception:
    if isinstance(answer, Exception):
        return answer
    if pointer.offset is not None and len(answer) != pointer.size:
        return BadRecord(
            "media.unreadable",
            f"{pointer}: {pointer.size} bytes wanted, there were {len(answer)}",
        )
    return bytes(answer)
