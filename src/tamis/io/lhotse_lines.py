"""Lines of lhotse manifests as rows of pointers."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import pandas as pd
import pyarrow as pa

from tamis.codes import BadRecord, reason
from tamis.errors import DataError
from tamis.io import json_piece
from tamis.io.files import File, readable
from tamis.io.frames import Types, Work, frame
from tamis.io.json_chunk import LINE, raw_lines
from tamis.io.json_line import Layout, fit, load_line
from tamis.io.lhotse_rows import Row, path_of, rows_of_cut, rows_of_recording
from tamis.io.media_paths import resolved
from tamis.io.schema import TEXT
from tamis.io.tar_index import TarIndex, index_of

READER = "read_lhotse"
_QUOTED = 1000  # bytes of a bad line
_said: dict[Any, dict[str, list[Row]]] = {}  # of the sets that were asked for last
_lock = threading.Lock()


@dataclass(frozen=True)
class Lhotse:
    """How lines become rows. `tars` are archives of a Shar folder, each after its cuts' file."""

    kind: str
    each: str
    base: str
    within: bool
    ignore: bool
    raising: bool
    max_line: int
    max_ratio: float
    said: tuple[File, ...]
    tars: tuple[tuple[File, File], ...]
    types: Types
    customs: tuple[tuple[str, str], ...]  # keys of `custom` and the columns they become

    def __dask_tokenize__(self) -> str:
        return repr((replace(self, types=None), self.types.__dask_tokenize__()))  # type: ignore[arg-type]


class Line(NamedTuple):
    """A line of a manifest: its object, or why there is none."""

    id: str
    object: Row | None
    why: str | None = None


def read_work(
    work: Work, *, types: Types, how: Lhotse, storage_options: dict[str, Any]
) -> pd.DataFrame:
    """The partition of these pieces."""
    tars, making = dict(how.tars), _Making(how, storage_options)
    for piece in work.pieces:
        making.open(tars.get(piece.file))
        for line in _lines(piece, how, storage_options):
            making.add(line)
    return making.frame()


def orphans(
    work: Work, *, types: Types, how: Lhotse, storage_options: dict[str, Any]
) -> pd.DataFrame:
    """Supervisions whose recordings are in no file, and those that could not be read."""
    known = {
        line.id
        for file in work.pieces[len(how.said) :]
        for line in _lines(json_piece.Piece(file, 0, None), how, storage_options)
        if line.object is not None
    }
    making = _Making(how, storage_options)
    for file in how.said:
        for line in _lines(json_piece.Piece(file, 0, None), how, storage_options):
            if line.object is None:
                making.add(line)
            elif line.object.get("recording_id") not in known:
                detail = f"there is no recording {line.object.get('recording_id')!r}"
                making.drop(line.id, BadRecord("media.missing", detail))
    return making.frame()


def _lines(piece: json_piece.Piece, how: Lhotse, options: dict[str, Any]) -> Iterator[Line]:
    """The lines of a piece of a file as objects."""
    layout = Layout(((LINE, pa.large_binary()),), (LINE,), None, True, how.max_line)
    columns = {"id": TEXT, LINE: pa.large_binary(), "dropped_by": TEXT, "dropped_why": TEXT}
    part = json_piece.read_work(
        Work((piece,)), types=Types(tuple(columns.items())), layout=layout, raising=how.raising,
        max_ratio=how.max_ratio, storage_options=options, parse=raw_lines,
    )  # fmt: skip
    found = (pa.array(part[name]).to_pylist() for name in ("id", LINE, "dropped_why"))
    for place, raw, why in zip(*found, strict=True):
        if why is not None:
            yield Line(place, None, why)
            continue
        try:
            line = load_line(raw)
            name = line.get("id", place)
            if isinstance(name, int) and not isinstance(name, bool):
                name = str(name)
            yield Line(place if name is None else fit(name, TEXT, "id", True), line)
        except BadRecord as bad:
            told = reason(bad.code, place, bad.detail, raw[:_QUOTED])
            if how.raising:
                raise DataError(told) from None
            yield Line(place, None, told)


