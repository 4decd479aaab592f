"""What to do about ids that stand twice because they came from the names of files."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from tamis.dedup.index.changes import TwiceError
from tamis.errors import DataError
from tamis.source import sources


@contextlib.contextmanager
def advising(frame: Any, prefix: str) -> Iterator[None]:
    """Say of an id that stands twice where it came from, if no column gave it."""
    try:
        yield
    except TwiceError as error:
        parts = sources(frame) if hasattr(frame, "_meta") else None
        names = set[str]().union(*(part.names() for part in parts or ()))
        plain = error.id.removeprefix(prefix)
        if plain not in names and plain.rpartition(":")[0] not in names:
            raise
        raise DataError(
            f"{error}. These ids were made from the names of the files, as no column gave any: "
            "name the column of ids (`--id COLUMN`, `id=` of the reader), or put a text of this "
            "delivery's own before its ids (`--prefix june/`, `prefix='june/'`)"
        ) from None
