"""Shards of a comparison beyond memory: whole components, settled as all rows are in memory.

No record outside a component is a candidate for one inside. So the sketches of its rows, wherever
they lie, are brought to one shard; the deduplication's own `propose` and `decide` run on that
alone, and give what they would have given among all rows. Text stays in its partition: evidence
comes from there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tamis.dedup.guards import largest_cluster
from tamis.dedup.verdicts import SCHEMA
from tamis.exchange import read_labels
from tamis.frame import from_arrow
from tamis.io.blocks import blocks_of, put_blocks, read_block, read_notes
from tamis.io.store import Store
from tamis.kernels.exchange import deal, scramble
from tamis.stages import read_table

WANTED = pa.schema([("row", pa.int64())])
MERGED = 1_000_000  # numbers of rows that verdicts are merged for at a time


def take_rows(
    store: Store, sketch: str, labels: Sequence[str], first: int, part: int, shards: int, out: str
) -> str:  # fmt: skip
    """Send the sketches of a partition's rows to the shards of their components."""
    rows, label = read_labels(store, labels, part)
    table = read_table(store, sketch)
    table = table.select([name for name in table.schema.names if name != "source"])
    table = table.take(pa.array(rows - first)).append_column("row", pa.array(rows))
    keys, order = np.empty(rows.size, np.uint64), np.empty(rows.size, np.int64)
    ends = np.empty(shards + 1, np.int64)
    scramble(label, keys)
    deal(keys, shards, order, ends)
    put_blocks(store, out, table.schema, blocks_of(table, order, ends))
    return out


def ask(
    store: Store, step: Any, names: Sequence[str], offsets: np.ndarray, which: int, out: str
) -> str:  # fmt: skip
    """Propose within a shard, and note for every partition the rows whose evidence is needed."""
    shard = _shard(store, names, which)
    (places,) = step.wanted(step.propose([shard]))
    rows = shard["row"].to_numpy()[places]
    ends = np.searchsorted(rows, offsets)
    put_blocks(store, out, WANTED, blocks_of(pa.table([rows], WANTED), np.arange(rows.size), ends))
    return out


def answer(
    store: Store, step: Any, rows: str, columns: dict[str, Any], asked: Sequence[str],
    first: int, part: int, out: str,
) -> str:  # fmt: skip
    """A partition's evidence on the rows that shards ask for, a block for each shard."""
    wanted = [read_block(store, name, part)["row"].to_numpy() - first for name in asked]
    every = np.concatenate(wanted)
    if not every.size:  # its texts need not be read
        put_blocks(store, out, pa.schema([]), [])
        return out
    order = np.argsort(every, kind="stable")
    texts = read_table(store, rows, step.columns())
    frame = from_arrow(texts, {name: columns[name] for name in step.columns()})
    evidence = step.evidence(frame, every[order])
    back = np.empty(every.size, np.int64)
    back[order] = np.arange(every.size)
    ends = np.cumsum([0, *map(len, wanted)])
    put_blocks(store, out, evidence.schema, blocks_of(evidence, back, ends))
    return out


def settle_shard(
    store: Store, step: Any, names: Sequence[str], answers: Sequence[str], which: int, out: str
) -> str:  # fmt: skip
    """Decide within a shard: the verdicts on its rows, ascending by their numbers among all."""
    verdicts, metadata = _settled(store, step, names, answers, which)
    kept = int(np.count_nonzero(np.asarray(verdicts["keep"])))
    notes = {
        "comparisons": metadata.get(b"comparisons", b"0").decode(),
        "rows": verdicts.num_rows,
        "kept": kept,
        "largest": json.dumps(largest_cluster(verdicts)),
    }
    put_blocks(store, out, SCHEMA, verdicts.to_batches(), notes)
    return out


def decided(
    store: Store, step: Any, names: Sequence[str], answers: Sequence[str], shards: int
) -> pa.Table:
    """The verdicts of a step that proposes what these shards hold, ascending by row; in memory."""
    found = [_settled(store, step, names, answers, k)[0] for k in range(shards)]
    return pa.concat_tables([SCHEMA.empty_table(), *found]).sort_by("row")


def merge(store: Store, names: Sequence[str], rows: int, out: str) -> dict[str, Any]:
    """The verdicts of all shards in one file, ascending by row, and what they come to."""
    notes = [read_notes(store, name) for name in names]
    totals = {key: sum(int(n[key]) for n in notes) for key in ("comparisons", "rows", "kept")}

    def batches() -> Iterator[pa.RecordBatch]:
        tables = [read_table(store, name) for name in names]
        keys = [table["row"].to_numpy() for table in tables]
        for start in range(0, rows, MERGED):
            stop = min(rows, start + MERGED)
            cuts = [np.searchsorted(key, [start, stop]) for key in keys]
            slices = [t.slice(a, b - a) for t, (a, b) in zip(tables, cuts, strict=True)]
            merged = pa.concat_tables([SCHEMA.empty_table(), *slices])
            yield from merged.sort_by("row").combine_chunks().to_batches()

    put_blocks(store, out, SCHEMA, batches(), {"comparisons": totals["comparisons"]})
    largest = max((json.loads(n["largest"]) for n in notes), key=lambda pair: pair[1])
    return {
        "name": out,
        "rows": totals["rows"],
        "bytes": store.size(out),
        "clusters": totals["kept"],
        "largest": largest,
    }


def _settled(
    store: Store, step: Any, names: Sequence[str], answers: Sequence[str], which: int
) -> tuple[pa.Table, dict[bytes, bytes]]:
    """The verdicts within a shard, by the numbers of rows among all, and what is noted of them."""
    shard = _shard(store, names, which)
    evidence = [read_block(store, name, which) for name in answers]
    evidence = [table for table in evidence if table.num_rows]
    verdicts = step.decide(step.propose([shard]), evidence)
    rows = pc.take(shard["row"], verdicts["row"])
    numbered = verdicts.set_column(0, "row", rows).cast(SCHEMA).combine_chunks()
    return numbered, verdicts.schema.metadata or {}


def _shard(store: Store, names: Sequence[str], which: int) -> pa.Table:
    """The sketches of a shard's rows, ascending by row number."""
    return pa.concat_tables([read_block(store, name, which) for name in names])
