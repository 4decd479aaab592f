"""A deduplication within a run: sketches compared, evidence gathered, verdicts written down.

Only sketches (ids and band keys) and, for candidates, evidence (shingle hashes) leave a partition;
text never does. The verdicts stand in one file, under a token of all that went into them.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from dask.base import tokenize

from tamis.errors import AccountingError
from tamis.execute import execute
from tamis.progress import Progress
from tamis.stages import Layout, Record, evidence, read_table, write_table


def deduplicate(
    number: int, dedup: tuple[str, Any], records: Sequence[Record], columns: dict[str, Any],
    layout: Layout, bar: Progress,
) -> dict[str, Any]:  # fmt: skip
    """Decide which rows of a stage duplicate others: what came of it, where the verdicts are."""
    name, step = dedup
    token = tokenize([record.token for record in records], step)[:12]
    store, summary = layout.store, f"stages/{number}/verdicts.{token}.json"
    if store.size(summary) is not None:
        found = json.loads(store.read(summary))
        if store.size(found["name"]) == found["bytes"]:
            return found
    sketches = [read_table(store, record.file("sketch")) for record in records]
    for record, sketch in zip(records, sketches, strict=True):
        if sketch.num_rows != record.rows_kept:
            raise AccountingError(
                f"{name}: {record.rows_kept} rows were sketched, {sketch.num_rows} sketches came"
            )
    bar.begin(f"comparing for {name}", 1, 0)
    started = time.perf_counter()
    proposal = step.propose(sketches)
    bar.advance(sum(record.rows_kept for record in records))
    gathered = _gather(number, token, step, proposal, records, columns, layout, bar)
    verdicts = step.decide(proposal, gathered)
    written = write_table(verdicts, f"stages/{number}/verdicts.{token}.arrow", layout)
    stored = {
        kind: write_table(table, f"stages/{number}/{kind}.{token}.arrow", layout)
        for kind, table in step.stored(proposal).items()
    }
    kept = verdicts["keep"].to_numpy()
    found = (
        written
        | step.figures(verdicts)
        | {
            "seconds": time.perf_counter() - started,
            "token": token,
            "step": name,
            "clustered": verdicts.num_rows,
            "clusters": len(verdicts["cluster"].unique()),
            "dropped": int(np.count_nonzero(~kept)),
            "stored": stored,
        }
    )
    store.put(summary, json.dumps(found).encode())
    return found


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
