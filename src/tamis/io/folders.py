"""Write a frame as a folder of files that reads as a whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

from tamis.errors import DataError, SettingError, UncommittedError
from tamis.frame import library
from tamis.io.commit import MANIFEST, MARKER, Folder, Part, listing
from tamis.io.store import Store
from tamis.io.target import refuse_foreign
from tamis.io.write import WrittenFile, write_part
from tamis.scheduling import scheduler
from tamis.spelling import no_column

_JSONL = {None: "jsonl", "gz": "jsonl.gz", "zst": "jsonl.zst"}
_PARQUET = ("zstd", "snappy", "gzip", "lz4", "brotli", "none")

Target = str | os.PathLike[str]


def write_parquet(
    df: Any,
    folder: Target,
    *,
    target_size: int | str = "256MB",
    partition_on: str | None = None,
    compression: str = "zstd",
    storage_options: Mapping[str, Any] | None = None,
    notes: Mapping[str, Any] | None = None,
) -> list[Part]:
    """Write a frame (Dask or pandas) as Parquet files; the parts written.

    A partition becomes one file, several where it has more than `target_size` bytes of data before
    compression; partitions are not joined, so repartition a frame of tiny ones. With `partition_on`
    the rows go to folders `<column>=<value>/` (and keep the column). zstd at level 1, dictionaries
    only for columns that repeat their values, no statistics of long text. The folder gets its
    manifest last: what it held before stays readable until then, and a reader refuses a folder
    whose writing did not finish. `notes`, JSON values, go into the manifest, too.
    """
    if compression not in _PARQUET:
        raise SettingError(
            f"compression must be one of {', '.join(_PARQUET)}, found {compression!r}"
        )
    return _write(df, folder, storage_options, notes, format="parquet", target_size=target_size,
                  partition_on=partition_on, compression=compression)  # fmt: skip


def write_jsonl(
    df: Any,
    folder: Target,
    *,
    target_size: int | str = "256MB",
    partition_on: str | None = None,
    compression: str | None = "zst",
    storage_options: Mapping[str, Any] | None = None,
) -> list[Part]:
    """Write a frame as JSON Lines files, `.zst`, `.gz` or plain (None); see `write_parquet`.

    Missing values, NaN and infinities are `null`, times and decimals strings, binary values base64;
    floats are written so that they read back equal, and as floats.
    """
    if compression not in _JSONL:
        raise SettingError(f"compression must be 'zst', 'gz' or None, found {compression!r}")
    return _write(df, folder, storage_options, format=_JSONL[compression], target_size=target_size,
                  partition_on=partition_on)  # fmt: skip


def write_csv(
    df: Any,
    folder: Target,
    *,
    target_size: int | str = "256MB",
    partition_on: str | None = None,
    storage_options: Mapping[str, Any] | None = None,
) -> list[Part]:
    """Write a frame as CSV files with a header; see `write_parquet`.

    Text is quoted, a missing value is empty and unquoted; lists and structs are written as JSON.
    """
    return _write(df, folder, storage_options, format="csv", target_size=target_size,
                  partition_on=partition_on)  # fmt: skip


def _write(
    df: Any,
    folder: Target,
    storage_options: Mapping[str, Any] | None,
    notes: Mapping[str, Any] | None = None,
    **settings: Any,
) -> list[Part]:
    if settings["partition_on"] is not None and settings["partition_on"] not in df.columns:
        told = no_column(settings["partition_on"], df.columns)
        raise SettingError(f"partition_on: {told}")
    return write_folder(df, folder, write_part, settings, storage_options, notes)


def write_folder(
    df: Any,
    folder: Target,
    put: Callable[..., list[WrittenFile]],
    settings: dict[str, Any],
    storage_options: Mapping[str, Any] | None = None,
    notes: Mapping[str, Any] | None = None,
    check: Callable[[list[list[WrittenFile]]], None] | None = None,
    alone: bool = False,
    finish: Callable[[list[list[WrittenFile]], Store], list[WrittenFile]] | None = None,
) -> list[Part]:
    """Write a frame as a committed folder: `put(partition, stem, store, **settings)` gives files.

    Where no partition gave one, `put` is called once more with no rows and `empty=True`. `check`
    may raise an error over what the partitions gave; the folder then stays uncommitted. `finish`
    puts in place of what the partitions gave what the folder is to have, and removes the former.
    `alone`: a folder with files of something else in it is refused, they would be read as what is
    written.
    """
    target = Folder(folder, storage_options)
    if alone:
        refuse_foreign(target.store, (), marks=(MANIFEST, MARKER), folders=True)
    before = _standing(folder, storage_options)
    parts, token = _partitions(df, settings)
    import dask

    target.writing()
    tasks = [
        dask.delayed(put, pure=False)(part, f"part-{number:05d}.{token}", target.store, **settings)
        for number, part in enumerate(parts)
    ]
    found = list(dask.compute(*tasks, scheduler=scheduler()))
    if check is not None:
        check(found)
    written = [file for files in found for file in files]
    if not written:  # the columns are worth keeping
        empty = df if library(df) == "pandas" else df._meta
        written = put(empty, f"part-00000.{token}", target.store, **settings, empty=True)
        found = [written]
    if finish is not None:
        written = finish(found, target.store)
    target.add([Part(file.name, file.rows, file.bytes, file.sha256) for file in written])
    target.commit(**(notes or {}))
    kept = {part.name for part in target.parts}
    for part in before:
        if part.name not in kept:
            target.store.remove(part.name)
    return target.parts


def _partitions(df: Any, settings: dict[str, Any]) -> tuple[list[Any], str]:
    """The partitions to write, and a token of what they hold for the names of their files.

    Another frame gives other names, so that writing it leaves the files that stand alone.
    """
    from dask.base import tokenize

    kind = library(df)
    if kind == "dask":
        return df.to_delayed(), tokenize(df, settings)[:8]
    if kind == "pandas":
        return [df], tokenize(df, settings)[:8]
    raise SettingError("write a pandas or Dask frame; bring a cuDF one to the host first")


def _standing(folder: Target, storage_options: Mapping[str, Any] | None) -> list[Part]:
    try:
        return listing(folder, storage_options) or []
    except (UncommittedError, DataError):  # what broke off is written anew
        return []
