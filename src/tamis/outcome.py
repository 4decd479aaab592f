"""What row-wise steps make of a partition: rows kept and dropped, and counts of each step."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

LEDGER = ("dropped_by", "dropped_why")


@dataclass
class Count:
    """What one step did to the rows of a partition."""

    rows_in: int = 0
    rows_out: int = 0
    cut: int = 0
    seconds: float = 0.0  # of processor time
    wall: float = 0.0  # seconds by the clock: decoding in other threads and processes included
    reasons: dict[str, int] = field(default_factory=dict)

    def add(self, other: Count) -> None:
        """Count what the step did to other rows too."""
        self.rows_in += other.rows_in
        self.rows_out += other.rows_out
        self.cut += other.cut
        self.seconds += other.seconds
        self.wall += other.wall
        for code, number in other.reasons.items():
            self.reasons[code] = self.reasons.get(code, 0) + number


@dataclass
class Outcome:
    """The rows of a partition after row-wise steps; `*_at` are their places among all of them."""

    kept: pd.DataFrame
    dropped: pd.DataFrame
    kept_at: np.ndarray
    dropped_at: np.ndarray
    counts: dict[str, Count]
    views: dict[str, float]

    def explained(self) -> pd.DataFrame:
        """Kept and dropped rows together, in their first order."""
        if not len(self.dropped):
            return self.kept
        order = np.argsort(np.concatenate([self.kept_at, self.dropped_at]), kind="stable")
        return pd.concat([self.kept, self.dropped]).iloc[order]


def shape(frame: pd.DataFrame, columns: dict[str, Any]) -> pd.DataFrame:
    """The frame with just these columns and dtypes; columns it lacks are null."""
    have = dict(zip(frame.columns, frame.dtypes, strict=True))
    if list(have) == list(columns) and all(have[name] == columns[name] for name in have):
        return frame.copy(deep=False)
    made = {}
    for name, dtype in columns.items():
        if name not in have:
            made[name] = pd.Series(pd.array([None] * len(frame), dtype=dtype)
                                   if dtype != np.float64 else np.full(len(frame), np.nan),
                                   index=frame.index)  # fmt: skip
        elif have[name] != dtype:
            made[name] = frame[name].astype(dtype)
        else:
            made[name] = frame[name]
    return pd.DataFrame(made, index=frame.index, copy=False)
