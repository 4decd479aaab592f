"""The texts of a few records, fetched from the parts of a run that hold them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from tamis.io.store import Store

BATCH = 4096  # rows in memory at a time


def fetch(store: Store, parts: Sequence[str], column: str, ids: Iterable[str]) -> dict[str, str]:
    """The texts of those of the ids that these parts of `kept` or `dropped` hold."""
    wanted = pa.array(sorted(set(ids)), pa.string())
    found: dict[str, Any] = {}
    for part in parts:
        for batch in _batches(store, part, column, wanted):
            rows = batch.filter(pc.is_in(batch["id"], value_set=wanted))
            found.update(zip(rows["id"].to_pylist(), rows[column].to_pylist(), strict=True))
            if len(found) == len(wanted):
                break
    return {name: text for name, text in found.items() if text is not None}


def _batches(store: Store, part: str, column: str, wanted: pa.Array) -> Iterator[pa.Table]:
    """The ids and texts of a part, some rows at a time; of Parquet where wanted ids are."""
    source = pa.memory_map(store.path(part)) if store.local else pa.BufferReader(store.read(part))
    if part.endswith(".parquet"):
        file = pq.ParquetFile(source)
        if {"id", column} <= set(file.schema_arrow.names):
            for group in range(file.num_row_groups):
                names = file.read_row_group(group, ["id"])["id"].cast(pa.string())
                left = pc.sum(pc.is_in(names, value_set=wanted)).as_py() or 0
                batches = file.iter_batches(BATCH, row_groups=[group], columns=["id", column])
                while left:  # a row group is decoded up to the last of them
                    rows = _plain(pa.Table.from_batches([next(batches)]), column)
                    left -= pc.sum(pc.is_in(rows["id"], value_set=wanted)).as_py() or 0
                    yield rows
        return
    name = part.removesuffix(".gz").removesuffix(".zst")
    if name != part:
        source = pa.CompressedInputStream(source, "gzip" if part.endswith(".gz") else "zstd")
    if name.endswith(".csv"):
        yield from _csv(source, column)
    else:
        yield from _jsonl(source, column)


def _csv(source: Any, column: str) -> Iterator[pa.Table]:
    reader = pyarrow.csv.open_csv(
        source,
        parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True),
        convert_options=pyarrow.csv.ConvertOptions(
            include_columns=["id", column], include_missing_columns=True,
            column_types={"id": pa.string(), column: pa.string()}, strings_can_be_null=True,
        ),
    )  # fmt: skip
    for batch in reader:
        yield _plain(pa.Table.from_batches([batch]), column)


def _jsonl(source: Any, column: str) -> Iterator[pa.Table]:
    rows: list[dict[str, Any]] = []
    for line in _lines(source):
        row = json.loads(line)
        rows.append({"id": row.get("id"), column: row.get(column)})
        if len(rows) == BATCH:
            yield _plain(pa.Table.from_pylist(rows), column)
            rows = []
    if rows:
        yield _plain(pa.Table.from_pylist(rows), column)


def _lines(source: Any) -> Iterator[bytes]:
    rest = b""
    while block := source.read(1 << 20):
        *whole, rest = (rest + block).split(b"\n")
        yield from (line for line in whole if line.strip())
    if rest.strip():
        yield rest


def _plain(table: pa.Table, column: str) -> pa.Table:
    schema = pa.schema([("id", pa.string()), (column, pa.string())])
    return pa.table([table["id"].cast(pa.string()), _as_text(table[column])], schema=schema)


def _as_text(values: pa.ChunkedArray) -> Any:
    """A column as text; nested values as they print."""
    try:
        return values.cast(pa.string())
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid):
        return pa.chunked_array([[None if v is None else str(v) for v in values.to_pylist()]])
