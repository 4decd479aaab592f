"""The bytes that rows point to: read when a decoder asks for them, or copied by a writer."""

from __future__ import annotations

import tarfile
import threading
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, TypeVar

import pandas as pd

from tamis.codes import BadRecord
from tamis.media.columns import Held, Pointer, pointers
from tamis.media.decoded import Decoded
from tamis.media.hashing import bytes_hash
from tamis.media.local import Local
from tamis.media.pieces import Content, Pieces
from tamis.media.reader import Reader
from tamis.media.remote import Remote
from tamis.op import view

MAX_BYTES = 1 << 30  # of one medium in memory
_BLOCK = 1 << 16  # bytes read at a time; of remote ones more are fetched (`tamis.media.blocks`)
_FIRST = 1 << 12  # of local ones at first: the header of most recordings is in them
_C = TypeVar("_C")
ROWS = 64  # of a partition at a time: their thumbnails take 17 MB


class Media(Decoded[bytes]):
    """The bytes behind each row. `place(row)` says where they are, for reasons.

    As a sequence it gives them to decoders, `content(row)` to those who copy them. Local files are
    read as often as they are asked for: the system keeps them. Of remote ones the rows after the
    one asked for are fetched with it. `storage_options` are fsspec's for remote ones.
    """

    def __init__(
        self,
        pointers: Sequence[Pointer | Held | None],
        storage_options: Mapping[str, Any] | None = None,
    ) -> None:
        self.pointers = pointers
        self.copies: dict[int, Any] = {}  # files in a temporary folder (`tamis.media.places`)
        self._latest: dict[str, tuple[Hashable, Any]] = {}
        self._local = Local()
        self._fetching = threading.Lock()
        far = [p if isinstance(p, Pointer) and not p.local else None for p in pointers]
        self._remote = Remote(far, storage_options)
        super().__init__(self.whole, len(pointers), room=0)

    def place(self, row: int) -> str:
        """What the row points to, in words."""
        pointer = self.pointers[row]
        return str(pointer) if isinstance(pointer, Pointer) else "the bytes in the row"

    def key(self, row: int) -> Hashable:
        """What tells the bytes of a row from those of others: where they are, or a hash of them."""
        pointer = self.pointers[row]
        if isinstance(pointer, Held):
            return len(pointer.data), bytes_hash(pointer.data)
        if pointer is None:
            return None
        size = None if pointer.offset is None else pointer.size  # asked for, not said
        return pointer.path, pointer.offset, size

    def once(self, what: str, row: int, function: Callable[[], _C]) -> _C:
        """What a function tells of the bytes of a row; rows of the same bytes after it share it.

        Spans of a long medium stand one after another: each would read its index anew.
        """
        if not isinstance(self.pointers[row], Pointer):
            return function()
        key, known = self.key(row), self._latest.get(what)
        if known is not None and known[0] == key:
            found: _C = known[1]
            return found
        found = function()
        self._latest[what] = key, found
        return found

    def blame(self, row: int, bad: BadRecord) -> BadRecord:
        """What a decoder says against the bytes of a row, with where they are.

        Where a local tar archive has no member of that size at that place any longer, the row was
        made before the archive was written anew: that is said instead.
        """
        place, pointer = self.place(row), self.pointers[row]
        told = bad.detail if bad.detail.startswith(place) else f"{place}: {bad.detail}"
        if isinstance(pointer, Pointer) and _stale(pointer):
            again = f"no member of {pointer.size} bytes begins there, the archive has changed"
            return BadRecord("media.stale", f"{place}: {again}; {bad.code}: {bad.detail}")
        return BadRecord(bad.code, told)

    def told(self, row: int, function: Callable[[], _C]) -> _C:
        """What a function gives; what it says against the bytes, with where they are."""
        try:
            return function()
        except BadRecord as bad:
            raise self.blame(row, bad) from None

    def name(self, row: int) -> str:
        """The path of a row, "" where it has none."""
        pointer = self.pointers[row]
        return "" if pointer is None else pointer.path

    def content(self, row: int, *, empty: bool = False) -> Content:
        """The bytes of a row, in pieces where they are many; `BadRecord` where there are none.

        `empty` says that no bytes at all are fine.
        """
        pointer = self.pointers[row]
        if pointer is None:
            raise BadRecord("media.null", "the row points to no file and holds no bytes")
        found = pointer.data if isinstance(pointer, Held) else self._read(row, pointer)
        if not len(found) and not empty:
            raise BadRecord("media.empty", f"{self.place(row)}: there are no bytes")
        return found

    def open(self, row: int) -> Reader:
        """The bytes of a row as a file of which only what is asked for is read.

        `BadRecord` where there are none. Remote ones of up to 16 MiB are fetched whole, as
        `content` does it.
        """
        pointer = self.pointers[row]
        if isinstance(pointer, Pointer) and pointer.local:
            found: Content = self._told(pointer, self._local.pieces)
        else:
            if isinstance(pointer, Pointer) and pointer.size is None:
                with self._fetching:
                    self._remote.ask_size(row)
            found = self.content(row, empty=True)
        if not len(found):
            raise BadRecord("media.empty", f"{self.place(row)}: there are no bytes")
        near = isinstance(pointer, Pointer) and pointer.local
        return Reader(found, _BLOCK, _FIRST if near else _BLOCK)

    def whole(self, row: int) -> bytes:
        """The bytes of a row, all in memory; `BadRecord` where there are none, or too many."""
        pointer = self.pointers[row]
        if isinstance(pointer, Pointer) and pointer.offset is not None:
            self._limit(row, pointer.size or 0)
        found = self.content(row)
        self._limit(row, len(found))
        return found[:] if isinstance(found, Pieces) else bytes(found)

    def _read(self, row: int, pointer: Pointer) -> bytes | Pieces:
        if not pointer.local:
            with self._fetching:
                return self._remote.read(row)
        return self._told(pointer, self._local.read)

    def _told(self, pointer: Pointer, read: Callable[..., _C]) -> _C:
        """What reading a local file gives; what the system says against it as `BadRecord`."""
        try:
            return read(pointer.path, pointer.offset, pointer.size)
        except FileNotFoundError:
            raise BadRecord("media.missing", f"{pointer}: no such file") from None
        except (OSError, ValueError) as error:
            said = getattr(error, "strerror", None) or error
            raise BadRecord("media.unreadable", f"{pointer}: {said}") from None

    def _limit(self, row: int, size: int) -> None:
        if size > MAX_BYTES:
            detail = f"{self.place(row)}: {size} bytes; at most {MAX_BYTES} are read"
            raise BadRecord("media.too_long", detail)


