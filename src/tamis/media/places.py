"""Where another process finds the bytes that a row points to."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tamis.media.columns import Held, Pointer
from tamis.media.local import Local
from tamis.media.pieces import LARGE
from tamis.media.pointers import Media
from tamis.media.reader import Reader
from tamis.media.served import asking, served

KEPT = 1 << 30  # bytes of the copies of some rows


@contextlib.contextmanager
def at_hand(media: Media, row: int) -> Iterator[dict[str, Any]]:
    """What `found` needs; of large remote media ranges are fetched as the other process asks."""
    pointer = media.pointers[row]
    if isinstance(pointer, Pointer) and not pointer.local and row not in media.copies:
        content = media.open(row).content
        if len(content) > LARGE:
            with served(content) as place:
                if place is not None:
                    yield place
                    return
    with placed(media, row) as place:
        yield place


@contextlib.contextmanager
def placed(media: Media, row: int) -> Iterator[dict[str, Any]]:
    """`path`, `offset` and `length`; what is not in a local file is put into one meanwhile.

    Such copies are kept with `media` while they are few bytes (`KEPT`), so that what is looked at
    by several views is fetched once.
    """
    pointer = media.pointers[row]
    if isinstance(pointer, Pointer) and pointer.local:
        media.open(row)  # says what is wrong with it
        whole = pointer.offset is None
        path, size = str(Path(pointer.path).absolute()), None if whole else pointer.size
        yield {"path": path, "offset": pointer.offset, "length": size}
        return
    assert pointer is None or isinstance(pointer, (Pointer, Held))
    copy = media.copies.get(row)
    if copy is not None:
        yield _whole(copy)
        return
    file = media.open(row)
    with contextlib.ExitStack() as stack:
        copy = tempfile.NamedTemporaryFile(prefix="tamis-")  # noqa: SIM115  closed with the stack
        stack.callback(copy.close)
        while data := file.read(1 << 20):
            copy.write(data)
        file.check()
        copy.flush()
        if sum(one.tell() for one in list(media.copies.values())) + copy.tell() <= KEPT:
            media.copies[row] = copy  # and is closed, which deletes it, with the last reference
            stack.pop_all()
        yield _whole(copy)


def _whole(copy: Any) -> dict[str, Any]:
    return {"path": copy.name, "offset": None, "length": None}


def found(place: dict[str, Any]) -> Reader:
    """In the other process: the bytes as a file."""
    return asking(**place) if "word" in place else reader(**place)


def current(place: dict[str, Any]) -> dict[str, Any]:
    """The same with what tells a local file from another one that is put in its place."""
    return place if "word" in place else {**place, "state": state(place["path"])}


def state(path: str) -> tuple[int, ...]:
    """What tells a file from another one that is put in its place."""
    found = os.stat(path)
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def reader(path: str, offset: int | None, length: int | None) -> Reader:
    """In the other process: the bytes as a file."""
    return Reader(Local().pieces(path, offset, length))
