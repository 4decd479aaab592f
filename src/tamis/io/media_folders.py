"""Write a frame of media as Hugging Face Parquet, or as a folder of files with a list of them."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd
import pyarrow as pa

from tamis.codes import BadRecord, reason
from tamis.errors import ColumnError, DataError, SettingError
from tamis.io.columns import arrow_column
from tamis.io.commit import MANIFEST, Folder, Part, manifest
from tamis.io.folders import Target, write_folder
from tamis.io.frames import check_errors
from tamis.io.json_text import json_lines
from tamis.io.refit import SIZES, Fit, fit_settings, refitted
from tamis.io.sample_names import extension, safe_key, unique
from tamis.io.sample_rows import POINTER, REASONS, check_medium
from tamis.io.sizes import size as parsed
from tamis.io.store import Store
from tamis.io.write import FORMATS, WrittenFile
from tamis.media.columns import holds_bytes
from tamis.media.pieces import Content, pieces
from tamis.media.pointers import of_frame

_DROPPED = "__dropped"  # Hugging Face passes over such folders
_LIST = "metadata.jsonl"
_OURS = re.compile(r"part-\d{5,}\.[0-9a-f]{8}")
_FEATURES = {"image": "Image", "audio": "Audio", "video": "Video"}
_VALUES = {"large_string": "string", "double": "float64", "float": "float32"}
_MEDIA = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
_HELD = 256 << 20  # bytes of a column of media; 32-bit offsets take 2 GB


def write_huggingface(
    df: Any,
    folder: Target,
    *,
    on: str = "path",
    column: str = "image",
    feature: str | None = None,
    target_size: int | str = "256MB",
    resize: str = "no",
    size: int | None = None,
    only_if_bigger: bool = False,
    encode: str | None = None,
    quality: int | None = None,
    errors: str = "quarantine",
    storage_options: Mapping[str, Any] | None = None,
    source_options: Mapping[str, Any] | None = None,
) -> list[Part]:
    """Write a frame of media as Parquet that `datasets.load_dataset(folder)` reads as media.

    The bytes that `on` stands for become `column`, a struct of `bytes` (unchanged) and `path` (a
    name), which `feature` ("image", "audio", "video"; by default what `column` says, else "image")
    tells the datasets library to decode. Other columns stay, pointers are left out. A file holds
    about `target_size` bytes. `resize`, `size`, `only_if_bigger`, `encode` and `quality` are as in
    `write_webdataset`. Rows that were dropped before, or whose bytes cannot be had, are in
    `__dropped/`, with `dropped_by` and `dropped_why`; `errors="raise"` makes the first of the
    latter a `DataError`. `read_parquet` reads the set, and `on="image"` its pictures.
    """
    check_errors(errors)
    kind = feature or (column if column in _FEATURES else "image")
    if kind not in _FEATURES:
        raise SettingError(f"feature must be one of {', '.join(_FEATURES)}, found {feature!r}")
    _check(df, on, column)
    settings = {
        "on": on, "column": column, "feature": _FEATURES[kind], "raising": errors == "raise",
        "target_size": parsed("target_size", target_size),
        "fit": fit_settings(resize, size, only_if_bigger, encode, quality),
        "source_options": dict(source_options or {}),
    }  # fmt: skip
    return write_folder(df, folder, put_huggingface, settings, storage_options)


def put_huggingface(
    frame: pd.DataFrame,
    stem: str,
    store: Store,
    *,
    on: str,
    column: str,
    feature: str,
    target_size: int,
    raising: bool,
    fit: Fit | None,
    source_options: dict[str, Any],
    empty: bool = False,
) -> list[WrittenFile]:
    """Put the rows of a partition as Parquet with bytes."""
    rows = _Rows(frame, on, "write_huggingface", raising, source_options, fit)
    others = rows.others
    written: list[WrittenFile] = []
    kept: list[int] = []
    media: list[dict[str, Any]] = []
    held = 0

    def put() -> None:
        columns = {str(n): arrow_column(frame[n].iloc[kept]) for n in others}
        table = pa.table({column: pa.array(media, _MEDIA), **columns, **rows.sizes_of(kept)})
        table = table.replace_schema_metadata(_metadata(table.schema, column, feature))
        name = f"{stem}-{len(written)}.parquet"
        done = store.put(name, FORMATS["parquet"](table, "none"))
        written.append(WrittenFile(name, len(kept), done.bytes, done.sha256))

    for row in range(len(frame)):
        found = rows.read(row, rows.media.whole)
        if found is None:
            continue
        data, end = found
        media.append({"bytes": data, "path": f"{rows.key(row)}.{end}"})
        kept.append(row)
        held += len(data)
        if held >= min(target_size, _HELD):
            put()
            kept, media, held = [], [], 0
    if kept or (empty and not written):
        put()
    return written + rows.put_dropped(stem, store)


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
    place last. `resize`, `size`, `only_if_bigger`, `encode` and `quality` are as in
    `write_webdataset`.
    """
    check_errors(errors)
    _check(df, on, "file_name")
    if key is not None and key not in df.columns:
        have = ", ".join(map(str, df.columns))
        raise ColumnError(f"key: no column {key!r} (have: {have})")
    settings = {
        "on": on, "key": key, "raising": errors == "raise",
        "fit": fit_settings(resize, size, only_if_bigger, encode, quality),
        "source_options": dict(source_options or {}),
    }  # fmt: skip
    store = Store(folder, storage_options)
    if store.size(_LIST) is not None and manifest(store, MANIFEST) is None:
        raise DataError(f"{store.path(_LIST)} is somebody else's; give an empty folder")
    parts = write_folder(df, folder, put_files, settings, storage_options)
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
    _sweep(store, {part.name.removesuffix(".jsonl") for part in lists})
    return target.parts


