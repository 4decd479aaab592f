"""The media of a partition for writers that put each by itself, and those that are not written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pyarrow as pa

from tamis.codes import BadRecord, reason
from tamis.errors import ColumnError, DataError
from tamis.io.columns import arrow_column
from tamis.io.refit import SIZES, Fit, refitted
from tamis.io.sample_names import extension
from tamis.io.sample_rows import POINTER, REASONS, check_medium
from tamis.io.sounds import Sound, Sounds, materialised, timed
from tamis.io.store import Store
from tamis.io.write import FORMATS, WrittenFile
from tamis.media.columns import holds_bytes
from tamis.media.pieces import Pieces
from tamis.media.pointers import of_frame
from tamis.spelling import no_column

_DROPPED = "__dropped"  # Hugging Face passes over such folders


class MediaRows:
    """The rows of a partition; `read` gives bytes and extension, or notes why it cannot."""

    def __init__(
        self, frame: pd.DataFrame, on: str, writer: str, raising: bool, options: dict[str, Any],
        fit: Fit | None, sound: Sound | None = None,
    ) -> None:  # fmt: skip
        self.frame, self.on, self.writer, self.raising, self.fit = frame, on, writer, raising, fit
        by = frame.get("dropped_by")
        self.before = [False] * len(frame) if by is None else by.notna().tolist()
        self.media = of_frame(frame, on, options, self.before)
        self.held = holds_bytes(frame[on])
        self.sizes: dict[int, list[int]] = {}
        self.sounds = Sounds(frame, self.media, sound) if sound is not None else None
        self.columns = frame if sound is None else materialised(frame)
        gone = (
            *POINTER,
            *REASONS,
            on,
            *(SIZES if fit else ()),
            *(timed(dict(frame.dtypes)) if sound else ()),
        )
        self.others = [name for name in self.columns.columns if name not in gone]
        text = "ext" in frame and isinstance(frame["ext"].dtype, pd.StringDtype)
        self.told = pa.array(frame["ext"]).to_pylist() if text else [None] * len(frame)
        self.dropped: dict[int, str | None] = {}
        self.keys: list[str] | None = None

    def key(self, row: int) -> str:
        """The name of a row."""
        return f"{row:06d}" if self.keys is None else self.keys[row]

    def sizes_of(self, rows: list[int]) -> dict[str, pa.Array]:
        """The columns of the sizes of pictures that were brought to size."""
        if not self.fit:
            return {}
        return {
            name: pa.array([self.sizes[row][k] for row in rows], pa.int64())
            for k, name in enumerate(SIZES)
        }

    def read(self, row: int, of: Callable[[int], Any]) -> tuple[Any, str] | None:
        """The bytes of a row (what `of` gives) and their extension; None if it is dropped."""
        if self.before[row]:
            self.dropped[row] = None
            return None
        try:
            if self.fit is not None:
                data, *self.sizes[row] = refitted(self.media.whole(row), self.fit)
                return data, self.fit["format"]
            made = self.sounds.made(row, self.told[row]) if self.sounds is not None else None
            if made is not None:
                data, end = made
                whole = of == self.media.whole and isinstance(data, Pieces)
                return (data[:] if whole else data), end
            data = of(row)
        except BadRecord as bad:
            self.drop(row, bad)
            return None
        return data, extension(self.told[row], self.media.name(row), data, ())

    def drop(self, row: int, bad: BadRecord) -> None:
        """Set a row aside whose bytes cannot be had, or cannot be decoded."""
        place = str(self.frame["id"].iloc[row]) if "id" in self.frame else f"row {row}"
        why = reason(bad.code, place, bad.detail)
        if self.raising:
            raise DataError(why) from None
        self.dropped[row] = why

    def put_dropped(self, stem: str, store: Store) -> list[WrittenFile]:
        """Put the rows that were dropped, with their reasons, as a file of their own."""
        if not self.dropped:
            return []
        part = self.frame.iloc[list(self.dropped)]
        columns = {
            str(n): arrow_column(part[n]) for n in part.columns
            if n not in REASONS and not (self.held and n == self.on)
        }  # fmt: skip
        whys = list(self.dropped.values())
        for name, new in (("dropped_by", self.writer), ("dropped_why", None)):
            old = part[name].tolist() if name in part else [None] * len(part)
            values = [
                (None if pd.isna(o) else o) if w is None else (new or w)
                for o, w in zip(old, whys, strict=True)
            ]
            columns[name] = pa.array(values, pa.large_string())
        place, slash, base = stem.rpartition("/")
        name = f"{place}{slash}{_DROPPED}/{base}.parquet"
        put = store.put(name, FORMATS["parquet"](pa.table(columns), "zstd"))
        return [WrittenFile(name, len(part), put.bytes, put.sha256)]


def check_column(df: Any, on: str, column: str) -> None:
    """Refuse to write media of a column that is not there, or over one that is."""
    if on not in df.columns:
        raise ColumnError(f"on: {no_column(on, df.columns)}")
    check_medium(df, on)
    if column in df.columns and column != on:
        raise ColumnError(f"the column {column!r} is there already; rename it")
