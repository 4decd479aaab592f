"""Parents and children of one block brought together, and what comes of it put to their rows."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from tamis.dedup.groups import hashed
from tamis.errors import DataError
from tamis.frame import STRING
from tamis.levels import aggregates
from tamis.levels.spans import overlapping, shared, spans

PART, ROW = "__tamis_part", "__tamis_row"  # where a row stands, before and after
KEY = "__tamis_key"
OVERLAP = "overlap"
_SHOWN = 5  # ids that an error names


class How(NamedTuple):
    """What is joined by what, and what is made of it: plain data."""

    to: str  # "children" or "parents": whose rows there will be
    overlap: bool
    by: str  # the column of children that names the parent
    columns: tuple[tuple[str, Any], ...]  # name, and a column of parents or a reduction
    orphans: str

    @property
    def key(self) -> str:
        """The column of parents that children name."""
        return self.by if self.overlap else "id"

    def needed(self, side: str) -> list[str]:
        """The columns that are moved: those by which rows meet, and those that are given."""
        found = [self.key if side == "parents" else self.by]
        found += ["start", "end"] if self.overlap else []
        if side != self.to and self.to == "children":
            found += [column for _, column in self.columns]
        elif side != self.to:
            found += [what[0] for _, what in self.columns if not isinstance(what, str)]
        own = [name for name in found if not (self.overlap and name == OVERLAP)]
        return list(dict.fromkeys(own))


def narrow(rows: pd.DataFrame, side: str, part: int, how: How) -> pd.DataFrame:
    """What is moved of a partition: keys, what is given, and where each row stands."""
    key = rows[how.key if side == "parents" else how.by]
    made = rows[[name for name in how.needed(side) if name in rows.columns]].copy(deep=False)
    made = made.reset_index(drop=True)
    made[KEY] = key.astype(STRING).reset_index(drop=True)
    made[PART], made[ROW] = np.int64(part), np.arange(len(rows), dtype=np.int64)
    return made


def hashes(rows: pd.DataFrame) -> np.ndarray:
    """By what rows are dealt out: those that can meet have one hash."""
    return hashed(rows[KEY])


def matched(parents: pd.DataFrame, children: pd.DataFrame, how: How) -> pd.DataFrame:
    """What the wide side is given: `PART`, `ROW` and new columns, in the order of its rows.

    Of parents each has one row; of children one for each parent it has, none where it has none.
    """
    parents, children = (
        rows.sort_values([PART, ROW], kind="stable", ignore_index=True)
        for rows in (parents, children)
    )
    owner, child, seconds = _pairs(parents, children, how)
    if how.to == "children":
        order = np.lexsort((owner, child))
        owner, child, seconds = owner[order], child[order], seconds[order]
        made = children[[PART, ROW]].iloc[child].reset_index(drop=True)
        for name, column in how.columns:
            given = parents[column].iloc[owner].reset_index(drop=True)
            made[name] = given.astype(aggregates.nullable(given.dtype))
        return made.assign(**{OVERLAP: seconds}) if how.overlap else made
    order = np.argsort(owner, kind="stable")
    owner, child = owner[order], child[order]
    rows = children.iloc[child].reset_index(drop=True)
    if how.overlap:
        rows[OVERLAP] = seconds[order]
    made = parents[[PART, ROW]].copy(deep=False)
    for name, what in how.columns:
        made[name] = aggregates.reduced(rows, owner, len(parents), what)
    return made


def attached(wide: pd.DataFrame, found: pd.DataFrame, part: int, how: How) -> pd.DataFrame:
    """The rows of a partition with what was found for them."""
    found = found.sort_values(ROW, kind="stable", ignore_index=True)
    given = found.drop(columns=[PART, ROW])
    if how.to == "parents":
        return wide.assign(**{name: given[name].array for name in given.columns})
    times = np.bincount(found[ROW].to_numpy(np.int64), minlength=len(wide))
    orphan = times == 0
    if how.orphans == "only":
        return wide[orphan]
    if how.orphans == "error" and orphan.any():
        raise DataError(_orphaned(wide[orphan], int(orphan.sum()), part, how))
    at = np.repeat(np.arange(len(wide)), times)
    place = np.arange(len(found))
    if how.orphans == "keep":
        at = np.concatenate([at, np.flatnonzero(orphan)])
        place = np.concatenate([place, np.full(int(orphan.sum()), -1)])
        order = np.argsort(at, kind="stable")
        at, place = at[order], place[order]
    rows = wide.iloc[at]
    given = given.reindex(place)
    return rows.assign(**{name: given[name].array for name in given.columns})


def _pairs(
    parents: pd.DataFrame, children: pd.DataFrame, how: How
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Positions of parents and children that belong together, and how long they overlap."""
    if how.overlap:
        both = pd.concat([parents[KEY], children[KEY]], ignore_index=True)
        codes = pd.factorize(both)[0]
        one = spans(codes[: len(parents)], parents)
        other = spans(codes[len(parents) :], children)
        pairs = overlapping(one, other)
        seconds = shared(one, other, pairs)
        return *pairs, np.where(np.isinf(seconds), np.nan, seconds)
    names = pd.Index(parents[KEY])
    twice = names.duplicated() & names.notna()
    if twice.any():
        raise DataError(_twice(parents, int(np.flatnonzero(twice)[0])))
    known = names.dropna()
    rows = np.flatnonzero(names.notna())
    owner = known.get_indexer(pd.Index(children[KEY]))
    child = np.flatnonzero((owner >= 0) & children[KEY].notna().to_numpy())
    return rows[owner[child]], child, np.full(len(child), np.nan)


def _twice(parents: pd.DataFrame, at: int) -> str:
    name = parents[KEY].iloc[at]
    first, second = parents[parents[KEY] == name][[PART, ROW]].to_numpy()[:2].tolist()
    return (
        f"join: the id {name!r} stands twice among the parents: in partition {first[0]} row "
        f"{first[1]} and in partition {second[0]} row {second[1]}; ids must be unique"
    )


def _orphaned(rows: pd.DataFrame, count: int, part: int, how: How) -> str:
    name = "id" if "id" in rows.columns else how.by
    some = ", ".join(repr(value) for value in rows[name].head(_SHOWN))
    what = "overlap with no parent" if how.overlap else f"have no parent of the id in {how.by!r}"
    return (
        f"join: {count} of the children in partition {part} {what}: {some}; orphans='keep', 'drop' "
        "or 'only' lets them pass, go, or be listed"
    )
