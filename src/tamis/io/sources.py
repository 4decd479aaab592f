"""Read any source by four plain functions: list, download, iterate, extract."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pyarrow as pa

from tamis.codes import BadRecord
from tamis.errors import ColumnError, DataError, SettingError
from tamis.io.files import File
from tamis.io.frames import Types, Work, check_errors, dask_frame, quarantine_types
from tamis.io.row_list import RowList
from tamis.io.schema import TEXT, declared
from tamis.spelling import no_column

NAME = "read_source"


@dataclass(frozen=True)
class Item:
    """One item of a source, and what it is called in ids."""

    name: str
    value: Any

    @property
    def file(self) -> File:
        """What a run takes for the file behind rows; a path or an address may be one."""
        place = isinstance(self.value, str | os.PathLike)
        return File(self.name if place else f"source://{self.name}", self.name, 0, "")


PLAIN = (str, int, float, bool, bytes)


def read_source(
    items: Iterable[Any] | Callable[[], Iterable[Any]],
    iterate: Callable[[Any], Iterable[Any]],
    *,
    schema: pa.Schema | Mapping[str, Any],
    extract: Callable[[Any], Mapping[str, Any] | None] | None = None,
    download: Callable[[Any], Any] | None = None,
    id: str | None = None,
    items_per_partition: int = 1,
    errors: str = "quarantine",
) -> Any:
    """Make a lazy frame of a source of your own: a row for each record of each item.

    `items` are plain values (addresses, paths, numbers, tuples of these), or a function that lists
    them, which is called once, here. In a task `download(item)` gives what `iterate` gets instead
    of the item: a path, bytes, an open file. `iterate` yields records, one after another, and
    `extract` makes of one the columns of `schema` (as in `read_jsonl`), or None for one that is no
    data. Without `extract` records are such columns already. `id` names the column of ids; a row
    without one is named `<item>:<n>`, the n-th record of the item, from 1.

    Where a function of yours fails, rows say so with `dropped_by="read_source"`: `extract` costs
    its record (`source.record`), `iterate` the rest of its item and `download` the whole
    (`source.item`), a value that does not fit its column the row (`schema.type`, `schema.column`).
    `errors="raise"` makes the first a `DataError`. Functions are sent to workers, so they must be
    importable there or small; the same function and items are the same work.

    >>> frame = read_source(
    ...     ["a b", "c"], str.split, extract=lambda word: {"text": word}, schema={"text": "str"}
    ... )
    >>> frame.compute().id.tolist()
    ['a b:1', 'a b:2', 'c:1']
    """
    check_errors(errors)
    for name, function in (("iterate", iterate), ("extract", extract), ("download", download)):
        if function is not None and not callable(function):
            raise SettingError(f"{name} must be a function, found {function!r}")
    each = items_per_partition
    if isinstance(each, bool) or not isinstance(each, int) or each < 1:
        raise SettingError(f"items_per_partition={each!r} is not a number of items from 1 on")
    known = declared(schema, checked=lambda name, type: None)
    if id is not None and id not in known:
        raise ColumnError(f"id: {no_column(id, known)}")
    key = id if id is not None else "id" if "id" in known else None
    if key not in (None, "id") and "id" in known:
        raise ColumnError(f"id={key!r} would hide the column 'id' that is there too")
    data = {name: type for name, type in known.items() if name != key}
    listed = _listed(items)
    work = [Work(tuple(listed[k : k + each])) for k in range(0, len(listed), each)]
    return dask_frame(
        read_work,
        work,
        Types(tuple(quarantine_types({"id": TEXT, **data}, errors).items())),
        NAME,
        iterate=iterate,
        extract=extract,
        download=download,
        key=key,
        raising=errors == "raise",
    )


def _listed(items: Any) -> list[Item]:
    """The items, none of them twice."""
    given = items() if callable(items) else items
    if isinstance(given, str | bytes) or not isinstance(given, Iterable):
        raise SettingError(f"items must be a list of values, found {given!r}")
    listed = [Item(_named(item), item) for item in given]
    seen: set[str] = set()
    for item in listed:
        if item.name in seen:
            raise DataError(f"{item.name} is listed twice: its rows would have the same ids")
        seen.add(item.name)
    return listed


def _named(item: Any) -> str:
    if isinstance(item, os.PathLike):
        return os.fspath(item)
    if isinstance(item, tuple):
        return ",".join(_named(part) for part in item)
    if item is not None and not isinstance(item, PLAIN):
        raise SettingError(
            f"items must be plain values (text, numbers, paths, tuples of these), found {item!r}"
        )
    return item if isinstance(item, str) else repr(item)


def read_work(
    work: Work,
    *,
    types: Types,
    iterate: Callable[[Any], Iterable[Any]],
    extract: Callable[[Any], Mapping[str, Any] | None] | None,
    download: Callable[[Any], Any] | None,
    key: str | None,
    raising: bool,
) -> pd.DataFrame:
    """The partition of these items."""
    rows = RowList(types, NAME, raising)
    names = {name for name, _ in types.columns} - {"dropped_by", "dropped_why"}
    for item in work.pieces:
        name = item.name
        for number, record in _records(item.value, iterate, download):
            place = f"{name}, record {number}" if number else name
            derived = f"{name}:{number}" if number else name
            if isinstance(record, _Failed):
                bad = BadRecord("source.item", record.told)
                rows.lost(place, bad, {"id": derived})
                continue
            try:
                row = _row(record, extract, names, key)
                if row is None:
                    continue
                rows.add({**row, "id": row["id"] if row.get("id") is not None else derived})
            except BadRecord as bad:
                rows.lost(place, bad, {"id": derived})
    return rows.frame()


class _Failed:
    """A function of the user's failed."""

    def __init__(self, error: Exception, function: Any) -> None:
        called = getattr(function, "__name__", type(function).__name__)
        detail = " ".join(str(error).split())[:300]
        self.told = f"{called} failed with {type(error).__name__}" + (detail and f": {detail}")


def _records(
    item: Any, iterate: Callable[[Any], Iterable[Any]], download: Callable[[Any], Any] | None
) -> Iterator[tuple[int, Any]]:
    """The records of an item, numbered from 1; a failure has the number of what was not had."""
    got = item
    if download is not None:
        try:
            got = download(item)
        except Exception as error:
            yield 0, _Failed(error, download)
            return
    number = 0
    try:
        for number, record in enumerate(iterate(got), 1):
            yield number, record
    except Exception as error:
        yield number + 1, _Failed(error, iterate)
    finally:
        if download is not None and not isinstance(got, str | bytes) and hasattr(got, "close"):
            got.close()


def _row(
    record: Any, extract: Callable[[Any], Mapping[str, Any] | None] | None, names: set[str],
    key: str | None,
) -> dict[str, Any] | None:  # fmt: skip
    """The columns of a record; None for one that is no data."""
    found = record
    if extract is not None:
        try:
            found = extract(record)
        except Exception as error:
            raise BadRecord("source.record", _Failed(error, extract).told) from None
        if found is None:
            return None
    if not isinstance(found, Mapping):
        what = "extract must give a mapping" if extract else "a record must be a mapping"
        raise BadRecord("source.record", f"{what} of columns, found {type(found).__name__}")
    row = dict(found)
    if key is not None and key != "id":
        row["id"] = row.pop(key, None)
    if isinstance(row.get("id"), int) and not isinstance(row["id"], bool):
        row["id"] = str(row["id"])
    other = sorted(str(name) for name in row if name not in names)
    if other and not (key is None and other == ["id"]):
        raise BadRecord("schema.column", f"the schema has no column {other[0]!r}")
    return row
