"""What a run does with one partition: measure and write, sketch, gather evidence.

Every function here is a task: plain data in, a `Record` of what was written out. A task puts its
record in place last; a record that stands, with files of the right size, is work that need not be
done again.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from tamis import rowwise
from tamis.dedup import chunks, removal
from tamis.drift import declared
from tamis.engines import within
from tamis.errors import AccountingError, DataError
from tamis.frame import STRING, from_arrow, text_buffers, to_arrow
from tamis.io.store import Store
from tamis.io.write import WrittenFile, write_part
from tamis.io.writers import Writer
from tamis.kernels.content import hash_texts
from tamis.outcome import Count, Outcome, shape
from tamis.segments import Segment


@dataclass(frozen=True)
class Layout:
    """What all tasks of a run share: where to, which columns, which formats."""

    store: Store
    inputs: dict[str, Any]  # the columns of the frame as it declares them, name to dtype
    columns: dict[str, Any]  # every column there will be, name to dtype
    hidden: tuple[str, ...]  # columns of filters and of the ledger: not in what is kept
    scores: tuple[str, ...]  # measures, kept in the ledger
    writer: Writer  # of the rows that are kept
    stage_compression: str | None
    documents: tuple[str, ...] = ()  # columns whose equal values lie in one partition
    engine: str | None = None  # who measures texts (`tamis.engines`); the outcome is the same


@dataclass
class Record:
    """What a task has done: counts and the files that hold its rows."""

    token: str
    rows_in: int = 0
    rows_kept: int = 0
    rows_dropped: int = 0
    ids_in: int = 0
    ids_kept: int = 0
    counts: dict[str, dict[str, Any]] = field(default_factory=dict)
    lost: dict[str, int] = field(default_factory=dict)  # codes of rows that cannot be written
    views: dict[str, float] = field(default_factory=dict)
    files: list[dict[str, Any]] = field(default_factory=list)  # part of the result
    staged: list[dict[str, Any]] = field(default_factory=list)  # for the next stage only
    seconds: float = 0.0

    def file(self, kind: str) -> str:
        """The name of the staged file of a kind: ids, rows or sketch."""
        return next(f["name"] for f in self.staged if f"/{kind}-" in f["name"])


@dataclass(frozen=True)
class Staged:
    """The rows a stage left, marked by the deduplication after it where that dropped them."""

    rows: str
    columns: dict[str, Any]
    store: Store
    first: int  # position of the first row in the whole frame
    ids: int
    verdicts: str | None = None
    dedup: tuple[str, Any] | None = None

    def __call__(self) -> pd.DataFrame:
        frame = from_arrow(read_table(self.store, self.rows), self.columns)
        if ids_sum(frame["id"]) != self.ids:
            raise AccountingError(f"{self.rows}: the ids read are not the ids written")
        if self.verdicts is None or self.dedup is None:
            return frame
        verdicts = read_table(self.store, self.verdicts)
        return removal.mark(frame, verdicts, self.first, *self.dedup)


def stage(
    source: Callable[[], pd.DataFrame], segment: Segment, number: int, part: int, token: str,
    layout: Layout,
) -> Record:  # fmt: skip
    """Compute one partition, run a segment's row-wise steps on it, write what comes of it."""
    start = time.perf_counter()
    with within(layout.engine):  # lazy steps that the frame came with, too
        frame = source()
    if number == 0:
        frame = declared(frame, layout.inputs, part)
    frame = frame.reset_index(drop=True)
    record = Record(token, rows_in=len(frame))
    if number == 0:
        _note_ids(frame, record, part, layout)
    with within(layout.engine):
        outcome = rowwise.run(frame, segment.work)
    del frame
    if segment.bound is not None:  # rows that wait for the bounds are counted when they are judged
        count = outcome.counts[segment.bound[0]]
        count.rows_in, count.rows_out = count.rows_in - count.rows_out, 0
    record.counts = {name: asdict(count) for name, count in outcome.counts.items()}
    record.counts = _passed_through(outcome) | record.counts
    record.views = outcome.views
    suffix = f"part-{part:05d}-{number}.{token}"
    if segment.last and len(outcome.kept):
        outcome = _written_out(outcome, suffix, layout, record)
    record.rows_kept, record.rows_dropped = len(outcome.kept), len(outcome.dropped)
    record.ids_kept = ids_sum(outcome.kept["id"])
    dropped = _filled(outcome.dropped, layout.columns)
    if len(dropped):
        record.files += _written(dropped, f"dropped/{suffix}", layout)
    if segment.last:
        kept = _filled(outcome.kept, layout.columns)
        ledger = pd.concat([_ledger(dropped, layout), _ledger(kept, layout)])
        at = np.concatenate([outcome.dropped_at, outcome.kept_at])
        ledger = ledger.iloc[np.argsort(at, kind="stable")]
    else:
        ledger = _ledger(dropped, layout)
        packed = layout.stage_compression
        rows = to_arrow(outcome.kept)
        record.staged.append(_stage_table(rows, "rows", number, part, token, layout, packed))
        if not segment.moves:
            kind, table = _looked_at(segment, outcome.kept)
            record.staged.append(_stage_table(table, kind, number, part, token, layout))
    if len(ledger):
        record.files += _written(ledger, f"ledger/{suffix}", layout)
    record.seconds = time.perf_counter() - start
    layout.store.put(
        record_name(number, part, token), json.dumps(asdict(record)).encode(), sync=False
    )
    return record


