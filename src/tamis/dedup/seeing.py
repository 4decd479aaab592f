"""Texts and pictures of some records of a frame, to look at what was found among them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from tamis.dedup.inspection import contact
from tamis.errors import ColumnError
from tamis.exhibits import Exhibit, exhibits, subject
from tamis.exhibits.sheet import sheet
from tamis.exhibits.subject import CAPTIONS
from tamis.frame import library
from tamis.spelling import no_column

CARDS = 7  # of a cluster, besides the record that stays


def texts_of(frame: Any, ids: Sequence[str], column: str | None, step: Any) -> dict[str, str]:
    """The texts of some records of a frame; none where it has no such column."""
    have = list(map(str, frame.columns))
    if column is not None and column not in have:
        raise ColumnError(no_column(column, have))
    if column is None:
        compared = step.columns() if step is not None else ()
        captions = CAPTIONS if "path" in have else ()
        column = next((name for name in ("text", *captions, *compared) if name in have), None)
    if column is None:
        return {}
    rows = _picked(frame, ids, [column])
    rows = rows[rows[column].notna()]
    return {str(k): str(v) for k, v in zip(rows["id"], rows[column], strict=True)}


def pictures_of(frame: Any, ids: Sequence[str]) -> Mapping[str, Exhibit]:
    """What shows some records of a frame, by id; nothing where they point to no media."""
    of = subject({str(name): str(dtype) for name, dtype in frame.dtypes.items()})
    if not of.columns:
        return {}
    rows = _picked(frame, ids, of.columns)
    cells = [[None if pd.api.types.is_scalar(v) and pd.isna(v) else v for v in rows[name].tolist()]
             for name in of.columns]  # fmt: skip
    found = [dict(zip(of.columns, row, strict=True)) for row in zip(*cells, strict=True)]
    return exhibits(dict(zip(map(str, rows["id"]), found, strict=True)), of)


def _picked(frame: Any, ids: Sequence[str], columns: Sequence[str]) -> pd.DataFrame:
    """Some columns of the rows of these ids, in memory."""
    rows = frame[frame["id"].isin(list(ids))][["id", *columns]]
    if library(frame) == "dask":
        return rows.compute()
    return rows.to_pandas() if library(frame) == "cudf" else rows


def contacts(
    verdicts: pa.Table, clusters: Iterable[str],
    pictures: Callable[[list[str]], Mapping[str, Exhibit]],
) -> str:  # fmt: skip
    """Contact sheets of some clusters as HTML; "" where records are not to be seen."""
    groups: dict[str, list[tuple[str, float]]] = {}
    for name in clusters:
        of = pc.equal(verdicts["cluster"], pa.scalar(name, verdicts["cluster"].type))
        gone = verdicts.filter(pc.and_(of, pc.invert(verdicts["keep"])))
        gone = gone.sort_by([("similarity", "ascending"), ("id", "ascending")]).slice(0, CARDS)
        pairs = zip(gone["id"].to_pylist(), gone["similarity"].to_pylist(), strict=True)
        groups[name] = list(pairs)
    ids = [name for kept, gone in groups.items() for name in (kept, *(k for k, _ in gone))]
    seen = pictures(ids) if ids else {}
    sheets = [sheet(contact(kept, gone, seen)) for kept, gone in groups.items() if seen]
    return "<hr>".join(sheets)
