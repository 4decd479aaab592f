"""Deduplication of a lazy Dask frame: up to three passes over partitions that are never held.

A partition is computed where it is needed, sketched, and let go; computed again for the evidence on
some of its rows, and once more to be marked. What lies between is sketches, evidence and verdicts.
Where the first of a cluster stays, one pass less will do (`tamis.dedup.in_order`).
Where the frame cannot be computed partition by partition (after a shuffle, say), Dask keeps the
partitions for all passes; `Pipeline.run` writes such a frame out first. The sketches of all
partitions are compared in the memory of one process; `Pipeline.run` is for more than that holds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import dask
import numpy as np
import pandas as pd
import pyarrow as pa

from tamis.dedup import in_order, there
from tamis.dedup.guards import largest_cluster, tally
from tamis.dedup.removal import ADDED, found, gone, share
from tamis.frame import STRING, host, like
from tamis.lost_cards import guarded
from tamis.scheduling import in_one_process, scheduler
from tamis.source import sources

PIECES = 4  # of a partition, compared and marked one after another


class Share(NamedTuple):
    """The verdicts on one partition, and the number of its first row among all rows."""

    verdicts: pa.Table
    first: int
    rows: int


def find(frame: Any, step: Any) -> Any:
    """The rows of clusters, in as many partitions as the frame has."""
    meta = like(found(_no_verdicts()), frame._meta)
    tasks = [_call(_found, part, meta) for part in _compared(frame, step)]
    return _frame(tasks, meta)


def explain(frame: Any, name: str, step: Any) -> Any:
    """Every row, marked."""
    marked = partial(_marked, name=name, step=step)
    meta = _marked_meta(_with(host(frame._meta), step.added(name)))
    return _each(frame, name, step, marked, like(meta, frame._meta))


def remove(frame: Any, name: str, step: Any) -> Any:
    """The rows that stay."""
    shown = {k: v for k, v in step.added(name).items() if k not in step.hidden(name)}
    left = partial(_left, name=name, step=step)
    return _each(frame, name, step, left, like(_with(host(frame._meta), shown), frame._meta))


def _each(
    frame: Any, name: str, step: Any, function: Callable[..., Any], meta: pd.DataFrame
) -> Any:
    parts = _parts(frame)
    if step.in_order and in_one_process():
        if not step.compares:
            return _frame(in_order.by_content(parts, step, name, function, _call), meta)
        if all(map(callable, parts)):
            return _frame(_by_similarity(parts, step, name, function), meta)
    shares = _compared(frame, step, parts, name)
    tasks = [_call(_shared, function, *pair) for pair in zip(parts, shares, strict=True)]
    return _frame(tasks, meta)


def _by_similarity(
    parts: Sequence[Any], step: Any, name: str, function: Callable[..., Any]
) -> list[Any]:
    """The tasks of `in_order.by_similarity`, each on a piece of a partition where one has pieces.

    What is decoded at a time is a quarter of a partition, and only what is kept of it stays.
    """
    pieces = [part.split(PIECES) for part in parts]
    found = [[_call(_sketch, step, piece) for piece in some] for some in pieces]
    sketches = [_call(_joined_sketches, some) for some in found]
    origins = [_call(_origins, sketch) for sketch in sketches]
    proposal = _call(_propose, step, sketches)
    proposal = _call(in_order.cleared, step, name, proposal, origins, parts)
    proposal = _call(
        _of_pieces, proposal, [_call(len, sketch) for some in found for sketch in some]
    )
    flat = [piece for some in pieces for piece in some]
    made = iter(in_order.by_similarity(flat, proposal, step, function, _call))
    return [_call(in_order.joined, [next(made) for _ in some]) for some in pieces]


def _joined_sketches(sketches: list[pa.Table]) -> pa.Table:
    if len(sketches) == 1:
        return sketches[0]
    return pa.concat_tables(sketches).unify_dictionaries()


def _of_pieces(proposal: Any, rows: list[int]) -> Any:
    return proposal.recut(np.cumsum([0, *rows]))


def _compared(
    frame: Any, step: Any, parts: Sequence[Any] | None = None, name: str | None = None
) -> list[Any]:
    """The verdicts on each partition, as tasks; past the step's guards where it has a `name`."""
    parts = _parts(frame) if parts is None else parts
    sketches = [_call(_sketch, step, part) for part in parts]
    proposal, evidence = _material(parts, sketches, step)
    verdicts = _call(_decide, step, proposal, evidence)
    if name is not None:
        origins = [_call(_origins, sketch) for sketch in sketches]
        verdicts = _call(_guarded, step, name, proposal, verdicts, origins)
    return [_call(_share, proposal, verdicts, k) for k in range(len(parts))]


