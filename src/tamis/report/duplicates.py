"""Groups of duplicates for the report: the largest, and the pairs nearest to the bound."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tamis.difference import differences
from tamis.io.store import Store
from tamis.report.samples import Found, hashes
from tamis.report.survey import Survey, read

LARGEST = 4  # groups shown
MEMBERS = 3  # duplicates shown of a group of texts
SHEET = 11  # … on a contact sheet


Group = tuple[str, int]  # the step that dropped its duplicates, hash of the kept record's id


class Places(NamedTuple):
    """Where in the ledger records are, and the duplicates of some groups."""

    part: dict[str, str]
    members: dict[Group, list[tuple[str, str, float, str]]]  # id, duplicate of, similarity, part

    def add(self, other: Places, most: int) -> None:
        """Take in what another part of the ledger holds; `most` members of a group are kept."""
        self.part.update(other.part)
        for group, rows in other.members.items():
            self.members[group] = sorted([*self.members.get(group, []), *rows])[:most]


def largest(survey: Survey, step: int) -> list[tuple[int, int]]:
    """The groups with most duplicates dropped: hash of the kept record's id, and how many."""
    if step not in survey.groups:
        return []
    keys, counts = survey.groups[step]
    order = np.lexsort((keys, -counts))[:LARGEST]
    return list(zip(keys[order].tolist(), counts[order].tolist(), strict=True))


def locate(
    store: Store, part: str, ids: Sequence[str], groups: Sequence[Group], most: int
) -> Places:
    """Which of the ids, and which `most` members of the groups, a part of the ledger holds."""
    table = read(store, part, ["id", "dropped_by", "duplicate_of", "similarity"])
    rows = table.filter(pc.is_in(table["id"].cast(pa.string()), value_set=pa.array(ids)))
    places = Places(dict.fromkeys(rows["id"].to_pylist(), part), {})
    table = table.filter(pc.is_valid(table["duplicate_of"]))
    of, by = hashes(table["duplicate_of"]), table["dropped_by"].cast(pa.string())
    for group in groups:
        step, key = group
        rows = table.filter(pc.and_(pc.equal(by, step), pa.array(of == np.uint64(key))))
        if rows.num_rows:
            found = rows.sort_by("id").slice(0, most).to_pylist()
            places.members[group] = [
                (row["id"], row["duplicate_of"], row["similarity"], part) for row in found
            ]
    return places


def pairs(survey: Survey, step: int) -> list[Found]:
    """The least and the most similar pairs that are to be shown."""
    return [*survey.samples.get(("least", step), []), *survey.samples.get(("most", step), [])]


def described(
    survey: Survey, step: int, name: str, places: Places, texts: Mapping[str, str], length: int
) -> dict[str, Any]:
    """What the report says of one deduplication."""
    keys, counts = survey.groups.get(step, (np.empty(0), np.empty(0, np.int64)))
    groups = []
    for group, dropped in largest(survey, step):
        members = places.members.get((name, group), [])
        if members:
            kept = members[0][1]
            rows = [_pair(row, kept, value, texts) for row, kept, value, _ in members]
            text = texts.get(kept, "")[:length]
            groups.append({"kept": kept, "text": text, "dropped": dropped, "members": rows})
    return {
        "groups": len(keys),
        "dropped": int(counts.sum()),
        "largest": groups,
        "least": _pairs(survey.samples.get(("least", step), []), texts),
        "most": _pairs(survey.samples.get(("most", step), []), texts),
    }


def _pairs(found: Iterable[Found], texts: Mapping[str, str]) -> list[dict[str, Any]]:
    return [
        {"kept": row.other} | _pair(row.id, row.other or "", row.value, texts)
        for row in found
        if row.value < 1
    ]


def _pair(name: str, kept: str, similarity: float, texts: Mapping[str, str]) -> dict[str, Any]:
    row: dict[str, Any] = {"id": name, "similarity": similarity}
    if texts.get(name) is not None and texts.get(name) == texts.get(kept):
        row["same"] = True
    elif name in texts and kept in texts:
        row["words"] = differences(texts[kept], texts[name])
    return row
