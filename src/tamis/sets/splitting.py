"""Splits of a data set into training, validation and test sets that no group of records straddles.

A record's set follows from its group and the seed: not from the order of the records, nor from
their partitions.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import dask
import numpy as np
import pandas as pd
import pyarrow as pa

from tamis.dedup.duplicates import Duplicates
from tamis.dedup.groups import Groups, from_found, from_sketches, hashed
from tamis.dedup.removal import alive
from tamis.dedup.step import Dedup
from tamis.errors import ColumnError, DataError, SettingError
from tamis.frame import STRING, library, strings
from tamis.kernels.apportion import apportion
from tamis.sets.keys import checked_seed, keyed
from tamis.sets.partitions import call, computed, partitions
from tamis.spelling import no_column

SHARES = {"train": 0.9, "valid": 0.05, "test": 0.05}


def split(
    frame: Any,
    *,
    by: Any = "cluster",
    seed: int = 42,
    exact: bool = False,
    stratify: str | None = None,
    column: str = "split",
    shares: Mapping[str, float] | None = None,
    **sets: float,
) -> Any:
    """Add a column that says to which set each record belongs; lazily for a Dask frame.

    Sets are given by name with how much of the records each gets, by default `train=0.9,
    valid=0.05, test=0.05`, or as `shares={"dev-test": 0.1, …}`; they add up to 1. Records of one
    group are always in one set. A group is, for `by`:

    - a column's name, by default "cluster" (of a frame joined with what `find` gave): the records
      with the same value there (a source, a speaker, `parent_id`); a record where it is null is a
      group of its own, called by its `id`;
    - a deduplication step that compares whole records (exact, fuzzy, semantic, perceptual,
      fingerprint, url), or what its `compare` gave: the records that a chain of candidates joins.
      Two records that the step would compare are never in different sets;
    - a pandas or Dask frame that `find` made: its clusters, a record that stays with those that go
      for it. Records that go for different ones may be alike: take the step to split them, too.

    By default the hash of a group's name draws its set: a share of p is then met within about
    sqrt(p (1 - p) (sum of squared group sizes)) records, one standard deviation. `exact=True`
    counts the groups first, at 25 bytes of memory each: no set exceeds its share by as much as the
    largest group, nor by more than a record where enough groups are of one. `stratify` names a
    column for each of whose values the shares are met like that; a group counts where most of its
    records are.

    >>> docs = pd.DataFrame({"id": list("abcdef"), "site": ["x", "x", "y", "y", "z", "z"]})
    >>> split(docs, by="site", exact=True, train=2 / 3, test=1 / 3).groupby("split").site.nunique()
    split
    test     1
    train    2
    Name: site, dtype: int64
    """
    if shares is not None and sets:
        raise SettingError(f"split: shares=… and {next(iter(sets))}=…: give the sets in one way")
    given = sets if shares is None else shares
    how = _How(_checked(given or SHARES), checked_seed("split", seed), stratify, column)
    _check(frame, by, how)
    counted = exact or stratify is not None
    if library(frame) == "dask":
        return _lazily(frame, by, how, counted)
    groups = None
    if isinstance(by, Dedup):
        groups = from_sketches(by, [by.sketch_chosen(alive(frame))])
    elif not isinstance(by, str):
        groups = from_found(by.compute() if _lazy(by) else by)
    named = by if isinstance(by, str) else None
    drawn = _draw([_count(frame, named, groups, how)], how) if counted else None
    return _assigned(frame, named, groups, drawn, how)


class _How(NamedTuple):
    """The settings of a split; plain data."""

    shares: tuple[tuple[str, float], ...]
    seed: int
    stratify: str | None
    column: str


class _Drawn(NamedTuple):
    """The set of every group."""

    groups: np.ndarray  # uint64, ascending
    sets: np.ndarray  # int8


def _lazily(frame: Any, by: Any, how: _How, counted: bool) -> Any:
    parts = partitions(frame)
    groups = None
    if isinstance(by, Dedup):
        groups = call(from_sketches, by, [call(_sketch, by, part) for part in parts])
    elif not isinstance(by, str):
        groups = (
            call(from_found, call(pd.concat, by.to_delayed()))
            if _lazy(by)
            else dask.delayed(from_found(by), pure=True, traverse=False)
        )
    named = by if isinstance(by, str) else None
    drawn = None
    if counted:
        drawn = call(_draw, [call(_count, part, named, groups, how) for part in parts], how)
    meta = frame._meta.assign(**{how.column: pd.Series(index=frame._meta.index, dtype=STRING)})
    return frame.map_partitions(_assigned, named, groups, drawn, how, meta=meta)


def _assigned(
    part: pd.DataFrame, by: str | None, groups: Groups | None, drawn: _Drawn | None, how: _How
) -> pd.DataFrame:
    """A partition with the column."""
    group = _group(part, by, groups)
    names, shares = zip(*how.shares, strict=True)
    if drawn is None:
        ends = [min(round(end * 2.0**64), 2**64 - 1) for end in np.cumsum(shares)[:-1].tolist()]
        sets = np.searchsorted(np.array(ends, np.uint64), keyed(group, how.seed), side="right")
    else:
        sets = drawn.sets[np.searchsorted(drawn.groups, group)]
    labels = pa.array(names, pa.large_string()).take(pa.array(sets, pa.int64()))
    return part.assign(**{how.column: strings(labels, part.index)})


def _group(part: pd.DataFrame, by: str | None, groups: Groups | None) -> np.ndarray:
    """The hash of each record's group, uint64."""
    if by is None:
        own = hashed(part["id"])
        return own if groups is None else groups.of(own)
    missing = part[by].isna().to_numpy(bool)
    found = hashed(part[by])
    if missing.any():
        if "id" not in part.columns:
            raise DataError(
                f"split: {by!r} is null in {missing.sum():,} records, and there is no column 'id' "
                "to take in its place"
            )
        found[missing] = hashed(part["id"][missing])
    return found


