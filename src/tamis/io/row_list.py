"""A partition of rows that come one by one, from readers whose parsers are Python."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import pyarrow as pa

from tamis.codes import BadRecord, reason
from tamis.errors import DataError
from tamis.io.frames import Types, frame, joined

_FLUSH = 4 << 20  # characters of text after which rows become Arrow arrays


class RowList:
    """The rows of a partition; those that could not be read say why, unless errors raise."""

    def __init__(self, types: Types, reader: str, raising: bool) -> None:
        self._types, self._reader, self._raising = types.columns, reader, raising
        self._waiting: dict[str, list[Any]] = {name: [] for name, _ in self._types}
        self._done: dict[str, list[pa.Array]] = {name: [] for name, _ in self._types}
        self._size = self._rows = 0

    def __len__(self) -> int:
        return self._rows

    def add(self, row: Mapping[str, Any]) -> None:
        """Add a row; columns that it has not are null. `BadRecord` where a value has no place."""
        values = [self._fitting(name, type, row.get(name)) for name, type in self._types]
        for (name, _), value in zip(self._types, values, strict=True):
            self._waiting[name].append(value)
            if isinstance(value, str | bytes):
                self._size += len(value)
        self._size += 64
        self._rows += 1
        if self._size > _FLUSH:
            self._flush()

    def lost(self, place: str, bad: BadRecord, known: Mapping[str, Any]) -> None:
        """Add a row that could not be read, of which `known` is what is known, its id at least."""
        why = reason(bad.code, place, bad.detail)
        if self._raising:
            raise DataError(why)
        self.add({**known, "dropped_by": self._reader, "dropped_why": why})

    def frame(self) -> pd.DataFrame:
        """The partition."""
        self._flush()
        return frame({name: joined(self._done[name], type) for name, type in self._types})

    def _fitting(self, name: str, type: pa.DataType, value: Any) -> Any:
        if value is None or (pa.types.is_large_string(type) and _whole(value)):
            return value
        try:
            if isinstance(value, str) and not _whole(value):
                raise pa.ArrowInvalid("half of a character (a lone surrogate)")
            return pa.scalar(value, type).as_py()
        except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
            told = " ".join(str(error).split())[:200]
            detail = f"column {name!r} is {type}, found {_kind(value)}: {told}"
            raise BadRecord("schema.type", detail) from None

    def _flush(self) -> None:
        for name, type in self._types:
            self._done[name].append(pa.array(self._waiting[name], type))
            self._waiting[name] = []
        self._size = 0


def _whole(value: Any) -> bool:
    """Whether it is text that UTF-8 can hold."""
    if not isinstance(value, str):
        return False
    if value.isascii():
        return True
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _kind(value: Any) -> str:
    return type(value).__name__
