"""Decoders in a process of their own, of which long recordings come back block by block.

What the other process is asked for is one block at a time, of a file that it opens itself. It keeps
the file open, so that the next block goes on where the last ended; one that had to be replaced
opens it again and goes to the block that is wanted. So neither side ever holds a recording whole.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from tamis.audio.decode import header_of, stream
from tamis.audio.formats import Header
from tamis.codes import BadRecord
from tamis.media import sandbox
from tamis.media.places import placed, reader
from tamis.media.pointers import Media

_SIZE = 1 << 18  # numbers of a block: a megabyte goes through the caches
_PRELOAD = ("av", "soundfile")
_TIMEOUT = 60.0  # seconds for a block, of which the first may have to decode what is before it
_open: dict[str, Any] = {}


def header(media: Media, row: int) -> Header:
    """The header of a row, read by the other process."""
    with placed(media, row) as place:
        return _one(_asked("tamis.audio.apart:read_header", iter([(b"", place)])))


def blocks(
    media: Media, row: int, header: Header, first: int, stop: int | None
) -> Iterator[np.ndarray]:
    """Frames from `first` to `stop`, float32 of [n, channels], decoded by the other process."""
    size = max(1, _SIZE // header.channels)
    with placed(media, row) as place, contextlib.ExitStack() as stack:
        count = itertools.count() if stop is None else range(-(-(stop - first) // size))
        settings = {**place, **header._asdict(), "size": size, "stop": stop}
        wanted = ((b"", {**settings, "first": first + k * size}) for k in count)
        found = _asked("tamis.audio.apart:read_block", wanted)
        stack.callback(found.close)
        for part in found:
            if isinstance(part, BadRecord):
                raise part
            if len(part):
                yield part
            if len(part) < size:
                return


def read_header(data: bytes, *, path: str, offset: int | None, length: int | None) -> Header:
    """In the other process: the header of a file."""
    return header_of(reader(path, offset, length))


def read_block(
    data: bytes, *, path: str, offset: int | None, length: int | None, first: int,
    stop: int | None, size: int, **header: Any,
) -> np.ndarray:  # fmt: skip
    """In the other process: `size` frames from `first`, fewer at the end."""
    found = Header(**header)
    key = (path, offset, length, stop, size, first)
    if _open.get("key") != key:
        _open.clear()
        _open["blocks"] = stream(reader(path, offset, length), found, first, stop, size)
    part: np.ndarray | None = next(_open["blocks"], None)
    _open["key"] = (*key[:-1], first + size)
    if part is None or len(part) < size:
        _open.clear()
    return np.empty((0, found.channels), np.float32) if part is None else part


def _asked(function: str, items: Iterator[Any]) -> Any:
    return sandbox.isolated(function, items, timeout=_TIMEOUT, preload=_PRELOAD)


def _one(found: Iterator[Any]) -> Any:
    (value,) = found
    if isinstance(value, BadRecord):
        raise value
    return value
