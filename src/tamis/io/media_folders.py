"""Write a frame of media as a folder of files with a list of them."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd
import pyarrow as pa

from tamis.codes import BadRecord
from tamis.errors import ColumnError, DataError
from tamis.io.columns import arrow_column
from tamis.io.commit import MANIFEST, Folder, Part, manifest
from tamis.io.folders import Target, write_folder
from tamis.io.frames import check_errors
from tamis.io.json_text import json_lines
from tamis.io.media_rows import MediaRows, check_column
from tamis.io.refit import Fit, fit_settings
from tamis.io.sample_names import safe_key, unique
from tamis.io.sounds import Sound, sound_settings
from tamis.io.store import Store
from tamis.io.write import WrittenFile
from tamis.media.pieces import Content, pieces
from tamis.spelling import no_column

_LIST = "metadata.jsonl"
_OURS = re.compile(r"part-\d{5,}\.[0-9a-f]{8}")


def write_files(
    df: Any,
    folder: Target,
    *,
    on: str = "path",
    key: str | None = None,
    resize: str = "no",
    size: int | None = None,
    only_if_bigger: bool = False,
    encode: str | None = None,
    quality: int | None = None,
    cut: bool = True,
    rate: int | None = None,
    mono: bool = False,
    errors: str = "quarantine",
    storage_options: Mapping[str, Any] | None = None,
    source_options: Mapping[str, Any] | None = None,
) -> list[Part]:
    """Write a frame of media as a folder of files with a `metadata.jsonl`.

    Each row's bytes, unchanged by default, become a file `part-<partition>.<token>/<key>.<ext>`;
    keys are numbers, or made of the column `key` without dots or a way out of the folder.
    `metadata.jsonl` names every file in `file_name` and holds the other columns: Hugging Face's
    imagefolder, which `datasets.load_dataset("imagefolder", data_dir=folder)` and
    `read_manifest(folder)` read. Rows dropped before, or whose bytes cannot be had, are in
    `__dropped/`; `errors="raise"` makes the first of the latter a `DataError`. The list is put in
    place last. `resize`, `size`, `only_if_bigger`, `encode`, `quality`, and for recordings `cut`,
    `rate` and `mono`, are as in `write_webdataset`.
    """
    check_errors(errors)
    check_column(df, on, "file_name")
    if key is not None and key not in df.columns:
        raise ColumnError(f"key: {no_column(key, df.columns)}")
    settings = {
        "on": on, "key": key, "raising": errors == "raise",
        "fit": fit_settings(resize, size, only_if_bigger, encode, quality),
        "sound": sound_settings(dict(df.dtypes), encode, cut, rate, mono),
        "source_options": dict(source_options or {}),
    }  # fmt: skip
    store = Store(folder, storage_options)
    if store.size(_LIST) is not None and manifest(store, MANIFEST) is None:
        raise DataError(f"{store.path(_LIST)} is somebody else's; give an empty folder")
    parts = write_folder(df, folder, put_files, settings, storage_options, alone=True)
    lists = [part for part in parts if part.name.endswith(".jsonl")]

    def content(file: Any) -> None:
        for part in lists:
            file.write(store.read(part.name))

    put = store.put(_LIST, content)
    rest = [part for part in parts if part not in lists]
    rows = sum(part.rows for part in lists)
    whole = [Part(_LIST, rows, put.bytes, put.sha256), *rest]
    target = Folder(folder, storage_options)
    target.add(whole)
    notes = manifest(store, MANIFEST) or {}
    target.commit(**{k: v for k, v in notes.items() if k not in ("format", "parts")})
    for part in lists:
        store.remove(part.name)
    sweep_folders(store, {part.name.removesuffix(".jsonl") for part in lists})
    return target.parts


def sweep_folders(store: Store, keep: set[str]) -> None:
    """Delete the files of sets that stood here before, and of writers that were killed."""
    if not store.local:
        filesystem = store.filesystem()
        listed = filesystem.ls(store.path(), detail=True, refresh=True)
        for place in (item["name"] for item in listed if item["type"] == "directory"):
            if _OURS.fullmatch(place.rsplit("/", 1)[-1]) and place.rsplit("/", 1)[-1] not in keep:
                filesystem.rm(place, recursive=True)
        return
    with os.scandir(store.root) as entries:
        old = [entry.path for entry in entries if entry.is_dir(follow_symlinks=False)
               and _OURS.fullmatch(entry.name) and entry.name not in keep]  # fmt: skip
    for place in old:
        shutil.rmtree(place)


def put_files(
    frame: pd.DataFrame,
    stem: str,
    store: Store,
    *,
    on: str,
    key: str | None,
    raising: bool,
    fit: Fit | None,
    sound: Sound | None,
    source_options: dict[str, Any],
    empty: bool = False,
) -> list[WrittenFile]:
    """Put the media of a partition as files, and a list of them."""
    rows = MediaRows(frame, on, "write_files", raising, source_options, fit, sound)
    if key is not None:
        names = pa.array(frame[key], from_pandas=True).cast(pa.large_string()).to_pylist()
        rows.keys = unique(safe_key(name or "") for name in names)
    kept, files = [], []
    for row in range(len(frame)):
        found = rows.read(row, rows.media.content)
        if found is None:
            continue
        data, end = found
        name = f"{stem}/{rows.key(row)}.{end}"
        try:
            store.put(name, _copied(data), sync=False, digest=False)
        except BadRecord as bad:  # it broke off half-way
            store.remove(name)  # an object store may have its head
            rows.drop(row, bad)
            continue
        kept.append(row)
        files.append(name)
    written: list[WrittenFile] = []
    if kept or empty:
        columns = {str(n): arrow_column(rows.columns[n].iloc[kept]) for n in rows.others}
        columns |= rows.sizes_of(kept)
        table = pa.table({"file_name": pa.array(files, pa.large_string()), **columns})
        name = f"{stem}.jsonl"
        put = store.put(name, _lines(table))
        written.append(WrittenFile(name, len(kept), put.bytes, put.sha256))
        for folder in {os.path.dirname(file) for file in files}:
            store.settle(folder)
    return written + rows.put_dropped(stem, store)


def _copied(data: Content) -> Callable[[Any], None]:
    def write(file: Any) -> None:
        for piece in pieces(data):
            file.write(piece)

    return write


def _lines(table: pa.Table) -> Callable[[Any], None]:
    def write(file: Any) -> None:
        for lines in json_lines(table):
            file.write(lines)

    return write