def material(frame: Any, step: Any) -> tuple[Any, list[pa.Table | None]]:
    """What is decided on, computed: the proposal and the evidence of all partitions."""
    parts = _parts(frame)
    sketches = [_call(_sketch, step, part) for part in parts]
    proposal, evidence = dask.compute(*_material(parts, sketches, step), scheduler=scheduler())
    return proposal, evidence


def _material(parts: Sequence[Any], sketches: list[Any], step: Any) -> tuple[Any, list[Any]]:
    """The proposal and the evidence on each partition, as tasks."""
    proposal = _call(_propose, step, sketches)
    evidence = [
        _call(_evidence, step, part, _call(_wanted, step, proposal, k))
        for k, part in enumerate(parts)
    ]
    return proposal, evidence


def _parts(frame: Any) -> list[Any]:
    """The partitions: as values that compute themselves where that can be, else as tasks."""
    return sources(frame) or frame.to_delayed(optimize_graph=True)


def _call(function: Callable[..., Any], *args: Any) -> Any:
    return dask.delayed(guarded, pure=True)(function, *args)


def _frame(tasks: list[Any], meta: pd.DataFrame) -> Any:
    import dask.dataframe as dd

    return dd.from_delayed(tasks, meta=meta, verify_meta=False)


def _part(part: Any) -> Any:
    return part() if callable(part) else part


def _sketch(step: Any, part: Any) -> pa.Table:
    return there.sketch(step, _part(part))


def _propose(step: Any, sketches: list[pa.Table]) -> Any:
    return step.propose(sketches)


def _wanted(step: Any, proposal: Any, which: int) -> np.ndarray:
    return step.wanted(proposal)[which]


def _evidence(step: Any, part: Any, rows: np.ndarray) -> pa.Table | None:
    return there.evidence(step, _part(part), rows) if len(rows) else None


def _decide(step: Any, proposal: Any, evidence: list[pa.Table | None]) -> pa.Table:
    return step.decide(proposal, evidence)


def _origins(sketch: pa.Table) -> pa.Table:
    return sketch.select([c for c in ("id", "source") if c in sketch.schema.names])


def _guarded(
    step: Any, name: str, proposal: Any, verdicts: pa.Table, origins: list[pa.Table]
) -> pa.Table:
    step.judge_cluster(name, largest_cluster(verdicts))
    dropped = verdicts.num_rows - np.count_nonzero(verdicts["keep"].to_numpy())
    if step.may_wipe_out(dropped):
        tallies = [
            tally(origin, gone(verdicts, int(first), origin.num_rows))
            for origin, first in zip(origins, proposal.offsets, strict=False)
        ]
        step.judge_sources(name, tallies)
    return verdicts


def _share(proposal: Any, verdicts: pa.Table, which: int) -> Share:
    first, end = (int(n) for n in proposal.offsets[which : which + 2])
    return Share(share(verdicts, first, end - first).combine_chunks(), first, end - first)


def _found(part: Share, meta: Any) -> Any:
    return like(found(part.verdicts), meta)


def _shared(function: Callable[..., Any], part: Any, verdict: Share) -> Any:
    return function(_part(part), verdict.verdicts, verdict.first)


def _marked(frame: Any, verdicts: pa.Table, first: int, name: str, step: Any) -> Any:
    return there.marked(frame, verdicts, first, name, step)


def _left(frame: Any, verdicts: pa.Table, first: int, name: str, step: Any) -> Any:
    return there.without(frame, verdicts, first, name, step)


def _marked_meta(meta: pd.DataFrame) -> pd.DataFrame:
    return _with(meta, dict.fromkeys(ADDED, STRING) | {"similarity": "float64"})


def _with(meta: pd.DataFrame, kinds: dict[str, Any]) -> pd.DataFrame:
    return meta.assign(**{k: pd.Series(index=meta.index, dtype=v) for k, v in kinds.items()})


def _no_verdicts() -> pa.Table:
    from tamis.dedup.verdicts import SCHEMA

    return SCHEMA.empty_table()
