"""Whether a folder may be written to: empty or ours, writable, and not what is being read."""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Collection, Iterable

from tamis.errors import DataError
from tamis.io.store import Store, writing


def refuse_foreign(
    store: Store, known: Collection[str], marks: Iterable[str] = (), folders: bool = False
) -> None:
    """A folder with somebody else's files in it is not ours to tidy.

    `known` are the names that may stand in it; where one of `marks` stands the folder is ours
    whatever else does. `folders` takes folders within it for somebody else's too. Raises
    `DataError`.
    """
    with writing(store.root):
        found = store.names()
        if folders and store.local and os.path.isdir(store.root):
            with os.scandir(store.root) as entries:
                found += sorted(entry.name for entry in entries if entry.is_dir())
    strangers = [name for name in found if name not in known]
    if strangers and all(store.size(name) is None for name in marks):
        raise DataError(
            f"{store.root} holds files of something else ({strangers[0]}); give an empty folder"
        )


def refuse_input(store: Store, urls: Iterable[str]) -> None:
    """Whoever read what an earlier one wrote would count its records twice: `DataError`."""
    inside = store.root.rstrip("/") + "/"
    for url in urls:
        if url.startswith(inside):
            raise DataError(
                f"the input holds {url}, which lies in the output folder; write to a folder "
                "that the input does not take in"
            )


def refuse_unwritable(store: Store) -> None:
    """Raise `WriteError` where nothing can be put into a local folder; it is left as it was."""
    if not store.local:
        return
    made, place = [], store.root
    while not os.path.lexists(place):
        made.append(place)
        place = os.path.dirname(place)
    trial = f"trial.{uuid.uuid4().hex[:8]}.tmp"
    try:
        store.put(trial, b"", sync=False)
        store.remove(trial)
    finally:
        for place in made:
            with contextlib.suppress(OSError):
                os.rmdir(place)
