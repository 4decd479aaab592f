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
from tamis.io.refit import SIZES, Fit, refitted
from tamis.io.sample_names import extension, safe_key, unique
from tamis.io.sounds import Sound, Sounds, materialised, timed
from tamis.media.columns import Pointer, holds_bytes, holds_media, numbers, pointers
from tamis.media.pieces import Content
from tamis.media.pointers import Media
from tamis.spelling import no_column

POINTER = ("path", "offset", "size", "ext")
REASONS = ("dropped_by", "dropped_why")
_CAPTIONS = ("txt", "caption", "text")


class Sample(NamedTuple):
    """A sample ready to be written: extensions and contents; the first is the medium."""

    extensions: list[str]
    contents: list[Content]


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
            raise ColumnError(f"{what}: {no_column(name, df.columns)}")


def check_medium(df: Any, on: str) -> None:
    """Refuse a column that can point to no media."""
    kind = df.dtypes[on]
    if not holds_media(kind):
        raise ColumnError(f"column {on!r} is {kind}; media are paths, URLs, bytes or structs of "
                          "'bytes' and 'path'")  # fmt: skip


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
        fit: Fit | None = None,
        sound: Sound | None = None,
    ) -> None:
        self.frame, self.on, self.writer, self.raising = frame, on, writer, raising
        self.count, self.fit = len(frame), fit
        self.sizes: dict[int, list[int]] = {}
        self.held = holds_bytes(frame[on])
        members = text_members(frame, text, on)
        self.texts = [(end, text_buffers(frame[name])) for name, end in members.items()]
        self.others = [e for e in other_pointers(list(frame.columns)) if on == "path"]
        told = frame["ext"] if "ext" in frame and _is_text(frame["ext"]) else None
        self.told = [None] * self.count if told is None else pa.array(told).to_pylist()
        pointing = {*POINTER, *REASONS, on}
        pointing |= {f"{e}_{what}" for e in self.others for what in ("offset", "size")}
        pointing |= set(SIZES if fit else ())  # what they were is no longer so
        pointing |= set(timed(dict(frame.dtypes)) if sound else ())
        self.told_of = frame if sound is None else materialised(frame)
        rest = [n for n in self.told_of.columns if n not in pointing and n not in members]
        self.json = self._json(rest if json is None else list(json))
        self.why = self._dropped()
        self.media = self._media(storage_options)
        self.sounds = None
        if sound is not None:
            self.sounds = Sounds(frame, self.media, sound, 1 + len(self.others))
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
            found = self._members(row)
        except BadRecord as bad:
            self.drop(row, bad)
            return None
        if self.json is not None:
            found.extensions.append("json")
            found.contents.append(self.json[row])
        for end, (letters, offsets, valid) in self.texts:
            if valid[row]:
                found.extensions.append(end)
                found.contents.append(letters[offsets[row] : offsets[row + 1]].tobytes())
        return found

    def drop(self, row: int, bad: BadRecord) -> None:
        """Set a row aside whose bytes cannot be had, or cannot be decoded."""
        place = "the row" if "id" not in self.frame else str(self.frame["id"].iloc[row])
        why = reason(bad.code, place, bad.detail)
        if self.raising:
            raise DataError(why) from None
        self.why[row] = (self.writer, why)

    def _members(self, row: int) -> Sample:
        """The medium, and the other members that the row points to."""
        first = row * (1 + len(self.others))
        made = self.sounds.made(row, self.told[row]) if self.sounds is not None else None
        if made is not None:
            data, name = made
        elif self.fit is None:
            data = self.media.content(first)
            name = extension(self.told[row], self.media.name(first), data, self.taken)
        else:
            data, *self.sizes[row] = refitted(self.media.whole(first), self.fit)
            name = self.fit["format"]
        found = Sample([name], [data])
        for place, other in enumerate(self.others, first + 1):
            if self.media.pointers[place] is not None:
                found.extensions.append(other)
                found.contents.append(self.media.content(place, empty=True))
        return found

    def _media(self, options: Mapping[str, Any]) -> Media:
        """The medium of each row, and behind it the other members that stand beside it."""
        beside = {"offset", "size"} <= set(self.frame.columns)
        ranges = [self.frame["offset"], self.frame["size"]] if beside else []
        found: list[list[Any]] = [pointers(self.frame[self.on], *ranges)]
        for other in self.others:
            starts, sizes = (
                numbers(self.frame[f"{other}_{what}"], self.count) for what in ("offset", "size")
            )
            found.append([
                None if start is None or size is None or not isinstance(first, Pointer)
                else Pointer(first.path, start, size)
                for first, start, size in zip(found[0], starts, sizes, strict=True)
            ])  # fmt: skip
        rows = zip(*found, strict=True)
        wanted = [
            pointer if why is None else None  # nothing is fetched for those that were dropped
            for row, why in zip(rows, self.why, strict=True)
            for pointer in row
        ]
        return Media(wanted, options)

    def _json(self, names: list[str]) -> list[bytes] | None:
        if not names:
            return None
        table = pa.table({str(n): arrow_column(self.told_of[n]) for n in names})
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


def _is_text(column: pd.Series) -> bool:
    return isinstance(column.dtype, pd.StringDtype)
