"""Media files in a folder that its list does not name: rows with that reason, none is lost."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import pandas as pd

from tamis.codes import reason
from tamis.errors import DataError
from tamis.io.commit import listing
from tamis.io.extensions import MEDIA
from tamis.io.files import File, find_files, readable
from tamis.io.frames import Work
from tamis.io.walking import walk

CODE = "media.unlisted"
_ROWS = 100_000  # of a partition
_ENDINGS = tuple(f".{extension}" for extension in MEDIA)


def with_unlisted(df: Any, folders: Sequence[str], reader: str, raising: bool) -> Any:
    """The frame of a list, and after it the media files in these folders that it does not name.

    The list's paths are read once for that. Folders that are not on this machine, or that tamis
    wrote, are not looked at. Where nothing is missing the frame is what it was.
    """
    there = [
        path
        for folder in folders
        if "://" not in folder and "::" not in folder and listing(folder) is None
        for path in walk(os.path.abspath(folder), _ENDINGS)
    ]
    if not there:
        return df
    named = {os.path.normpath(path) for path in df["path"].compute().dropna().tolist()}
    left = [path for path in there if readable(path) not in named]
    if not left:
        return df
    files = [file for file in find_files(folders, _ENDINGS) if file.url in set(left)]
    if raising:
        raise DataError(_why(files[0]) + f"; there are {len(files):,} such files")
    import dask.dataframe as dd

    parts = [Work(tuple(files[k : k + _ROWS])) for k in range(0, len(files), _ROWS)]
    more = dd.from_map(unlisted_rows, parts, meta=df._meta, empty=df._meta, reader=reader)
    return dd.concat([df, more])


def unlisted_rows(work: Work, *, empty: pd.DataFrame, reader: str) -> pd.DataFrame:
    """The rows of these files, with the columns of `empty`."""
    files: tuple[File, ...] = work.pieces
    known: dict[Any, list[Any]] = {
        "id": [file.name for file in files],
        "path": [readable(file.url) for file in files],
        "dropped_by": [reader] * len(files),
        "dropped_why": [_why(file) for file in files],
    }
    index = pd.RangeIndex(len(files))
    return pd.DataFrame(
        {
            name: pd.Series(known.get(name, [None] * len(files)), index, dtype)
            for name, dtype in empty.dtypes.items()
        }
    )


def _why(file: File) -> str:
    return reason(CODE, file.name, "the list of its folder does not name the file")