def _stale(pointer: Pointer) -> bool:
    """Whether what stands before the bytes is no header of a member of their size."""
    if pointer.offset is None or not pointer.local or not pointer.path.lower().endswith(".tar"):
        return False
    try:
        with open(pointer.path, "rb") as file:
            file.seek(pointer.offset - tarfile.BLOCKSIZE)
            header = file.read(tarfile.BLOCKSIZE)
        return tarfile.TarInfo.frombuf(header, "utf-8", "replace").size != pointer.size
    except tarfile.HeaderError:
        return True
    except (OSError, ValueError):
        return False  # what else is wrong was told


@view(rows=ROWS)
def media(path: pd.Series, offset: pd.Series | None = None, size: pd.Series | None = None) -> Media:
    """The bytes that rows point to.

    `path` holds local paths, fsspec URLs, bytes, or structs of `bytes` and `path` as Hugging Face
    has them; `offset` and `size` say which bytes of it, where both are there and not null.
    """
    return Media(pointers(path, offset, size))


def of_frame(
    frame: pd.DataFrame,
    on: str,
    storage_options: Mapping[str, Any] | None = None,
    dropped: Sequence[bool] | None = None,
) -> Media:
    """The bytes that `on` stands for, with `offset` and `size` where the frame has both.

    Nothing is fetched for rows that were `dropped`.
    """
    beside = [frame["offset"], frame["size"]] if {"offset", "size"} <= set(frame.columns) else []
    found = pointers(frame[on], *beside)
    gone = dropped or [False] * len(found)
    wanted = [None if lost else one for one, lost in zip(found, gone, strict=True)]
    return Media(wanted, storage_options)
