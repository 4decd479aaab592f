"""From verdicts to rows: find, mark and remove duplicates, the same for every kind of them."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from tamis.dedup.guards import largest_cluster, origins, tally
from tamis.frame import library, like, masked, strings

TEXT = pa.large_string()
ADDED = ("dropped_by", "dropped_why", "duplicate_of", "similarity")
PIECE = 4096  # rows sketched at a time, at least, when a pandas frame is cut up for threads


def find_duplicates(frame: Any, step: Any) -> Any:
    """The rows of clusters: `id, cluster, keep, duplicate_of, similarity`, in the frame's order."""
    if library(frame) == "dask":
        from tamis.dedup import lazy

        return lazy.find(frame, step)
    if library(frame) == "cudf":
        from tamis.dedup import there

        return like(found(there.compare(there.alive(frame), step)), frame)
    return found(compare(alive(frame), step))


def explain_duplicates(frame: Any, name: str, step: Any) -> Any:
    """Every row with `dropped_by`, `dropped_why`, `duplicate_of` and `similarity`.

    Rows that `dropped_by` says are gone already take no part. Lazily for a Dask frame.
    """
    if library(frame) == "dask":
        from tamis.dedup import lazy

        return lazy.explain(frame, name, step)
    if library(frame) == "cudf":
        from tamis.dedup import there

        return there.marked(frame, there.guarded(frame, name, step), 0, name, step)
    return mark_alive(frame, guarded(alive(frame), name, step), 0, name, step)


def remove_duplicates(frame: Any, name: str, step: Any) -> Any:
    """The rows that stay, with their own columns only. Lazily for a Dask frame."""
    if library(frame) == "dask":
        from tamis.dedup import lazy

        return lazy.remove(frame, name, step)
    if library(frame) == "cudf":
        from tamis.dedup import there

        return there.without(frame, there.guarded(frame, name, step), 0, name, step)
    return without(alive(frame), guarded(alive(frame), name, step), 0, name, step)


def compare(frame: pd.DataFrame, step: Any) -> pa.Table:
    """The verdicts on one pandas frame."""
    return step.decide(*material(frame, step))


