"""Single records of web archives, fetched by an index that says where they are."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import pyarrow as pa

from tamis.codes import BadRecord, reason
from tamis.errors import ColumnError, DataError, SettingError
from tamis.frame import STRING, library
from tamis.io.arrow_rows import with_reasons
from tamis.io.frames import check_errors, pandas_values
from tamis.io.schema import TEXT
from tamis.io.sizes import size as bytes_of
from tamis.io.warc import ABOUT, need_html, statuses_of, types_of
from tamis.io.warc_archive import Archive
from tamis.io.warc_rows import UNWANTED, Wanted, page
from tamis.media.columns import numbers, pointers
from tamis.media.pointers import Media
from tamis.spelling import no_column

_RATIO = 200.0


def read_warc_records(
    df: Any,
    *,
    path: str = "filename",
    offset: str = "offset",
    size: str = "length",
    base: str = "",
    content: str = "html",
    content_types: Sequence[str] | None = None,
    status: Sequence[int] = (200,),
    max_size: int | str = "64MB",
    storage_options: Mapping[str, Any] | None = None,
    errors: str = "quarantine",
) -> Any:
    """Fetch the records that the rows of a frame (Dask or pandas) point to, a byte range each.

    `path`, `offset` and `size` name the columns of file, first byte and bytes; the defaults are
    those of Common Crawl's index. Files are looked for at `base` + path: a folder, or a URL such
    as `https://data.commoncrawl.org/`; paths that lead out of it are `media.outside`. Without
    `base` the rows themselves say what is read, so they must be trusted. With `path="path"` and
    `size="size"` these are the columns that `read_warc` gives. Rows and columns
    stay; what `read_warc` tells of a page is put beside them where there is no column of that name,
    and `id` is `<path>:<offset>` unless there is one.

    A record that cannot be had is a row with `dropped_by="read_warc_records"` and the reason
    (`media.null` without an offset, `media.missing`, `media.unreadable`, `file.truncated`,
    `warc.…`). Of remote files several records are fetched at a time. A partition's pages are in
    memory together: an index of many rows a partition wants `repartition` first. Other settings as
    of `read_warc`. Needs `tamis[html]`.
    """
    check_errors(errors)
    need_html("read_warc_records")
    columns = list((df._meta if hasattr(df, "_meta") else df).columns)
    for name in (path, offset, size):
        if name not in columns:
            raise ColumnError(no_column(name, columns))
    if content not in ("html", "text"):
        raise SettingError(f"content must be 'html' or 'text', found {content!r}")
    longest = bytes_of("max_size", max_size)
    given: dict[str, Any] = {
        "where": (path, offset, size),
        "base": base,
        "wanted": Wanted(content, types_of(content, content_types), statuses_of(status), longest),
        "raising": errors == "raise",
        "storage_options": dict(storage_options or {}),
    }
    if library(df) == "pandas":
        return fetched(df, **given)
    return df.map_partitions(fetched, meta=fetched(df._meta.iloc[:0], **given), **given)


def fetched(
    df: pd.DataFrame, *, where: tuple[str, str, str], base: str, wanted: Wanted, raising: bool,
    storage_options: dict[str, Any],
) -> pd.DataFrame:  # fmt: skip
    """The rows with what their records hold."""
    path, offset, size = where
    names = df[path].astype(STRING)
    starts = numbers(df[offset], len(df))
    home = base and base.rstrip("/") + "/"
    media = Media(pointers(home + names, df[offset], df[size]), storage_options)
    outside = names.map(_leads_out, na_action="ignore").fillna(False).tolist() if base else ()
    kinds = {"url": TEXT, wanted.column: TEXT} | {
        name: kind for name, kind in ABOUT.items() if name not in ("path", "offset", "size")
    }
    told = df["dropped_why"].notna().to_numpy() if "dropped_why" in df else [False] * len(df)
    values: dict[str, list[Any]] = {name: [] for name in kinds}
    why: list[str | None] = []
    for row, known in enumerate(told):
        found: dict[str, Any] = {}
        bad: BadRecord | None = None
        if outside and outside[row]:
            bad = BadRecord("media.outside", f"the path leads out of {base}")
        elif not known and starts[row] is None:  # the whole file is not what is meant
            bad = BadRecord("media.null", "the row does not say where its record begins")
        elif not known:
            found, bad = _record(media, row, wanted)
        why.append(None if bad is None else reason(bad.code, media.place(row), bad.detail))
        if raising and bad is not None and bad.code not in UNWANTED:
            raise DataError(why[-1])
        for name, column in values.items():
            column.append(found.get(name))
    new = {name: pa.array(values[name], kind) for name, kind in kinds.items() if name not in df}
    if "id" not in df:
        places = df[offset].astype("Int64").astype(STRING)
        df = pd.concat([(names + ":" + places).rename("id"), df], axis=1)
    if not raising:
        before = {
            name: pa.array(df[name], TEXT) for name in ("dropped_by", "dropped_why") if name in df
        }
        new = with_reasons(new | before, "read_warc_records", why, len(why))
    return df.assign(**{name: pandas_values(array) for name, array in new.items()})


def _leads_out(path: str) -> bool:
    return path.startswith("/") or "://" in path or ".." in path.split("/")


def _record(media: Media, row: int, wanted: Wanted) -> tuple[dict[str, Any], BadRecord | None]:
    try:
        raw = media.whole(row)
        archive = Archive(io.BytesIO(raw), len(raw), wanted.longest, _RATIO)
        for found in archive.records():
            return page(found.frame, wanted)
        return {}, BadRecord("warc.header", "no record begins there")
    except BadRecord as bad:
        return {}, bad
