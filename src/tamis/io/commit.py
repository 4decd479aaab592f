"""A folder of parts that reads as a whole or not at all.

While parts are being put, the folder holds the marker `_UNCOMMITTED`; the manifest, put in place
last, lists every part with rows, bytes and checksum. A reader takes what the manifest lists, and
refuses a folder that has only the marker. The folders of a run share the run's `run.json`.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from types import TracebackType
from typing import Any

from tamis.errors import DamageError, UncommittedError
from tamis.io.store import Content, Files, Store

MARKER = "_UNCOMMITTED"
MANIFEST = "_manifest.json"
RUN = "run.json"
_KEYS = {"name", "rows", "bytes", "sha256"}  # of a part in a manifest
_OURS = re.compile(
    r"part-\d{5,}(-\d+)?\.[0-9a-f]{8,12}[-.]"
)  # Spark and Dask name theirs part- too


@dataclass(frozen=True)
class Part:
    """One file of a committed folder."""

    name: str
    rows: int
    bytes: int
    sha256: str


class Folder:
    """A committed folder of parts: `with Folder(path).writing() as folder: folder.put(…)`."""

    def __init__(
        self,
        url: str | os.PathLike[str],
        storage_options: Mapping[str, Any] | None = None,
        files: Files | None = None,
    ) -> None:
        self.store = Store(url, storage_options, files)
        self.parts: list[Part] = []

    def writing(self) -> Folder:
        """Begin a new set of parts; a set already committed stays readable until the new one is."""
        begin(self.store)
        self.parts = []
        return self

    def put(self, name: str, content: Content, rows: int) -> Part:
        """Put one part; it counts only once the folder is committed."""
        written = self.store.put(name, content)
        part = Part(name, rows, written.bytes, written.sha256)
        self.parts.append(part)
        return part

    def add(self, parts: list[Part]) -> None:
        """Note parts that workers have put through a copy of `store`."""
        self.parts.extend(parts)

    def commit(self, **notes: Any) -> None:
        """Put the manifest in place, then drop the marker and the parts it replaces."""
        manifest = notes | {"format": 1, "parts": [asdict(part) for part in self.parts]}
        for folder in {os.path.dirname(part.name) for part in self.parts}:
            self.store.settle(folder)
        self.store.put(MANIFEST, json.dumps(manifest, indent=1).encode())
        finish(self.store, {part.name for part in self.parts})

    def __enter__(self) -> Folder:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.commit()


def begin(store: Store) -> bool:
    """Mark a folder as being written; whether it was not marked so before."""
    store.make()
    if store.size(MARKER) is not None:
        return False
    store.put(MARKER, b"Being written; see the manifest for what can be read.\n")
    return True


def abandon(store: Store, folder: str, root: bool) -> None:
    """Take back what was begun and came to nothing: what stands in `folder`, and the marker.

    Folders that are empty then go, too; that of the store where `root` says so.
    """
    store.sweep(folder)
    for name in store.names(folder):
        store.remove(name)
    store.remove(MARKER)
    store.prune(root)


def finish(store: Store, keep: set[str], folders: tuple[str, ...] = ("",)) -> None:
    """After the manifest is in place: remove the marker and every part of ours it does not list."""
    store.settle()
    store.remove(MARKER)
    for folder in folders:
        for inner in [folder, *store.folders(folder)]:
            store.sweep(inner)
            for name in store.names(inner):
                if is_part(name.rsplit("/", 1)[-1]) and name not in keep:
                    store.remove(name)


def listing(
    url: str | os.PathLike[str], storage_options: Mapping[str, Any] | None = None
) -> list[Part] | None:
    """The parts of a committed folder, names relative to it; None for a folder tamis did not write.

    Raises `UncommittedError` where writing was not finished, `DamageError` where a listed part is
    missing or has another size.
    """
    store = Store(url, storage_options)
    parts = _listed(store, MANIFEST)
    if parts is None:
        head, _, name = store.root.rstrip("/").rpartition("/")
        parent = Store(head or "/", storage_options) if head and not head.endswith(":/") else None
        if parent is not None and (parent.size(RUN) is not None or parent.size(MARKER) is not None):
            prefix = f"{name}/"
            of_run = _listed(parent, RUN)
            parts = of_run and [
                Part(part.name.removeprefix(prefix), part.rows, part.bytes, part.sha256)
                for part in of_run
                if part.name.startswith(prefix)
            ]
            if of_run is None and _is_part_folder(name):
                raise UncommittedError(
                    f"{store.root}: its run was not finished; run it again to complete it"
                )
    if parts is None:
        if store.size(MARKER) is not None:
            raise UncommittedError(
                f"{store.root}: writing was not finished (it has {MARKER} and no {MANIFEST}); "
                "write it again"
            )
        return None
    for part in parts:
        size = store.size(part.name)
        if size != part.bytes:
            found = "is missing" if size is None else f"has {size} bytes instead of {part.bytes}"
            raise DamageError(
                f"{store.path(part.name)} {found}: the folder changed after it was committed"
            )
    return parts


def manifest(store: Store, name: str) -> dict[str, Any] | None:
    """A manifest as it stands; None where there is none."""
    try:
        found = json.loads(store.read(name))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except ValueError as error:
        raise DamageError(
            f"{store.path(name)} is not a manifest: {error}; write the folder again"
        ) from error
    if not isinstance(found, dict) or "parts" not in found:
        return None
    parts = found["parts"]
    whole = isinstance(parts, list) and all(
        isinstance(part, dict) and part.keys() >= _KEYS for part in parts
    )
    if not whole:
        raise DamageError(
            f"{store.path(name)} is not a manifest: its list of parts is damaged; "
            "write the folder again"
        )
    return found


def _listed(store: Store, name: str) -> list[Part] | None:
    found = manifest(store, name)
    if found is None:
        return None
    return [
        Part(part["name"], part["rows"], part["bytes"], part["sha256"]) for part in found["parts"]
    ]


def is_part(name: str) -> bool:
    """Whether a file directly in a folder is named as we name parts."""
    return _OURS.match(name) is not None


def _is_part_folder(name: str) -> bool:
    return name in ("kept", "dropped", "ledger")
