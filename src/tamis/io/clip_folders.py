"""Write a frame of videos as clips: files, archives, or the published layout of folders."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any

import pandas as pd
import pyarrow as pa

from tamis.errors import SettingError
from tamis.io.clip_rows import ClipRows, check_clips
from tamis.io.clips import STORES, WRITER, copied, put_archives, put_files
from tamis.io.columns import arrow_column
from tamis.io.commit import Part
from tamis.io.folders import Target, write_folder
from tamis.io.frames import check_errors
from tamis.io.sizes import size as parsed
from tamis.io.store import Store
from tamis.io.write import FORMATS, WrittenFile
from tamis.media.pieces import Content

LAYOUTS = (*STORES, "curator")
CLIPS, FILTERED, PREVIEWS, METAS = "clips", "filtered_clips", "previews", "metas/v0"


def write_clips(
    df: Any,
    folder: Target,
    *,
    layout: str = "files",
    on: str = "path",
    encode: str = "copy",
    quality: int | None = None,
    preset: str | None = None,
    size: int | None = None,
    sound: bool = True,
    snap: str = "before",
    preview: str | None = None,
    preview_fps: float = 1.0,
    preview_height: int = 240,
    frames: float | None = None,
    key: str | None = None,
    embedding: str | None = None,
    samples: int = 1000,
    target_size: int | str = "1GB",
    errors: str = "quarantine",
    storage_options: Mapping[str, Any] | None = None,
    source_options: Mapping[str, Any] | None = None,
) -> list[Part]:
    """Write a frame (Dask or pandas) of videos, or parts of them, as clips; the parts written.

    `layout="files"` and `"tar"` are those of `tamis.Clips`, as are all settings of encoding. Rows
    dropped before, and those that cannot be cut, are in `__dropped/` with their reasons;
    `errors="raise"` makes the first of the latter a `DataError`.

    `layout="curator"` is the one that NeMo Curator writes: `clips/<uuid>.mp4`, for rows that a step
    dropped `filtered_clips/<uuid>.mp4`, `previews/<uuid>.webp`, and for all `metas/v0/<uuid>.json`
    with `span_uuid`, `source_video`, `duration_span`, `clip_location`, `valid` and all columns of
    the row; with `embedding`, a column of vectors, `<embedding>_parquet/`, id and vector of what is
    in `clips/`. The id is a UUID of the path and the seconds. So give it what `explain` gives:

    >>> import tamis
    >>> steps = tamis.Pipeline.from_yaml("curator-video")
    >>> videos = tamis.read_files("raw/*.mp4")                            # doctest: +SKIP
    >>> tamis.write_clips(steps.explain(videos), "out", layout="curator")  # doctest: +SKIP

    The folder gets its manifest last, as in `write_parquet`. `read_manifest(folder)` reads the
    table of clips, of the published layout `read_manifest("out/part-*.parquet")`.
    """
    check_errors(errors)
    if layout not in LAYOUTS:
        raise SettingError(f"layout must be one of {', '.join(LAYOUTS)}, found {layout!r}")
    if type(samples) is not int or samples < 1:
        raise SettingError(f"samples={samples!r} is not a number of samples from 1 on")
    check_clips(df, on, key)
    if embedding is not None and (layout != "curator" or embedding not in df.columns):
        have = ", ".join(map(str, df.columns))
        raise SettingError(f"embedding={embedding!r}: a column (have: {have}), of layout='curator'")
    from tamis.video.clipping import cutting

    how = {
        "encode": encode, "quality": quality, "preset": preset, "size": size, "sound": sound,
        "snap": snap, "preview": preview, "preview_fps": preview_fps,
        "preview_height": preview_height, "frames": frames,
    }  # fmt: skip
    cutting(**how)
    settings = {
        "layout": layout, "on": on, "key": key, "embedding": embedding, "how": how,
        "samples": samples, "limit": parsed("target_size", target_size),
        "raising": errors == "raise", "source_options": dict(source_options or {}),
    }  # fmt: skip
    return write_folder(df, folder, put_clips, settings, storage_options, alone=True)


def put_clips(
    frame: pd.DataFrame,
    stem: str,
    store: Store,
    *,
    layout: str,
    on: str,
    key: str | None,
    embedding: str | None,
    how: Mapping[str, Any],
    samples: int,
    limit: int,
    raising: bool,
    source_options: dict[str, Any],
    empty: bool = False,
) -> list[WrittenFile]:
    """Put the rows of a partition, and those that were dropped."""
    if layout == "curator":
        return _put_layout(frame, stem, store, on, embedding, how, raising, source_options, empty)
    rows = ClipRows(frame, on, key, WRITER, raising, source_options, how)
    if layout == "tar":
        written = list(put_archives(rows, stem, store, samples, limit))
    else:
        written = put_files(rows, stem, store)
    if empty and not written:
        own = {"path": pa.array([], pa.large_string())}
        put = store.put(f"{stem}.parquet", FORMATS["parquet"](rows.table([], own), "zstd"))
        written = [WrittenFile(f"{stem}.parquet", 0, put.bytes, put.sha256)]
    return written + rows.rows.put_dropped(stem, store)


def _put_layout(
    frame: pd.DataFrame, stem: str, store: Store, on: str, embedding: str | None,
    how: Mapping[str, Any], raising: bool, options: dict[str, Any], empty: bool,
) -> list[WrittenFile]:  # fmt: skip
    by = frame.get("dropped_by")
    why = [None] * len(frame) if by is None else by.astype(object).where(by.notna(), None).tolist()
    reasons = [name for name in ("dropped_by", "dropped_why") if name in frame]
    given = frame.rename(columns={name: f"filtered_{name[8:]}" for name in reasons})
    rows = ClipRows(given, on, None, WRITER, raising, options, how)
    ids = [_uuid(rows.rows.media.name(row), *rows.spans[row]) for row in range(len(frame))]
    written: list[WrittenFile] = []
    placed: list[tuple[int, dict[str, Any]]] = []
    paths: dict[str, list[Any]] = {"path": [], "span_uuid": [], "preview": [], "valid": []}

    def put(name: str, data: Content) -> None:
        made = store.put(name, copied(data), sync=False)
        written.append(WrittenFile(name, 0, made.bytes, made.sha256))

    for clip in rows.clips():
        row, (end, data), name = clip.row, clip.files[0], ids[clip.row]
        place = f"{CLIPS if why[row] is None else FILTERED}/{name}.{end}"
        put(place, data)
        seen = None
        for ending, picture in clip.files[1:]:
            folder = PREVIEWS if ending == rows.how.preview else "frames"
            put(f"{folder}/{name}.{ending}", picture)
            seen = f"{folder}/{name}.{ending}" if folder == PREVIEWS else seen
        told = json.loads(rows.lines([(row, clip.facts)])[0])
        span = [clip.facts["source_start"], clip.facts["source_end"]]
        own = {
            "span_uuid": name, "source_video": rows.rows.media.name(row), "duration_span": span,
            "clip_location": place, "valid": why[row] is None,
        }  # fmt: skip
        put(f"{METAS}/{name}.json", json.dumps(own | told, ensure_ascii=False).encode())
        placed.append((row, clip.facts))
        for column, value in zip(paths, (place, name, seen, why[row] is None), strict=True):
            paths[column].append(value)
    kinds = {"valid": pa.bool_()}
    own = {n: pa.array(v, kinds.get(n, pa.large_string())) for n, v in paths.items()}
    if placed or empty:
        table = rows.table(placed, own)
        made = store.put(f"{stem}.parquet", FORMATS["parquet"](table, "zstd"))
        written.append(WrittenFile(f"{stem}.parquet", len(placed), made.bytes, made.sha256))
    good = [row for row, _ in placed if why[row] is None]
    if embedding is not None and good:
        vectors = pa.table({
            "id": pa.array([ids[row] for row in good], pa.large_string()),
            "embedding": arrow_column(frame[embedding].iloc[good]),
        })  # fmt: skip
        name = f"{embedding}_parquet/{stem}.parquet"
        made = store.put(name, FORMATS["parquet"](vectors, "zstd"))
        written.append(WrittenFile(name, 0, made.bytes, made.sha256))
    return written + rows.rows.put_dropped(stem, store)


def _uuid(path: str, start: float | None, end: float | None) -> str:
    """The id of a clip: the same for the same part of the same path."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{path}_{start}_{end}"))
