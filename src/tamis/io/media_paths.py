"""Paths of a list as pointers: relative to a folder, and none out of it where that is asked."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from tamis.codes import BadRecord, reason
from tamis.errors import ColumnError, DataError
from tamis.frame import STRING
from tamis.io.arrow_rows import one
from tamis.io.columns import arrow_column
from tamis.io.files import File
from tamis.io.frames import pandas_values
from tamis.io.schema import TEXT

_LEAST, _MOST, _PARTITIONS = 64 << 10, 64_000_000, 4_096


def block(files: Sequence[File]) -> int:
    """Bytes of a list of media that make a partition: some hundred rows may be hours of sound.

    More where the list is so long that there would be more partitions than are good to have.
    """
    total = sum(file.size for file in files)
    return max(_LEAST, min(_MOST, total // _PARTITIONS))


def pointing(
    part: pd.DataFrame,
    column: str,
    base: str,
    raising: bool,
    within: bool = False,
    reader: str = "read_manifest",
) -> pd.DataFrame:
    """The rows of a list as pointers; `within`: none out of the folder `base`."""
    outside = _outside(part[column]) if within else np.zeros(len(part), bool)
    paths = one(pa.chunked_array([_flat(part[column])]))
    empty = pc.equal(pc.binary_length(paths), 0)
    paths = pc.if_else(pc.fill_null(empty, False), pa.scalar(None, TEXT), paths)
    whole = pc.or_(pc.starts_with(paths, "/"), pc.match_substring(paths, "://"))
    inside = pc.binary_join_element_wise(pa.scalar(f"{base}/", TEXT), paths, pa.scalar("", TEXT))
    paths = pc.if_else(whole, paths, inside)
    part = part.assign(**{column: pandas_values(paths)}).rename(columns={column: "path"})
    for name in ("offset", "size"):
        if name in part and isinstance(part[name].dtype, pd.StringDtype):
            try:
                numbers = _flat(part[name]).cast(pa.int64())
            except pa.ArrowInvalid as error:
                raise ColumnError(f"column {name!r} holds what is no number: {error}") from None
            part = part.assign(**{name: pandas_values(numbers)})
    lacking = part["path"].isna().to_numpy() | outside
    if not lacking.any():
        return part
    ids = part["id"]
    told = {
        row: _why(str(ids.iloc[row]), bool(outside[row]))
        for row in np.flatnonzero(lacking).tolist()
    }
    return set_aside(part, told, reader, raising)


def set_aside(part: pd.DataFrame, told: dict[int, str], reader: str, raising: bool) -> pd.DataFrame:
    """The rows with reasons for some (by position), unless they have one; raised if `raising`."""
    if raising and told:
        raise DataError(told[min(told)])
    free = part["dropped_by"].isna().to_numpy() if told else None
    rows = [row for row in sorted(told) if free is not None and free[row]]
    if not rows:
        return part
    part = part.copy()
    for name, values in (
        ("dropped_by", dict.fromkeys(rows, reader)), ("dropped_why", told)
    ):  # fmt: skip
        column = part[name].tolist()
        for row in rows:
            column[row] = values[row]
        part[name] = pd.Series(column, part.index, dtype=STRING)
    return part


def folder_of(files: list[File], base: str | os.PathLike[str] | None) -> str:
    """What relative paths in lists are relative to: `base`, or the one folder the lists lie in."""
    if base is None:
        folders = {file.url.rpartition("/")[0] for file in files}
        if len(folders) > 1:
            some = ", ".join(sorted(folders)[:3])
            raise DataError(
                f"the lists lie in {len(folders)} folders ({some}); say with base= what paths in "
                "them are relative to"
            )
        return folders.pop() if folders else ""
    place = os.fspath(base).rstrip("/")
    return place if "://" in place else os.path.abspath(os.path.expanduser(place))


def _why(name: str, outside: bool) -> str:
    if outside:
        return reason("media.outside", name, "the list names a file outside of its folder")
    return reason("media.null", name, "the row has no path")


def _outside(column: pd.Series) -> np.ndarray:
    """Which paths of a list do not stay below the folder that they are relative to."""
    texts = column.astype("object").where(column.notna(), "").tolist()
    return np.array([leaves(text) for text in texts], bool)


def leaves(path: str) -> bool:
    """Whether a path does not stay below the folder that it is relative to.

    >>> [leaves(path) for path in ("a/../b.wav", "../b.wav", "/b.wav", "https://h/b.wav")]
    [False, True, True, True]
    """
    return (
        "://" in path or "::" in path or path.startswith(("/", "~"))
        or os.path.normpath(path).split("/")[0] == ".."
    )  # fmt: skip


def resolved(path: str, base: str, within: bool = False) -> str:
    """A path of a list, relative to `base`; raises `BadRecord`."""
    if within and leaves(path):
        raise BadRecord("media.outside", "the list names a file outside of its folder")
    return path if path.startswith("/") or "://" in path else f"{base}/{path}"


def _flat(column: pd.Series) -> pa.Array:
    array = arrow_column(column)
    return one(array) if isinstance(array, pa.ChunkedArray) else array
