"""Write a frame of media as WebDataset archives, the bytes as they are or pictures re-encoded."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from tamis.codes import BadRecord
from tamis.errors import AccountingError, SettingError
from tamis.io.columns import arrow_column
from tamis.io.commit import Part
from tamis.io.folders import Target, write_folder
from tamis.io.frames import check_errors
from tamis.io.refit import SIZES, fit_settings
from tamis.io.sample_rows import (
    POINTER,
    REASONS,
    Sample,
    SampleRows,
    check_medium,
    text_members,
    there,
)  # fmt: skip
from tamis.io.sizes import size as parsed
from tamis.io.sounds import WAS, sound_settings, timed
from tamis.io.store import Store, Written
from tamis.io.text_shards import members, put_text_archives
from tamis.io.ustar import Archive
from tamis.io.write import FORMATS, WrittenFile

WRITER = "write_webdataset"
_BATCH = 4 << 20  # bytes of media written at once
_NUMBER = re.compile(r"part-(\d+)")


def write_webdataset(
    df: Any,
    folder: Target,
    *,
    on: str | None = "path",
    samples: int = 10_000,
    target_size: int | str = "1GB",
    resize: str = "no",
    size: int | None = None,
    only_if_bigger: bool = False,
    encode: str | None = None,
    quality: int | None = None,
    cut: bool = True,
    rate: int | None = None,
    mono: bool = False,
    key: str | None = None,
    text: Mapping[str, str] | Sequence[str] | None = None,
    json: Sequence[str] | None = None,
    errors: str = "quarantine",
    checksum: bool = False,
    storage_options: Mapping[str, Any] | None = None,
    source_options: Mapping[str, Any] | None = None,
) -> list[Part]:
    """Write a frame (Dask or pandas) of media as tar archives that webdataset reads; the parts.

    A row becomes the members `<key>.<ext>` (the bytes that `path`, `offset`, `size`, or the bytes
    in the column `on`, stand for, unchanged by default), `<key>.json` (the columns `json`, by
    default all that are not written otherwise), and a text member for each column in `text`, which
    may map columns to extensions (by default the first of `txt`, `caption`, `text` as `.txt`, and
    columns named as text members are, like `cls`). Keys are numbers, `<partition>_<row>`, or made
    of the column `key`: without dots, and never leading out of the folder.

    `resize` is one of `tamis.image.fit.MODES`, img2dataset's, with `size` in pixels: pictures are
    decoded, brought to size and written as `encode` (jpg, png, webp; by default jpg) of `quality`,
    those that need no change byte by byte; `encode` alone changes the format. The table then has
    `width`, `height`, `original_width`, `original_height`, the json member none of them. Formats
    whose decoders are known to crash are decoded in a process of their own. A picture that cannot
    be decoded is a row with a reason, like one whose bytes cannot be had.

    Of recordings a row with `start` and `end` (seconds), or an `audio_channel`, is that part: it is
    cut out, sample by sample, and written in the format of its file if that is WAV, FLAC or Opus,
    else as FLAC; `encode` (wav, flac, opus), `rate` (Hz) and `mono` change what is written. Whole
    files that need no change are copied byte by byte. What was cut out is a file of its own: its
    `start` and `end` are null, and `source_start`, `source_end` and `source_channel` say what it
    was. `cut=False` copies whole files whatever the columns say.

    A partition is cut evenly into archives of at most `samples` samples, and where one reaches
    `target_size` bytes. Beside each stands a Parquet file of all its rows in order, with all
    columns but bytes: `path`, `offset`, `size` say where in the archive the medium is, so
    `read_manifest(folder)` reads the set without looking into archives. A row that was dropped
    before, or whose bytes cannot be had, is in that file alone, with `dropped_by` and
    `dropped_why`; `errors="raise"` makes the first whose bytes cannot be had a `DataError`. The
    same rows give the same bytes, re-encoded ones with the same releases of Pillow, simplejpeg and
    OpenCV on the same kind of processor. The folder gets its manifest last, as in `write_parquet`.
    `checksum` puts the SHA-256 of each archive into it: where the processor has no instruction for
    that, it takes longer than all the rest. `source_options` are fsspec settings for what is read.

    `on=None` writes texts without a medium, `<key>.txt` (or the members of `text`) and
    `<key>.json`; `read_webdataset(media=())` reads them. The table beside an archive then has `id`,
    `key`, and where the first text lies; rows that were dropped before are in `__dropped/`.
    """
    check_errors(errors)
    limit = checked(samples, target_size)
    if on is None:
        there(df, "key", [] if key is None else [key])
        json = [json] if isinstance(json, str) else json
        there(df, "json", json or [])
        kept = {
            "samples": samples, "target_size": limit, "key": key, "checksum": checksum,
            "text": members(df, text), "json": json,
        }  # fmt: skip
        return write_folder(df, folder, put_texts, kept, storage_options, alone=True)
    text, json = settled(df, on, key, text, json)
    settings = {
        "on": on, "samples": samples, "target_size": limit, "key": key,
        "text": text, "json": json, "raising": errors == "raise",
        "checksum": checksum, "fit": fit_settings(resize, size, only_if_bigger, encode, quality),
        "sound": sound_settings(dict(df.dtypes), encode, cut, rate, mono),
        "source_options": dict(source_options or {}),
    }  # fmt: skip
    return write_folder(df, folder, put_archives, settings, storage_options, alone=True)


def put_texts(frame: pd.DataFrame, stem: str, store: Store, **settings: Any) -> list[WrittenFile]:
    """Put the texts of a partition into a store as archives."""
    return put_text_archives(frame, stem, store, number=numbered(stem), **settings)


def settled(
    df: Any, on: str, key: str | None, text: Mapping[str, str] | Sequence[str] | None,
    json: Sequence[str] | None,
) -> tuple[Mapping[str, str] | Sequence[str] | None, Sequence[str] | None]:  # fmt: skip
    """Which columns become text members and the json member; `ColumnError` for what is not there.

    None stays None: a partition then decides by its columns.
    """
    for what, names in (("on", [on]), ("key", [key] if key is not None else []),
                        ("json", json or [])):  # fmt: skip
        there(df, what, [names] if isinstance(names, str) else names)
    check_medium(df, on)
    json = [json] if isinstance(json, str) else json
    return (None if text is None else text_members(df, text, on)), json


def checked(samples: int, target_size: int | str) -> int:
    """The target size in bytes; `SettingError` for sizes of archives that cannot be."""
    if not isinstance(samples, int) or samples < 1:
        raise SettingError(f"samples={samples!r} is not a number of samples from 1 on")
    return parsed("target_size", target_size)


def numbered(stem: str) -> int:
    """The number of the partition that files are named after."""
    found = _NUMBER.search(os.path.basename(stem))
    return int(found.group(1)) if found else 0


def put_archives(
    frame: pd.DataFrame,
    stem: str,
    store: Store,
    *,
    samples: int,
    target_size: int,
    checksum: bool,
    source_options: dict[str, Any],
    empty: bool = False,
    **settings: Any,
) -> list[WrittenFile]:
    """Put the rows of a partition into a store as archives, each with its table beside it."""
    rows = SampleRows(
        frame, **settings, number=numbered(stem), writer=WRITER, storage_options=source_options
    )
    return archives(
        rows, stem, store, samples=samples, target_size=target_size, checksum=checksum, empty=empty
    )


def archives(
    rows: SampleRows,
    stem: str,
    store: Store,
    *,
    samples: int,
    target_size: int,
    checksum: bool,
    told: bool = True,
    empty: bool = False,
) -> list[WrittenFile]:
    """Put rows into a store as archives; `told`: the tables have also rows that are in none."""
    left = rows.count - sum(why is not None for why in rows.why)
    each = -(-left // max(1, -(-left // samples)))
    written: list[WrittenFile] = []
    at = counted = number = 0
    while at < rows.count or (empty and not written):
        shard = _Shard(rows, at, each, target_size)
        name = f"{stem}-{number}.tar"
        put = _put(store, name, shard, checksum)
        table = shard.table(os.path.basename(name))
        if not told:
            table = table.filter(pa.array(shard.kept_rows)).drop_columns(list(REASONS))
        if shard.kept or empty:
            written.append(WrittenFile(name, shard.kept, put.bytes, put.sha256))
        else:
            store.remove(name)
        if told or shard.kept:
            beside = f"{stem}-{number}.parquet"
            put = store.put(beside, FORMATS["parquet"](table, "zstd"))
            written.append(WrittenFile(beside, table.num_rows, put.bytes, put.sha256))
        counted += shard.kept + sum(why is not None for why in rows.why[at : shard.stop])
        at, number = shard.stop, number + 1
    if counted != rows.count:
        raise AccountingError(f"{stem}: {rows.count} rows came, {counted} were written")
    return written


class _Torn(Exception):
    """A medium that broke off while it was copied, its head being in the archive already."""

    def __init__(self, row: int, bad: BadRecord) -> None:
        super().__init__(row)
        self.row, self.bad = row, bad


def _put(store: Store, name: str, shard: _Shard, checksum: bool) -> Written:
    """Put an archive; without a medium that breaks off, where one does."""
    while True:
        try:
            return store.put(name, shard.write, digest=checksum)
        except _Torn as torn:
            shard.rows.drop(torn.row, torn.bad)


class _Shard:
    """The rows from `first` on that go into one archive."""

    def __init__(self, rows: SampleRows, first: int, most: int, target_size: int) -> None:
        self.rows, self.first, self.most, self.target_size = rows, first, max(most, 1), target_size
        self.stop, self.kept = first, 0
        self.columns: dict[str, list[Any]] = {}
        self.kept_rows: list[bool] = []

    def write(self, file: Any) -> None:
        """Write the archive, up to where it is full."""
        rows, archive = self.rows, Archive(file)
        others = [f"{e}_{what}" for e in rows.others for what in ("offset", "size")]
        sizes = SIZES if rows.fit else ()
        self.columns = {name: [] for name in ("offset", "size", "ext", *others, *sizes)}
        self.kept_rows, self.kept = [], 0
        waiting: list[tuple[int, Sample]] = []
        held, row = 0, self.first
        while row < rows.count and self.kept < self.most and (
            not self.kept or archive.size + held < self.target_size
        ):  # fmt: skip
            sample = rows.sample(row)
            self.kept_rows.append(sample is not None)
            row += 1
            if sample is None:
                continue
            waiting.append((row - 1, sample))
            held += sum(map(len, sample.contents))
            self.kept += 1
            if held >= _BATCH:
                try:
                    self._add(archive, waiting)
                except BadRecord as bad:  # the last one: what comes in pieces is larger than that
                    raise _Torn(row - 1, bad) from None
                waiting, held = [], 0
        if waiting:
            self._add(archive, waiting)
        while row < rows.count and rows.why[row] is not None:  # dropped ones need no archive
            self.kept_rows.append(False)
            row += 1
        archive.close()
        self.stop = row

    def _add(self, archive: Archive, waiting: list[tuple[int, Sample]]) -> None:
        """Write the members of some samples, and note where they now are."""
        ends = {end: f".{end}".encode() for _, sample in waiting for end in sample.extensions}
        stems = self.rows.stems
        names = [stems[row] + ends[end] for row, sample in waiting for end in sample.extensions]
        contents = [content for _, sample in waiting for content in sample.contents]
        offsets, at = archive.add(names, contents), 0
        columns = self.columns
        for row, (extensions, found) in waiting:
            for name, pixels in zip(SIZES, self.rows.sizes.get(row, ()), strict=False):
                columns[name].append(pixels)
            columns["offset"].append(offsets[at])
            columns["size"].append(len(found[0]))
            columns["ext"].append(extensions[0])
            for other in self.rows.others:
                place = extensions.index(other, 1) if other in extensions[1:] else None
                columns[f"{other}_offset"].append(None if place is None else offsets[at + place])
                columns[f"{other}_size"].append(None if place is None else len(found[place]))
            at += len(extensions)

    def _times(self, part: pd.DataFrame) -> dict[str, Any]:
        """Which parts rows are: null where they are whole files now, and which they were."""
        kept = pa.array(self.kept_rows, pa.bool_())
        found: dict[str, Any] = {}
        for name in timed(dict(part.dtypes)):
            given = arrow_column(part[name])
            nothing = pa.scalar(None, given.type)
            found[name] = pc.if_else(kept, nothing, given)
            if WAS[name] not in part:
                found[WAS[name]] = pc.if_else(kept, given, nothing)
        return found

    def table(self, archive: str) -> pa.Table:
        """All rows, dropped ones with their reasons; the others point into the archive."""
        rows = self.rows
        part = rows.frame.iloc[self.first : self.stop]
        spread = {name: _spread(values, self.kept_rows) for name, values in self.columns.items()}
        spread["path"] = [archive if kept else None for kept in self.kept_rows]
        columns: dict[str, Any] = {}
        for name in part.columns:
            if name in REASONS or (name == rows.on and rows.held):
                continue
            if name not in spread:
                columns[str(name)] = arrow_column(part[name])
            elif name in POINTER or name in self.columns:
                before = arrow_column(part[name]).to_pylist()
                columns[str(name)] = _merged(spread[name], before, self.kept_rows, str(name))
        if rows.sounds is not None:
            columns |= self._times(part)
        for name in (*POINTER, *(SIZES if rows.fit else ())):
            if name not in columns:
                nothing = [None] * len(self.kept_rows)
                columns[name] = _merged(spread[name], nothing, self.kept_rows, name)
        for place, name in enumerate(REASONS):
            told = [why and why[place] for why in rows.why[self.first : self.stop]]
            columns[name] = pa.array(told, pa.large_string())
        return pa.table(columns)


def _spread(values: list[Any], kept: list[bool]) -> list[Any]:
    found = iter(values)
    return [next(found) if one else None for one in kept]


def _merged(new: list[Any], old: list[Any], kept: list[bool], name: str) -> pa.Array:
    """What a kept row has now, what a dropped one had."""
    values = [n if one else o for n, o, one in zip(new, old, kept, strict=True)]
    if name in SIZES:  # columns that may have been of another type
        values = [int(v) if isinstance(v, int | float) and v == v else None for v in values]
    text = name in ("path", "ext")
    return pa.array(values, pa.large_string() if text else pa.int64())
