"""Write a frame of media as Parquet that holds them, as Hugging Face has it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pandas as pd
import pyarrow as pa

from tamis.errors import SettingError
from tamis.io.columns import arrow_column
from tamis.io.commit import Part
from tamis.io.folders import Target, write_folder
from tamis.io.frames import check_errors
from tamis.io.media_rows import MediaRows, check_column
from tamis.io.refit import Fit, fit_settings
from tamis.io.sizes import size as parsed
from tamis.io.sounds import Sound, sound_settings
from tamis.io.store import Store
from tamis.io.write import FORMATS, WrittenFile

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
    cut: bool = True,
    rate: int | None = None,
    mono: bool = False,
    errors: str = "quarantine",
    storage_options: Mapping[str, Any] | None = None,
    source_options: Mapping[str, Any] | None = None,
) -> list[Part]:
    """Write a frame of media as Parquet that `datasets.load_dataset(folder)` reads as media.

    The bytes that `on` stands for become `column`, a struct of `bytes` (unchanged) and `path` (a
    name), which `feature` ("image", "audio", "video"; by default what `column` says, else "image")
    tells the datasets library to decode. Other columns stay, pointers are left out. A file holds
    about `target_size` bytes. `resize`, `size`, `only_if_bigger`, `encode`, `quality`, and for
    recordings `cut`, `rate` and `mono`, are as in `write_webdataset`. Rows that were dropped
    before, or whose bytes cannot be had, are in `__dropped/`, with `dropped_by` and `dropped_why`;
    `errors="raise"` makes the first of the latter a `DataError`. `read_parquet` reads the set, and
    `on="image"` its pictures.
    """
    check_errors(errors)
    kind = feature or (column if column in _FEATURES else "image")
    if kind not in _FEATURES:
        raise SettingError(f"feature must be one of {', '.join(_FEATURES)}, found {feature!r}")
    check_column(df, on, column)
    settings = {
        "on": on, "column": column, "feature": _FEATURES[kind], "raising": errors == "raise",
        "target_size": parsed("target_size", target_size),
        "fit": fit_settings(resize, size, only_if_bigger, encode, quality),
        "sound": sound_settings(dict(df.dtypes), encode, cut, rate, mono),
        "source_options": dict(source_options or {}),
    }  # fmt: skip
    return write_folder(df, folder, put_huggingface, settings, storage_options, alone=True)


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
    sound: Sound | None,
    source_options: dict[str, Any],
    empty: bool = False,
) -> list[WrittenFile]:
    """Put the rows of a partition as Parquet with bytes."""
    rows = MediaRows(frame, on, "write_huggingface", raising, source_options, fit, sound)
    others = rows.others
    written: list[WrittenFile] = []
    kept: list[int] = []
    media: list[dict[str, Any]] = []
    held = 0

    def put() -> None:
        columns = {str(n): arrow_column(rows.columns[n].iloc[kept]) for n in others}
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


def _metadata(schema: pa.Schema, column: str, feature: str) -> dict[str, str]:
    """What tells the datasets library which columns are media."""
    features = {
        field.name: {"_type": feature} if field.name == column else feature_of(field.type)
        for field in schema
    }
    return {"huggingface": json.dumps({"info": {"features": features}})}


def feature_of(kind: pa.DataType) -> Any:
    if pa.types.is_struct(kind):
        return {field.name: feature_of(field.type) for field in kind}
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return {"feature": feature_of(kind.value_type), "_type": "List"}
    if pa.types.is_fixed_size_list(kind):
        inner = feature_of(kind.value_type)
        return {"feature": inner, "length": kind.list_size, "_type": "List"}
    name = "large_string" if kind == pa.large_string() else _VALUES.get(str(kind), str(kind))
    return {"dtype": name, "_type": "Value"}
