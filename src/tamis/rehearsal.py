"""Plans: a small share of the partitions is run into a folder that is thrown away, and scaled up.

The sample goes through the very stages of a run, so what is timed and sized is what will be done.
"""

from __future__ import annotations

import math
import os
import tempfile
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from tamis import planning
from tamis.accounting import Budget, totals
from tamis.course import Stages
from tamis.dedup import removal
from tamis.errors import SettingError
from tamis.estimates import Rehearsed, Sample, figures
from tamis.frame import from_arrow, to_arrow
from tamis.io.store import Store
from tamis.io.writers import Tables
from tamis.own_code import trusting
from tamis.places import places
from tamis.plan import Plan
from tamis.progress import Progress
from tamis.sampling import drawn
from tamis.segments import Named, Segment, rehearsed
from tamis.source import sources
from tamis.stages import Record, read_table

ROWS, MEDIA = 5_000, 400  # rows of a sample, and of one whose media are decoded
PARTITIONS = 8  # at most, and no more than one in a hundred but four
_WARM = 32  # rows run beforehand, to load what is compiled


def plan(
    named: Named, frame: Any, *, rows: int | None = None, out: str | os.PathLike[str] | None = None
) -> Plan:
    """What a run over a frame would do and take, told from a sample.

    At most `rows` rows of a few partitions, spread evenly, are run (by default 5,000, or 400 where
    steps look into media); everything is computed on this machine. `out` is where the run would go:
    whether its disk can hold it is looked up there.

    Raises what `run` raises before anything runs.
    """
    if rows is None:
        rows = MEDIA if any(_medium(step) for _, step in named) else ROWS
    if isinstance(rows, bool) or not isinstance(rows, int) or rows < 1:
        raise SettingError(f"rows={rows!r} is not a number of rows to sample")
    engine = planning.engine_for(frame)
    frame = planning.as_dask(frame)
    parts = rehearsed(named)
    planning.planned(frame, parts)
    planning.check_packages(named)
    planning.check_engine()
    sample = _sample(frame, rows)
    few = [part.iloc[:_WARM].reset_index(drop=True) for part in sample.parts[:1]]
    _rehearse(named, parts, frame, few, engine)  # loads what is compiled
    idle = _rehearse(named, parts, frame, few, engine)
    found = _rehearse(named, parts, frame, sample.parts, engine)
    told = figures(parts, sample, found, idle, out)
    told["warnings"] += trusting(named)
    where = places(named, frame, engine)
    for row in told["steps"]:
        if row["name"] in where:
            row["where"], row["why"] = where[row["name"]]
    return Plan(told)


def _medium(step: Any) -> bool:
    """Whether a step looks into media."""
    op = getattr(step, "op", None) or getattr(getattr(step, "score", None), "op", None)
    return op is not None and op.medium() is not None


class _Given:
    """A partition that is there already, as a source of a stage."""

    def __init__(self, frame: pd.DataFrame, token: str) -> None:
        self.frame, self.token = frame, token

    def __call__(self) -> pd.DataFrame:
        return self.frame


