"""Read web pages that lie in files: one record a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import pyarrow as pa

from tamis.codes import BadRecord, reason
from tamis.errors import DataError
from tamis.io.arrow_rows import with_reasons
from tamis.io.charset import text_of
from tamis.io.compression import EXTENSIONS, looks_like
from tamis.io.files import Paths, find_files, readable
from tamis.io.frames import Types, Work, check_errors, dask_frame, frame, quarantine_types
from tamis.io.packing import PER_FILE, pack
from tamis.io.schema import TEXT
from tamis.io.sizes import ratio, size
from tamis.io.textfiles import content_of
from tamis.io.warc import need_html

SUFFIXES = (".html", ".htm", ".xhtml")


def read_html(
    paths: Paths,
    *,
    extensions: Sequence[str] = SUFFIXES,
    max_size: int | str = "64MB",
    max_ratio: float = 200.0,
    block_size: int | str = "64MB",
    files_per_partition: int | None = None,
    storage_options: Mapping[str, Any] | None = None,
    errors: str = "quarantine",
) -> Any:
    """Read web pages from files, plain or compressed: `id`, `html`, `encoding` and `path`.

    `id` is the file's name relative to the folder, `path` where it is. A folder is searched for
    `extensions`. Bytes are decoded as `read_warc` does it: by a byte order mark, what the page says
    of itself, or a detector. A file of more than `max_size`, or one that cannot be read, is a row
    with `dropped_by="read_html"` and the reason; `errors="raise"` makes the first of them a
    `DataError`. Needs `tamis[html]`.
    """
    check_errors(errors)
    need_html("read_html")
    suffixes = tuple(stem + end for stem in extensions for end in ("", *EXTENSIONS))
    files = find_files(paths, suffixes, storage_options)
    block = size("block_size", block_size)
    runs = pack([file.size + PER_FILE for file in files], block, files_per_partition)
    columns = {"id": TEXT, "html": TEXT, "encoding": TEXT, "path": TEXT}
    return dask_frame(
        read_work,
        [Work(tuple(files[k] for k in run)) for run in runs],
        Types(tuple(quarantine_types(columns, errors).items())),
        "read_html",
        max_size=size("max_size", max_size),
        max_ratio=ratio(max_ratio),
        raising=errors == "raise",
        storage_options=dict(storage_options or {}),
    )


def read_work(
    work: Work, *, types: Types, max_size: int, max_ratio: float, raising: bool,
    storage_options: dict[str, Any],
) -> pd.DataFrame:  # fmt: skip
    """The partition of these files."""
    pages: list[tuple[str | None, str | None]] = []
    why: list[str | None] = []
    for file in work.pieces:
        try:
            raw = content_of(file, max_size, max_ratio, storage_options)
            kind = looks_like(raw)
            if kind is not None:
                raise BadRecord("file.corrupt", f"the file looks like {kind}, not a page")
            pages.append(text_of(raw))
            why.append(None)
        except BadRecord as bad:
            why.append(reason(bad.code, file.name, bad.detail))
            pages.append((None, None))
            if raising:
                raise DataError(why[-1]) from None
    columns = {
        "id": pa.array([file.name for file in work.pieces], TEXT),
        "html": pa.array([html for html, _ in pages], TEXT),
        "encoding": pa.array([encoding for _, encoding in pages], TEXT),
        "path": pa.array([readable(file.url) for file in work.pieces], TEXT),
    }
    if not raising:
        columns = with_reasons(columns, "read_html", why, len(why))
    return frame(columns)
