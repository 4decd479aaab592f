"""The rows of a partition as samples to write: key, medium, text members, json, what is dropped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd
import pyarrow as pa

from tamis.codes import BadRecord, reason
from tamis.errors import ColumnError, DataError
from tamis.frame import text_buffers
from tamis.io.columns import arrow_column
from tamis.io.extensions import TEXTS, checked
from tamis.io.json_text import json_lines
from tamis.io.media_bytes import Bytes, MediaBytes
from tamis.io.sample_names import extension, safe_key, unique

POINTER = ("path", "offset", "size", "ext")
REASONS = ("dropped_by", "dropped_why")
_CAPTIONS = ("txt", "caption", "text")


class Sample(NamedTuple):
    """A sample ready to be written: extensions and contents; the first is the medium."""

    extensions: list[str]
    contents: list[Bytes]


def other_pointers(columns: Sequence[str]) -> list[str]:
    """The extensions of members beside the medium: `<extension>_offset` and `<extension>_size`."""
    names = set(columns)
    return [
        str(name)[: -len("_offset")]
        for name in columns
        if str(name).endswith("_offset")
        and "/" not in str(name)
        and f"{str(name)[:-7]}_size" in names
    ]


def text_members(
    frame: pd.DataFrame, given: Mapping[str, str] | Sequence[str] | None, on: str
) -> dict[str, str]:
    """Which columns become text members, with their extensions."""
    if isinstance(given, str):
        given = [given]
    if given is None:
        texts = [n for n in frame.columns if isinstance(frame[n].dtype, pd.StringDtype) and n != on]
        caption = next((n for n in _CAPTIONS if n in texts), None)
        found = {n: n for n in texts if n in TEXTS and n not in _CAPTIONS and n != "url"}
        return ({caption: "txt"} if caption is not None else {}) | found
    chosen = dict(given) if isinstance(given, Mapping) else {name: name for name in given}
    there(frame, "text", chosen)
    ends = checked("text", list(chosen.values())) or ()
    return dict(zip(chosen, ends, strict=True))


def there(df: Any, what: str, names: Iterable[str]) -> None:
    """Refuse names that are no columns; `what` is the setting that has them."""
    for name in names:
        if name not in df.columns:
            have = ", ".join(map(str, df.columns))
            raise ColumnError(f"{what}: no column {name!r} (have: {have})")


class SampleRows:
    """The rows of one partition; `sample(row)` is what is written of one."""

    def __init__(
        self,
        frame: pd.DataFrame,
        *,
        on: str,
        key: str | None,
        text: Mapping[str, str] | Sequence[str] | None,
        json: Sequence[str] | None,
        number: int,
        writer: str,
        raising: bool,
        storage_options: Mapping[str, Any],
    ) -> None:
        self.frame, self.on, self.writer, self.raising = frame, on, writer, raising
        self.count = len(frame)
        self.media = MediaBytes(frame, on, storage_options)
        members = text_members(frame, text, on)
        self.texts = [(end, text_buffers(frame[name])) for name, end in members.items()]
        self.others = [e for e in other_pointers(list(frame.columns)) if on == "path"]
        self.places = {
            e: [_integers(frame[f"{e}_offset"]), _integers(frame[f"{e}_size"])] for e in self.others
        }
        told = frame["ext"] if "ext" in frame and _is_text(frame["ext"]) else None
        self.told = [None] * self.count if told is None else pa.array(told).to_pylist()
        pointing = {*POINTER, *REASONS, on}
        pointing |= {f"{e}_{what}" for e in self.others for what in ("offset", "size")}
        rest = [n for n in frame.columns if n not in pointing and n not in members]
        self.json = self._json(rest if json is None else list(json))
        self.why = self._dropped()
        if key is None:
            self.keys = [f"{number:05d}_{row:06d}" for row in range(self.count)]
        else:
            names = pa.array(frame[key], from_pandas=True).cast(pa.large_string()).to_pylist()
            self.keys = unique(safe_key(name or "") for name in names)
        self.stems = [name.encode() for name in self.keys]
        self.taken = {end for end, _ in self.texts} | set(self.others) | (
            {"json"} if self.json is not None else set())  # fmt: skip

    def sample(self, row: int) -> Sample | None:
        """The members of a row; None for one that is dropped, `why[row]` says why."""
        if self.why[row] is not None:
            return None
        try:
            data = self.media.read(row)
            path = self.media.name(row)
            found = Sample([extension(self.told[row], path, data, self.taken)], [data])
            for other in self.others:
                offset, size = (column[row] for column in self.places[other])
                if offset is not None and size is not None:
                    found.extensions.append(other)
                    found.contents.append(self.media.range(path, offset, size))
        except BadRecord as bad:
            place = "the row" if "id" not in self.frame else str(self.frame["id"].iloc[row])
            why = reason(bad.code, place, bad.detail)
            if self.raising:
                raise DataError(why) from None
            self.why[row] = (self.writer, why)
            return None
        if self.json is not None:
            found.extensions.append("json")
            found.contents.append(self.json[row])
        for end, (letters, offsets, valid) in self.texts:
            if valid[row]:
                found.extensions.append(end)
                found.contents.append(letters[offsets[row] : offsets[row + 1]].tobytes())
        return found

    def _json(self, names: list[str]) -> list[bytes] | None:
        if not names:
            return None
        table = pa.table({str(n): arrow_column(self.frame[n]) for n in names})
        return b"".join(json_lines(table)).split(b"\n")

    def _dropped(self) -> list[tuple[str, str] | None]:
        """The rows that came with a reason not to be used."""
        if "dropped_by" not in self.frame:
            return [None] * self.count
        by = pa.array(self.frame["dropped_by"], from_pandas=True).to_pylist()
        why = [""] * self.count
        if "dropped_why" in self.frame:
            why = pa.array(self.frame["dropped_why"], from_pandas=True).to_pylist()
        return [None if b is None else (b, w or "") for b, w in zip(by, why, strict=True)]


def _integers(column: pd.Series) -> list[int | None]:
    return pa.array(column, from_pandas=True).cast(pa.int64()).to_pylist()


def _is_text(column: pd.Series) -> bool:
    return isinstance(column.dtype, pd.StringDtype)
