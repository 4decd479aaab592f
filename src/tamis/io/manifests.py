"""Read lists of media files: Parquet, CSV or JSON Lines with a column of paths or URLs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from tamis.codes import reason
from tamis.errors import ColumnError, DataError
from tamis.io import csv, jsonl, parquet
from tamis.io.arrow_rows import one
from tamis.io.columns import arrow_column
from tamis.io.files import Paths, find_files
from tamis.io.frames import check_errors, pandas_values
from tamis.io.schema import TEXT
from tamis.io.unlisted import with_unlisted

READER = "read_manifest"
COLUMNS = (
    "path", "file_name", "filename", "filepath", "file_path", "file", "image_path", "image_file",
    "audio_filepath", "audio_path", "wav", "video_path", "video", "image", "audio", "url", "URL",
    "image_url",
)  # fmt: skip
_SUFFIXES = (*parquet.SUFFIXES, *csv.SUFFIXES, *jsonl.SUFFIXES)


def read_manifest(
    paths: Paths,
    *,
    path_column: str | None = None,
    base: str | os.PathLike[str] | None = None,
    within: bool | None = None,
    storage_options: Mapping[str, Any] | None = None,
    errors: str = "quarantine",
    **settings: Any,
) -> Any:
    """Read a list of media files (Parquet, CSV, JSON Lines) as a lazy frame of pointers.

    The column `path_column` (by default the first there is of `path`, `file_name`, `audio_filepath`
    and other usual names, `url` last) becomes `path`: URLs and absolute paths as they are, others
    relative to `base`, by default the folder that holds the list. `offset` and `size`, where it has
    them, are bytes within that file. All other columns stay; `settings` go to `read_parquet`,
    `read_csv` or `read_jsonl`, whichever reads the list.

    In a folder the lists named `metadata` are read, as Hugging Face's imagefolder has them, if
    there are any, otherwise all. What `write_webdataset` and `write_files` wrote is such a folder.
    A row without a path has `dropped_by="read_manifest"` and `dropped_why` `media.null`. The files
    themselves are not looked at; but of a folder with lists named `metadata` those media files that
    they do not name are rows dropped as `media.unlisted` (`datasets` leaves them out silently).
    Name the list, `photos/metadata.csv`, to have only what it names.

    A list can name every file that you may read, and every address. `within=True`, for lists from
    others, takes only relative paths that stay below `base`; what else it names is dropped as
    `media.outside`. It is the default for a folder with lists named `metadata`.

    >>> import tamis
    >>> tamis.read_manifest("photos/metadata.csv")  # doctest: +SKIP
    """
    check_errors(errors)
    files = find_files(paths, _SUFFIXES, storage_options)
    named = [f for f in files if f.name.rpartition("/")[2].startswith("metadata.")]
    files = named or files
    kinds = {_reader(file.name) for file in files}
    if len(kinds) != 1:
        raise DataError(f"lists of several kinds ({', '.join(sorted(kinds))}); name those of one")
    kind = kinds.pop()
    if base is None:
        folders = {file.url.rpartition("/")[0] for file in files}
        if len(folders) > 1:
            some = ", ".join(sorted(folders)[:3])
            raise DataError(
                f"the lists lie in {len(folders)} folders ({some}); say with base= what paths in "
                "them are relative to"
            )
        place = folders.pop() if folders else ""
    else:
        place = os.fspath(base).rstrip("/")
        if "://" not in place:
            place = os.path.abspath(os.path.expanduser(place))
    module: Any = {"read_parquet": parquet, "read_csv": csv, "read_jsonl": jsonl}[kind]
    given = [file.url for file in files]
    df = getattr(module, kind)(given, storage_options=storage_options, errors=errors, **settings)
    column = _column(df, path_column)
    raising = errors == "raise"
    inside = (bool(named) and not _listed(paths)) if within is None else within
    meta = pointing(df._meta, column, place, raising, inside)
    df = df.map_partitions(pointing, column, place, raising, inside, meta=meta)
    if not named or base is not None or _listed(paths):
        return df
    several = [paths] if isinstance(paths, str | os.PathLike) else paths
    return with_unlisted(df, [os.fspath(path) for path in several], READER, raising)


def pointing(
    part: pd.DataFrame, column: str, base: str, raising: bool, within: bool = False
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
    if raising:
        first = int(np.flatnonzero(lacking)[0])
        raise DataError(_why(str(ids.iloc[first]), bool(outside[first])))
    lacking = lacking & part["dropped_by"].isna().to_numpy()
    rows = zip(ids[lacking], outside[lacking], strict=True)
    part = part.copy()
    part.loc[lacking, "dropped_by"] = READER
    part.loc[lacking, "dropped_why"] = [_why(str(name), bool(out)) for name, out in rows]
    return part


def _listed(paths: Paths) -> bool:
    """Whether the lists were named themselves, not the folder that they lie in."""
    several = [paths] if isinstance(paths, str | os.PathLike) else paths
    return any(os.fspath(path).lower().endswith(_SUFFIXES) for path in several)


def _why(name: str, outside: bool) -> str:
    if outside:
        return reason("media.outside", name, "the list names a file outside of its folder")
    return reason("media.null", name, "the row has no path")


def _outside(column: pd.Series) -> np.ndarray:
    """Which paths of a list do not stay below the folder that they are relative to."""
    texts = column.astype("object").where(column.notna(), "").tolist()
    return np.array(
        [
            "://" in text or "::" in text or text.startswith(("/", "~"))
            or os.path.normpath(text).split("/")[0] == ".."
            for text in texts
        ],
        bool,
    )  # fmt: skip


def _flat(column: pd.Series) -> pa.Array:
    array = arrow_column(column)
    return one(array) if isinstance(array, pa.ChunkedArray) else array


def _reader(name: str) -> str:
    name = name.lower().partition("::")[0]
    if name.endswith(parquet.SUFFIXES):
        return "read_parquet"
    return "read_csv" if name.endswith(csv.SUFFIXES) else "read_jsonl"


def _column(df: Any, given: str | None) -> str:
    texts = [str(n) for n in df.columns if isinstance(df._meta[n].dtype, pd.StringDtype)]
    have = ", ".join(map(str, df.columns))
    if given is None:
        found = next((name for name in COLUMNS if name in texts), None)
        if found is None:
            raise ColumnError(f"no column looks like paths (have: {have}); pass path_column=")
        return found
    if given not in df.columns:
        raise ColumnError(f"path_column: no column {given!r} (have: {have})")
    if given not in texts:
        raise ColumnError(f"path_column: column {given!r} is {df._meta[given].dtype}, not text")
    if given != "path" and "path" in df.columns:
        raise ColumnError(f"path_column={given!r} would hide the column 'path' that is there too")
    return given
