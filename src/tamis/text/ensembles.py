"""Several classifiers as one: scores that are columns already, joined; labels, voted on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd

from tamis.errors import ColumnError, SettingError
from tamis.op import measure

How = Literal["mean", "sum", "min", "max", "median", "vote"]


@measure(dtype="float64")
def score_ensemble(
    score: pd.Series,
    score_2: pd.Series | None = None,
    score_3: pd.Series | None = None,
    score_4: pd.Series | None = None,
    score_5: pd.Series | None = None,
    score_6: pd.Series | None = None,
    score_7: pd.Series | None = None,
    score_8: pd.Series | None = None,
    *,
    how: How = "mean",
    weights: tuple[float, ...] = (),
    thresholds: tuple[float, ...] = (),
) -> np.ndarray:
    """Up to eight scores of a row as one: their mean, sum, minimum, maximum, median, or a vote.

    The columns are named by `on=("edu", "quality", …)`. `weights`, one for each, are for "mean"
    (divided by their sum), "sum" and "vote": the share of the scores that reach their own of the
    `thresholds`, so `min=0.5` keeps what half of them are for. A row that lacks one of them has
    none.

    >>> score_ensemble([1, 4], [3.0, 2.0], how="mean", weights=(3, 1)).tolist()
    [1.5, 3.5]
    """
    given = [score, score_2, score_3, score_4, score_5, score_6, score_7, score_8]
    table = np.stack([_numbers(one) for one in given if one is not None], axis=1)
    count = table.shape[1]
    if weights and how not in ("mean", "sum", "vote"):
        raise SettingError(f"score_ensemble: weights are not for how={how!r}")
    if bool(thresholds) != (how == "vote"):
        raise SettingError("score_ensemble: thresholds are for how='vote', which needs them")
    _one_each("score_ensemble", "thresholds", thresholds or (0.0,) * count, count)
    shares = _weights("score_ensemble", weights, count)
    if how == "vote":
        missing = np.isnan(table).any(axis=1)
        table = (table >= np.asarray(thresholds, np.float64)).astype(np.float64)
        table[missing] = np.nan
    if how in ("mean", "vote"):
        return np.asarray(table @ (shares / shares.sum()))
    if how == "sum":
        return np.asarray(table @ shares)
    joined: Any = {"min": np.min, "max": np.max, "median": np.median}[how]
    return np.asarray(joined(table, axis=1))


@measure(dtype="string")
def label_vote(
    label: pd.Series,
    label_2: pd.Series | None = None,
    label_3: pd.Series | None = None,
    label_4: pd.Series | None = None,
    label_5: pd.Series | None = None,
    label_6: pd.Series | None = None,
    label_7: pd.Series | None = None,
    label_8: pd.Series | None = None,
    *,
    weights: tuple[float, ...] = (),
    least: float = 0.0,
) -> list[str | None]:
    """The label that most of up to eight columns give a row; of equals the one named first.

    The columns are named by `on=("domain", "domain_2", …)`, each votes with its one of `weights`
    (all alike unless given), a null does not. Null where nobody votes, or where the label has less
    than the share `least` of all the weights (0.5: half of all).

    >>> label_vote(["a", "a"], ["b", "b"], ["b", "c"]).tolist()
    ['b', 'a']
    """
    given = [label, label_2, label_3, label_4, label_5, label_6, label_7, label_8]
    columns = [one.astype(object).where(one.notna(), None).tolist() for one in given
               if one is not None]  # fmt: skip
    shares = _weights("label_vote", weights, len(columns))
    found: list[str | None] = []
    for labels in zip(*columns, strict=True):
        votes: dict[str, float] = {}
        for name, weight in zip(labels, shares, strict=True):
            if name is not None:
                votes[str(name)] = votes.get(str(name), 0.0) + float(weight)
        best = max(votes, key=votes.__getitem__) if votes else None
        enough = best is not None and votes[best] >= least * shares.sum()
        found.append(best if enough else None)
    return found


def _numbers(column: pd.Series) -> np.ndarray:
    if not pd.api.types.is_numeric_dtype(column.dtype) and column.notna().any():
        raise ColumnError(f"score_ensemble: the column {column.name!r} holds {column.dtype}")
    return column.astype("Float64").to_numpy(np.float64, na_value=np.nan)


def _weights(op: str, weights: Sequence[float], count: int) -> np.ndarray:
    _one_each(op, "weights", weights or (1.0,) * count, count)
    if weights and (min(weights) < 0 or not sum(weights) > 0):
        raise SettingError(f"{op}: weights={tuple(weights)} are not all at least 0, one above")
    return np.asarray(weights or (1.0,) * count, np.float64)


def _one_each(op: str, name: str, values: Sequence[float], count: int) -> None:
    if len(values) != count:
        raise SettingError(f"{op}: {name}={tuple(values)} for {count} columns: one for each")