def numbers(store: Store, name: str) -> np.ndarray:
    """The staged numbers of a partition that bounds are taken from: float64 without NaN."""
    return read_table(store, name)["number"].to_numpy()


def evidence(
    rows: str, columns: dict[str, Any], wanted: np.ndarray, name: str, dedup: Any, layout: Layout
) -> str:
    """Compute and stage what decides about some rows of a partition."""
    frame = from_arrow(read_table(layout.store, rows, dedup.columns()), {
        column: columns[column] for column in dedup.columns()
    })  # fmt: skip
    write_table(chunks.evidence(dedup, frame, wanted), name, layout)
    return name


def write_input(frame: pd.DataFrame, name: str, part: int, layout: Layout) -> int:
    """Stage one partition of a frame whose partitions cannot be computed one by one."""
    frame = declared(frame.reset_index(drop=True), layout.inputs, part)
    write_table(to_arrow(frame), name, layout, layout.stage_compression)
    return len(frame)


def read_input(store: Store, name: str, columns: dict[str, Any]) -> pd.DataFrame:
    """A partition that `write_input` staged."""
    return from_arrow(read_table(store, name), columns)


def record_name(number: int, part: int, token: str) -> str:
    """Where the record of a task stands."""
    return f"stages/{number}/part-{part:05d}.{token}.json"


def standing(store: Store, number: int, part: int, token: str) -> Record | None:
    """The record of work already done, if all its files are there."""
    try:
        record = Record(**json.loads(store.read(record_name(number, part, token))))
    except (FileNotFoundError, ValueError, TypeError):
        return None
    for file in [*record.files, *record.staged]:
        if store.size(file["name"]) != file["bytes"]:
            return None
    return record


def ids_sum(ids: pd.Series) -> int:
    """An order-free 64-bit hash of a set of ids: the sum of the hashes of each."""
    return int(id_hashes(ids).sum(dtype=np.uint64))


def id_hashes(ids: pd.Series) -> np.ndarray:
    """A 64-bit hash of each id."""
    texts = text_buffers(ids)
    low, high = np.empty((2, len(ids)), np.uint64)
    hash_texts(texts.data, texts.offsets, low, high)
    return low


def write_table(
    table: pa.Table, name: str, layout: Layout, compression: str | None = None
) -> dict[str, Any]:
    """Put an Arrow table in place as an IPC file, neither synced nor hashed: it can be made again.

    Uncompressed by default: keys and hashes do not shrink, and are then mapped, not read.
    """
    options = pa.ipc.IpcWriteOptions(compression=compression)

    def fill(file: Any) -> None:
        with pa.ipc.new_file(pa.PythonFile(file, "w"), table.schema, options=options) as writer:
            writer.write_table(table)

    written = layout.store.put(name, fill, sync=False, digest=False)
    return {"name": name, "rows": table.num_rows, "bytes": written.bytes}


def read_table(store: Store, name: str, columns: Any = None) -> pa.Table:
    """A staged Arrow table, memory-mapped where the store is local."""
    options = None
    source = pa.memory_map(store.path(name)) if store.local else pa.BufferReader(store.read(name))
    if columns is not None:
        schema = pa.ipc.open_file(source).schema
        options = pa.ipc.IpcReadOptions(
            included_fields=[schema.get_field_index(c) for c in dict.fromkeys(columns)]
        )
    return pa.ipc.open_file(source, options=options).read_all()


