"""Several sources as one set, mixed by weights."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from tamis.errors import ColumnError, DataError, SettingError
from tamis.frame import STRING, library, text_buffers
from tamis.io.sizes import size as bytes_of
from tamis.outcome import shape
from tamis.sets.exchange import exchanged, sorted_rows
from tamis.sets.keys import check_frame, check_number, checked_seed, keys, shares
from tamis.sets.measuring import Tally, merged, tally
from tamis.sets.partitions import call, computed, partitions


def blend(
    sources: Mapping[str, Any], *, weights: Mapping[str, float], size: int | str | None = None,
    unit: str = "rows", on: str = "text", max_passes: float = 10, seed: int = 42,
    column: str | None = "source", count: int | None = None,
    folder: str | os.PathLike[str] | None = None,
) -> Any:  # fmt: skip
    """Mix named frames into one by weights, evenly from the first row to the last; lazily for Dask.

    `weights` say which part of the blend each source is to be (they need not add up to 1), counted
    in `unit`: "rows", "bytes" (UTF-8, of the column `on`), or the name of a column of whole
    numbers, such as one of token counts. `size` is what all come to, in that unit (bytes also as
    "10GB"); by default as much as can be had without repeating any record.

    A source that is to give more than it has is gone through several times, the last time in part;
    more than `max_passes` are an error. A record's copies are as far apart as may be: the passes
    follow one another, each in the same order. The second copy of record `a` has the id `a#2`, and
    so on. A source that has more than is wanted gives those first in the order of a hash of the
    `id` and the seed, so a smaller blend is part of a larger one. Amounts are met within a record;
    of a source beyond two million records, within a millionth of it.

    `column` (None: none) says which source a record is of. Columns are those of all sources, null
    where a source lacks one. Neither the order of the rows nor their partitions matter to the
    result. Dask frames are computed once more to be measured, and rows go to `count` new partitions
    by way of `folder`, as in `shuffle`.

    >>> web = pd.DataFrame({"id": ["w1", "w2", "w3", "w4"], "text": ["a", "b", "c", "d"]})
    >>> code = pd.DataFrame({"id": ["c1"], "text": ["x = 1"]})
    >>> blend({"web": web, "code": code}, weights={"web": 2, "code": 1}, size=6).id.tolist()
    ['w3', 'c1', 'w2', 'w4', 'w1', 'c1#2']
    """
    how = _How(unit, on, checked_seed("blend", seed), column)
    parts_of = _checked_weights(sources, weights)
    wanted = _checked_size(size, unit)
    if isinstance(max_passes, bool) or not isinstance(max_passes, int | float) or max_passes <= 0:
        raise SettingError(f"blend: max_passes={max_passes!r} is not a number above 0")
    meta = _meta(sources, how)
    plan = (parts_of, wanted, float(max_passes), unit)
    lazy = {library(frame) == "dask" for frame in sources.values()}
    if lazy == {False}:
        passes = _planned({k: [_measured(f, how)] for k, f in sources.items()}, *plan)
        rules = [_laid(f, k, passes, dict(meta.dtypes), how) for k, f in sources.items()]
        rows = pd.concat([rows for rows, _ in rules], ignore_index=True)
        return sorted_rows(rows, np.concatenate([order for _, order in rules]))
    if lazy != {True}:
        raise SettingError("blend: some sources are Dask frames and some pandas; make them alike")
    found = {name: partitions(frame) for name, frame in sources.items()}
    passes = call(
        _planned,
        {
            name: [call(_measured, part, how) for part in partitions(frame[["id", *how.needed]])]
            for name, frame in sources.items()
        },
        *plan,
    )
    dealt = [
        (part, _laid, (name, passes, dict(meta.dtypes), how))
        for name, parts in found.items()
        for part in parts
    ]
    count = len(dealt) if count is None else check_number("blend", "count", count)
    return exchanged(dealt, meta, count, folder)


class _How(NamedTuple):
    """The settings of a blend; plain data."""

    unit: str
    on: str
    seed: int
    column: str | None

    @property
    def needed(self) -> list[str]:
        """The column by which a source is measured."""
        return {"rows": [], "bytes": [self.on]}.get(self.unit, [self.unit])


class _Passes(NamedTuple):
    """How often a source is gone through: in whole, and in a last part up to a key (-1: none)."""

    whole: int
    last: int

    @property
    def number(self) -> float:
        """All passes together, by the part of the keys that the last one has."""
        return self.whole + (self.last + 1) / 2.0**64


def _measured(part: Any, how: _How) -> Tally:
    part = computed(part)
    return tally(keys(part, how.seed, "blend"), _sizes(part, how))


def _sizes(part: pd.DataFrame, how: _How) -> np.ndarray:
    if how.unit == "rows":
        return np.ones(len(part), np.int64)
    if how.unit == "bytes":
        return np.diff(text_buffers(part[how.on]).offsets)
    numbers = part[how.unit].to_numpy(np.float64, na_value=0.0)
    if not ((numbers >= 0) & (numbers == np.floor(numbers))).all():
        raise DataError(f"blend: {how.unit!r} has values that are no whole numbers from 0 on")
    return numbers.astype(np.int64)


def _planned(
    tallies: dict[str, list[Tally]], weights: dict[str, float], size: int | None,
    max_passes: float, unit: str,
) -> dict[str, _Passes]:  # fmt: skip
    """The passes through every source."""
    whole = {name: merged(parts) for name, parts in tallies.items()}
    for name, found in whole.items():
        if not found.total:
            raise DataError(f"blend: the source {name!r} is empty (0 {unit})")
    most: float = min(found.total / weights[name] for name, found in whole.items())
    size_ = most if size is None else float(size)
    passes = {}
    for name, found in whole.items():
        amount = size_ * weights[name]
        if amount > max_passes * found.total * (1 + 1e-12):
            raise DataError(
                f"blend: {name!r} has {found.total:,} {unit}, and {amount:,.0f} are asked for: "
                f"{amount / found.total:.1f} passes, above max_passes={max_passes:g}"
            )
        turns = math.floor(amount / found.total + 1e-12)
        passes[name] = _Passes(turns, found.last(max(amount - turns * found.total, 0.0)))
    return passes


def _laid(
    part: pd.DataFrame, name: str, passes: dict[str, _Passes], dtypes: dict[str, Any], how: _How
) -> tuple[pd.DataFrame, np.ndarray]:
    """The rows of a source that are in the blend, as often as they are, and their places in it."""
    whole, last = passes[name]
    own = keys(part, how.seed, "blend")
    times = whole + (own <= np.uint64(max(last, 0))).astype(np.int64) * (last >= 0)
    rows = np.repeat(np.arange(len(part)), times)
    turn = np.arange(rows.size) - np.repeat(np.cumsum(times) - times, times)
    made = part.iloc[rows].reset_index(drop=True)
    again = pd.Series(np.where(turn > 0, "#", ""), dtype=STRING)
    again += pd.Series(np.where(turn > 0, (turn + 1).astype(str), ""), dtype=STRING)
    made["id"] = made["id"].astype(STRING) + again
    if how.column is not None:
        made[how.column] = pd.Series([name] * len(made), dtype=STRING, index=made.index)
    place = (shares(own)[rows] + turn) / max(passes[name].number, 1e-300)
    place = np.minimum(place, 1 - 2.0**-53)
    return shape(made, dtypes), (place * 2.0**53).astype(np.uint64) << np.uint64(11)


def _meta(sources: Mapping[str, Any], how: _How) -> pd.DataFrame:
    """No rows of the columns of all sources; raises where they do not fit together."""
    columns: dict[str, Any] = {}
    for name, frame in sources.items():
        what = f"blend: {name}"
        check_frame(what, frame, "id", *how.needed)
        meta = frame if library(frame) == "pandas" else frame._meta
        for key, dtype in meta.dtypes.items():
            if columns.setdefault(str(key), dtype) != dtype:
                raise ColumnError(
                    f"{what}: column {key!r} holds {dtype}, in another source {columns[str(key)]}; "
                    "make them alike with .astype(…)"
                )
    for name, frame in sources.items():
        for key, dtype in columns.items():
            plain = isinstance(dtype, np.dtype) and dtype.kind in "iub"
            if key not in frame.columns and plain:
                raise ColumnError(
                    f"blend: {name} has no column {key!r}, and {dtype} has no nulls; give it to "
                    "all sources, drop it, or make it 'Int64' or 'boolean'"
                )
    columns["id"] = STRING
    if how.column is not None:
        if how.column in columns:
            raise ColumnError(
                f"blend: a column {how.column!r} exists already; pass column=…, or None"
            )
        columns[how.column] = STRING
    return pd.DataFrame({k: pd.Series([], dtype=dtype) for k, dtype in columns.items()})


def _checked_weights(sources: Mapping[str, Any], weights: Mapping[str, float]) -> dict[str, float]:
    """The weights, adding up to 1."""
    if not isinstance(sources, Mapping) or not sources:
        raise SettingError("blend takes a mapping of names to frames")
    odd = set(sources) ^ set(weights)
    if odd:
        raise SettingError(f"blend: weights and sources differ in {', '.join(map(repr, odd))}")
    for name, weight in weights.items():
        number = isinstance(weight, int | float) and not isinstance(weight, bool)
        if not number or not 0 < weight < math.inf:
            raise SettingError(f"blend: the weight {weight!r} of {name!r} is no number above 0")
    total = sum(weights[name] for name in sources)
    return {name: weights[name] / total for name in sources}


def _checked_size(size: int | str | None, unit: str) -> int | None:
    if size is None:
        return None
    if unit == "bytes" and isinstance(size, str):
        return bytes_of("size", size)
    return check_number("blend", "size", size)
