"""What an index is made of, version by version: `index-<number>.json`, put in place last.

A writer reads the newest version, does its work in files of its own, and claims the next number;
of several writers at once one gets it, and the others do the last part of their work again. There
is no lock that a killed process could leave behind. Files of no version are what such a process
leaves; they are deleted when they have lain about for a while.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import re
import time
from dataclasses import dataclass, field
from typing import Any

from tamis.errors import DataError, SettingError
from tamis.io.store import Store

FORMAT = 1
KEPT = 3  # versions that stay readable for those who have just begun to read
_NAME = re.compile(r"index-(\d{8})\.json")
_OURS = ("segments", "sets", "verdicts", "changes")


@dataclass(frozen=True)
class State:
    """One version of an index."""

    version: int
    settings: dict[str, Any]  # of the deduplication, `dedup` its kind
    next: int = 0  # the serial number that the next record gets
    segments: tuple[dict[str, Any], ...] = ()  # folder, rows, first or serials, starts, sets, …
    changes: tuple[str, ...] = ()
    deliveries: tuple[dict[str, Any], ...] = ()  # source, first serial number, rows
    files: dict[str, int] = field(default_factory=dict)  # name to bytes

    def to_json(self) -> bytes:
        """As it is written."""
        return json.dumps({"format": FORMAT} | dataclasses.asdict(self), indent=1).encode()

    def used(self) -> set[str]:
        """The names of the files this version needs."""
        names = set(self.changes)
        for entry in self.segments:
            names.update(name for name in self.files if name.startswith(f"{entry['folder']}/"))
            names.update([*entry["sets"], entry["verdicts"]])
        return names


def newest(store: Store) -> tuple[State, str] | None:
    """The newest version in a folder and its fingerprint; None where there is no index.

    Raises `DataError` where a file of it is missing or has another size.
    """
    if not store.local:
        raise SettingError(
            f"{store.root}: an index lies in a folder (its files are mapped into memory), "
            "not behind a URL; mount it"
        )
    for _ in range(20):
        numbers = versions(store)
        if not numbers:
            return None
        try:
            content = store.read(name(numbers[-1]))
            return _parsed(store, content), hashlib.sha256(content).hexdigest()[:16]
        except FileNotFoundError:  # a newer version has come and this one has gone
            time.sleep(0.01)
    raise DataError(f"{store.root}: the index changes faster than it can be read")


def name(version: int) -> str:
    """The file of a version."""
    return f"index-{version:08d}.json"


def versions(store: Store) -> list[int]:
    """The versions that stand, ascending."""
    found = (_NAME.fullmatch(entry) for entry in store.names())
    return sorted(int(match[1]) for match in found if match)


def claim(store: Store, state: State) -> bool:
    """Put a version in place; False if another writer has been faster."""
    for folder in _OURS:
        store.settle(folder)
    for entry in state.segments:
        store.settle(entry["folder"])
    if not store.create(name(state.version), state.to_json()):
        return False
    if versions(store)[-1] != state.version:
        # The number was free only because versions before the newest are deleted.
        store.remove(name(state.version))
        return False
    store.settle()
    return True


def tidy(store: Store, grace: float = 3600.0) -> None:
    """Delete old versions, and files of no version that are older than `grace` seconds.

    Younger ones may belong to a writer at work.
    """
    numbers = versions(store)
    used: set[str] = set()
    for number in numbers[-KEPT:]:
        used |= _parsed(store, store.read(name(number)), check=False).used()
    for number in numbers[:-KEPT]:
        store.remove(name(number))
    now = time.time()
    for top in _OURS:
        for folder, _, entries in os.walk(store.path(top)):
            for entry in entries:
                path = os.path.join(folder, entry)
                relative = os.path.relpath(path, store.root)
                if relative not in used and now - os.stat(path).st_mtime > grace:
                    store.remove(relative)
            if folder != store.path(top) and not os.listdir(folder):
                os.rmdir(folder)


def _parsed(store: Store, content: bytes, check: bool = True) -> State:
    try:
        found = json.loads(content)
        if found.pop("format") != FORMAT:
            raise DataError(f"{store.root}: an index of another version of tamis; build it again")
        for key in ("segments", "changes", "deliveries"):
            found[key] = tuple(found[key])
        state = State(**found)
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{store.root}: the index cannot be read: {error}") from error
    for file in sorted(state.used()) if check else ():
        size = store.size(file)
        if size != state.files[file]:
            told = "is missing" if size is None else f"has {size} bytes, not {state.files[file]}"
            raise DataError(f"{store.path(file)} {told}: the index changed after it was committed")
    return state