def _written_out(outcome: Outcome, suffix: str, layout: Layout, record: Record) -> Outcome:
    """Write what is kept; rows that the writer cannot write are dropped ones from here on."""
    kept = _filled(outcome.kept, layout.columns).drop(columns=list(layout.hidden))
    put = layout.writer.put(kept.reset_index(drop=True), f"kept/{suffix}", layout.store)
    record.files += _listed(put.files)
    if not put.lost:
        return outcome
    record.lost = dict(Counter(why.partition(":")[0] for why in put.lost.values()))
    rows = np.array(sorted(put.lost))
    stays = np.ones(len(kept), bool)
    stays[rows] = False
    gone = outcome.kept.iloc[rows].assign(
        dropped_by=pd.array([layout.writer.name] * len(rows), STRING),
        dropped_why=pd.array([put.lost[row] for row in rows], STRING),
    )
    at = np.concatenate([outcome.dropped_at, outcome.kept_at[rows]])
    order = np.argsort(at, kind="stable")
    return replace(
        outcome, kept=outcome.kept[stays], kept_at=outcome.kept_at[stays],
        dropped=pd.concat([outcome.dropped, gone]).iloc[order], dropped_at=at[order],
    )  # fmt: skip


def _looked_at(segment: Segment, kept: pd.DataFrame) -> tuple[str, pa.Table]:
    """What is looked at of all rows together, and what such a file is called."""
    if segment.bound is not None:
        name, step = segment.bound
        return "numbers", pa.table({"number": step.measured(kept, name)})
    assert segment.dedup is not None
    return "sketch", chunks.sketch(segment.dedup[1], kept)


def _passed_through(outcome: Outcome) -> dict[str, dict[str, Any]]:
    """Reasons of what came in dropped already: by a reader, or by the deduplication before."""
    why = to_arrow(outcome.dropped[["dropped_why"]])["dropped_why"]
    codes = pc.list_element(pc.split_pattern(why, ":", max_splits=1), 0)
    pairs = to_arrow(outcome.dropped[["dropped_by"]]).append_column("code", codes)
    found: dict[str, dict[str, Any]] = {}
    for row in pairs.group_by(["dropped_by", "code"]).aggregate([([], "count_all")]).to_pylist():
        name, code, number = row["dropped_by"], row["code"], row["count_all"]
        if name not in outcome.counts:
            count = found.setdefault(name, asdict(Count()))
            count["reasons"][code] = number
    return found


def _filled(frame: pd.DataFrame, columns: dict[str, Any]) -> pd.DataFrame:
    return shape(frame, columns)


def _ledger(frame: pd.DataFrame, layout: Layout) -> pd.DataFrame:
    wanted = ["id", "parent_id", "dropped_by", "dropped_why", "duplicate_of", "similarity"]
    wanted += layout.scores
    return frame[[column for column in wanted if column in frame.columns]]


def _written(frame: pd.DataFrame, stem: str, layout: Layout) -> list[dict[str, Any]]:
    return _listed(write_part(frame, stem, layout.store))


def _listed(files: Sequence[WrittenFile]) -> list[dict[str, Any]]:
    return [{"name": f.name, "rows": f.rows, "bytes": f.bytes, "sha256": f.sha256} for f in files]


def _note_ids(frame: pd.DataFrame, record: Record, part: int, layout: Layout) -> None:
    nameless = np.flatnonzero(frame["id"].isna())
    if len(nameless):
        raise DataError(f"partition {part} row {nameless[0]} has no id; every record needs one")
    hashes = id_hashes(frame["id"])
    record.ids_in = int(hashes.sum(dtype=np.uint64))
    table = to_arrow(frame[["id"]]).append_column("hash", pa.array(hashes))
    record.staged.append(_stage_table(table, "ids", 0, part, record.token, layout))
    if layout.documents:
        tables = []
        for place, column in enumerate(layout.documents):
            names = frame[column].dropna().drop_duplicates().astype(STRING)
            table = to_arrow(pd.DataFrame({"id": names}))
            hashes = pa.array(id_hashes(names) ^ np.uint64(place))
            tables.append(table.append_column("hash", hashes))
        whole = pa.concat_tables(tables)
        record.staged.append(_stage_table(whole, "documents", 0, part, record.token, layout))


def _stage_table(
    table: pa.Table,
    kind: str,
    number: int,
    part: int,
    token: str,
    layout: Layout,
    compression: str | None = None,
) -> dict[str, Any]:
    name = f"stages/{number}/{kind}-{part:05d}.{token}.arrow"
    return write_table(table, name, layout, compression)
