"""Read lists of media files: Parquet, CSV or JSON Lines with a column of paths or URLs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import pandas as pd

from tamis.errors import ColumnError, DataError
from tamis.io import csv, jsonl, parquet
from tamis.io.extensions import checked
from tamis.io.files import File, Paths, find_files
from tamis.io.frames import check_errors
from tamis.io.json_schema import head_rows
from tamis.io.media_paths import block, folder_of, pointing
from tamis.io.nemo import read_nemo
from tamis.io.nemo_rows import AUDIO, rows_of
from tamis.io.unlisted import with_unlisted
from tamis.spelling import no_column

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
    extension: str | None = None,
    storage_options: Mapping[str, Any] | None = None,
    errors: str = "quarantine",
    **settings: Any,
) -> Any:
    """Read a list of media files (Parquet, CSV, JSON Lines) as a lazy frame of pointers.

    The column `path_column` (by default the first there is of `path`, `file_name`, `audio_filepath`
    and other usual names, `url` last) becomes `path`: URLs and absolute paths as they are, others
    relative to `base`, by default the folder that holds the list. `offset` and `size`, where it has
    them, are bytes within that file. All other columns stay; `settings` go to `read_parquet`,
    `read_csv` or `read_jsonl`, whichever reads the list. A list with `audio_filepath` is a NeMo
    manifest: `offset` and `duration` are seconds, and become `start` and `end` (`read_nemo`).

    In a folder the lists named `metadata` are read, as Hugging Face's imagefolder has them, if
    there are any, otherwise all. What `write_webdataset` and `write_files` wrote is such a folder.
    A row without a path has `dropped_by="read_manifest"` and `dropped_why` `media.null`. The files
    themselves are not looked at; but of a folder with lists named `metadata` those media files that
    they do not name are rows dropped as `media.unlisted` (`datasets` leaves them out silently).
    Name the list, `photos/metadata.csv`, to have only what it names.

    `extension=".wav"` is added to names that end otherwise, for lists that leave it out. With
    `delimiter`, `names` and `quoted` (`read_csv`) this reads the lists of LJSpeech, VITS and Common
    Voice:

    >>> import tamis
    >>> tamis.read_manifest("LJSpeech-1.1/metadata.csv", names=["file", "text", "normalized_text"],
    ...     delimiter="|", quoted=False, base="LJSpeech-1.1/wavs", extension=".wav",
    ...     path_column="file")  # doctest: +SKIP
    >>> tamis.read_manifest("cv/train.tsv", base="cv/clips", quoted=False)  # doctest: +SKIP

    A list can name every file that you may read, and every address. `within=True`, for lists from
    others, takes only relative paths that stay below `base`; what else it names is dropped as
    `media.outside`. It is the default for a folder with lists named `metadata`.

    >>> tamis.read_manifest("photos/metadata.csv")  # doctest: +SKIP
    """
    check_errors(errors)
    (end,) = checked("extension", extension) or (None,)
    files = find_files(paths, _SUFFIXES, storage_options)
    named = [f for f in files if f.name.rpartition("/")[2].startswith("metadata.")]
    files = named or files
    kinds = {_reader(file.name) for file in files}
    if len(kinds) != 1:
        raise DataError(f"lists of several kinds ({', '.join(sorted(kinds))}); name those of one")
    kind = kinds.pop()
    place = folder_of(files, base)
    raising = errors == "raise"
    inside = (bool(named) and not _listed(paths)) if within is None else within
    given = [file.url for file in files]
    shared: dict[str, Any] = {"storage_options": storage_options, "errors": errors, **settings}
    speech = kind == "read_jsonl" and end is None and path_column in (None, AUDIO[0])
    if speech and _is_nemo(files, settings, storage_options):
        df = read_nemo(given, base=place, within=inside, **shared)
    else:
        module: Any = {"read_parquet": parquet, "read_csv": csv, "read_jsonl": jsonl}[kind]
        df = getattr(module, kind)(given, **({"block_size": block(files)} | shared))
        column = _column(df, path_column)
        if end is not None:
            df = df.map_partitions(_ending, column, f".{end}", meta=df._meta)
        df = _pointing(df, column, place, raising, inside)
    if not named or base is not None or _listed(paths):
        return df
    several = [paths] if isinstance(paths, str | os.PathLike) else paths
    return with_unlisted(df, [os.fspath(path) for path in several], "read_manifest", raising)


def _pointing(df: Any, column: str, place: str, raising: bool, inside: bool) -> Any:
    """The rows of a list as pointers; those of a NeMo manifest in whatever format in seconds."""
    if column in AUDIO and "size" not in df.columns:
        given: dict[str, Any] = {
            "audio": column, "base": place, "within": inside, "raising": raising, "shards": None,
            "storage_options": {},
        }  # fmt: skip
        return df.map_partitions(rows_of, meta=rows_of(df._meta, **given), **given)
    meta = pointing(df._meta, column, place, raising, inside)
    return df.map_partitions(pointing, column, place, raising, inside, meta=meta)


def _is_nemo(files: list[File], settings: Mapping[str, Any], options: Any) -> bool:
    """Whether the lines of a list are those of a NeMo manifest: its `offset` is in seconds."""
    schema = settings.get("schema")
    names = (
        {name for row in head_rows(files, options) for name in row}
        if schema is None
        else set(schema)
    )
    return AUDIO[0] in names and not {"path", "file_name", "size"} & names


def _listed(paths: Paths) -> bool:
    """Whether the lists were named themselves, not the folder that they lie in."""
    several = [paths] if isinstance(paths, str | os.PathLike) else paths
    return any(os.fspath(path).lower().endswith(_SUFFIXES) for path in several)


def _reader(name: str) -> str:
    name = name.lower().partition("::")[0]
    if name.endswith(parquet.SUFFIXES):
        return "read_parquet"
    return "read_csv" if name.endswith(csv.SUFFIXES) else "read_jsonl"


def _ending(part: pd.DataFrame, column: str, end: str) -> pd.DataFrame:
    """The paths with an extension, where they do not end in it."""
    names = part[column]
    lacking = (names.notna() & ~names.str.lower().str.endswith(end)).fillna(False)
    return part.assign(**{column: names.where(~lacking, names + end)})


def _column(df: Any, given: str | None) -> str:
    texts = [str(n) for n in df.columns if isinstance(df._meta[n].dtype, pd.StringDtype)]
    have = ", ".join(map(str, df.columns))
    if given is None:
        found = next((name for name in COLUMNS if name in texts), None)
        if found is None:
            raise ColumnError(f"no column looks like paths (have: {have}); pass path_column=")
        return found
    if given not in df.columns:
        raise ColumnError(f"path_column: {no_column(given, df.columns)}")
    if given not in texts:
        raise ColumnError(f"path_column: column {given!r} is {df._meta[given].dtype}, not text")
    if given != "path" and "path" in df.columns:
        raise ColumnError(f"path_column={given!r} would hide the column 'path' that is there too")
    return given
