"""From one version of an index to the next: opened, added to, changed, merged.

Every function writes the files that the next version needs and gives that version; it counts only
once it has been claimed.
"""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tamis.dedup.index import arrays, changes, compaction, components, results
from tamis.dedup.index.delivery import Written
from tamis.dedup.index.ledger import State
from tamis.dedup.index.results import Addition
from tamis.dedup.index.segment import ARRAYS, VERDICT, Segment, Sets
from tamis.dedup.index.view import CHANGE, View
from tamis.io.store import Store


def opened(store: Store, state: State) -> View:
    """What a version holds, mapped."""
    segments = [_segment(store, entry) for entry in state.segments]
    return View(segments, [arrays.read(store, name) for name in state.changes])


def added(
    store: Store, state: State, written: Sequence[Written], step: Any, source: str
) -> tuple[State, Addition]:
    """The version with a delivery added."""
    before = opened(store, state)
    view, touched = changes.added(before, state, written, step, source)
    entries, files, serial = [], dict(state.files), state.next
    for number, item in enumerate(written):
        start = len(before) + sum(len(other.segment) for other in written[:number])
        files |= item.files
        entries.append({
            "folder": item.folder, "rows": len(item.segment), "first": serial,
            "starts": list(map(int, item.segment.starts)),
            "sets": [sets.name for sets in item.segment.sets],
            "verdicts": _verdicts(store, view, start, start + len(item.segment), files),
        })  # fmt: skip
        serial += len(item.segment)
    delivery = {"source": source, "first": state.next, "rows": serial - state.next}
    after = dataclasses.replace(
        state, version=state.version + 1, next=serial, files=files,
        segments=(*state.segments, *entries), deliveries=(*state.deliveries, delivery),
    )  # fmt: skip
    old = view.positions(touched[touched < state.next])
    made = np.zeros(len(old), CHANGE)
    made["serial"] = view.serials(old)
    for name in ("witness", "similarity"):
        made[name] = view.verdicts(old)[name]
    made = components.changed(before, made)
    shown = results.shown(view, np.arange(len(before), len(view)))
    other = results.shown(view, view.positions(made["serial"]))
    return _noted(store, after, made), Addition(source, shown, other)


def changed(store: Store, state: State, made: np.ndarray) -> State:
    """The version with verdicts changed, by an array of `CHANGE` in the order of serials."""
    return _noted(store, dataclasses.replace(state, version=state.version + 1), made)


def merged(store: Store, state: State, count: int, sets: bool) -> State:
    """The version with the last `count` segments in one, and all changes put into the verdicts.

    With `sets` the sets of removed records go too.
    """
    view, files = opened(store, state), dict(state.files)
    rest = len(state.segments) - count
    entries = list(state.segments)
    for number in range(rest if state.changes else 0):
        start, stop = (int(n) for n in view.first[number : number + 2])
        name = _verdicts(store, view, start, stop, files)
        entries[number] = {**entries[number], "verdicts": name}
    if count:
        names = [name for entry in entries[rest:] for name in entry["sets"]]
        last = View(view.segments[rest:], view.changes)
        made = compaction.merged(store, last, names, sets)
        entries[rest:] = [made.entry] if made else []
        files |= made.files if made else {}
    after = dataclasses.replace(
        state, version=state.version + 1, segments=tuple(entries), changes=(), files=files
    )
    used = after.used()
    return dataclasses.replace(after, files={k: v for k, v in files.items() if k in used})


def _noted(store: Store, state: State, made: np.ndarray) -> State:
    if not len(made):
        return state
    name = f"changes/{_unique()}.npy"
    size = arrays.write(store, name, CHANGE, len(made), [made])
    return dataclasses.replace(
        state, changes=(*state.changes, name), files={**state.files, name: size}
    )


def _verdicts(store: Store, view: View, start: int, stop: int, files: dict[str, int]) -> str:
    """Write the verdicts on the positions from `start` to `stop`; the name of the file."""
    name = f"verdicts/{_unique()}.npy"
    verdicts = view.verdicts(np.arange(start, stop))
    files[name] = arrays.write(store, name, VERDICT, len(verdicts), [verdicts])
    return name


def _segment(store: Store, entry: Mapping[str, Any]) -> Segment:
    mapped = {name: arrays.read(store, f"{entry['folder']}/{name}.npy") for name in ARRAYS}
    if "serials" in entry:
        serials = arrays.read(store, entry["serials"])
    else:
        serials = entry["first"] + np.arange(entry["rows"])
    return Segment(
        **mapped, starts=entry["starts"], serials=serials,
        verdicts=arrays.read(store, entry["verdicts"]),
        sets=[Sets(store, name) for name in entry["sets"]],
    )  # fmt: skip


def _unique() -> str:
    return uuid.uuid4().hex[:12]
