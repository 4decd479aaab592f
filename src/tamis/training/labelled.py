"""Rows with labels, some of them held out: whole groups of records, drawn by ids and a seed."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import pandas as pd

from tamis.errors import ColumnError, DataError, SettingError
from tamis.frame import library
from tamis.sets import split
from tamis.sets.keys import check_frame, checked_seed
from tamis.sets.partitions import call, computed, partitions
from tamis.steps import Score

log = logging.getLogger(__name__)
_SET = "_set"


def parts(
    what: str,
    frame: Any,
    on: str | Score,
    label: str,
    by: Any,
    share: float,
    seed: int,
) -> list[Any]:
    """The partitions as tasks (or frames): `id`, `value`, `label`, and whether `held` out.

    `on` is the column of the values or a step that makes it, which is asked about rows with labels.
    """
    if isinstance(share, bool) or not 0 < share <= 1:
        raise SettingError(f"{what}: share={share!r} is not above 0 and at most 1")
    checked_seed(what, seed)
    check_frame(what, frame, "id", label, *([on] if isinstance(on, str) else []))
    if isinstance(on, Score):
        if on.name in frame.columns:
            raise ColumnError(f"{what}: a column {on.name!r} exists already; pass on={on.name!r}")
        frame = frame[~frame[label].isna()]
    if share < 1:
        names: dict[str, Any] = {"kept": float(share), "held": 1 - float(share)}
        by = "id" if by is None else by
        try:
            frame = split(frame, by=by, seed=seed, stratify=label, column=_SET, **names)
        except (ColumnError, SettingError) as error:
            raise type(error)(f"{what}: {str(error).removeprefix('split: ')}") from None
    column = on if isinstance(on, str) else on.name
    frame = frame if isinstance(on, str) else on(frame)  # after the split, which counts rows
    if library(frame) == "dask":
        return [call(_rows, part, column, label) for part in partitions(frame)]
    return [_rows(frame, column, label)]


def gathered(tasks: list[Any]) -> list[Any]:
    """What the tasks give; they run on the threads of this process, or on the client there is."""
    import dask

    return list(dask.compute(*tasks))


def unjudged(what: str, by: Any, share: float) -> None:
    """Tell that no rows were held out, where some were to be."""
    if share < 1:
        why = "there are too few"
        if by is not None:
            told = repr(by) if isinstance(by, str) else "its groups"
            why = f"by={told} leaves too few groups, and a group is not torn apart"
        log.warning("%s: no rows were held out (%s): nothing tells how good it is", what, why)


def named(what: str, label: str, values: pd.Series) -> pd.Series:
    """Labels as text; whole numbers without a point."""
    if pd.api.types.is_float_dtype(values.dtype):
        numbers = values.dropna().to_numpy(np.float64)
        if len(numbers) and (numbers != np.round(numbers)).any():
            raise DataError(
                f"{what}: {label!r} holds numbers with fractions (such as {numbers[0]:g}), which "
                "are no labels"
            )
        values = values.astype("Int64")
    return values.astype("string")


def counted(what: str, label: str, found: pd.Series) -> pd.Series:
    """How often each label occurs, the commonest first, equals by name; at least two."""
    counts = found.value_counts()
    counts = counts.loc[sorted(counts.index, key=lambda one: (-counts[one], one))]
    if len(counts) < 2:
        told = f"all are {counts.index[0]!r}" if len(counts) else "none has a label and a value"
        raise DataError(f"{what}: {len(found):,} rows to learn from, {told} ({label!r})")
    return counts


def _rows(part: Any, column: str, label: str) -> pd.DataFrame:
    part = computed(part)
    there = part[column].notna() & part[label].notna()
    part = part[there.to_numpy(bool)]
    held = part[_SET].to_numpy() == "held" if _SET in part.columns else np.zeros(len(part), bool)
    return pd.DataFrame(
        {"id": part["id"], "value": part[column], "label": part[label], "held": held}
    )
