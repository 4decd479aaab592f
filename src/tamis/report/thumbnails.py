"""The pictures of the page, bounded together, in a file of their own beside `run.json`.

They stay out of `run.json`, which is read for its figures. `tamis report` makes the page again from
both, also where what the rows point to has gone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from tamis.execute import execute
from tamis.exhibits import Exhibit, Subject, exhibits, subject_of
from tamis.exhibits.making import MOST, SIDE
from tamis.io.fetch import each_row
from tamis.io.store import Store
from tamis.report.gather import Held

FILE = "thumbnails.json"
ROOM = 2_000_000  # bytes of pictures on a page, each as often as it is shown; base64 adds a third


def made(
    store: Store, figures: Mapping[str, Any], held: Sequence[Held] | None = None
) -> dict[str, Exhibit]:
    """What shows each record on the page, by id.

    `held` says which files the records are in; all are looked through where it is not known. What
    a record may take depends on how many are shown, so the pictures do not depend on partitions.
    """
    of, shown = subject_of(figures), list(named(figures))
    if not of.columns or not shown:
        return {}
    most = min(MOST, ROOM // len(shown))  # what sounds is given as many times more
    if held is None:
        names = [part["name"] for part in figures["parts"]]
        parts = [name for name in names if name.startswith(("kept/", "dropped/"))]
        held = [Held(parts, sorted(set(shown)))]
    asked = set(shown)
    found: dict[str, Exhibit] = {}
    calls = []
    for few in held:
        ids = [name for name in few.ids if name in asked]
        if ids:
            calls.append((store, few.parts, of, ids, most))
    execute(part, calls, lambda _, result: found.update(result))
    return dict(sorted(found.items()))


def part(
    store: Store, parts: Sequence[str], of: Subject, ids: Sequence[str], most: int
) -> dict[str, Exhibit]:
    """The exhibits of some records of one task."""
    found: dict[str, Exhibit] = {}
    for name, cells in each_row(store, parts, of.columns, ids):
        found |= exhibits({name: cells}, of, SIDE, most)
    return found


def named(figures: Mapping[str, Any]) -> Iterator[str]:
    """The ids of the records on the page, each as often as it is shown."""
    for score in figures.get("scores", []):
        yield from _ids(score.get("along", []))
        for sides in score["samples"].values():
            for rows in sides.values():
                yield from _ids(rows)
    for reason in figures.get("reasons", []):
        yield from _ids(reason["samples"])
    for found in figures.get("duplicates", []):
        for group in found["largest"]:
            yield group["kept"]
            yield from _ids(group["members"])
        for row in (*found["least"], *found["most"]):
            yield row["id"]
            yield row["kept"]


def put(store: Store, figures: Mapping[str, Any], found: Mapping[str, Exhibit]) -> None:
    """Write the exhibits beside the run; what an earlier run left goes where there are none."""
    if found:
        rows = {name: exhibit.to_dict() for name, exhibit in found.items()}
        content = {"format": 1, "token": figures["token"], "records": rows}
        store.put(FILE, json.dumps(content, ensure_ascii=False, indent=0).encode())
    elif store.size(FILE) is not None:
        store.remove(FILE)


def standing(store: Store, figures: Mapping[str, Any]) -> dict[str, Exhibit] | None:
    """The exhibits that this very run left; None where there are none or they are damaged."""
    if store.size(FILE) is None:
        return None
    try:
        found = json.loads(store.read(FILE))
        if found["token"] != figures["token"]:
            return None
        return {name: Exhibit.from_dict(row) for name, row in found["records"].items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _ids(rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    return (row["id"] for row in rows)
