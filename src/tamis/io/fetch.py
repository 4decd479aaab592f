"""A few records, fetched from the parts of a run that hold them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from tamis.io.store import Store
from tamis.io.writers import is_table

BATCH = 4096  # rows in memory at a time
FEW = 32  # … where they hold bytes, pictures as a rule


def fetch(store: Store, parts: Sequence[str], column: str, ids: Iterable[str]) -> dict[str, str]:
    """The texts of those of the ids that these parts of `kept` or `dropped` hold."""
    found = fetch_rows(store, parts, [column], ids, as_text=True)
    return {name: row[column] for name, row in found.items() if row[column] is not None}


def fetch_rows(
    store: Store, parts: Sequence[str], columns: Sequence[str], ids: Iterable[str],
    as_text: bool = False,
) -> dict[str, dict[str, Any]]:  # fmt: skip
    """Some columns of those of the ids that these parts hold, as Python values or as text.

    A column that a part has not is null there. CSV knows texts only.
    """
    return dict(each_row(store, parts, columns, ids, as_text))


def each_row(
    store: Store, parts: Sequence[str], columns: Sequence[str], ids: Iterable[str],
    as_text: bool = False,
) -> Iterator[tuple[str, dict[str, Any]]]:  # fmt: skip
    """The same one by one, as ids and cells: bytes are not held for longer than a few rows."""
    wanted = pa.array(sorted(set(ids)), pa.string())
    left = len(wanted)
    for part in filter(is_table, parts if left else ()):
        for batch in _batches(store, part, columns, wanted):
            names = batch["id"].cast(pa.string())
            which = pc.is_in(names, value_set=wanted)
            rows = batch.filter(which)
            cells = [_cells(rows, column, as_text) for column in columns]
            for name, *row in zip(names.filter(which).to_pylist(), *cells, strict=True):
                yield name, dict(zip(columns, row, strict=True))
                left -= 1
            if not left:
                return


def _cells(rows: pa.Table, column: str, as_text: bool) -> list[Any]:
    if column not in rows.column_names:
        return [None] * rows.num_rows
    return (_as_text(rows[column]) if as_text else rows[column]).to_pylist()


def _batches(
    store: Store, part: str, columns: Sequence[str], wanted: pa.Array
) -> Iterator[pa.Table]:
    """The ids and columns of a part, some rows at a time; of Parquet where wanted ids are."""
    source = pa.memory_map(store.path(part)) if store.local else pa.BufferReader(store.read(part))
    if part.endswith(".parquet"):
        for table in _parquet(pq.ParquetFile(source), columns, wanted):
            yield placed(store, part, table)
        return
    name = part.removesuffix(".gz").removesuffix(".zst")
    if name != part:
        source = pa.CompressedInputStream(source, "gzip" if part.endswith(".gz") else "zstd")
    if name.endswith(".csv"):
        yield from _csv(source, columns)
    else:
        yield from _jsonl(source, columns)


def placed(store: Store, part: str, rows: pa.Table) -> pa.Table:
    """Rows of a table beside an archive or clips, named relative to it, with their places.

    All other rows stay as they are.
    """
    stem = part.removesuffix(".parquet")
    if "path" not in rows.column_names or part == stem:
        return rows
    if store.size(f"{stem}.tar") is None:
        ours = pc.starts_with(rows["path"].cast(pa.large_string()), f"{stem.rpartition('/')[2]}-")
        if not pc.all(ours).as_py() or not rows.num_rows:
            return rows
    folder = store.path(part).rpartition("/")[0]
    at = rows.column_names.index("path")
    head, end = (pa.scalar(text, pa.large_string()) for text in (f"{folder}/", ""))
    whole = pc.binary_join_element_wise(head, rows["path"].cast(pa.large_string()), end)
    return rows.set_column(at, "path", whole)


def _parquet(file: pq.ParquetFile, columns: Sequence[str], wanted: pa.Array) -> Iterator[pa.Table]:
    schema = file.schema_arrow
    here = [name for name in columns if name in schema.names]
    if "id" not in schema.names or not here:
        return
    size = FEW if any(holds_bytes(schema.field(name).type) for name in here) else BATCH
    for group in range(file.num_row_groups):
        names = file.read_row_group(group, ["id"])["id"].cast(pa.string())
        left = pc.sum(pc.is_in(names, value_set=wanted)).as_py() or 0
        batches = file.iter_batches(size, row_groups=[group], columns=["id", *here])
        while left:  # a row group is decoded up to the last of them
            rows = pa.Table.from_batches([next(batches)])
            left -= pc.sum(pc.is_in(rows["id"].cast(pa.string()), value_set=wanted)).as_py() or 0
            yield rows


def holds_bytes(kind: pa.DataType) -> bool:
    """Whether a column holds bytes, bare or in a struct."""
    if pa.types.is_struct(kind):
        return any(holds_bytes(kind.field(k).type) for k in range(kind.num_fields))
    return pa.types.is_binary(kind) or pa.types.is_large_binary(kind)


def _csv(source: Any, columns: Sequence[str]) -> Iterator[pa.Table]:
    reader = pyarrow.csv.open_csv(
        source,
        parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True),
        convert_options=pyarrow.csv.ConvertOptions(
            include_columns=["id", *columns], include_missing_columns=True,
            column_types={name: pa.string() for name in ("id", *columns)},
            strings_can_be_null=True,
        ),
    )  # fmt: skip
    for batch in reader:
        yield pa.Table.from_batches([batch])


def _jsonl(source: Any, columns: Sequence[str]) -> Iterator[pa.Table]:
    rows: list[dict[str, Any]] = []
    for line in _lines(source):
        row = json.loads(line)
        rows.append({name: row.get(name) for name in ("id", *columns)})
        if len(rows) == BATCH:
            yield pa.Table.from_pylist(rows)
            rows = []
    if rows:
        yield pa.Table.from_pylist(rows)


def _lines(source: Any) -> Iterator[bytes]:
    rest = b""
    while block := source.read(1 << 20):
        *whole, rest = (rest + block).split(b"\n")
        yield from (line for line in whole if line.strip())
    if rest.strip():
        yield rest


def _as_text(values: pa.ChunkedArray) -> Any:
    """A column as text; nested values as they print."""
    try:
        return values.cast(pa.string())
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid):
        return pa.chunked_array([[None if v is None else str(v) for v in values.to_pylist()]])
