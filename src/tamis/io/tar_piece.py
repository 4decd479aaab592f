"""What one task reads of archives: samples as rows of pointers, texts and reasons."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from tamis.codes import BadRecord, reason
from tamis.errors import DataError
from tamis.io.arrow_rows import not_utf8, with_reasons
from tamis.io.byte_ranges import Ranges
from tamis.io.extensions import preferred
from tamis.io.files import File, readable
from tamis.io.frames import Types, Work, frame, joined, room, text_array
from tamis.io.schema import TEXT
from tamis.io.tar_layout import MEMBER, MEMBERS, TarLayout
from tamis.io.tar_members import members
from tamis.io.tar_samples import Samples, samples
from tamis.io.tar_text import json_rows, texts
from tamis.kernels import tar, tar_names
from tamis.kernels.move import SLACK

READER = "read_webdataset"
_LINES = 128 << 20  # bytes of json members parsed at once
_kept: dict[tuple[File, int], tuple[Ranges, Samples]] = {}  # of archives that several tasks read
_lock = threading.Lock()


@dataclass(frozen=True)
class Piece:
    """Part `number` of `count` of the samples of an archive."""

    file: File
    number: int
    count: int


def read_work(
    work: Work,
    *,
    types: Types,
    layout: TarLayout,
    raising: bool,
    storage_options: dict[str, Any],
) -> pd.DataFrame:
    """The partition of these pieces."""
    parts = [
        columns
        for piece in work.pieces
        for columns in _read(piece, types, layout, raising, storage_options)
    ]
    return frame({n: joined([part[n] for part in parts], type) for n, type in types.columns})


def _read(
    piece: Piece, types: Types, layout: TarLayout, raising: bool, options: dict[str, Any]
) -> Iterator[dict[str, pa.Array]]:
    name = piece.file.name
    try:
        most = tar_names.MOST_MEMBERS if layout.members else tar_names.MOST_EXTENSIONS
        source, found = _samples(piece, most, options)
        first, last = (len(found) * k // piece.count for k in (piece.number, piece.number + 1))
        if first < last:
            yield _Rows(source, found, first, last, layout, raising).columns(types)
    except BadRecord as bad:
        why = reason(bad.code, name, bad.detail)
        if raising:
            raise DataError(why) from None
        if piece.number == 0:
            columns = {n: pa.nulls(1, type) for n, type in types.columns}
            columns["id"] = pa.array([f"{name}@0"], TEXT)
            yield with_reasons(columns, READER, [why], 1)


def _samples(piece: Piece, most: int, options: dict[str, Any]) -> tuple[Ranges, Samples]:
    """The samples of an archive; of one that is read in several pieces they are kept for these."""
    if piece.count == 1:
        source = Ranges(piece.file, options)
        return source, samples(members(source), most)
    with _lock:
        if (piece.file, most) not in _kept:
            source = Ranges(piece.file, options)
            while len(_kept) > 1:
                _kept.pop(next(iter(_kept)))
            _kept[piece.file, most] = source, samples(members(source), most)
        source, found = _kept[piece.file, most]
        if piece.number == piece.count - 1:
            _kept.pop((piece.file, most), None)
        return (source if piece.file.local else Ranges(piece.file, options)), found


class _Rows:
    """The rows `first:last` of an archive."""

    def __init__(
        self, source: Ranges, found: Samples, first: int, last: int, layout: TarLayout,
        raising: bool,
    ) -> None:  # fmt: skip
        self.source, self.members, self.layout, self.raising = (
            source,
            found.members,
            layout,
            raising,
        )
        self.found, self.first, self.count = found, first, last - first
        self.table = found.table[:, first:last]
        self.code = {extension: code for code, extension in enumerate(found.extensions)}
        self.problems: dict[int, tuple[BadRecord, bytes | None]] = {
            row - first: (bad, None) for row, bad in found.problems.items() if first <= row < last
        }

    def columns(self, types: Types) -> dict[str, pa.Array]:
        """The columns of the frame."""
        layout, kept = self.layout, set(self.layout.kept)
        chosen, code = self._media()
        if layout.members:
            made = self._gathered()
        else:
            self._unknown(code)
            made = self._pointers(chosen, code)
        for extension in layout.texts:
            if extension in kept:
                made[extension] = self._text(extension)
        if layout.json.kept:
            made |= self._json()
        for extension in layout.others:
            rows = self._rows(extension)
            rows = np.where(rows == chosen, -1, rows)  # the medium has columns of its own
            made[f"{extension}_offset"] = _numbers(self.members.offset, rows)
            made[f"{extension}_size"] = _numbers(self.members.size, rows)
        derived = self._ids()
        ids = made.get(layout.id_column) if layout.id_column is not None else None
        made["id"] = derived if ids is None else pc.coalesce(ids, derived)
        why = self._reasons()
        if not self.raising:
            made = with_reasons(made, READER, why, self.count)
        return {name: made[name] for name, _ in types.columns}

    def _rows(self, extension: str) -> np.ndarray:
        """The member with this extension of each sample, or -1."""
        code = self.code.get(extension)
        return np.full(self.count, -1) if code is None else self.table[code]

    def _media(self) -> tuple[np.ndarray, np.ndarray]:
        """The medium of each sample, and the number of its extension; -1 for none."""
        chosen, code = np.full((2, self.count), -1)
        for place in reversed(preferred(self.found.extensions, self.layout.media)):
            there = self.table[place] >= 0
            chosen, code = np.where(there, self.table[place], chosen), np.where(there, place, code)
        if self.layout.media != ():
            for row in np.flatnonzero(chosen < 0).tolist():
                if row + self.first not in self.found.foreign:
                    have = [e for e, k in self.code.items() if self.table[k, row] >= 0]
                    wanted = "medium" if self.layout.media is None else "/".join(self.layout.media)
                    detail = f"the sample has no {wanted} (it has {', '.join(have) or 'nothing'})"
                    self._spot(row, BadRecord("tar.member", detail))
        return chosen, code

    def _unknown(self, chosen: np.ndarray) -> None:
        """Members whose extension was in no archive that was looked at."""
        if self.layout.ignore:
            return
        taken = {*self.layout.others, *self.layout.texts, "json"}
        for place in range(len(self.table)):
            extension = self.found.extensions[place] if place < len(self.found.extensions) else "…"
            if extension in taken:
                continue
            there = (self.table[place] >= 0) & (chosen != place)
            for row in np.flatnonzero(there).tolist():
                detail = (
                    f"the member .{extension} has no column; look at more archives with "
                    "sample_files=, or pass unknown='ignore'"
                )
                self._spot(row, BadRecord("schema.column", detail))

    def _pointers(self, chosen: np.ndarray, code: np.ndarray) -> dict[str, pa.Array]:
        if self.layout.media == ():
            return {}
        none = chosen < 0
        names = pa.array([*self.found.extensions, ""], TEXT)
        url = readable(self.source.file.url)
        path = pa.repeat(pa.scalar(url, TEXT), self.count)
        if none.any():
            path = pc.if_else(pa.array(~none), path, pa.scalar(None, TEXT))
        return {
            "path": path,
            "offset": _numbers(self.members.offset, chosen),
            "size": _numbers(self.members.size, chosen),
            "ext": names.take(pa.array(code, mask=none)),
        }

    def _gathered(self) -> dict[str, pa.Array]:
        """All members but texts and json, in the order of the archive."""
        skipped = {*self.layout.texts, "json"}
        codes = np.array(
            [k for k, name in enumerate(self.found.extensions) if name not in skipped], np.int64
        )
        table = self.table[codes].T  # a row a sample
        sample, column = np.nonzero(table >= 0)
        member = table[sample, column]
        order = np.lexsort((self.members.offset[member], sample))
        sample, column, member = sample[order], column[order], member[order]
        names = pa.array(self.found.extensions, TEXT).take(pa.array(codes[column]))
        offset, length = self.members.offset[member], self.members.size[member]
        for row in np.flatnonzero((self.table[len(self.found.extensions) :] >= 0).any(axis=0)):
            detail = f"there are more than {tar_names.MOST_MEMBERS} different names of members"
            self._spot(int(row), BadRecord("tar.member", detail))
        for row in np.unique(sample[offset + length > self.source.size]).tolist():
            self._spot(row, BadRecord("tar.truncated", "the archive ends within a member"))
        items = pa.StructArray.from_arrays(
            [names, pa.array(offset, pa.int64()), pa.array(length, pa.int64())],
            fields=list(MEMBER),
        )
        starts = np.searchsorted(sample, np.arange(self.count + 1))
        lists = pa.LargeListArray.from_arrays(pa.array(starts, pa.int64()), items)
        url = readable(self.source.file.url)
        return {"path": pa.repeat(pa.scalar(url, TEXT), self.count), MEMBERS: lists}

    def _readable(self, extension: str) -> np.ndarray:
        """The members with this extension that are whole and not too long, or -1."""
        rows = self._rows(extension)
        there = np.flatnonzero(rows >= 0)
        sizes = self.members.size[rows[there]]
        cut = self.members.offset[rows[there]] + sizes > self.source.size
        long = sizes > self.layout.max_size
        odd = self.members.kind[rows[there]] != tar.FILE
        if (long | cut | odd).any():
            rows = rows.copy()
            for row, size in zip(there[long & ~cut], sizes[long & ~cut], strict=True):
                detail = f"the member .{extension} has {size} bytes; set max_size to read it"
                self._spot(int(row), BadRecord("text.too_long", detail))
            rows[there[long | cut | odd]] = -1
        return rows

    def _text(self, extension: str) -> pa.Array:
        found = texts(self.source, self.members, self._readable(extension))
        bad = not_utf8(found)
        if not bad:
            return found
        good = np.ones(self.count, bool)
        good[bad] = False
        for row in bad:
            self._spot(row, BadRecord("text.utf8", f"the member .{extension} is not UTF-8"))
        return pc.if_else(pa.array(good), found, pa.scalar(None, TEXT))

    def _json(self) -> dict[str, pa.Array]:
        """The columns of the json members; a row without one has nulls."""
        rows = self._readable("json")
        there = np.flatnonzero(rows >= 0)
        ends = np.cumsum(self.members.size[rows[there]])
        made: dict[str, list[pa.Array]] = {key: [] for key in self.layout.json.kept}
        lines, first = [], 0
        while first < len(there):
            before = ends[first - 1] if first else 0
            last = max(first + 1, int(np.searchsorted(ends, before + _LINES, side="right")))
            here = there[first:last]
            found = json_rows(self.source, self.members, rows[here], self.layout.json)
            for key, arrays in made.items():
                arrays.append(found.columns[key])
            lines.append(here[found.line])
            for row, (bad, raw) in found.bad.items():
                detail = bad.detail.replace("of the line", "of the member")
                self._spot(int(here[found.line[row]]), BadRecord(bad.code, detail), raw)
            for row in np.setdiff1d(here, lines[-1]).tolist():
                self._spot(row, BadRecord("json.syntax", "the member .json is empty"))
            first = last
        at = np.full(self.count, -1)
        placed = np.concatenate([np.empty(0, np.int64), *lines])
        at[placed] = np.arange(len(placed))
        places = pa.array(at, mask=at < 0)
        types, columns = self.layout.json.types, dict(self.layout.renamed)
        return {columns[key]: _one(arrays, types[key]).take(places) for key, arrays in made.items()}

    def _ids(self) -> pa.Array:
        rows = slice(self.first, self.first + self.count)
        found = self.found
        keys_only = self.layout.keys
        name = b"" if keys_only else self.source.file.name.encode()
        joint = found.joint[rows]
        if keys_only:
            joint = np.where(joint == ord(":"), 0, joint).astype(np.uint8)
        prefix = np.frombuffer(name + b"\0", np.uint8)[:-1]
        lengths = found.id_length[rows]
        out = room(int(lengths.sum()) + (len(prefix) + 1) * self.count + SLACK)
        offsets = np.zeros(self.count + 1, np.int64)
        tar_names.write_keys(
            prefix, found.names, found.id_start[rows], lengths, joint, out, offsets
        )
        ids = text_array(out[: offsets[-1]], offsets)
        if not_utf8(ids):
            raw = out[: offsets[-1]].tobytes()
            spans = itertools.pairwise(offsets.tolist())
            ids = pa.array([raw[a:b].decode("utf-8", "backslashreplace") for a, b in spans], TEXT)
        return ids

    def _spot(self, row: int, problem: BadRecord, raw: bytes | None = None) -> None:
        self.problems.setdefault(row, (problem, raw))

    def _reasons(self) -> list[str | None] | None:
        if not self.problems:
            return None
        why: list[str | None] = [None] * self.count
        for row, (bad, raw) in sorted(self.problems.items()):
            place = f"{self.source.file.name}, byte {self.found.at[self.first + row]}"
            why[row] = reason(bad.code, place, bad.detail, raw)
            if self.raising:
                raise DataError(why[row])
        return why


def _one(arrays: list[pa.Array], type: pa.DataType) -> pa.Array:
    """The arrays one after another as one."""
    if not arrays:
        return pa.array([], type)
    return arrays[0] if len(arrays) == 1 else pa.concat_arrays(arrays)


def _numbers(values: np.ndarray, rows: np.ndarray) -> pa.Array:
    """The value of each member; null for -1."""
    none = rows < 0
    if none.all():
        return pa.nulls(len(rows), pa.int64())
    return pa.array(values[np.where(none, 0, rows)], pa.int64(), mask=none)
