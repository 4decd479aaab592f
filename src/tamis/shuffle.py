"""A deduplication within a run: sketches compared, evidence gathered, verdicts written down.

Only sketches (ids and band keys) and, for candidates, evidence (shingle hashes) leave a partition;
text never does. The verdicts stand in one file, under a token of all that went into them. Where
memory holds the comparison it is made at once, by far the fastest; else shard by shard. Guards are
put to verdicts that stand already, so a run that they stop goes on from there.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from dask.base import tokenize

from tamis import rounds
from tamis.dedup import guards, removal
from tamis.dedup.memory import fits
from tamis.errors import AccountingError
from tamis.execute import execute
from tamis.io.store import Store
from tamis.progress import Progress
from tamis.sharded import Sharded
from tamis.stages import Layout, Record, evidence, read_table, write_table


def deduplicate(
    number: int, dedup: tuple[str, Any], records: Sequence[Record], columns: dict[str, Any],
    layout: Layout, bar: Progress,
) -> dict[str, Any]:  # fmt: skip
    """Decide which rows of a stage duplicate others: what came of it, where the verdicts are."""
    name, guarded = dedup
    step = guarded.unguarded()
    token = tokenize([record.token for record in records], step)[:12]
    found = _decided(number, token, dedup, step, records, columns, layout, bar)
    guarded.judge_cluster(name, found["largest"])
    if guarded.may_wipe_out(found["dropped"]):
        _judge_sources(dedup, found["name"], records, layout.store)
    return _delivered(number, token, step, records, found, layout) if step.delivers else found


def _delivered(
    number: int, token: str, step: Any, records: Sequence[Record], found: dict[str, Any],
    layout: Layout,
) -> dict[str, Any]:  # fmt: skip
    """What stands once the records have been handed on; they are handed on once."""
    store, summary = layout.store, f"stages/{number}/delivered.{token}.json"
    if store.size(summary) is not None:
        told: dict[str, Any] = json.loads(store.read(summary))
        if store.size(told["name"]) == told["bytes"]:
            return told
    started = time.perf_counter()
    sketches = (read_table(store, record.file("sketch")) for record in records)
    verdicts, figures = step.deliver(sketches)
    told = found | write_table(verdicts, f"stages/{number}/delivered.{token}.arrow", layout)
    told |= step.figures(verdicts) | rounds.counted(verdicts) | figures
    told["seconds"] = found["seconds"] + time.perf_counter() - started
    store.put(summary, json.dumps(told).encode())
    return told


def _decided(
    number: int, token: str, dedup: tuple[str, Any], step: Any, records: Sequence[Record],
    columns: dict[str, Any], layout: Layout, bar: Progress,
) -> dict[str, Any]:  # fmt: skip
    name, store, summary = dedup[0], layout.store, f"stages/{number}/verdicts.{token}.json"
    if store.size(summary) is not None:
        found = json.loads(store.read(summary))
        if store.size(found["name"]) == found["bytes"]:
            return found
    started = time.perf_counter()
    rows = sum(record.rows_kept for record in records)
    if step.banded and step.against is None and not fits(rows):
        settled = Sharded(number, token, step, records, layout, bar).settle(columns)
        settled |= {"dropped": settled["rows"] - settled["clusters"], "sharded": True}
    elif rounds.worthwhile(step, records):
        settled = rounds.Rounds(number, token, step, records, layout, bar).settle()
    else:
        settled = _at_once(number, token, name, step, records, columns, layout, bar)
    found = settled | {
        "seconds": time.perf_counter() - started,
        "token": token,
        "step": name,
        "clustered": settled["rows"],
    }
    store.put(summary, json.dumps(found).encode())
    return found


def _at_once(
    number: int, token: str, name: str, step: Any, records: Sequence[Record],
    columns: dict[str, Any], layout: Layout, bar: Progress,
) -> dict[str, Any]:  # fmt: skip
    sketches = [read_table(layout.store, record.file("sketch")) for record in records]
    for record, sketch in zip(records, sketches, strict=True):
        if sketch.num_rows != record.rows_kept:
            raise AccountingError(
                f"{name}: {record.rows_kept} rows were sketched, {sketch.num_rows} sketches came"
            )
    bar.begin(f"comparing for {name}", 1, 0)
    reads = [partial(read_table, layout.store, record.file("sketch")) for record in records]
    proposal = step.propose_from(sketches, reads)
    bar.advance(sum(record.rows_kept for record in records))
    gathered = _gather(number, token, step, proposal, records, columns, layout, bar)
    verdicts = step.decide(proposal, gathered)
    stored = {
        kind: write_table(table, f"stages/{number}/{kind}.{token}.arrow", layout)
        for kind, table in step.stored(proposal).items()
    }
    return (
        write_table(verdicts, f"stages/{number}/verdicts.{token}.arrow", layout)
        | step.figures(verdicts)
        | rounds.counted(verdicts)
        | {"stored": stored}
    )


def _judge_sources(
    dedup: tuple[str, Any], verdicts: str, records: Sequence[Record], store: Store
) -> None:
    """Put the guard of sources to the verdicts, partition by partition."""
    firsts = np.cumsum([0, *(record.rows_kept for record in records)]).tolist()
    calls = [
        (store, record.file("sketch"), verdicts, first)
        for record, first in zip(records, firsts, strict=False)
    ]
    tallies: list[Any] = []
    execute(_tally, calls, lambda _, tally: tallies.append(tally))
    name, step = dedup
    step.judge_sources(name, tallies)


def _tally(store: Store, sketch: str, verdicts: str, first: int) -> Any:
    table = read_table(store, sketch)
    return guards.tally(table, removal.gone(read_table(store, verdicts), first, table.num_rows))


def _gather(
    number: int, token: str, step: Any, proposal: Any, records: Sequence[Record],
    columns: dict[str, Any], layout: Layout, bar: Progress,
) -> list[Any]:  # fmt: skip
    """The evidence tables of all partitions, memory-mapped; empty ones where none is needed."""
    wanted = step.wanted(proposal)
    names = {
        part: f"stages/{number}/evidence-{part:05d}.{token}.arrow"
        for part, rows in enumerate(wanted)
        if len(rows)
    }
    missing = [part for part, name in names.items() if layout.store.size(name) is None]
    bar.begin("gathering evidence", len(names), len(names) - len(missing))
    calls = [
        (records[part].file("rows"), columns, wanted[part], names[part], step, layout)
        for part in missing
    ]
    execute(evidence, calls, lambda which, _: bar.advance(len(wanted[missing[which]])))
    return [
        read_table(layout.store, names[part]) if part in names else None
        for part in range(len(records))
    ]
