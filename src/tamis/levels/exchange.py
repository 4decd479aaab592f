"""Keys of two frames brought together by way of files, and the answers back: rows stay in place.

A task deals out the keys of one partition by their hash; the task of a block reads its share of
both frames, matches it, and deals the answers out by the partition that asked; a last one for each
partition puts them to its rows. What rows hold beside keys and wanted columns is never moved.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from dask.base import tokenize

from tamis.errors import DataError
from tamis.frame import from_arrow, to_arrow
from tamis.io.blocks import blocks_of, put_blocks, read_block
from tamis.io.store import Store
from tamis.levels.matching import PART, How, attached, hashes, matched, narrow
from tamis.sets.exchange import spill
from tamis.sets.partitions import call, computed, frame_of, partitions

_BLOCKS = 256  # at most; a file is read that often
Dealt = tuple[Store, str]


class Place:
    """Where files lie; one of our own has a new name each time, and that is no other work."""

    def __init__(self, folder: Any) -> None:
        self.store, self.own = Store(spill(folder)), folder is None

    def __dask_tokenize__(self) -> Any:
        return ("place", None if self.own else self.store.root)


def exchanged(parents: Any, children: Any, how: How, folder: Any, meta: pd.DataFrame) -> Any:
    """The wide frame of two lazy ones with what the other gives, lazily."""
    place, sides = Place(folder), {"parents": parents, "children": children}
    slim = {side: frame[_moved(frame, side, how)] for side, frame in sides.items()}
    parts = {side: partitions(frame) for side, frame in slim.items()}
    count = min(max(len(found) for found in parts.values()), _BLOCKS)
    token = tokenize(parts["parents"], parts["children"], how, count)[:16]
    dealt, dtypes = [], []
    for side, found in parts.items():
        names = [f"{side}-{k:05d}-{token}.arrow" for k in range(len(found))]
        tasks = [
            call(_dealt, part, side, number, how, count, place, name)
            for number, (part, name) in enumerate(zip(found, names, strict=True))
        ]
        dealt.append(call(list, tasks))
        dtypes.append(dict(narrow(slim[side]._meta, side, 0, how).dtypes))
    wide = sides[how.to]
    answers = call(list, [
        call(_matched, *dealt, which, dtypes, how, wide.npartitions, place,
             f"answers-{which:05d}-{token}.arrow")
        for which in range(count)
    ])  # fmt: skip
    empty = matched(_empty(dtypes[0]), _empty(dtypes[1]), how)
    tasks = [
        call(_attached, part, answers, number, dict(empty.dtypes), how)
        for number, part in enumerate(partitions(wide))
    ]
    return frame_of(tasks, meta)


def _moved(frame: Any, side: str, how: How) -> list[str]:
    return [name for name in how.needed(side) if name in frame.columns]


def _dealt(
    part: Any, side: str, number: int, how: How, count: int, place: Place, name: str
) -> Dealt:
    """Deal out the keys of one partition."""
    rows = narrow(computed(part), side, number, how)
    block = ((hashes(rows) >> np.uint64(32)) * np.uint64(count)) >> np.uint64(32)
    return _put(rows, block.astype(np.int64), count, place.store, name)


def _matched(
    parents: list[Dealt], children: list[Dealt], which: int, dtypes: list[dict[str, Any]],
    how: How, count: int, place: Place, name: str,
) -> Dealt:  # fmt: skip
    """Match one block, and deal out the answers."""
    some, others = (
        _read(dealt, which, columns)
        for dealt, columns in zip((parents, children), dtypes, strict=True)
    )
    found = matched(some, others, how)
    return _put(found, found[PART].to_numpy(np.int64), count, place.store, name)


def _attached(
    part: Any, answers: list[Dealt], number: int, dtypes: dict[str, Any], how: How
) -> pd.DataFrame:
    return attached(computed(part), _read(answers, number, dtypes), number, how)


def _put(rows: pd.DataFrame, block: np.ndarray, count: int, store: Store, name: str) -> Dealt:
    order = np.argsort(block, kind="stable")
    ends = np.searchsorted(block[order], np.arange(count + 1))
    table = to_arrow(rows)
    put_blocks(store, name, table.schema, blocks_of(table, order, ends))
    return store, name


def _read(files: list[Dealt], which: int, dtypes: dict[str, Any]) -> pd.DataFrame:
    try:
        tables = [read_block(store, name, which) for store, name in files]
    except FileNotFoundError as error:
        raise DataError(
            f"keys that were dealt out are not in {files[0][0].root} any more; pass folder=…, a "
            "place that all workers see and that nobody tidies"
        ) from error
    return from_arrow(pa.concat_tables(tables, promote_options="permissive"), dtypes)


def _empty(dtypes: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series([], dtype=dtype) for name, dtype in dtypes.items()})
