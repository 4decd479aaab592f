"""Deduplication of a lazy frame in the order of its rows, with one pass less than comparing all.

Where the first record of a cluster stays and all is in one process, whether a record goes is known
once those before it are settled. So a partition is read, settled, written and let go, one after
another; only the reading and the writing of several goes on at the same time. By content alone
that is one pass over the partitions; by similarity two, the first for the candidates.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from tamis.dedup import there
from tamis.dedup.candidates import Proposal
from tamis.dedup.firsts import Firsts
from tamis.dedup.guards import largest_cluster, tally
from tamis.errors import DataError

Call = Callable[..., Any]


class Read(NamedTuple):
    """A partition that was computed, and its sketch or its evidence."""

    frame: Any
    table: pa.Table | None


class Settled(NamedTuple):
    """What was settled so far, the verdicts on one partition, the number of its first row."""

    so_far: Any
    verdicts: pa.Table
    first: int


def by_content(parts: Sequence[Any], step: Any, name: str, mark: Call, call: Call) -> list[Any]:
    """The tasks that give each partition marked by `mark(frame, verdicts, first)`.

    The guards are put to the whole when the last partition is marked.
    """
    made, settled = [], None
    for which, part in enumerate(parts):
        read = call(_sketched, step, part)
        settled = call(_first, settled, step, which, read)
        made.append(call(_marked, mark, read, settled))
    if settled is not None:
        made[-1] = call(_after, call(_judged, settled, step, name), made[-1])
    return made


def by_similarity(
    parts: Sequence[Any], proposal: Any, step: Any, mark: Call, call: Call
) -> list[Any]:
    """The tasks that give each part marked by `mark(frame, verdicts, first)`, see `joined`.

    The parts are computed for it once more; guards stand before, see `cleared`.
    """
    made, settled = [], None
    for which, part in enumerate(parts):
        read = call(_with_evidence, step, part, proposal, which)
        settled = call(_next, settled, step, proposal, which, read)
        made.append(call(_marked_of, mark, read, settled))
    return made


def joined(parts: Sequence[tuple[Any, int]]) -> Any:
    """One frame of marked parts, its index that of the rows as they were read one after another."""
    frames = [frame for frame, _ in parts]
    if len(frames) == 1:
        return frames[0]
    starts = np.cumsum([0, *(rows for _, rows in parts[:-1])])
    index = [frame.index.to_numpy() + start for frame, start in zip(frames, starts, strict=True)]
    return pd.concat(frames).set_axis(pd.Index(np.concatenate(index)))


def cleared(
    step: Any, name: str, proposal: Proposal, origins: Sequence[pa.Table], parts: Sequence[Any]
) -> Proposal:
    """The proposal, once the guards are put to it; `DataError` where they stop it.

    They are put to the most that can go, all candidates but one of each component; only where that
    is too much is it settled who goes, which takes a pass of its own.
    """
    heads = proposal.rows == proposal.component
    sizes = np.bincount(proposal.component[~heads])
    try:
        step.judge_cluster(name, ("", int(sizes.max(initial=0))))
        _judge_sources(step, name, proposal, origins, np.sort(proposal.rows[~heads]))
    except DataError:
        evidence = [
            _evidence(step, part(), rows)
            for part, rows in zip(parts, step.wanted(proposal), strict=True)
        ]
        verdicts = step.decide(proposal, evidence)
        step.judge_cluster(name, largest_cluster(verdicts))
        going = verdicts["row"].filter(pc.invert(verdicts["keep"]))
        _judge_sources(step, name, proposal, origins, going.to_numpy())
    return proposal


def _judge_sources(
    step: Any, name: str, proposal: Proposal, origins: Sequence[pa.Table], going: np.ndarray
) -> None:
    if not step.may_wipe_out(going.size):
        return
    cuts = np.searchsorted(going, proposal.offsets)
    tallies = [
        tally(origin, going[cuts[k] : cuts[k + 1]] - int(proposal.offsets[k]))
        for k, origin in enumerate(origins)
    ]
    step.judge_sources(name, tallies)


def _computed(part: Any) -> Any:
    return part() if callable(part) else part


def _sketched(step: Any, part: Any) -> Read:
    frame = _computed(part)
    return Read(frame, there.sketch(step, frame))


def _first(before: Settled | None, step: Any, which: int, read: Read) -> Settled:
    so_far = Firsts(step.min_survivors > 0) if before is None else before.so_far
    return Settled(so_far, so_far.take(which, read.table), so_far.offsets[which])


def _judged(settled: Settled, step: Any, name: str) -> None:
    firsts = settled.so_far
    step.judge_cluster(name, firsts.largest())
    if step.may_wipe_out(firsts.gone()):
        step.judge_sources(name, firsts.tallies)


def _after(_: None, frame: Any) -> Any:
    return frame


def _with_evidence(step: Any, part: Any, proposal: Proposal, which: int) -> Read:
    frame = _computed(part)
    return Read(frame, _evidence(step, frame, step.wanted(proposal)[which]))


def _evidence(step: Any, frame: Any, rows: np.ndarray) -> pa.Table | None:
    return there.evidence(step, frame, rows) if len(rows) else None


def _next(before: Settled | None, step: Any, proposal: Proposal, which: int, read: Read) -> Settled:
    so_far = step.settling(proposal) if before is None else before.so_far
    return Settled(so_far, so_far.take(which, read.table), int(proposal.offsets[which]))


def _marked_of(mark: Call, read: Read, settled: Settled) -> tuple[pd.DataFrame, int]:
    """A part marked, and how many rows it had."""
    return _marked(mark, read, settled), len(read.frame)


def _marked(mark: Call, read: Read, settled: Settled) -> pd.DataFrame:
    return mark(read.frame, settled.verdicts, settled.first)
