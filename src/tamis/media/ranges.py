"""Parts of a large remote medium for another process: fetched as it asks for them.

A process that decodes has no network. It is given a file of which some ranges are there, says which
one it misses, and begins again with that; so for a header some megabytes are fetched, not the file.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from typing import Any, NamedTuple

from tamis.codes import BadRecord
from tamis.media.columns import Pointer
from tamis.media.pieces import LARGE, Pieces
from tamis.media.pointers import Media
from tamis.media.reader import Reader

BLOCK = 1 << 20  # bytes fetched at a time, doubled for each that follows the one before
MOST = 256 << 20  # bytes after which the whole file is fetched: what asks is no reader of headers
ROUNDS = 64


class Missing(NamedTuple):
    """The bytes that were asked for and are not there."""

    start: int
    stop: int


def far(media: Media, row: int) -> Reader | None:
    """A remote medium of more than 16 MiB that was not copied, else None."""
    pointer = media.pointers[row]
    if not isinstance(pointer, Pointer) or pointer.local or row in media.copies:
        return None
    file = media.open(row)
    return file if len(file) > LARGE else None


def asked(file: Reader, ask: Callable[[dict[str, Any], list[list[int]]], Any]) -> Any:
    """What `ask(place, known)` gives of a file once it misses nothing; `Missing` after too many.

    `known` are the ranges that are there, each [start, stop].
    """
    known: list[list[int]] = []
    size = BLOCK
    with tempfile.NamedTemporaryFile(prefix="tamis-") as copy:
        place = {"path": copy.name, "offset": None, "length": len(file)}
        copy.truncate(len(file))  # a file with holes: they take no room
        found: Any = Missing(0, BLOCK)
        for _ in range(ROUNDS):
            follows = bool(known) and found.start == known[-1][1]
            size = 2 * size if follows else BLOCK
            start, stop = found.start, min(len(file), max(found.stop, found.start + size))
            if not 0 <= start < stop or sum(b - a for a, b in known) + stop - start > MOST:
                break
            copy.seek(start)
            copy.write(file.exactly(start, stop))
            copy.flush()
            known.append([start, stop])
            found = ask(place, known)
            if not isinstance(found, Missing):
                break
    return found


class Holes:
    """In the other process: such a file; `missing` is the first range that was not there."""

    def __init__(self, path: str, length: int, known: list[list[int]]) -> None:
        self.missing: Missing | None = None
        self._known = sorted(map(tuple, known))
        self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self.reader = Reader(Pieces(length, self._read))

    def close(self) -> None:
        """Close it."""
        os.close(self._file)

    def _read(self, start: int, stop: int) -> bytes:
        at = start
        for first, last in self._known:
            if first <= at < last:
                at = last
        if at < stop:
            self.missing = self.missing or Missing(at, stop)
            raise BadRecord("media.unreadable", f"bytes {at} to {stop} were not fetched")
        return os.pread(self._file, stop - start, start)