class _Making:
    """Rows, made one by one of lines."""

    def __init__(self, how: Lhotse, options: dict[str, Any]) -> None:
        self.how, self.options = how, options
        self.types, self.customs = dict(how.types.columns), dict(how.customs)
        self.rows: list[Row] = []
        self.open(None)

    def open(self, tar: File | None) -> None:
        """Go on with the lines of a file, and the archive that goes with it."""
        self.tar = tar
        self.keys: dict[str, str] | None = None

    def add(self, line: Line) -> None:
        """Add the rows of a line."""
        if line.object is None:
            self.rows.append({"id": line.id, "dropped_by": READER, "dropped_why": line.why})
            return
        how = self.how
        try:
            if how.kind == "cuts":
                made = list(rows_of_cut(line.object, how.each))
            else:
                said = _grouped(how, self.options).get(line.id, ()) if how.said else ()
                made = list(rows_of_recording(line.object, said, how.each))
            found = [self._row(line.id, row) for row in made]
        except BadRecord as bad:
            self.drop(line.id, bad)
        else:
            self.rows.extend(found)

    def drop(self, name: str, bad: BadRecord) -> None:
        """Add a row for a line that cannot be used."""
        why = reason(bad.code, name, bad.detail)
        if self.how.raising:
            raise DataError(why) from None
        self.rows.append({"id": name, "dropped_by": READER, "dropped_why": why})

    def _row(self, name: str, row: Row) -> Row:
        source, custom = row.pop("source"), row.pop("custom")
        number = row.pop("number", None)
        row["id"] = name if number is None else f"{name}/{number}"
        if number is not None:
            row["parent_id"] = name
        row |= self._place(name, source)
        for key, value in custom.items():
            column = self.customs.get(key)
            if column is None:
                if self.how.ignore:
                    continue
                detail = f"custom has {key!r}, which the beginnings of the files have not; pass "
                raise BadRecord("schema.column", detail + "unknown='ignore'")
            row[column] = fit(value, self.types[column], key, self.how.ignore)
        for column in ("sampling_rate", "recording_id"):
            row[column] = fit(row.get(column), self.types[column], column, True)
        return row

    def _place(self, name: str, source: Row) -> Row:
        """Where the sound is: a file, or in a Shar folder a member of its archive."""
        if self.tar is None or source.get("type") != "shar":
            return {"path": resolved(path_of(source), self.how.base, self.how.within)}
        index = index_of(self.tar, self.options)
        if self.keys is None:
            self.keys = _keys(index)
        if name not in self.keys:
            raise index.lacking(name)
        member = self.keys[name]
        offset, size = index.find(member)
        path, ext = readable(self.tar.url), member.rpartition(".")[2].lower()
        return {"path": path, "offset": offset, "size": size, "ext": ext}

    def frame(self) -> pd.DataFrame:
        """The partition of the rows."""
        return frame({
            name: pa.array([row.get(name) for row in self.rows], type)
            for name, type in self.types.items()
        })  # fmt: skip


def _keys(index: TarIndex) -> dict[str, str]:
    """The members of an archive that are sound, by the cut that they belong to."""
    names = (name.rpartition(".") for name in index.names)
    skipped = ("json", "nodata", "nometa")
    return {key: f"{key}.{end}" for key, _, end in names if end not in skipped}


def _grouped(how: Lhotse, options: Mapping[str, Any]) -> dict[str, list[Row]]:
    """Supervisions by recording; read once by a process."""
    with _lock:
        if how.said not in _said:
            found: dict[str, list[Row]] = {}
            for file in how.said:
                for line in _lines(json_piece.Piece(file, 0, None), how, dict(options)):
                    if line.object is not None:
                        found.setdefault(str(line.object.get("recording_id")), []).append(
                            line.object
                        )
            _said.clear()
            _said[how.said] = found
        return _said[how.said]
