"""Rows of two levels joined: clips and their videos, sentences and the clips they are said in."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args

import pandas as pd

from tamis.errors import ColumnError, SettingError
from tamis.frame import library
from tamis.levels import aggregates
from tamis.levels.matching import KEY, OVERLAP, PART, ROW, How, attached, matched, narrow
from tamis.sets.keys import check_frame
from tamis.spelling import no_column

To = Literal["children", "parents"]
Orphans = Literal["keep", "drop", "only", "error"]


def join(
    parents: Any,
    children: Any,
    *,
    to: To = "children",
    columns: Sequence[str] | Mapping[str, Any] | None = None,
    on: Literal["id", "overlap"] = "id",
    by: str = "parent_id",
    prefix: str = "parent_",
    orphans: Orphans = "keep",
    folder: str | os.PathLike[str] | None = None,
) -> Any:
    """Give children columns of their parents, or parents what their children come to; lazily.

    A child names its parent's `id` in the column `by`, as what a cut makes does. With
    `on="overlap"` both have `by`, `start` and `end`, and belong together where it is equal and
    their times overlap: sentences and clips of a video. A null start is 0, a null end without
    bound; spans that only touch do not overlap.

    `to="children"`: the children with the `columns` of their parents, each called `prefix` and its
    name (by default all but `id`, and but `by`, `start` and `end` in an overlap join); a mapping
    gives names of one's own. `orphans`, children without a parent here, are kept with nulls,
    dropped, given alone ("only"), or a `DataError`. In an overlap join a child has a row for each
    parent, with the seconds of overlap in the column `overlap`.

    `to="parents"`: the parents, each with what `columns` makes of its children: `"count"`, or a
    column with `sum`, `mean`, `min`, `max` (of numbers), `any`, `all`, `first`, `last` or `text`
    (put together with spaces, in order; by start in an overlap join, where `overlap` is a column,
    too). By default `{"children": "count"}`. Without children a count or sum is 0, other values are
    null.

    The rows of the wide frame stay in their order and partitions, and what they hold is not moved:
    of Dask frames keys and wanted columns alone are exchanged, by way of `folder` as in
    `sets.shuffle`. Equal results for any partitions. Both frames are pandas' or one is Dask's, such
    as `run.kept()` and `run.dropped()`. A parent's id that stands twice is a `DataError` that names
    both places.

    >>> videos = pd.DataFrame({"id": ["a", "b"], "fps": [25, 30]})
    >>> clips = pd.DataFrame({"id": ["a/1", "a/2", "c/1"], "parent_id": ["a", "a", "c"]})
    >>> join(videos, clips).parent_fps.tolist()
    [25, 25, <NA>]
    >>> join(videos, clips, to="parents", columns={"clips": "count"}).clips.tolist()
    [2, 0]
    """
    have = {"parents": check_frame("join", parents), "children": check_frame("join", children)}
    for name, value, known in (
        ("to", to, get_args(To)), ("on", on, ("id", "overlap")),
        ("orphans", orphans, get_args(Orphans)),
    ):  # fmt: skip
        if value not in known:
            raise SettingError(f"join: {name}={value!r} is not one of {', '.join(known)}")
    overlap = on == "overlap"
    chosen = _chosen(to, columns, have["parents"], by, prefix, overlap)
    how = How(to, overlap, by, tuple(chosen.items()), orphans)
    _check(how, have)
    wide, lazy = have[to], "dask" in (library(parents), library(children))
    new = [name for name, _ in how.columns] + [OVERLAP] * (overlap and to == "children")
    for name in new:
        if name in wide and orphans != "only":
            raise ColumnError(f"join: the {to} have a column {name!r} already; call the new one "
                              "otherwise by prefix= or columns={new: …}")  # fmt: skip
    if not lazy:
        return _joined(parents, children, how)
    parents, children = _lazy(parents), _lazy(children)
    meta = _joined(parents._meta, children._meta, how)
    from tamis.levels.exchange import exchanged

    return exchanged(parents, children, how, folder, meta)


def _joined(parents: pd.DataFrame, children: pd.DataFrame, how: How) -> pd.DataFrame:
    found = matched(narrow(parents, "parents", 0, how), narrow(children, "children", 0, how), how)
    return attached(parents if how.to == "parents" else children, found, 0, how)


def _chosen(
    to: str, columns: Any, have: list[str], by: str, prefix: str, overlap: bool
) -> dict[str, Any]:
    """New columns by name, with what they hold."""
    if to == "parents":
        return aggregates.checked({"children": aggregates.COUNT} if columns is None else columns)
    if isinstance(columns, Mapping):
        return {str(name): column for name, column in columns.items()}
    if isinstance(columns, str):
        raise SettingError(f"join: columns={columns!r} is no list; write [{columns!r}]")
    own = {"id", *((by, "start", "end") if overlap else ())}
    names = [name for name in have if name not in own] if columns is None else columns
    return {f"{prefix}{name}": name for name in names}


def _check(how: How, have: Mapping[str, list[str]]) -> None:
    for side, names in have.items():
        for reserved in (PART, ROW, KEY):
            if reserved in names:
                raise ColumnError(f"join: the {side} have a column {reserved!r}; rename it")
        for name in how.needed(side):
            if name not in names:
                raise ColumnError(f"join: the {side} have {no_column(name, names)}")
    if how.overlap and how.to == "parents" and OVERLAP in have["children"]:
        raise ColumnError(f"join: the children have a column {OVERLAP!r} already; rename it")


def _lazy(frame: Any) -> Any:
    from tamis.planning import as_dask

    return as_dask(frame)