def _sketch(step: Dedup, part: Any) -> pa.Table:
    return step.sketch_chosen(alive(computed(part)))


def _count(part: Any, by: str | None, groups: Groups | None, how: _How) -> pa.Table:
    """How many records of each group a partition has, in each stratum."""
    part = computed(part)
    strata = np.zeros(len(part), np.uint64)
    if how.stratify is not None:
        strata = hashed(part[how.stratify])
    table = pa.table({"group": _group(part, by, groups), "stratum": strata})
    return table.group_by(["group", "stratum"]).aggregate([([], "count_all")])


def _draw(counts: list[pa.Table], how: _How) -> _Drawn:
    """Give every group its set: in each stratum large groups first, then by their hashes."""
    table = pa.concat_tables(counts).group_by(["group", "stratum"])
    table = table.aggregate([("count_all", "sum")])
    group, stratum = np.asarray(table["group"]), np.asarray(table["stratum"])
    count = np.asarray(table["count_all_sum"]).astype(np.int64)
    order = np.lexsort((stratum, -count, group))
    group, stratum, count = group[order], stratum[order], count[order]
    names, first = np.unique(group, return_index=True)
    sizes = np.add.reduceat(count, first) if first.size else count
    strata = stratum[first]  # where most of the group's records are
    order = np.lexsort((keyed(names, how.seed), -sizes, strata))
    given = np.empty(names.size, np.int8)
    shares = np.array([share for _, share in how.shares])
    apportion(strata[order], sizes[order], shares, given)
    sets = np.empty_like(given)
    sets[order] = given
    return _Drawn(names, sets)


def _lazy(by: Any) -> bool:
    return not isinstance(by, Duplicates) and library(by) == "dask"


def _checked(shares: Mapping[str, Any]) -> tuple[tuple[str, float], ...]:
    if not isinstance(shares, Mapping) or not all(isinstance(name, str) for name in shares):
        raise SettingError(f"split: shares={shares!r} are not names of sets with their shares")
    for name, share in shares.items():
        if isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share <= 1:
            raise SettingError(f"split: {name}={share!r} is not a share above 0 and at most 1")
    if not math.isclose(sum(shares.values()), 1.0, abs_tol=1e-9):
        told = ", ".join(f"{name}={share:g}" for name, share in shares.items())
        raise SettingError(f"split: {told} add up to {sum(shares.values()):g}, not to 1")
    return tuple((name, float(share)) for name, share in shares.items())


def _check(frame: Any, by: Any, how: _How) -> None:
    """Raise where the columns needed are not there, or `by` is none of what it may be."""
    if library(frame) == "cudf":
        raise TypeError("split takes a pandas or Dask DataFrame")
    have = list(map(str, frame.columns))
    needed = [] if how.stratify is None else [how.stratify]
    if isinstance(by, str):
        needed.append(by)
    else:
        needed.append("id")
    step = by.step if isinstance(by, Duplicates) else by
    if isinstance(step, Dedup) and not step.whole:
        raise SettingError(
            f"split: by={step.name} compares parts of texts and joins no records; take a step that "
            "compares whole ones (exact, fuzzy, semantic, perceptual, fingerprint, url) or a column"
        )
    if isinstance(by, Dedup):
        by._check(frame)
    elif hasattr(by, "columns") and not isinstance(by, Duplicates):
        lacking = [name for name in ("id", "cluster") if name not in by.columns]
        if lacking:
            raise ColumnError(
                f"split: by= is a frame without {lacking[0]!r}; pass what find() gave"
            )
    elif not isinstance(by, str | Duplicates):
        raise SettingError(
            f"split: by={by!r} is no column, deduplication step, or result of find or compare"
        )
    for name in needed:
        if name not in have:
            raise ColumnError(f"split: {no_column(name, have, _hint(name, by))}")
    if how.column in have:
        raise ColumnError(f"split: a column {how.column!r} exists already; pass column=…")


def _hint(name: str, by: Any) -> str:
    """What to pass where the column that groups are told by is not there."""
    if name != by:
        return ""
    told = "; by= is that column by default" if by == "cluster" else ""
    return f"{told}; pass by=… another column, a step such as FuzzyDedup(), or what find() gave"
