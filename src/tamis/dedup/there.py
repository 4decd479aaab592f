"""cuDF partitions compared where they lie: what a step can do there, and what comes to the host.

The columns that a step looks at on the card are not copied; ids, priorities and verdicts are of the
host. Rows are taken out, and marked, on the card.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from tamis.dedup import chunks, removal
from tamis.frame import host, library, like


def sketch(step: Any, frame: Any) -> pa.Table:
    """The sketch of a partition of any library; rows that are gone already have no part in it."""
    if library(frame) == "cudf":
        found = step.sketch_there(alive(frame))
        if found is not None:
            return found
    return chunks.sketch(step, removal.alive(host(frame)))


def evidence(step: Any, frame: Any, rows: np.ndarray) -> pa.Table:
    """The evidence on some rows of a partition of any library, as they are numbered in a sketch."""
    if library(frame) == "cudf":
        found = step.evidence_there(alive(frame), rows)
        if found is not None:
            return found
    return chunks.evidence(step, removal.alive(host(frame)), rows)


def compare(frame: Any, step: Any) -> pa.Table:
    """The verdicts on a cuDF frame, none of whose rows are gone."""
    own = step.sketch_there(frame)
    if own is None:
        return removal.compare(frame.to_pandas(), step)
    proposal = step.propose([own])
    (rows,) = step.wanted(proposal)
    return step.decide(proposal, [evidence(step, frame, rows) if len(rows) else None])


def guarded(frame: Any, name: str, step: Any) -> pa.Table:
    """`compare` of the rows that are not gone, then the step's guards, see `removal.guarded`."""
    living = alive(frame)
    verdicts = compare(living, step)
    removal.judge(verdicts, lent(living, {"id", "source"}), name, step)
    return verdicts


def alive(frame: Any) -> Any:
    """The rows of a cuDF partition that no step before has dropped."""
    if "dropped_by" not in frame.columns:
        return frame
    living = frame["dropped_by"].isna()
    return frame if bool(living.all()) else frame[living]


def lent(frame: Any, columns: Any) -> pd.DataFrame:
    """Some columns of a cuDF partition in the host's memory, numbered rows."""
    found = frame[[c for c in frame.columns if c in columns]].to_pandas()
    return found.set_axis(pd.RangeIndex(len(frame)))


def without(frame: Any, verdicts: pa.Table, first: int, name: str, step: Any) -> Any:
    """The rows of a partition that stay, see `removal.without`."""
    if library(frame) != "cudf" or step.edits:
        rows = removal.without(removal.alive(host(frame)), verdicts, first, name, step)
        return like(rows, frame)
    living = alive(frame)
    part = removal.share(verdicts, first, len(living))
    staying = np.ones(len(living), bool)
    staying[part["row"].to_numpy() - first] = part["keep"].to_numpy()
    return living if staying.all() else living[staying]


def marked(frame: Any, verdicts: pa.Table, first: int, name: str, step: Any) -> Any:
    """Every row of a partition, marked, see `removal.mark_alive`."""
    if library(frame) != "cudf" or step.edits:
        return like(removal.mark_alive(host(frame), verdicts, first, name, step), frame)
    told = removal.mark_alive(lent(frame, removal.ADDED), verdicts, first, name, step)
    there = like(told, frame)
    there.index = frame.index
    return frame.assign(**{column: there[column] for column in removal.ADDED})
