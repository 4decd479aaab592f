"""Samples: a share of the records, or so many of all or of each group, each by weight if asked."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from tamis.dedup.groups import hashed
from tamis.errors import ColumnError, DataError, SettingError
from tamis.frame import library
from tamis.sets.keys import check_frame, check_number, checked_seed, keys, shares
from tamis.sets.partitions import call, computed, partitions

_NEVER = np.uint64(2**64 - 1)  # the draw of a record of weight 0


def sample(
    frame: Any, *, share: float | None = None, n: int | None = None, by: str | None = None,
    weight: str | None = None, seed: int = 42,
) -> Any:  # fmt: skip
    """A random part of the records, in their order; lazily for a Dask frame.

    `share` keeps each record with that probability, in one pass. `n` keeps exactly that many of all
    records, or of each value of the column `by` (all where there are fewer; null is a value): a
    Dask frame is computed once more, and `n` draws of 8 bytes for each group are in memory. With
    `weight`, a column of numbers from 0 on, records are drawn without replacement, each in turn
    with a probability in proportion to its weight (Efraimidis and Spirakis 2006); where weights are
    0 or null, never.

    A record's draw follows from its `id`, its weight and the seed: another partitioning or order
    gives the same records, and a larger `share` or `n` gives all those of a smaller.

    >>> docs = pd.DataFrame({"id": list("abcdef"), "lang": ["en"] * 4 + ["de"] * 2})
    >>> sample(docs, n=1, by="lang").lang.tolist()
    ['en', 'de']
    """
    checked_seed("sample", seed)
    check_frame("sample", frame, "id", *(name for name in (by, weight) if name is not None))
    if (share is None) == (n is None):
        raise SettingError("sample: give share=… or n=…, one of them")
    how = _How(by, weight, seed)
    if n is None:
        return _of_share(frame, share, how)
    most = check_number("sample", "n", n)
    if weight is not None:
        kind = frame.dtypes[weight]
        if not (pd.api.types.is_numeric_dtype(kind) or pd.api.types.is_object_dtype(kind)):
            raise ColumnError(f"sample: weight={weight!r} holds {kind}; weights are numbers")
    if library(frame) == "pandas":
        return _kept(frame, _last([_lowest(frame, how, most)], most), how)
    looked_at = dict.fromkeys(name for name in ("id", by, weight) if name is not None)
    parts = partitions(frame[list(looked_at)])
    last = call(_last, [call(_lowest, part, how, most) for part in parts], most)
    return frame.map_partitions(_kept, last, how, meta=frame._meta)


class _How(NamedTuple):
    """The settings of a sample; plain data."""

    by: str | None
    weight: str | None
    seed: int


class _Last(NamedTuple):
    """Of each group the last draw that is kept."""

    groups: np.ndarray  # uint64, ascending
    draws: np.ndarray  # uint64


def _of_share(frame: Any, share: Any, how: _How) -> Any:
    if how.by is not None or how.weight is not None:
        raise SettingError("sample: by= and weight= are for n=…, a number of records")
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share <= 1:
        raise SettingError(f"sample: share={share!r} is not a share above 0 and at most 1")
    if library(frame) == "pandas":
        return _below(frame, share, how)
    return frame.map_partitions(_below, share, how, meta=frame._meta)


def _below(part: pd.DataFrame, share: float, how: _How) -> pd.DataFrame:
    return part[shares(keys(part, how.seed, "sample")) < share]


def _draws(part: pd.DataFrame, how: _How) -> tuple[np.ndarray, np.ndarray]:
    """Of each record the hash of its group and its draw: the lower, the sooner it is taken."""
    own = keys(part, how.seed, "sample")
    groups = np.zeros(len(part), np.uint64) if how.by is None else hashed(part[how.by])
    if how.by is not None:  # a null is not the empty text
        groups[part[how.by].isna().to_numpy(bool)] = np.uint64(1)
    if how.weight is None:
        return groups, np.minimum(own, _NEVER - np.uint64(1))
    try:
        weights = part[how.weight].to_numpy(np.float64, na_value=0.0)
    except (TypeError, ValueError) as error:  # a column of objects
        raise ColumnError(f"sample: weight={how.weight!r}: {error}; weights are numbers") from error
    if not (np.isfinite(weights) & (weights >= 0)).all():
        raise DataError(f"sample: weights in {how.weight!r} are below 0, or infinite")
    with np.errstate(divide="ignore"):
        waiting = -np.log1p(-shares(own)) / weights  # positive doubles sort as their bits do
    draws = waiting.view(np.uint64).copy()
    draws[~(weights > 0) | ~np.isfinite(waiting)] = _NEVER
    return groups, draws


def _lowest(part: Any, how: _How, most: int) -> pd.DataFrame:
    groups, draws = _draws(computed(part), how)
    drawn = draws != _NEVER
    return _first(pd.DataFrame({"group": groups[drawn], "draw": draws[drawn]}), most)


def _first(table: pd.DataFrame, most: int) -> pd.DataFrame:
    """The `most` lowest draws of each group."""
    table = table.sort_values(["group", "draw"], ignore_index=True)
    return table[table.groupby("group").cumcount() < most]


def _last(lowest: list[pd.DataFrame], most: int) -> _Last:
    table = _first(pd.concat(lowest), most).groupby("group").draw.max()
    return _Last(table.index.to_numpy(np.uint64), table.to_numpy(np.uint64))


def _kept(part: pd.DataFrame, last: _Last, how: _How) -> pd.DataFrame:
    groups, draws = _draws(part, how)
    if not last.groups.size:
        return part.iloc[:0]
    at = np.minimum(np.searchsorted(last.groups, groups), last.groups.size - 1)
    return part[(last.groups[at] == groups) & (draws <= last.draws[at])]
