"""A folder that was written, read again: is every byte what its manifest says?"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from typing import Any, NamedTuple

from tamis.errors import DamageError, DataError
from tamis.io.commit import MANIFEST, MARKER, RUN, Part, is_part, listing, manifest
from tamis.io.store import Store

_BLOCK = 1 << 20
_PACKED = (".gz", ".zst", ".bz2", ".xz", ".lz4")


class Verified(NamedTuple):
    """How many files were as their manifest says, with their rows and bytes.

    `unchecked` have no checksum there (archives with `checksum=False`): their size is right.
    `strays` are files that it does not list beside those that it does, of the same endings: tamis
    does not read them, another library that is given the folder would.
    """

    files: int
    rows: int
    bytes: int
    unchecked: int
    strays: tuple[str, ...] = ()


def verify(
    folder: str | os.PathLike[str], *, storage_options: Mapping[str, Any] | None = None
) -> Verified:
    """Read every file of a folder that tamis wrote, or of a run, and compare size and SHA-256.

    The first that differs or is missing is a `DamageError` that names it; a folder without a
    manifest is a `DataError`. A folder whose writing did not finish is an `UncommittedError`.
    """
    store = Store(folder, storage_options)
    parts = listing(folder, storage_options)
    if parts is None:
        found = manifest(store, RUN)
        if found is None:
            raise DataError(f"{store.root} has no {MANIFEST} and no {RUN}: tamis did not write it")
        keys = ("name", "rows", "bytes", "sha256")
        parts = [Part(*(part[key] for key in keys)) for part in found["parts"]]
    for part in parts:
        _compare(store, part)
    checked = [part for part in parts if part.sha256]
    return Verified(
        len(parts), sum(part.rows for part in parts), sum(part.bytes for part in parts),
        len(parts) - len(checked), _strays(store, [part.name for part in parts]),
    )  # fmt: skip


def _strays(store: Store, names: list[str]) -> tuple[str, ...]:
    """The files beside these that have one of their endings; not those of a write under way."""
    listed, endings = set(names), {_ending(name) for name in names} - {""}
    writing = store.size(MARKER) is not None
    found = [
        name
        for folder in sorted({os.path.dirname(name) for name in names})
        for name in store.names(folder)
        if name not in listed and _ending(name) in endings
    ]
    own = [(name, name.rsplit("/", 1)[-1]) for name in found]
    return tuple(
        name
        for name, last in own
        if not last.startswith((".", "_")) and not (writing and is_part(last))
    )


def _ending(name: str) -> str:
    """`.jsonl` of `a.jsonl.gz`, too."""
    stem, ending = os.path.splitext(name)
    return os.path.splitext(stem)[1] if ending in _PACKED else ending


def _compare(store: Store, part: Part) -> None:
    size = store.size(part.name)
    if size != part.bytes:
        found = "is missing" if size is None else f"has {size} bytes instead of {part.bytes}"
        raise DamageError(f"{store.path(part.name)} {found}")
    if part.sha256 and _digest(store, part.name) != part.sha256:
        raise DamageError(f"{store.path(part.name)} holds other bytes than were written")


def _digest(store: Store, name: str) -> str:
    digest = hashlib.sha256()
    path = store.path(name)
    with open(path, "rb") if store.local else store.filesystem().open(path, "rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
