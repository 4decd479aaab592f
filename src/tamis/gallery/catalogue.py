"""The index of a gallery: what became of every row, and its scores, in a few bytes a row."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tamis.errors import DataError
from tamis.exhibits import Subject, subject, subject_of
from tamis.gallery.asked import PAGE, Asked
from tamis.gallery.recent import Recent
from tamis.gallery.rows import Rows
from tamis.io import commit
from tamis.io.fetch import each_row, holds_bytes
from tamis.io.store import Store
from tamis.report.texts import stem
from tamis.results import Run

OWN = ("id", "parent_id", "dropped_by", "dropped_why", "duplicate_of", "similarity")
SELECTIONS = 8  # kept, 8 bytes a row found each
SCORES = 6  # columns kept, 8 bytes a row each


class Catalogue:
    """The rows of a finished run, or of a folder of Parquet files, by number.

    Four bytes a row are held from the start, eight more for each of the last few scores and
    selections asked for; everything else is read for the rows of one page. `DataError` for a folder
    that holds neither.
    """

    def __init__(
        self, out: str | os.PathLike[str], storage_options: Mapping[str, Any] | None = None
    ) -> None:
        store = Store(out, storage_options)
        self.figures: dict[str, Any] | None = None
        if store.size(commit.RUN) is not None or store.size(commit.MARKER) is not None:
            run = Run(out, storage_options)
            self.figures, parts = run.figures, run.parts("ledger")
        else:
            parts = _parquet(store, out, storage_options)
        self.store, self.path = store, store.root
        self.rows = Rows(store, parts)
        self.subject = self._subject()
        self.steps, self._taken, self.codes, self._code = self._fates()
        kinds = {field.name: field.type for field in self.rows.schema}
        self.scores = [name for name, kind in kinds.items() if name not in OWN[:4] and _score(kind)]
        self.scores = [name for name in self.scores if name not in self.subject.columns]
        self._columns: Recent[np.ndarray] = Recent(SCORES)
        self._selections: Recent[np.ndarray] = Recent(SELECTIONS)
        self._held = _by_stem(self.figures)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def holds_bytes(self) -> bool:
        """Whether the rows hold the bytes of their media, rather than point to them."""
        if not self.subject.columns:
            return False
        name = self.subject.columns[0]
        if self.figures is None:
            return holds_bytes(self.rows.schema.field(name).type)
        return self._bytes(name, self.figures["output"]["columns"][name])

    def counts(self) -> dict[str, int]:
        """Rows kept (under "") and dropped by each step."""
        found = np.bincount(self._taken, minlength=len(self.steps) + 1).tolist()
        return dict(zip([*self.steps, ""], found, strict=True))

    def select(self, asked: Asked) -> np.ndarray:
        """The numbers of the rows that are asked for, in the order asked for."""
        key = asked.rows_only()
        found = self._selections.get(key)
        return self._selections.put(key, self._selected(key)) if found is None else found

    def page(self, asked: Asked) -> list[int]:
        """Those of them on one page."""
        start = (asked.page - 1) * PAGE
        rows: list[int] = self.select(asked)[start : start + PAGE].tolist()
        return rows

    def score(self, name: str) -> np.ndarray:
        """The values of a score by row, NaN where there is none."""
        found = self._columns.get(name)
        if found is None:
            parts = [_numbers(part) for part in self.rows.column(name)]
            found = self._columns.put(name, np.concatenate([np.empty(0), *parts]))
        return found

    def records(self, rows: Sequence[int], whole: bool = False) -> list[dict[str, Any]]:
        """What is known of some rows: `row`, `id`, fate and scores, and the columns that show them.

        `whole`: all columns of the record, but those that hold bytes.
        """
        named = [field.name for field in self.rows.schema if not holds_bytes(field.type)]
        if not whole:
            shown = (self.subject.text, *self.subject.columns)
            named = [name for name in named if name in (*OWN, *self.scores, *shown)]
        cells = self.rows.cells(rows, named) if named else {row: {} for row in rows}
        found = []
        for row in rows:
            record = dict.fromkeys(OWN) | cells[row] | {"row": row}
            if record["id"] is None:
                part, at = self.rows.place(row)
                record["id"] = f"{part}:{at}"
            found.append(record)
        if self.figures is not None:
            self._fill(found, whole)
        return found

    def pointers(
        self, records: Sequence[Mapping[str, Any]]
    ) -> Iterator[tuple[int, dict[str, Any]]]:
        """The cells of some records that point to media, or hold them, with the row number."""
        rows = {record["id"]: record["row"] for record in records}
        if self.subject.columns and self.figures is None:
            yield from self.rows.each(list(rows.values()), self.subject.columns)
        elif self.subject.columns:
            for name, cells in self._each(records, list(self.subject.columns)):
                yield rows[name], cells

    def find(self, id: str) -> int | None:
        """The number of the row of this id."""
        rows = self._equal("id", id)
        return rows[0] if rows else None

    def duplicates_of(self, id: str) -> list[int]:
        """The rows that were dropped as duplicates of this one."""
        return self._equal("duplicate_of", id) if "duplicate_of" in self.rows.schema.names else []

    def _selected(self, asked: Asked) -> np.ndarray:
        which = np.ones(len(self), np.bool_)
        kept = self._taken == len(self.steps)
        if asked.fate:
            which &= kept if asked.fate == "kept" else ~kept
        if asked.step:
            which &= self._taken == _position(self.steps, asked.step)
        if asked.code:
            which &= self._code == _position(self.codes, asked.code)
        values = self.score(asked.score) if asked.score in self.scores else None
        if values is not None:
            if asked.low is not None:
                which &= values >= asked.low
            if asked.high is not None:
                which &= values <= asked.high
        if asked.id:
            which &= self._matching(asked.id)
        rows = np.flatnonzero(which)
        if values is None or not asked.order:
            return rows
        keys = values[rows] if asked.order == "up" else -values[rows]
        return rows[np.argsort(keys, kind="stable")]  # NaN comes last either way

    def _matching(self, text: str) -> np.ndarray:
        """Rows whose id is this text; where there are none, those whose ids hold it."""
        if "id" not in self.rows.schema.names:
            ids = [f"{part}:{at}" for part, at in map(self.rows.place, range(len(self)))]
            columns = [pa.chunked_array([pa.array(ids, pa.string())])]
        else:
            columns = [part.cast(pa.string()) for part in self.rows.column("id")]
        same = [_mask(pc.equal(part, text)) for part in columns]
        if not any(part.any() for part in same):
            same = [_mask(pc.match_substring(part, text, ignore_case=True)) for part in columns]
        return np.concatenate([np.empty(0, np.bool_), *same])

    def _equal(self, column: str, value: str) -> list[int]:
        if column not in self.rows.schema.names:
            return []
        found, start = [], 0
        for part in self.rows.column(column):
            at = np.flatnonzero(_mask(pc.equal(part.cast(pa.string()), value)))
            found += (at + start).tolist()
            start += len(part)
        return found

    def _fates(self) -> tuple[list[str], np.ndarray, list[str], np.ndarray]:
        """Names of steps, which of them dropped each row; codes of reasons, and each row's."""
        steps = [step["name"] for step in self.figures["steps"]] if self.figures else []
        codes: dict[str, int] = {}
        taken, code = [np.empty(0, np.int16)], [np.empty(0, np.int16)]
        if "dropped_by" not in self.rows.schema.names:
            return [], np.zeros(len(self), np.int16), [], np.full(len(self), -1, np.int16)
        if not self.figures:
            steps = sorted(_distinct(self.rows.column("dropped_by")))
        for part in self.rows.column("dropped_by"):
            at = pc.index_in(part.cast(pa.string()), value_set=pa.array(steps, pa.string()))
            taken.append(pc.fill_null(at, len(steps)).to_numpy().astype(np.int16))
        for part in self.rows.column("dropped_why"):
            heads = pc.list_element(pc.split_pattern(part.cast(pa.string()), ":", max_splits=1), 0)
            packed = heads.combine_chunks().dictionary_encode()
            if isinstance(packed, pa.ChunkedArray):
                packed = packed.combine_chunks()
            for name in packed.dictionary.to_pylist():
                codes.setdefault(name, len(codes))
            numbers = [codes[name] for name in packed.dictionary.to_pylist()]
            table = np.array([*numbers, -1], np.int16)
            code.append(table[pc.fill_null(packed.indices, len(numbers)).to_numpy()])
        return steps, np.concatenate(taken), list(codes), np.concatenate(code)

    def _subject(self) -> Subject:
        if self.figures is not None:
            return subject_of(self.figures)
        return subject({field.name: str(field.type) for field in self.rows.schema})

    def _fill(self, records: list[dict[str, Any]], whole: bool) -> None:
        """Add what kept/ and dropped/ hold of records of a ledger."""
        assert self.figures is not None
        wanted = [self.subject.text] if self.subject.text else []
        if whole:
            kinds = self.figures["output"]["columns"]
            wanted = [name for name, kind in kinds.items() if not self._bytes(name, kind)]
        wanted = [name for name in wanted if name not in OWN]
        if wanted:
            cells = dict(self._each(records, wanted))
            for record in records:
                record.update(
                    {k: v for k, v in cells.get(record["id"], {}).items() if k not in record}
                )

    def _bytes(self, name: str, kind: str) -> bool:
        """Whether a column of a run holds bytes, as far as its dtype tells."""
        held = kind.startswith(("binary", "large_binary", "struct<bytes"))
        return held or (kind == "object" and name in self.subject.columns)

    def _each(
        self, records: Sequence[Mapping[str, Any]], columns: list[str]
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        """Columns of kept/ and dropped/ of some records, by id."""
        where: dict[tuple[str, str], list[str]] = {}
        for record in records:
            folder = "dropped/" if record["dropped_by"] else "kept/"
            key = (stem(self.rows.place(record["row"])[0]), folder)
            where.setdefault(key, []).append(record["id"])
        for (of, folder), ids in where.items():
            parts = [name for name in self._held.get(of, []) if name.startswith(folder)]
            yield from each_row(self.store, parts, columns, ids)


def _parquet(
    store: Store, out: str | os.PathLike[str], storage_options: Mapping[str, Any] | None
) -> list[str]:
    """The Parquet files of a folder; the ones it was committed with, if it was."""
    listed = commit.listing(out, storage_options)
    names = store.names() if listed is None else [part.name for part in listed]
    parts = [name for name in names if name.endswith((".parquet", ".pq"))]
    if not parts:
        raise DataError(
            f"{store.root} holds neither a finished run nor Parquet files; give the folder that a "
            "run was written to"
        )
    return parts


def _by_stem(figures: Mapping[str, Any] | None) -> dict[str, list[str]]:
    """The files of kept/ and dropped/ that belong to each part of the ledger."""
    found: dict[str, list[str]] = {}
    for part in figures["parts"] if figures else []:
        if not part["name"].startswith("ledger/"):
            found.setdefault(stem(part["name"]), []).append(part["name"])
    return found


def _score(kind: pa.DataType) -> bool:
    known = (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean)
    return any(of(kind) for of in known)


def _numbers(column: pa.ChunkedArray) -> np.ndarray:
    return column.cast(pa.float64(), safe=False).fill_null(np.nan).to_numpy()


def _mask(column: Any) -> np.ndarray:
    return np.asarray(pc.fill_null(column, False)).astype(np.bool_)


def _distinct(columns: Any) -> set[str]:
    found: set[str] = set()
    for part in columns:
        found |= {v for v in pc.unique(part.cast(pa.string())).to_pylist() if v is not None}
    return found


def _position(names: Sequence[str], name: str) -> int:
    return names.index(name) if name in names else -2