def _sweep(store: Store, keep: set[str]) -> None:
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
    source_options: dict[str, Any],
    empty: bool = False,
) -> list[WrittenFile]:
    """Put the media of a partition as files, and a list of them."""
    rows = _Rows(frame, on, "write_files", raising, source_options, fit)
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
        columns = {str(n): arrow_column(frame[n].iloc[kept]) for n in rows.others}
        columns |= rows.sizes_of(kept)
        table = pa.table({"file_name": pa.array(files, pa.large_string()), **columns})
        name = f"{stem}.jsonl"
        put = store.put(name, _lines(table))
        written.append(WrittenFile(name, len(kept), put.bytes, put.sha256))
        for folder in {os.path.dirname(file) for file in files}:
            store.settle(folder)
    return written + rows.put_dropped(stem, store)


class _Rows:
    """The rows of a partition; `read` gives bytes and extension, or notes why it cannot."""

    def __init__(
        self, frame: pd.DataFrame, on: str, writer: str, raising: bool, options: dict[str, Any],
        fit: Fit | None,
    ) -> None:  # fmt: skip
        self.frame, self.on, self.writer, self.raising, self.fit = frame, on, writer, raising, fit
        by = frame.get("dropped_by")
        self.before = [False] * len(frame) if by is None else by.notna().tolist()
        self.media = of_frame(frame, on, options, self.before)
        self.held = holds_bytes(frame[on])
        self.sizes: dict[int, list[int]] = {}
        gone = (*POINTER, *REASONS, on, *(SIZES if fit else ()))
        self.others = [name for name in frame.columns if name not in gone]
        text = "ext" in frame and isinstance(frame["ext"].dtype, pd.StringDtype)
        self.told = pa.array(frame["ext"]).to_pylist() if text else [None] * len(frame)
        self.dropped: dict[int, str | None] = {}
        self.keys: list[str] | None = None

    def key(self, row: int) -> str:
        """The name of a row."""
        return f"{row:06d}" if self.keys is None else self.keys[row]

    def sizes_of(self, rows: list[int]) -> dict[str, pa.Array]:
        """The columns of the sizes of pictures that were brought to size."""
        if not self.fit:
            return {}
        return {
            name: pa.array([self.sizes[row][k] for row in rows], pa.int64())
            for k, name in enumerate(SIZES)
        }

    def read(self, row: int, of: Callable[[int], Any]) -> tuple[Any, str] | None:
        """The bytes of a row (what `of` gives) and their extension; None if it is dropped."""
        if self.before[row]:
            self.dropped[row] = None
            return None
        try:
            if self.fit is not None:
                data, *self.sizes[row] = refitted(self.media.whole(row), self.fit)
                return data, self.fit["format"]
            data = of(row)
        except BadRecord as bad:
            self.drop(row, bad)
            return None
        return data, extension(self.told[row], self.media.name(row), data, ())

    def drop(self, row: int, bad: BadRecord) -> None:
        """Set a row aside whose bytes cannot be had, or cannot be decoded."""
        place = str(self.frame["id"].iloc[row]) if "id" in self.frame else f"row {row}"
        why = reason(bad.code, place, bad.detail)
        if self.raising:
            raise DataError(why) from None
        self.dropped[row] = why

    def put_dropped(self, stem: str, store: Store) -> list[WrittenFile]:
        """Put the rows that were dropped, with their reasons, as a file of their own."""
        if not self.dropped:
            return []
        part = self.frame.iloc[list(self.dropped)]
        columns = {
            str(n): arrow_column(part[n]) for n in part.columns
            if n not in REASONS and not (self.held and n == self.on)
        }  # fmt: skip
        whys = list(self.dropped.values())
        for name, new in (("dropped_by", self.writer), ("dropped_why", None)):
            old = part[name].tolist() if name in part else [None] * len(part)
            values = [
                (None if pd.isna(o) else o) if w is None else (new or w)
                for o, w in zip(old, whys, strict=True)
            ]
            columns[name] = pa.array(values, pa.large_string())
        place, slash, base = stem.rpartition("/")
        name = f"{place}{slash}{_DROPPED}/{base}.parquet"
        put = store.put(name, FORMATS["parquet"](pa.table(columns), "zstd"))
        return [WrittenFile(name, len(part), put.bytes, put.sha256)]


