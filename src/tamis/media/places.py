"""Where another process finds the bytes that a row points to."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tamis.media.columns import Held, Pointer
from tamis.media.local import Local
from tamis.media.pointers import Media
from tamis.media.reader import Reader


@contextlib.contextmanager
def placed(media: Media, row: int) -> Iterator[dict[str, Any]]:
    """`path`, `offset` and `length`; what is not in a local file is put into one meanwhile."""
    pointer = media.pointers[row]
    if isinstance(pointer, Pointer) and pointer.local:
        media.open(row)  # says what is wrong with it
        whole = pointer.offset is None
        path, size = str(Path(pointer.path).absolute()), None if whole else pointer.size
        yield {"path": path, "offset": pointer.offset, "length": size}
        return
    assert pointer is None or isinstance(pointer, (Pointer, Held))
    file = media.open(row)
    with tempfile.NamedTemporaryFile(prefix="tamis-") as copy:
        while data := file.read(1 << 20):
            copy.write(data)
        file.check()
        copy.flush()
        yield {"path": copy.name, "offset": None, "length": None}


def reader(path: str, offset: int | None, length: int | None) -> Reader:
    """In the other process: the bytes as a file."""
    return Reader(Local().pieces(path, offset, length))
