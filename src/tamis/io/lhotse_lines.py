"""Lines of lhotse manifests, as `read_jsonl` reads them, as rows of pointers."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
import pyarrow as pa

from tamis.codes import BadRecord, reason
from tamis.errors import DataError
from tamis.io import json_piece
from tamis.io.files import File, readable
from tamis.io.frames import Types, Work, frame
from tamis.io.json_line import Layout, fit
from tamis.io.lhotse_rows import Row, path_of, rows_of_cut, rows_of_recording
from tamis.io.media_paths import resolved
from tamis.io.schema import TEXT
from tamis.io.tar_index import TarIndex, index_of

READER = "read_lhotse"
_ANY = pa.null()  # a column that is kept as JSON, whatever its shape
LINES: dict[str, dict[str, pa.DataType]] = {
    "cuts": {
        "id": TEXT, "type": TEXT, "start": pa.float64(), "duration": pa.float64(),
        "channel": _ANY, "recording": _ANY, "supervisions": _ANY, "custom": _ANY,
        "tracks": _ANY, "transforms": _ANY,
    },
    "recordings": {
        "id": TEXT, "duration": pa.float64(), "sampling_rate": pa.int64(), "sources": _ANY,
        "transforms": _ANY,
    },
    "supervisions": {
        "id": TEXT, "recording_id": TEXT, "start": pa.float64(), "duration": pa.float64(),
        "channel": _ANY, "text": TEXT, "speaker": TEXT, "language": TEXT, "gender": TEXT,
        "custom": _ANY, "alignment": _ANY,
    },
}  # fmt: skip
_MAX_LINE = 64 << 20
_said: dict[Any, dict[str, list[Row]]] = {}  # of the sets that were asked for last
_lock = threading.Lock()


@dataclass(frozen=True)
class Lhotse:
    """How lines become rows."""

    kind: str
    each: str
    base: str
    within: bool
    ignore: bool
    raising: bool
    said: tuple[File, ...]
    types: Types
    customs: tuple[tuple[str, str], ...]  # keys of `custom` and the columns they become

    def __dask_tokenize__(self) -> str:
        return repr((replace(self, types=None), self.types.__dask_tokenize__()))  # type: ignore[arg-type]


def rows_of(
    part: pd.DataFrame, how: Lhotse, tar: File | None, storage_options: dict[str, Any]
) -> pd.DataFrame:
    """The rows that the lines of a partition stand for."""
    making = _Making(how, tar, storage_options)
    for line in _lines(part, how.kind):
        making.add(line)
    return making.frame()


def orphans(
    work: Work, *, types: Types, how: Lhotse, storage_options: dict[str, Any]
) -> pd.DataFrame:
    """Supervisions whose recordings are in no file, and those that could not be read."""
    recordings = work.pieces[len(how.said) :]
    known = {
        line["id"] for file in recordings for line in _read(file, "recordings", storage_options)
    }
    making = _Making(how, None, storage_options)
    for file in how.said:
        for line in _read(file, "supervisions", storage_options):
            if line["dropped_by"] is not None:
                making.add(line)
            elif line.get("recording_id") not in known:
                detail = f"there is no recording {line.get('recording_id')!r}"
                making.drop(line, BadRecord("media.missing", detail))
    return making.frame()


class _Making:
    """Rows, made one by one of lines."""

    def __init__(self, how: Lhotse, tar: File | None, options: dict[str, Any]) -> None:
        self.how, self.tar, self.options = how, tar, options
        self.types, self.customs = dict(how.types.columns), dict(how.customs)
        self.rows: list[Row] = []
        self.keys: dict[str, str] | None = None

    def add(self, line: Row) -> None:
        """Add the rows of a line."""
        if line["dropped_by"] is not None:
            self.rows.append({n: line.get(n) for n in ("id", "dropped_by", "dropped_why")})
            return
        how = self.how
        try:
            if how.kind == "cuts":
                made = list(rows_of_cut(line, how.each))
            else:
                said = _grouped(how.said, self.options).get(line["id"], [])
                made = list(rows_of_recording(line, said, how.each))
            found = [self._row(line["id"], row) for row in made]
        except BadRecord as bad:
            self.drop(line, bad)
        else:
            self.rows.extend(found)

    def drop(self, line: Row, bad: BadRecord) -> None:
        """Add a row for a line that cannot be used."""
        why = reason(bad.code, str(line["id"]), bad.detail)
        if self.how.raising:
            raise DataError(why) from None
        self.rows.append({"id": line["id"], "dropped_by": READER, "dropped_why": why})

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
        for column in ("sampling_rate", "audio_channel", "recording_id"):
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


def _lines(part: pd.DataFrame, kind: str) -> list[Row]:
    """The lines of a partition as objects again."""
    columns = {
        str(name): pa.array(part[name], from_pandas=True).to_pylist() for name in part.columns
    }
    for name, type in LINES[kind].items():
        if type == _ANY:
            columns[name] = [None if v is None else json.loads(v) for v in columns[name]]
    columns.setdefault("dropped_by", [None] * len(part))
    names = list(columns)
    return [
        {n: v for n, v in zip(names, row, strict=True) if v is not None or n == "dropped_by"}
        for row in zip(*columns.values(), strict=True)
    ]


def _read(file: File, kind: str, options: dict[str, Any]) -> list[Row]:
    """The lines of a whole file."""
    types = {name: TEXT if type == _ANY else type for name, type in LINES[kind].items()}
    loose = tuple(name for name, type in LINES[kind].items() if type == _ANY)
    layout = Layout(tuple(types.items()), tuple(types), "id", True, _MAX_LINE, loose)
    columns = {**types, "dropped_by": TEXT, "dropped_why": TEXT}
    part = json_piece.read_work(
        Work((json_piece.Piece(file, 0, None),)), types=Types(tuple(columns.items())),
        layout=layout, raising=False, max_ratio=200.0, storage_options=options,
    )  # fmt: skip
    return _lines(part, kind)


def _grouped(files: Sequence[File], options: Mapping[str, Any]) -> dict[str, list[Row]]:
    """Supervisions by recording; read once by a process."""
    with _lock:
        key = tuple(files)
        if key not in _said:
            found: dict[str, list[Row]] = {}
            for file in files:
                for line in _read(file, "supervisions", dict(options)):
                    if line.pop("dropped_by") is None:
                        found.setdefault(line.get("recording_id", ""), []).append(line)
            _said.clear()
            _said[key] = found
        return _said[key]
