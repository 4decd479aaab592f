"""Lists of words, domains and the like that users keep in files: read once per process."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tamis.errors import DataError, SettingError

_OPENERS = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
Stamp = tuple[tuple[str, int, int], ...]


def stamped(files: Sequence[str], what: str) -> Stamp:
    """The files with their dates and sizes, so that a changed file is read anew.

    Raises `SettingError` where one of them is not there.
    """
    found = []
    for name in files:
        try:
            status = os.stat(name)
        except OSError as error:
            raise SettingError(f"{what}: no file {name!r} ({error.strerror})") from None
        found.append((name, status.st_mtime_ns, status.st_size))
    return tuple(found)


def read(name: str) -> list[str]:
    """The lines of a file (UTF-8; `.gz`, `.bz2`, `.xz` too), without white space around them.

    Blank lines are left out. Raises `DataError`.
    """
    opener: Any = _OPENERS.get(Path(name).suffix, open)
    try:
        with opener(name, "rb") as stream:
            content = stream.read()
    except (OSError, EOFError, lzma.LZMAError) as error:
        raise DataError(f"the list {name!r} cannot be read: {error}") from error
    try:
        decoded = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise DataError(f"the list {name!r} is not UTF-8 in line {line}; convert it") from None
    return [line for line in map(str.strip, decoded.split("\n")) if line]