def _sample(frame: Any, rows: int) -> Sample:
    count = frame.npartitions
    taken = min(count, max(4, math.ceil(count / 100)), PARTITIONS)
    at = [int((k + 0.5) * count / taken) for k in range(taken)]
    known = sources(frame)
    parts, lengths, started = [], [], time.perf_counter()
    for which in at:
        part = known[which]() if known is not None else frame.partitions[which].compute()
        lengths.append(len(part))
        parts.append(part.iloc[: -(-rows // taken)].reset_index(drop=True))
    return Sample(parts, lengths, count, time.perf_counter() - started)


def _rehearse(
    named: Named, parts: list[Segment], frame: Any, sample: Sequence[pd.DataFrame],
    engine: str | None,
) -> Rehearsed:  # fmt: skip
    """Run a sample into a folder that is thrown away."""
    columns = dict(frame._meta.dtypes)
    with tempfile.TemporaryDirectory(prefix="tamis-plan-") as folder:
        store = Store(folder)
        layout = planning.layout(
            store, frame, planning.planned(frame, parts), parts, Tables(), None, engine
        )
        with Progress(False) as bar:
            stages = Stages(layout, Budget(1.0), bar)
            given: list[Any] = [_Given(part, f"{k}-{len(part)}") for k, part in enumerate(sample)]
            stages.through(parts, given, columns)
        counts = totals(named, stages.records, stages.verdicts, stages.bounds)
        asks = tuple(step for step in named if step[1].asks)
        asking = [_asked(store, stages.records, asks[:k], *step) for k, step in enumerate(asks)]
        evidence, halves, sketching = [], [], []
        verdicts = {found["stage"]: found for found in stages.verdicts}
        for number, segment in enumerate(parts):
            if segment.dedup is None:
                continue
            names = [n for n in store.names(f"stages/{number}") if "/evidence-" in n]
            evidence.append(sum(store.size(name) or 0 for name in names))
            step, records = segment.dedup[1], stages.records[number]
            rows = pd.concat([_staged(store, record, step) for record in records])
            started = time.perf_counter()
            step.sketch_chosen(rows)
            sketching.append(time.perf_counter() - started)
            halves.append(_halves(rows, step, verdicts[number]["dropped"]))
    return Rehearsed(counts, stages.records, stages.verdicts, evidence, halves, sketching, asking)


def _asked(
    store: Store,
    records: Sequence[Sequence[Record]],
    before: Sequence[tuple[str, Any]],
    name: str,
    step: Any,
) -> dict[str, Any]:
    """What a step would ask about the sample: requests, and the sums of what it counts.

    Behind others it is a `bound`: "most", or "least" where a list that one of them asks for may
    have any number of items.
    """
    columns = step.spending(name)
    found: dict[str, Any] = {"step": name, "model": step.model, "requests": 0.0}
    found |= dict.fromkeys(columns, 0.0)
    lists = {one.name: one.most_items() for _, one in before if one.word == "cut"}
    open_ended = [cut for cut, most in lists.items() if most is None]
    found |= {"bound": "least" if open_ended else "most" if before else "about"}
    found |= {"lists": ", ".join(open_ended)}
    files = [f["name"] for of_stage in records for record in of_stage for f in record.files]
    for file in (file for file in files if file.startswith("ledger/")):
        read = list(dict.fromkeys([*columns.values(), *lists]))
        table = pq.read_table(pa.BufferReader(store.read(file)), columns=read)
        times = np.ones(len(table))  # rows that one row stands for: guesses make one of a list
        for cut, most in lists.items():
            guessed = np.asarray(table[cut].is_null())
            times *= np.where(guessed, most or 1, 1)
        asked = np.asarray(table[columns["tokens_in"]].is_valid())
        found["requests"] += float(times[asked].sum()) / step.together_asked
        for what, column in columns.items():
            values = table[column].cast(pa.float64()).to_numpy()
            found[what] += float(np.nansum(values * times))
    return found


def _staged(store: Store, record: Record, step: Any) -> pd.DataFrame:
    """The columns of a stage's rows that a deduplication looks at."""
    table = read_table(store, record.file("rows"))
    asked = [step.policy.column, *(column for column, _ in step.rule.columns)]
    needed = dict.fromkeys(["id", *step.columns(), *filter(None, asked)])
    frame = table.select(list(needed)).to_pandas(types_mapper=_text)
    return from_arrow(to_arrow(frame), dict(frame.dtypes))


def _text(kind: pa.DataType) -> Any:
    from tamis.frame import STRING

    return STRING if pa.types.is_string(kind) or pa.types.is_large_string(kind) else None


def _halves(rows: pd.DataFrame, step: Any, dropped: int) -> tuple[float, float]:
    """The share dropped of all rows, and of a half of them drawn by their ids."""
    if not len(rows):
        return 0.0, 0.0
    ids = pa.chunked_array([pa.array(rows["id"], from_pandas=True).cast(pa.large_string())])
    half = rows[drawn(ids, 1) < np.uint64(2**63)].reset_index(drop=True)
    gone = removal.compare(half, step)["keep"].to_numpy() if len(half) else np.ones(0, bool)
    return dropped / len(rows), np.count_nonzero(~gone) / max(1, len(half))