def material(frame: pd.DataFrame, step: Any) -> tuple[Any, list[pa.Table | None]]:
    """What is decided on: the proposal and the evidence, made in several threads."""
    threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    count = max(1, min(4 * (threads or 1), len(frame) // PIECE))
    cuts = [len(frame) * k // count for k in range(count + 1)]
    pieces = [frame.iloc[a:b] for a, b in pairwise(cuts)]
    with ThreadPoolExecutor(threads) as pool:
        sketches = list(pool.map(step.sketch_chosen, pieces))
        proposal = step.propose(sketches)
        del sketches
        evidence = list(pool.map(step.evidence, pieces, step.wanted(proposal)))
    return proposal, evidence


def guarded(frame: pd.DataFrame, name: str, step: Any) -> pa.Table:
    """`compare`, then the step's guards against wipe-outs."""
    verdicts = compare(frame, step)
    judge(verdicts, frame, name, step)
    return verdicts


def judge(verdicts: pa.Table, frame: pd.DataFrame, name: str, step: Any) -> None:
    """Put the step's guards to the verdicts on a frame, of which ids and sources are looked at."""
    step.judge_cluster(name, largest_cluster(verdicts))
    dropped = gone(verdicts, 0, len(frame))
    if step.may_wipe_out(len(dropped)):
        step.judge_sources(name, [tally(origins(frame), dropped)])


def alive(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows that no step before has dropped."""
    if "dropped_by" not in frame.columns:
        return frame
    return masked(frame, frame["dropped_by"].isna().to_numpy())


def found(verdicts: pa.Table) -> pd.DataFrame:
    """Verdicts as a user sees them."""
    index = pd.RangeIndex(verdicts.num_rows)
    return pd.DataFrame(
        {
            "id": strings(verdicts["id"], index),
            "cluster": strings(verdicts["cluster"], index),
            "keep": np.asarray(verdicts["keep"], bool),
            "duplicate_of": strings(verdicts["duplicate_of"], index),
            "similarity": verdicts["similarity"].to_numpy(),
        }
    )


def without(
    frame: pd.DataFrame, verdicts: pa.Table, first: int, name: str, step: Any
) -> pd.DataFrame:
    """The rows of a partition that stay; its first row is number `first` of all rows."""
    part = share(verdicts, first, len(frame))
    frame = step.edited(frame, part, first, name).drop(columns=list(step.hidden(name)))
    staying = np.ones(len(frame), bool)
    staying[part["row"].to_numpy() - first] = part["keep"].to_numpy()
    return masked(frame, staying)


def mark(frame: pd.DataFrame, verdicts: pa.Table, first: int, name: str, step: Any) -> pd.DataFrame:
    """A partition with the columns `ADDED`; its first row is number `first` of all rows."""
    part = share(verdicts, first, len(frame))
    frame = step.edited(frame, part, first, name)
    part = part.filter(pc.invert(part["keep"]))
    at = part["row"].to_numpy() - first
    other = part["duplicate_of"]
    similarity = part["similarity"].to_numpy()
    reasons = step.reasons(part)
    place = np.full(len(frame), -1)
    place[at] = np.arange(len(at))
    where = pa.array(place, mask=place < 0)
    made = {}
    for column, values in (
        ("dropped_by", pa.array([name] * len(at), TEXT)),
        ("dropped_why", pa.array(reasons, TEXT)),
        ("duplicate_of", other),
    ):
        cells = values.take(where)
        if column in frame.columns and frame[column].notna().any():
            before = pa.array(frame[column], from_pandas=True).cast(TEXT)
            cells = pc.if_else(pa.array(place < 0), before, cells)
        made[column] = strings(cells, frame.index)
    numbers = np.full(len(frame), np.nan)
    if "similarity" in frame.columns:
        numbers[:] = frame["similarity"].to_numpy(np.float64, na_value=np.nan)
    numbers[at] = similarity
    return frame.assign(**made, similarity=numbers)


def mark_alive(
    frame: pd.DataFrame, verdicts: pa.Table, first: int, name: str, step: Any
) -> pd.DataFrame:
    """`mark` where rows that are gone already have no number and only pass through."""
    if "dropped_by" not in frame.columns:
        return mark(frame, verdicts, first, name, step)
    living = frame["dropped_by"].isna().to_numpy()
    marked = mark(masked(frame, living), verdicts, first, name, step)
    if living.all():
        return marked
    rest = masked(frame, ~living)
    for column in marked.columns.difference(rest.columns):
        rest = rest.assign(**{column: pd.Series(index=rest.index, dtype=marked[column].dtype)})
    order = np.argsort(np.concatenate([np.flatnonzero(living), np.flatnonzero(~living)]))
    return pd.concat([marked, rest[marked.columns]]).iloc[order]


def share(verdicts: pa.Table, first: int, count: int) -> pa.Table:
    """The verdicts on `count` rows from number `first`."""
    start, stop = (_position(verdicts["row"], row) for row in (first, first + count))
    return verdicts.slice(start, stop - start)


def gone(verdicts: pa.Table, first: int, count: int) -> np.ndarray:
    """Which of `count` rows from number `first` go: their positions."""
    part = share(verdicts, first, count)
    return part["row"].to_numpy()[~part["keep"].to_numpy()] - first


def _position(rows: pa.ChunkedArray, row: int) -> int:
    """How many ascending numbers are below `row`; only the chunk it falls into is looked at."""
    before = 0
    for chunk in rows.chunks:
        if len(chunk) and chunk[-1].as_py() >= row:
            return before + int(np.searchsorted(np.asarray(chunk), row))
        before += len(chunk)
    return before
