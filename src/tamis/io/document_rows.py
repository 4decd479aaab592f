"""The rows of a partition put together as documents: which rows, in which order, which columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from tamis.codes import BadRecord, reason
from tamis.errors import ColumnError, DataError
from tamis.io.columns import arrow_column
from tamis.media.pointers import of_frame
from tamis.spelling import no_column

NEEDED = ("id", "parent_id", "position", "modality", "text")
POINTER = ("path", "offset", "size")
REASONS = ("dropped_by", "dropped_why")
HELD = "image"  # the column of bytes that `interleaved.elements_with_bytes` makes


class DocumentRows:
    """The rows of one partition as documents.

    `order` sorts them by document, in order of first appearance, and position; document `k` has
    the rows `order[starts[k]:starts[k + 1]]`. A row that was dropped is a document of its own, with
    its reasons, so that the others do without it.
    """

    def __init__(
        self,
        frame: pd.DataFrame,
        *,
        columns: Sequence[str] | None,
        lists: Sequence[str],
        writer: str,
        raising: bool = False,
        read: bool = False,
        source_options: dict[str, Any] | None = None,
    ) -> None:
        check(frame.columns, columns, lists)
        self.frame, self.writer, self.raising = frame, writer, raising
        self.count = len(frame)
        self.ids = _text(frame, "id")
        self.images = (frame["modality"] == "image").fillna(False).to_numpy(bool)
        self.on = HELD if HELD in frame.columns else "path"
        self.media = [of_frame(frame, self.on, source_options)] if self.on in frame else []
        if self.on == HELD and "path" in frame.columns:
            self.media.append(of_frame(frame, "path", source_options))
        self.by, self.why = _reasons(frame)
        self.data: list[bytes | None] = [None] * self.count
        if read:
            for row in np.flatnonzero(self.images).tolist():
                self._read(row)
        self._check_modalities()
        self._group()
        self.lists = list(lists)
        own = {*NEEDED, *POINTER, *REASONS, HELD, *self.lists}
        rest = [str(c) for c in frame.columns if c not in own]
        self.columns = rest if columns is None else list(columns)

    def _read(self, row: int) -> None:
        """Have the bytes of an image, or drop it."""
        if self.by[row] is not None:
            return
        problem = BadRecord("media.null", "the row points to no file and holds no bytes")
        for media in self.media:
            try:
                self.data[row] = media.whole(row)
                return
            except BadRecord as bad:
                problem = bad
        why = reason(problem.code, str(self.ids[row]), problem.detail)
        if self.raising:
            raise DataError(why) from None
        self.by[row], self.why[row] = self.writer, why

    def _check_modalities(self) -> None:
        modality = _text(self.frame, "modality")
        texts = _text(self.frame, "text")
        for row in range(self.count):
            if self.by[row] is not None:
                continue
            if modality[row] not in ("text", "image"):
                raise DataError(
                    f"{self.ids[row]} has the modality {modality[row]!r}; documents are written of "
                    "text and image"
                )
            if modality[row] == "image" and texts[row] is not None:
                raise DataError(
                    f"{self.ids[row]} is an image and has a text; put texts of images into a "
                    "column of their own, and name it in lists="
                )

    def _group(self) -> None:
        """Which rows are a document."""
        parents = _text(self.frame, "parent_id")
        keys = [
            ("row", own) if by is not None or parent is None else ("document", parent)
            for own, parent, by in zip(self.ids, parents, self.by, strict=True)
        ]
        numbers: dict[tuple[str, Any], int] = {}
        document = np.array([numbers.setdefault(key, len(numbers)) for key in keys], np.int64)
        self.names = [name for _, name in numbers]
        self.whole = [name for kind, name in numbers if kind == "document"]
        at = pa.array(self.frame["position"], from_pandas=True).cast(pa.int64())
        position = np.asarray(pc.fill_null(at, np.iinfo(np.int64).max))
        if isinstance(position, pa.ChunkedArray):
            position = position.to_numpy()
        self.order = np.lexsort((np.arange(self.count), position, document))
        self.document = document[self.order]
        self.starts = np.searchsorted(self.document, np.arange(len(numbers) + 1))

    @property
    def first(self) -> np.ndarray:
        """The first row of each document."""
        return self.order[self.starts[:-1]]

    def table(self, images: pa.Array) -> pa.Table:
        """The documents; `images` has an item for each row, null where it is none."""
        ordered = pa.array(self.order)
        is_image = pa.array(self.images[self.order])
        texts = pa.array(_text(self.frame, "text"), pa.large_string()).take(ordered)
        nothing = pa.scalar(None, texts.type)
        made: dict[str, Any] = {
            "id": pa.array(self.names, pa.large_string()),
            "texts": self._lists(pc.if_else(is_image, nothing, texts)),
            "images": self._lists(images.take(ordered)),
        }
        for name in self.lists:
            made[name] = self._lists(_one(arrow_column(self.frame[name])).take(ordered))
        for name in self.columns:
            made[name] = self._same(name)
        for name, values in zip(REASONS, (self.by, self.why), strict=True):
            made[name] = pa.array(values, pa.large_string()).take(pa.array(self.first))
        return pa.table(made)

    def _lists(self, values: pa.Array) -> pa.Array:
        return pa.LargeListArray.from_arrays(pa.array(self.starts, pa.int64()), values)

    def _same(self, name: str) -> pa.Array:
        """A column of documents: what all rows of each have."""
        column = _one(arrow_column(self.frame[name]))
        ordered = column.take(pa.array(self.order))
        leading = column.take(pa.array(self.first)).take(pa.array(self.document))
        differs = _differ(ordered, leading)
        if len(differs):
            row = self.order[differs[0]]
            raise DataError(
                f"column {name!r} is not the same in all rows of a document (see "
                f"{self.ids[row]}); name it in lists=, or leave it out with columns="
            )
        return column.take(pa.array(self.first))


def check(have: Any, columns: Sequence[str] | None, lists: Sequence[str]) -> None:
    """Raise `ColumnError` for columns that are not there."""
    for what, names in (("", NEEDED), ("columns: ", columns or ()), ("lists: ", lists)):
        for name in names:
            if name not in have:
                raise ColumnError(f"{what}{no_column(name, have)}")
    if HELD not in have and "path" not in have:
        raise ColumnError(f"images need a column 'path' or {HELD!r}, with their bytes")
    taken = {"id", "texts", "images", *REASONS} & {*(columns or ()), *lists}
    if taken:
        raise ColumnError(f"documents have a column {min(taken)!r} of their own")


def _differ(one: pa.Array, other: pa.Array) -> np.ndarray:
    """Where two arrays are not equal; nulls are equal to nulls."""
    if pa.types.is_nested(one.type):
        pairs = zip(one.to_pylist(), other.to_pylist(), strict=True)
        return np.flatnonzero([a != b for a, b in pairs])
    same = pc.fill_null(pc.equal(one, other), False)
    both = pc.and_(pc.is_null(one), pc.is_null(other))
    return np.flatnonzero(~np.asarray(pc.or_(same, both)))


def _one(array: pa.Array | pa.ChunkedArray) -> pa.Array:
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], array.type)
    return array


def _text(frame: pd.DataFrame, name: str) -> list[str | None]:
    return pa.array(frame[name], from_pandas=True).cast(pa.large_string()).to_pylist()


def _reasons(frame: pd.DataFrame) -> tuple[list[str | None], list[str | None]]:
    if "dropped_by" not in frame.columns:
        return [None] * len(frame), [None] * len(frame)
    why: list[str | None] = [None] * len(frame)
    if "dropped_why" in frame.columns:
        why = _text(frame, "dropped_why")
    return _text(frame, "dropped_by"), why
