"""Read text files: one record a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import pyarrow as pa

from tamis.codes import BadRecord, reason
from tamis.errors import DataError, SettingError
from tamis.io.arrow_rows import with_reasons
from tamis.io.compression import EXTENSIONS, Stream, codec, looks_like
from tamis.io.files import File, Paths, find_files, open_file, readable
from tamis.io.frames import Types, Work, check_errors, dask_frame, frame, quarantine_types
from tamis.io.packing import PER_FILE, pack
from tamis.io.schema import TEXT
from tamis.io.sizes import ratio, size

_BUFFER = 1 << 20
_BOMS = {b"\xef\xbb\xbf": "utf-8", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


def read_text(
    paths: Paths,
    *,
    extensions: Sequence[str] = (".txt", ".text", ".md", ".rst"),
    encoding: str = "utf-8",
    max_size: int | str = "64MB",
    max_ratio: float = 200.0,
    block_size: int | str = "64MB",
    files_per_partition: int | None = None,
    storage_options: Mapping[str, Any] | None = None,
    errors: str = "quarantine",
) -> Any:
    """Read text files, plain or compressed, as a lazy frame of `id`, `text` and `path`.

    `id` is the file's name relative to the folder, `path` where it is. A folder is searched for
    `extensions`. A file that is not in `encoding`, is larger than `max_size` or cannot be read has
    no text, `dropped_by="read_text"` and the reason in `dropped_why`; `errors="raise"` makes the
    first of them a `DataError`. A byte order mark is taken off.
    """
    check_errors(errors)
    try:
        "".encode(encoding)
    except (LookupError, TypeError):
        raise SettingError(f"encoding={encoding!r} is not known to Python") from None
    suffixes = tuple(stem + end for stem in extensions for end in ("", *EXTENSIONS))
    files = find_files(paths, suffixes, storage_options)
    block = size("block_size", block_size)
    runs = pack([file.size + PER_FILE for file in files], block, files_per_partition)
    types = quarantine_types({"id": TEXT, "text": TEXT, "path": TEXT}, errors)
    return dask_frame(
        read_work,
        [Work(tuple(files[k] for k in run)) for run in runs],
        Types(tuple(types.items())),
        "read_text",
        encoding=encoding,
        max_size=size("max_size", max_size),
        max_ratio=ratio(max_ratio),
        raising=errors == "raise",
        storage_options=dict(storage_options or {}),
    )


def read_work(
    work: Work,
    *,
    types: Types,
    encoding: str,
    max_size: int,
    max_ratio: float,
    raising: bool,
    storage_options: dict[str, Any],
) -> pd.DataFrame:
    """The partition of these files."""
    texts: list[str | None] = []
    why: list[str | None] = []
    for file in work.pieces:
        try:
            raw = content_of(file, max_size, max_ratio, storage_options)
            texts.append(_decoded(raw, encoding))
            why.append(None)
        except BadRecord as bad:
            why.append(reason(bad.code, file.name, bad.detail))
            texts.append(None)
            if raising:
                raise DataError(why[-1]) from None
    columns = {
        "id": pa.array([file.name for file in work.pieces], TEXT),
        "text": pa.array(texts, TEXT),
        "path": pa.array([readable(file.url) for file in work.pieces], TEXT),
    }
    if not raising:
        columns = with_reasons(columns, "read_text", why, len(why))
    return frame(columns)


def content_of(file: File, max_size: int, max_ratio: float, options: dict[str, Any]) -> bytes:
    """The bytes of a file, decompressed; `BadRecord` where they cannot be had, or are too many."""
    try:
        stream = Stream(lambda: open_file(file, options), codec(file.name), max_ratio)
    except OSError as error:
        raise BadRecord("file.unreadable", str(error)) from error
    try:
        content = b""
        while data := stream.read(_BUFFER):
            content += data
            if len(content) > max_size:
                detail = f"the file has more than {max_size} bytes; set max_size to read it"
                raise BadRecord("text.too_long", detail)
        return content
    finally:
        stream.close()


def _decoded(raw: bytes, encoding: str) -> str:
    if encoding.lower().replace("_", "-") in ("utf-8", "utf8"):
        mark = next((mark for mark in _BOMS if raw.startswith(mark)), None)
        if mark is not None and _BOMS[mark] == "utf-16":
            raise BadRecord("text.utf16", "the file is UTF-16; pass encoding='utf-16'")
        raw = raw[len(mark or b"") :]
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        kind = looks_like(raw)
        if kind is not None:
            raise BadRecord("file.corrupt", f"the file looks like {kind}, not text") from None
        detail = f"{error.reason} for {encoding} at byte {error.start}"
        raise BadRecord("text.utf8", detail) from None
