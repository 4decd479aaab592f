"""Write rows of interleaved documents as documents: lists of texts and images again."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from tamis.errors import DataError, SettingError
from tamis.frame import text_buffers
from tamis.io import lance
from tamis.io.commit import Part
from tamis.io.document_rows import DocumentRows, check
from tamis.io.document_shards import put_shards
from tamis.io.folders import Target, write_folder
from tamis.io.frames import check_errors
from tamis.io.sizes import size
from tamis.io.store import Store
from tamis.io.write import WrittenFile, write_table
from tamis.kernels.content import hash_texts

WRITER = "write_interleaved"
FORMATS = ("parquet", "jsonl", "lance", "webdataset")
IMAGES = ("path", "pointer", "bytes")


def write_interleaved(
    df: Any,
    folder: Target,
    *,
    format: str = "parquet",
    images: str | None = None,
    columns: Sequence[str] | None = None,
    lists: Sequence[str] = (),
    target_size: int | str = "256MB",
    errors: str = "quarantine",
    storage_options: Mapping[str, Any] | None = None,
    source_options: Mapping[str, Any] | None = None,
) -> list[Part]:
    """Write a frame (Dask or pandas) of rows as documents; the parts written.

    The rows of each `parent_id`, in order of `position`, become a document: `id`, `texts` and
    `images` (lists of one length, null where the other is), and the columns that all its rows
    share: `columns`, by default all others. Those named in `lists` become lists of an item for
    each element. All rows of a document must be in one partition (`DataError` otherwise:
    `tamis.interleaved.together`).

    `format` is "parquet", "jsonl", "lance" or "webdataset". `images` says what stands for an image
    in the first three: "pointer" is a struct of `path`, `offset`, `size`, "path" the path alone
    (refused where an image is part of a file), "bytes" a struct of `bytes` and `path` as Hugging
    Face has it; by default "path" where there is no column `offset`, else "pointer". A WebDataset
    sample is `<key>.json` with the lists and columns, and `<key>.<n>.<extension>` for the image at
    place `n`, byte by byte as it was; beside each archive stands a Parquet file of the rows,
    pointing into it. The same rows give the same bytes (Lance names its files at random).

    A row that was dropped before, or an image whose bytes cannot be had where they are written, is
    no part of its document: it stands alone, under its own id, with `dropped_by` and
    `dropped_why`. `errors="raise"` makes the first unreadable image a `DataError`.
    """
    check_errors(errors)
    if format not in FORMATS:
        raise SettingError(f"format must be one of {', '.join(FORMATS)}, found {format!r}")
    if images is None:
        images = "pointer" if "offset" in df.columns else "path"
    if images not in IMAGES:
        raise SettingError(f"images must be one of {', '.join(IMAGES)}, found {images!r}")
    check(df.columns, columns, lists)
    settings: dict[str, Any] = {
        "columns": columns, "lists": tuple(lists), "target_size": size("target_size", target_size),
        "raising": errors == "raise", "source_options": dict(source_options or {}),
    }  # fmt: skip
    if format == "lance":
        tabled = functools.partial(_tabled, images=images, settings=settings)
        told = functools.partial(_check_whole, df)
        return lance.put(df, folder, tabled, storage_options=storage_options, check=told)
    put: Callable[..., list[WrittenFile]] = put_archives
    if format != "webdataset":
        put = put_documents
        settings |= {"format": format, "images": images}

    def whole(written: Sequence[Any]) -> None:
        nothing = np.empty(0, np.uint64)
        _check_whole(df, [getattr(files, "hashes", nothing) for files in written])

    return write_folder(df, folder, put, settings, storage_options, check=whole)


def put_archives(
    frame: pd.DataFrame, stem: str, store: Store, *, target_size: int, empty: bool = False,
    **settings: Any,
) -> list[WrittenFile]:  # fmt: skip
    """Put the documents of a partition into a store as archives."""
    settings |= {"writer": WRITER}
    rows = DocumentRows(frame, **settings)
    found = _Documents(
        put_shards(frame, rows, stem, store, target_size=target_size, empty=empty, **settings)
    )
    found.hashes = hashes(rows)
    return found


class _Documents(list[WrittenFile]):
    """The files of a partition, and a hash of each document in it."""

    hashes: np.ndarray = np.empty(0, np.uint64)


def put_documents(
    frame: pd.DataFrame,
    stem: str,
    store: Store,
    *,
    format: str,
    images: str,
    target_size: int,
    empty: bool = False,
    **settings: Any,
) -> list[WrittenFile]:
    """Put the documents of a partition into a store."""
    table, told = _tabled(frame, images, settings)
    files = write_table(table, stem, store, format=format, target_size=target_size, empty=empty)
    found = _Documents(files)
    found.hashes = told
    return found


def _tabled(
    frame: pd.DataFrame, images: str, settings: dict[str, Any]
) -> tuple[pa.Table, np.ndarray]:
    """The documents of a partition as a table, and their hashes."""
    settings = {key: value for key, value in settings.items() if key != "target_size"}
    rows = DocumentRows(frame, **settings, writer=WRITER, read=images == "bytes")
    return rows.table(_images(rows, images)), hashes(rows)


def hashes(rows: DocumentRows) -> np.ndarray:
    """A 64-bit hash of each document that has rows here."""
    texts = text_buffers(pa.array(rows.whole, pa.large_string()))
    low, high = np.empty((2, len(rows.whole)), np.uint64)
    hash_texts(texts.data, texts.offsets, low, high)
    return low


def _images(rows: DocumentRows, images: str) -> pa.Array:
    """An item for each row: what stands for its image."""
    frame, none = rows.frame, ~rows.images
    path = _column(frame, "path", pa.large_string())
    if images == "bytes":
        data = rows.data
        fields = [pa.array(data, pa.large_binary()), path]
        return pa.StructArray.from_arrays(fields, ["bytes", "path"], mask=pa.array(none))
    if rows.on == "image" and _column(frame, "image", pa.large_binary()).null_count < rows.count:
        raise DataError("the images are bytes; write them with images='bytes'")
    offset, length = (_column(frame, name, pa.int64()) for name in ("offset", "size"))
    if images == "path":
        part = np.asarray(offset.is_valid()) & rows.images
        if part.any():
            name = rows.ids[int(np.flatnonzero(part)[0])]
            raise DataError(f"{name} is part of a file; write images='pointer', or 'bytes'")
        valid = np.asarray(path.is_valid()) & rows.images
        return path.take(pa.array(np.arange(rows.count), mask=~valid))
    kept = [path, offset, length]
    return pa.StructArray.from_arrays(kept, ["path", "offset", "size"], mask=pa.array(none))


def _column(frame: pd.DataFrame, name: str, kind: pa.DataType) -> pa.Array:
    if name not in frame.columns:
        return pa.nulls(len(frame), kind)
    found = pa.array(frame[name], from_pandas=True).cast(kind)
    return found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found


def _check_whole(df: Any, found: Sequence[np.ndarray]) -> None:
    """Refuse a document with rows in several partitions: `found` are the hashes in each.

    Where two partitions share a hash the names decide, for hashes of different names may meet.
    """
    every = np.concatenate([np.empty(0, np.uint64), *found])
    values, counts = np.unique(every, return_counts=True)
    for twice in values[counts > 1]:
        places = [k for k, some in enumerate(found) if twice in some]
        if len(places) < 2:
            continue
        one, other = (df["parent_id"].partitions[k].compute() for k in places[:2])
        shared = one[one.isin(other.dropna())]
        if len(shared):
            raise DataError(
                f"the document {shared.iloc[0]!r} has rows in the partitions {places[0]} and "
                f"{places[1]}; put them together with tamis.interleaved.together"
            )
