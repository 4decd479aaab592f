"""Records in buckets by a number: between given bounds, or as many in each."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from tamis.errors import ColumnError, DataError, SettingError
from tamis.frame import STRING, library, strings
from tamis.quantiles import Quantile
from tamis.sets.keys import check_frame
from tamis.sets.partitions import call, computed, partitions


def buckets(
    frame: Any, by: str, *, quantiles: int | Sequence[float] | None = None,
    bounds: Sequence[float] | None = None, labels: Sequence[str] | None = None,
    column: str = "bucket",
) -> Any:  # fmt: skip
    """Add a column that says in which bucket the number in column `by` lies; lazily for Dask.

    `bounds` are ascending numbers between the buckets; a number equal to one lies above it.
    `quantiles` finds them in the data, exactly: 5 makes buckets of as many records each, as far as
    equal numbers allow, [50, 90] bounds below which 50 % and 90 % lie. A Dask frame is then
    computed once more, and its numbers are in memory. Buckets are called "0", "1", …, or by
    `labels`, from low to high. A null or NaN is in none, its bucket is null. To write each into a
    folder of its own pass `partition_on="bucket"` to a writer, or to a run.

    >>> docs = pd.DataFrame({"id": list("abcd"), "score": [0.9, 0.1, 0.4, 0.6]})
    >>> buckets(docs, "score", quantiles=2, labels=["low", "high"]).bucket.tolist()
    ['high', 'low', 'low', 'high']
    """
    have = check_frame("buckets", frame, by)
    if column in have:
        raise ColumnError(f"buckets: a column {column!r} exists already; pass column=…")
    meta = frame if library(frame) == "pandas" else frame._meta
    if not pd.api.types.is_numeric_dtype(meta[by].dtype):
        raise ColumnError(f"buckets: column {by!r} holds {meta[by].dtype}, no numbers")
    if (quantiles is None) == (bounds is None):
        raise SettingError("buckets: give quantiles=… or bounds=…, one of them")
    given = _ascending("bounds", bounds) if bounds is not None else _percents(quantiles)
    names = _names(labels, len(given) + 1)
    if library(frame) == "pandas":
        found = given if bounds is not None else _found([_numbers(frame, by)], given)
        return _assigned(frame, by, found, names, column)
    found = given
    if bounds is None:
        found = call(_found, [call(_numbers, part, by) for part in partitions(frame[[by]])], given)
    made = frame._meta.assign(**{column: pd.Series(index=frame._meta.index, dtype=STRING)})
    return frame.map_partitions(_assigned, by, found, names, column, meta=made)


def _numbers(part: Any, by: str) -> np.ndarray:
    numbers = computed(part)[by].to_numpy(np.float64, na_value=np.nan)
    return numbers[~np.isnan(numbers)]


def _found(numbers: list[np.ndarray], percents: tuple[float, ...]) -> tuple[float, ...]:
    """The numbers below which these percentages lie."""
    bounds = [Quantile(percent).of(lambda: numbers) for percent in percents]
    return tuple(bound for bound in bounds if bound is not None)


def _assigned(
    part: pd.DataFrame, by: str, bounds: tuple[float, ...], names: tuple[str, ...], column: str
) -> pd.DataFrame:
    numbers = part[by].to_numpy(np.float64, na_value=np.nan)
    missing = np.isnan(numbers)
    if len(names) > len(bounds) + 1 and not missing.all():
        raise DataError(f"buckets: {by!r} has numbers that it had not when they were counted")
    places = np.searchsorted(np.array(bounds), numbers, side="right")
    indices = pa.array(np.where(missing, 0, places), pa.int64(), mask=missing)
    labels = pa.array(names, pa.large_string()).take(indices)
    return part.assign(**{column: strings(labels, part.index)})


def _percents(quantiles: Any) -> tuple[float, ...]:
    if isinstance(quantiles, int) and not isinstance(quantiles, bool):
        if quantiles < 2:
            raise SettingError(f"buckets: quantiles={quantiles} makes no buckets; from 2 on")
        return tuple(100 * k / quantiles for k in range(1, quantiles))
    percents = _ascending("quantiles", quantiles)
    if percents[0] <= 0 or percents[-1] >= 100:
        raise SettingError(f"buckets: quantiles={quantiles!r} are not percentages from 0 to 100")
    return percents


def _ascending(what: str, given: Any) -> tuple[float, ...]:
    if isinstance(given, str) or not isinstance(given, Sequence) or not len(given):
        raise SettingError(f"buckets: {what}={given!r} is no list of numbers")
    for number in given:
        if isinstance(number, bool) or not isinstance(number, int | float) or number != number:
            raise SettingError(f"buckets: {what}: {number!r} is not a number")
    if any(low >= high for low, high in itertools.pairwise(given)):
        raise SettingError(f"buckets: {what}={list(given)} do not ascend")
    return tuple(map(float, given))


def _names(labels: Sequence[str] | None, count: int) -> tuple[str, ...]:
    if labels is None:
        return tuple(map(str, range(count)))
    if isinstance(labels, str) or len(labels) != count or not all(
        isinstance(label, str) for label in labels
    ):  # fmt: skip
        raise SettingError(f"buckets: labels={labels!r} are not {count} texts, one for each bucket")
    return tuple(labels)
