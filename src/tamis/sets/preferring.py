"""Preference pairs: of several answers to one question the best and a worse one."""

from __future__ import annotations

import os
from typing import Any, Literal

import numpy as np
import pandas as pd

from tamis.errors import ColumnError, SettingError
from tamis.frame import STRING, library
from tamis.sets.together import check_columns, each

Rejected = Literal["worst", "next"]


def preferences(
    frame: Any, *, score: str = "answer_score", by: str = "parent_id", on: str = "answer",
    margin: float = 0.0, rejected: Rejected = "worst", across: bool = True,
    folder: str | os.PathLike[str] | None = None,
) -> Any:  # fmt: skip
    """A row for each question (rows equal in `by`) whose answers differ in `score`; lazily.

    `chosen` is the answer (column `on`) with the highest score, `rejected` the one with the lowest
    ("worst"), or with the highest that is lower by more than `margin` ("next"); their scores stand
    in `chosen_score` and `rejected_score`. Of answers with equal scores it is the one whose id
    comes first. `id` is what the rows have in `by`; the other columns are those of the chosen row.
    A question gives no pair where scores differ by no more than `margin`, where it has one answer,
    or none with a score. A reward model's score serves as well as a judge's.

    Answers of a Dask frame may lie in any partition: those of a question are brought together by
    way of `folder`, as in `shuffle`. `across=False` says that no question is in two partitions,
    which is so right after a step that asks for `n` answers.

    >>> rows = {"id": ["q/1", "q/2", "q/3"], "parent_id": ["q"] * 3, "answer": ["A", "B", "C"]}
    >>> found = preferences(pd.DataFrame(rows | {"answer_score": [3, 5, 1]}))
    >>> found[["id", "chosen", "rejected", "chosen_score"]].values.tolist()
    [['q', 'B', 'C', 5]]
    """
    have = check_columns("preferences", frame, by=by, on=on, score=score)
    for name in ("chosen", "rejected", "chosen_score", "rejected_score"):
        if name in have:
            raise ColumnError(f"preferences: a column {name!r} exists already")
    if rejected not in ("worst", "next"):
        raise SettingError(f"preferences: rejected={rejected!r}: one of worst, next")
    if isinstance(margin, bool) or not isinstance(margin, int | float) or not margin >= 0:
        raise SettingError(f"preferences: margin={margin!r} is not a number from 0 on")
    meta = frame if library(frame) == "pandas" else frame._meta
    if not pd.api.types.is_numeric_dtype(meta[score].dtype):
        raise ColumnError(f"preferences: column {score!r} holds {meta[score].dtype}, no numbers")
    how = (score, by, on, float(margin), rejected)
    return each(frame, by, _paired, how, across, folder)


def _paired(
    part: pd.DataFrame, score: str, by: str, on: str, margin: float, rejected: Rejected
) -> pd.DataFrame:
    scores = part[score].to_numpy(np.float64, na_value=np.nan)
    usable = ~np.isnan(scores) & (part[by].notna() & part[on].notna()).to_numpy(bool)
    rows = np.flatnonzero(usable)
    codes, _ = pd.factorize(part[by].iloc[rows].astype(STRING))
    names = part["id"].iloc[rows].astype(str).to_numpy(object).astype(str)
    order = np.lexsort((names, -scores[rows], codes))  # best first within a question
    rows, codes = rows[order], codes[order]
    best: list[int] = []
    worse: list[int] = []
    starts = np.flatnonzero(np.diff(codes, prepend=-1))
    for start, end in zip(starts, [*starts[1:], len(rows)], strict=bool(len(starts))):
        of_one = rows[start:end]
        lower = of_one[scores[of_one[0]] - scores[of_one] > margin]
        if lower.size:
            pick = scores[lower].min() if rejected == "worst" else scores[lower].max()
            best.append(int(of_one[0]))
            worse.append(int(lower[scores[lower] == pick][0]))
    chosen, other = part.iloc[best].reset_index(drop=True), part.iloc[worse]
    made = chosen.drop(columns=[on, score, by]).assign(
        id=chosen[by].astype(STRING),
        chosen=chosen[on],
        rejected=other[on].reset_index(drop=True),
        chosen_score=chosen[score],
        rejected_score=other[score].reset_index(drop=True),
    )
    return made
