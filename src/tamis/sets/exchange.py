"""Rows to new partitions by their keys, by way of files: memory holds one partition at a time.

A task deals the rows of one partition out to blocks by the leading bits of their keys; the task of
a new partition reads its block from every file and sorts it. So the order of all rows is that of
their keys, whatever the partitions were before or are after.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from typing import Any

import dask
import numpy as np
import pandas as pd
import pyarrow as pa
from dask.base import tokenize

from tamis.errors import DataError, SettingError
from tamis.frame import from_arrow, to_arrow
from tamis.io.blocks import blocks_of, put_blocks, read_block
from tamis.io.store import Store
from tamis.scheduling import scheduler
from tamis.sets.partitions import call, computed, frame_of
from tamis.source import Source

KEY = "__key"
Rule = Callable[..., tuple[pd.DataFrame, np.ndarray]]


def exchanged(
    parts: Sequence[tuple[Any, Rule, tuple[Any, ...]]], meta: pd.DataFrame, count: int,
    folder: str | os.PathLike[str] | None,
) -> Any:  # fmt: skip
    """The lazy frame of `count` partitions of all rows in the order of their keys.

    Of each of `parts`, a partition, `rule(partition, *args)` gives rows (of the columns of `meta`)
    and their keys, uint64. Rows of equal keys keep the order in which they came.
    """
    store = Store(spill(folder))
    names = [
        call(_dealt, part, rule, store, tokenize(part, rule, args)[:16], number, count, *args)
        for number, (part, rule, args) in enumerate(parts)
    ]
    every = call(list, names)
    dtypes = dict(meta.dtypes)
    return frame_of([call(_gathered, every, which, store, dtypes) for which in range(count)], meta)


def sorted_rows(frame: pd.DataFrame, keys: np.ndarray) -> pd.DataFrame:
    """The rows in the order of their keys; those of equal keys as they came."""
    return frame.iloc[np.argsort(keys, kind="stable")].reset_index(drop=True)


def _dealt(
    part: Any, rule: Rule, store: Store, token: str, number: int, count: int, *args: Any
) -> str:
    """Deal out one partition's rows; the name of the file."""
    name = f"{number:05d}-{count}-{token}.arrow"
    if isinstance(part, Source) and store.size(name) is not None:  # the same work, done before
        return name
    rows, keys = rule(computed(part), *args)
    order = np.argsort(keys, kind="stable")
    # the first of 2^32 steps in which `count` blocks share all keys
    block = ((keys[order] >> np.uint64(32)) * np.uint64(count)) >> np.uint64(32)
    ends = np.searchsorted(block, np.arange(count + 1).astype(np.uint64))
    table = to_arrow(rows).append_column(KEY, pa.array(keys))
    put_blocks(store, name, table.schema, blocks_of(table, order, ends))
    return name


def _gathered(names: list[str], which: int, store: Store, dtypes: dict[str, Any]) -> pd.DataFrame:
    """One new partition."""
    try:
        tables = [read_block(store, name, which) for name in names]
    except FileNotFoundError as error:
        raise DataError(
            f"rows that were dealt out are not in {store.root} any more; pass folder=…, a place "
            "that all workers see and that nobody tidies"
        ) from error
    table = pa.concat_tables(tables, promote_options="permissive")
    order = np.argsort(table[KEY].to_numpy(), kind="stable")
    return from_arrow(table.take(pa.array(order)), dtypes)


def spill(folder: str | os.PathLike[str] | None) -> str:
    """Where rows lie between their old and new partitions; a folder of our own goes at the end."""
    if folder is not None:
        place = os.fspath(folder)
        return place if "://" in place else os.path.abspath(place)
    client: Any = getattr(scheduler(), "__self__", None)
    address = str(getattr(getattr(client, "scheduler", None), "address", ""))
    if address and not address.startswith(("inproc:", "tcp://127.", "tcp://localhost")):
        raise SettingError(
            "the workers of a cluster hand rows to one another by files: pass folder=…, a place "
            "that all of them see"
        )
    made = tempfile.mkdtemp(prefix="tamis-", dir=dask.config.get("temporary-directory", None))
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return made
