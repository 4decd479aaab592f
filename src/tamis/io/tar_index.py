"""Where in an archive the member of a name is."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, NamedTuple

from tamis.codes import BadRecord
from tamis.io.byte_ranges import Ranges
from tamis.io.files import File
from tamis.io.tar_members import Members, members
from tamis.kernels import tar

_MOST = 1_000_000  # members of archives that are kept in mind
_kept: OrderedDict[File, TarIndex] = OrderedDict()
_lock = threading.Lock()


class Place(NamedTuple):
    """The bytes of a member."""

    offset: int
    size: int


class TarIndex:
    """The members of an archive by name; `find` says where one is, or raises `BadRecord`."""

    def __init__(self, file: File, found: Members) -> None:
        self.file = file
        self._found = found
        self._place: dict[str, int] = {}
        self._twice: set[str] = set()
        for member in range(len(found.header)):
            if found.kind[member] == tar.FOLDER:
                continue
            name = found.name(member).removeprefix("./")
            if name in self._place:
                self._twice.add(name)
            self._place[name] = member

    def __len__(self) -> int:
        return len(self._place)

    def __contains__(self, name: str) -> bool:
        return name in self._place

    @property
    def names(self) -> list[str]:
        """The names of the files, in the order of the archive."""
        return list(self._place)

    def lacking(self, name: str) -> BadRecord:
        """Why a member is not there."""
        what = f"no member {name!r} in {self.file.name}"
        for lost in self._found.damages:
            return BadRecord(lost.code, f"{what}; {lost.detail} at byte {lost.at}")
        return BadRecord("tar.member", what)

    def find(self, name: str) -> Place:
        """The bytes of the member of this name."""
        member, archive = self._place.get(name), self.file.name
        if member is None:
            raise self.lacking(name)
        if name in self._twice:
            raise BadRecord("tar.duplicate", f"{archive} has the member {name!r} twice")
        kind = self._found.kind[member]
        if kind != tar.FILE:
            code = "tar.sparse" if kind == tar.SPARSE else "tar.link"
            raise BadRecord(code, f"the member {name!r} of {archive} is no plain file")
        offset, size = int(self._found.offset[member]), int(self._found.size[member])
        if offset + size > self.file.size:
            raise BadRecord("tar.truncated", f"{archive} ends within the member {name!r}")
        return Place(offset, size)


def index_of(file: File, storage_options: Mapping[str, Any] | None = None) -> TarIndex:
    """The members of an archive; those of the last archives asked for are kept in mind.

    Raises `BadRecord` for what is no archive.
    """
    with _lock:
        if file in _kept:
            _kept.move_to_end(file)
            return _kept[file]
    found = TarIndex(file, members(Ranges(file, storage_options)))
    with _lock:
        _kept[file] = found
        while len(_kept) > 1 and sum(map(len, _kept.values())) > _MOST:
            _kept.popitem(last=False)
    return found
