"""Read folders of media files: a row a file, pointing to it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pyarrow as pa

from tamis.codes import BadRecord, reason
from tamis.errors import DataError, SettingError
from tamis.io.arrow_rows import with_reasons
from tamis.io.extensions import MEDIA, checked
from tamis.io.files import DANGLING, File, Paths, find_files, readable
from tamis.io.frames import Types, Work, check_errors, dask_frame, frame, quarantine_types
from tamis.io.schema import TEXT
from tamis.io.sizes import size
from tamis.io.transcripts import Transcripts, stem, transcripts_of

READER = "read_files"
TEXTS_OF = "text"  # the column of transcripts
_MOST = 10_000  # partitions


@dataclass(frozen=True)
class Listed:
    """A list of transcripts, what is left of which makes rows; with the first the media's names."""

    file: File
    media: tuple[str, ...]


def read_files(
    paths: Paths,
    *,
    extensions: str | Sequence[str] | None = None,
    captions: str | Sequence[str] | None = None,
    transcripts: Paths | None = None,
    files_per_partition: int = 1000,
    storage_options: Mapping[str, Any] | None = None,
    errors: str = "quarantine",
    max_size: int | str = "1MB",
) -> Any:
    """Read folders or patterns of media files as a lazy frame of pointers: a row a file.

    `id` is the file's name relative to the folder, `path` where it is, `offset` null (the whole
    file), `size` its bytes, `ext` its extension in lower case. A folder is searched for
    `extensions`, by default those of images, videos and audio. `captions=".txt"` adds a text column
    `txt` from the file beside it with that extension instead of its own, null where there is none.
    `transcripts` are lists with a file's name (with or without extension) and what is said in it on
    each line, as LibriSpeech's `*.trans.txt` and Kaldi's `text`, and make the column `text`. Lines
    whose file is not there, and second ones for a file, are rows with a reason at the end
    (`media.missing`, `text.twice`). A worker holds all lists in memory. For lists with more
    columns there is `read_manifest`.
    A folder with a `metadata.csv`, `.jsonl` or `.parquet` is read by `read_manifest`.

    An empty file has `dropped_why` `media.empty`, a link to nothing `media.missing`, a caption that
    is not UTF-8 or larger than `max_size` its code of `tamis.codes.CODES`, and
    `dropped_by="read_files"`; `errors="raise"` makes the first of them a `DataError`. Files are
    listed at the call and not opened. A partition
    has `files_per_partition` of them, more where that would make over 10,000 partitions.

    >>> import tamis
    >>> tamis.read_files("photos", captions=".txt")  # doctest: +SKIP
    >>> tamis.read_files("dev-clean", transcripts="dev-clean/**/*.trans.txt")  # doctest: +SKIP
    """
    check_errors(errors)
    if not isinstance(files_per_partition, int) or files_per_partition < 1:
        raise SettingError(
            f"files_per_partition={files_per_partition!r} is not a number of files from 1 on"
        )
    wanted = tuple(f".{e}" for e in checked("extensions", extensions) or MEDIA)
    beside = checked("captions", captions) or ()
    for name in beside:
        if name in ("path", "offset", "size", "ext", "id"):
            raise SettingError(f"captions: {name!r} is the name of another column")
    files = find_files(paths, wanted, storage_options, dangling=True)
    lists: tuple[File, ...] = ()
    if transcripts is not None:
        if "text" in beside:
            raise SettingError("captions and transcripts would both make the column 'text'")
        lists = tuple(find_files(transcripts, (".txt", ".trans.txt"), storage_options))
        beside = (*beside, TEXTS_OF)
    count = max(files_per_partition, -(-len(files) // _MOST))
    columns = {"id": TEXT, "path": TEXT, "offset": pa.int64(), "size": pa.int64(), "ext": TEXT}
    columns |= dict.fromkeys(beside, TEXT)
    work = [Work(tuple(files[k : k + count])) for k in range(0, len(files), count)]
    if lists:
        names = tuple(file.name for file in files)
        work.append(
            Work(tuple(Listed(file, names if k == 0 else ()) for k, file in enumerate(lists)))
        )
    return dask_frame(
        read_work,
        work,
        Types(tuple(quarantine_types(columns, errors).items())),
        READER,
        captions=beside,
        transcripts=lists,
        max_size=size("max_size", max_size),
        raising=errors == "raise",
        storage_options=dict(storage_options or {}),
    )


def read_work(
    work: Work,
    *,
    types: Types,
    captions: tuple[str, ...],
    transcripts: tuple[File, ...],
    max_size: int,
    raising: bool,
    storage_options: dict[str, Any],
) -> pd.DataFrame:
    """The partition of these files."""
    said: dict[str, str] = {}
    if transcripts:
        found_texts = transcripts_of(transcripts, storage_options, max_size)
        if work.pieces and isinstance(work.pieces[0], Listed):
            return _left_over(found_texts, work.pieces[0].media, types, raising)
        said = found_texts.texts
    files: tuple[File, ...] = work.pieces
    why: list[str | None] = [None] * len(files)
    texts: dict[str, list[str | None]] = {name: [] for name in captions}
    for row, file in enumerate(files):
        try:
            if file.stamp == DANGLING:
                raise BadRecord("media.missing", DANGLING)
            if not file.size:
                raise BadRecord("media.empty", "there are no bytes")
            for name, found in texts.items():
                if name == TEXTS_OF and transcripts:
                    found.append(said.get(stem(file.name)))
                else:
                    found.append(_caption(file, name, max_size, storage_options))
        except BadRecord as bad:
            why[row] = reason(bad.code, file.name, bad.detail)
            for found in texts.values():
                found.extend([None] * (row + 1 - len(found)))
            if raising:
                raise DataError(why[row]) from None
    columns = {
        "id": pa.array([file.name for file in files], TEXT),
        "path": pa.array([readable(file.url) for file in files], TEXT),
        "offset": pa.nulls(len(files), pa.int64()),
        "size": pa.array([file.size for file in files], pa.int64()),
        "ext": pa.array([_extension(file.name) for file in files], TEXT),
    } | {name: pa.array(found, TEXT) for name, found in texts.items()}
    if not raising:
        columns = with_reasons(columns, READER, why if any(why) else None, len(files))
    return frame({name: columns[name] for name, _ in types.columns})


def _left_over(
    found: Transcripts, media: Sequence[str], types: Types, raising: bool
) -> pd.DataFrame:
    """The lines of transcripts that belong to no file, or cannot be read."""
    stems = {stem(name) for name in media}
    rows: list[tuple[str, str | None, str]] = []
    for name, number, bad, raw in found.bad:
        rows.append(
            (f"{name}:{number}", None, reason(bad.code, f"{name}, line {number}", bad.detail, raw))
        )
    for key, text in found.texts.items():
        if key not in stems:
            name, number = found.place[key]
            detail = f"there is no file for the transcript of {key!r}"
            rows.append(
                (
                    f"{name}:{number}",
                    text,
                    reason("media.missing", f"{name}, line {number}", detail),
                )
            )
    if raising and rows:
        raise DataError(rows[0][2])
    columns = {name: pa.nulls(len(rows), type) for name, type in types.columns}
    columns["id"] = pa.array([row[0] for row in rows], TEXT)
    columns[TEXTS_OF] = pa.array([row[1] for row in rows], TEXT)
    if not raising:
        columns = with_reasons(columns, READER, [row[2] for row in rows], len(rows))
    return frame({name: columns[name] for name, _ in types.columns})


def _extension(name: str) -> str | None:
    last = name.rpartition("/")[2].lstrip(".")
    return last.rpartition(".")[2].lower() if "." in last else None


def _caption(file: File, name: str, most: int, options: Mapping[str, Any]) -> str | None:
    """The text in the file beside one; None where there is none."""
    inner, joint, chain = file.url.partition("::")
    stem = os.path.splitext(inner)[0]
    place = f"{stem}.{name}{joint}{chain}"
    try:
        if file.local:
            with open(place, "rb") as handle:
                raw = handle.read(most + 1)
        else:
            import fsspec

            filesystem, path = fsspec.core.url_to_fs(place, **options)
            raw = filesystem.cat_file(path, end=most + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise BadRecord("file.unreadable", f"its .{name}: {error}") from None
    if len(raw) > most:
        detail = f"its .{name} has more than {most} bytes; set max_size to read it"
        raise BadRecord("text.too_long", detail)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadRecord("text.utf8", f"its .{name}: {error.reason} at byte {error.start}") from None
