"""Files cut into blocks, each read alone: how a shuffle hands rows from every task to every other.

A file is Arrow IPC, uncompressed, with one record batch for each block. Where the store is local a
block is memory-mapped, elsewhere just its bytes are fetched.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pyarrow as pa

from tamis.io.store import Store


class Numbered(Sequence[str]):
    """The names of many files by one pattern: short to send to every task.

    >>> list(Numbered("keys-{:05d}.arrow", 2))
    ['keys-00000.arrow', 'keys-00001.arrow']
    """

    def __init__(self, pattern: str, count: int) -> None:
        self._pattern, self._size = pattern, count

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, which: Any) -> Any:
        if isinstance(which, slice):
            return [self[k] for k in range(*which.indices(self._size))]
        if not 0 <= which < self._size:
            raise IndexError(which)
        return self._pattern.format(which)


def put_blocks(
    store: Store,
    name: str,
    schema: pa.Schema,
    blocks: Iterable[pa.RecordBatch],
    notes: Mapping[str, Any] | None = None,
) -> None:
    """Put a file of blocks in place, whole; `notes` are small texts kept in its schema."""
    schema = schema.with_metadata({key: str(value) for key, value in (notes or {}).items()})

    def fill(file: Any) -> None:
        with pa.ipc.new_file(pa.PythonFile(file, "w"), schema) as writer:
            for batch in blocks:
                writer.write_batch(batch.replace_schema_metadata(schema.metadata))

    store.put(name, fill, sync=False, digest=False)


def read_block(store: Store, name: str, which: int) -> pa.Table:
    """Block number `which` of a file; no rows of a file that was put without blocks."""
    with _opened(store, name) as file:
        batches = [file.get_batch(which)] if file.num_record_batches else []
        return pa.Table.from_batches(batches, file.schema)


def read_notes(store: Store, name: str) -> dict[str, str]:
    """What `put_blocks` was told to note."""
    with _opened(store, name) as file:
        return {k.decode(): v.decode() for k, v in (file.schema.metadata or {}).items()}


def blocks_of(table: pa.Table, order: np.ndarray, ends: np.ndarray) -> list[pa.RecordBatch]:
    """A table's rows in this order, cut at `ends` (which begin with 0)."""
    sorted_rows = table.take(pa.array(order)).combine_chunks()
    batches = sorted_rows.to_batches()
    whole = batches[0] if batches else pa.RecordBatch.from_pylist([], table.schema)
    return [
        whole.slice(start, stop - start)
        for start, stop in zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True)
    ]


@contextmanager
def _opened(store: Store, name: str) -> Iterator[Any]:
    if store.local:
        yield pa.ipc.open_file(pa.memory_map(store.path(name)))
        return
    with store.filesystem().open(store.path(name), "rb") as file:
        yield pa.ipc.open_file(file)