def _copied(data: Content) -> Callable[[Any], None]:
    def write(file: Any) -> None:
        for piece in pieces(data):
            file.write(piece)

    return write


def _check(df: Any, on: str, column: str) -> None:
    have = ", ".join(map(str, df.columns))
    if on not in df.columns:
        raise ColumnError(f"on: no column {on!r} (have: {have})")
    check_medium(df, on)
    if column in df.columns and column != on:
        raise ColumnError(f"the column {column!r} is there already (have: {have}); rename it")


def _lines(table: pa.Table) -> Callable[[Any], None]:
    def write(file: Any) -> None:
        for lines in json_lines(table):
            file.write(lines)

    return write


def _metadata(schema: pa.Schema, column: str, feature: str) -> dict[str, str]:
    """What tells the datasets library which columns are media."""
    features = {
        field.name: {"_type": feature} if field.name == column else _feature(field.type)
        for field in schema
    }
    return {"huggingface": json.dumps({"info": {"features": features}})}


def _feature(kind: pa.DataType) -> Any:
    if pa.types.is_struct(kind):
        return {field.name: _feature(field.type) for field in kind}
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return {"feature": _feature(kind.value_type), "_type": "List"}
    if pa.types.is_fixed_size_list(kind):
        inner = _feature(kind.value_type)
        return {"feature": inner, "length": kind.list_size, "_type": "List"}
    name = "large_string" if kind == pa.large_string() else _VALUES.get(str(kind), str(kind))
    return {"dtype": name, "_type": "Value"}
