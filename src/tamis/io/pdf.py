"""Read PDF files: their text, a row a file or a row a page."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd
import pyarrow as pa

from tamis.codes import BadRecord
from tamis.errors import SettingError
from tamis.extras import absent, missing
from tamis.io.files import File, Paths, find_files, open_file, readable
from tamis.io.frames import Types, Work, check_errors, dask_frame, quarantine_types
from tamis.io.packing import PER_FILE, pack
from tamis.io.row_list import RowList
from tamis.io.schema import TEXT
from tamis.io.sizes import seconds, size
from tamis.media.sandbox import isolated

NAME = "read_pdf"
ROWS = ("file", "page")
_PAGES = "tamis.io.pdf_text:pages"
_FILE = {"id": TEXT, "text": TEXT, "title": TEXT, "path": TEXT, "pages": pa.int64()}
_PAGE = {
    "id": TEXT, "text": TEXT, "title": TEXT, "path": TEXT, "parent_id": TEXT, "page": pa.int64(),
}  # fmt: skip


def read_pdf(
    paths: Paths,
    *,
    rows: str = "file",
    separator: str = "\n\n",
    max_pages: int = 5000,
    max_size: int | str = "256MB",
    timeout: float = 60.0,
    block_size: int | str = "64MB",
    files_per_partition: int | None = None,
    storage_options: Mapping[str, Any] | None = None,
    errors: str = "quarantine",
) -> Any:
    """Read the text of PDF files as a lazy frame: `id`, `text`, `title`, `path`, and `pages`.

    `rows="file"` puts the pages of a file together with `separator`; with `"page"` each is a row,
    `<file>/<page>` with `parent_id` and `page` (from 1), empty where a page has no text. PDFium
    reads them in the order in which they were written, in processes of their own, in at most
    `timeout` seconds for a file.

    A file that is encrypted (`pdf.encrypted`), shows pictures only (`pdf.no_text`), is damaged, or
    has more than `max_pages` or `max_size`, is a row with `dropped_by="read_pdf"` and the reason;
    so is one of whose pages some cannot be read, or with `rows="page"` those. `errors="raise"`
    makes the first such row a `DataError`. Needs `tamis[documents]`.
    """
    check_errors(errors)
    if rows not in ROWS:
        raise SettingError(f"rows must be one of {', '.join(ROWS)}, found {rows!r}")
    if not isinstance(separator, str):
        raise SettingError(f"separator is text, found {separator!r}")
    if isinstance(max_pages, bool) or not isinstance(max_pages, int) or max_pages < 1:
        raise SettingError(f"max_pages={max_pages!r} is not a number of pages from 1 on")
    if absent(["pypdfium2"]):
        raise missing({NAME: {"pypdfium2": "documents"}})
    files = find_files(paths, (".pdf",), storage_options)
    sizes = [file.size + PER_FILE for file in files]
    runs = pack(sizes, size("block_size", block_size), files_per_partition)
    types = quarantine_types(_FILE if rows == "file" else _PAGE, errors)
    return dask_frame(
        read_work,
        [Work(tuple(files[k] for k in run)) for run in runs],
        Types(tuple(types.items())),
        NAME,
        by_page=rows == "page",
        separator=separator,
        max_pages=max_pages,
        max_size=size("max_size", max_size),
        timeout=seconds("timeout", timeout),
        raising=errors == "raise",
        storage_options=dict(storage_options or {}),
    )


def read_work(
    work: Work,
    *,
    types: Types,
    by_page: bool,
    separator: str,
    max_pages: int,
    max_size: int,
    timeout: float,
    raising: bool,
    storage_options: dict[str, Any],
) -> pd.DataFrame:
    """The partition of these files."""
    rows = RowList(types, NAME, raising)
    for file, found in _read(work.pieces, max_pages, max_size, timeout, storage_options):
        known = {"id": file.name, "path": readable(file.url)}
        if isinstance(found, BadRecord):
            rows.lost(file.name, found, known)
            continue
        texts, known["title"] = found["pages"], found["title"]
        lost = [number for number, text in enumerate(texts, 1) if text is None]
        bad = BadRecord("decode.corrupt", f"page {lost[0]} cannot be read") if lost else None
        if by_page:
            _add_pages(rows, file, known, texts)
        elif bad is not None:
            rows.lost(file.name, bad, known | {"pages": len(texts)})
        else:
            rows.add(known | {"text": separator.join(texts), "pages": len(texts)})
    return rows.frame()


def _add_pages(rows: RowList, file: File, known: dict[str, Any], texts: list[str | None]) -> None:
    for number, text in enumerate(texts, 1):
        row = known | {"id": f"{file.name}/{number}", "parent_id": file.name, "page": number}
        if text is None:
            bad = BadRecord("decode.corrupt", "the page cannot be read")
            rows.lost(f"{file.name}, page {number}", bad, row)
        else:
            rows.add(row | {"text": text})


def _read(
    files: tuple[File, ...], max_pages: int, max_size: int, timeout: float,
    options: Mapping[str, Any],
) -> Iterator[tuple[File, Any]]:  # fmt: skip
    """The files in order, each with what was read of it or why nothing was."""
    waiting: deque[tuple[File, BadRecord | None]] = deque()
    settings = {"max_pages": max_pages}

    def asked() -> Iterator[tuple[bytes, dict[str, Any]]]:
        for file in files:
            try:
                data = _content(file, max_size, options)
            except BadRecord as bad:
                waiting.append((file, bad))
                continue
            waiting.append((file, None))
            yield data, settings

    for result in isolated(_PAGES, asked(), timeout=timeout, preload=("pypdfium2",)):
        while waiting[0][1] is not None:
            yield waiting.popleft()
        yield waiting.popleft()[0], result
    yield from waiting


def _content(file: File, max_size: int, options: Mapping[str, Any]) -> bytes:
    if file.size > max_size:
        raise BadRecord("media.too_long", f"the file has {file.size} bytes; see max_size")
    try:
        with open_file(file, options) as opened:
            data = opened.read()
    except OSError as error:
        raise BadRecord("file.unreadable", str(error)) from error
    if not data:
        raise BadRecord("media.empty", "the file has no bytes")
    return data
