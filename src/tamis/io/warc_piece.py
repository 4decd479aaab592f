"""One partition of web archives: parts of files, and the pages in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pyarrow as pa

from tamis.codes import BadRecord, reason
from tamis.errors import DataError
from tamis.io.arrow_rows import with_reasons
from tamis.io.files import File, open_file, readable
from tamis.io.frames import Types, Work, frame
from tamis.io.patient import Patient
from tamis.io.warc_archive import Archive, Found
from tamis.io.warc_rows import UNWANTED, Wanted, holds_content, page


@dataclass(frozen=True)
class Piece:
    """The records of a file that begin from byte `start` to `stop` (None: to its end)."""

    file: File
    start: int
    stop: int | None


def read_work(
    work: Work,
    *,
    types: Types,
    wanted: Wanted,
    max_ratio: float,
    raising: bool,
    storage_options: dict[str, Any],
) -> pd.DataFrame:
    """The partition of these pieces."""
    known = dict(types.columns)
    rows: dict[str, list[Any]] = {name: [] for name in known}
    why: list[str | None] = []
    for piece in work.pieces:
        for row, bad in _rows(piece, wanted, max_ratio, storage_options):
            why.append(None if bad is None else reason(bad.code, row.pop("place"), bad.detail))
            if raising and bad is not None and bad.code not in UNWANTED:
                raise DataError(why[-1])
            for name, values in rows.items():
                values.append(row.get(name))
    columns = {name: pa.array(values, known[name]) for name, values in rows.items()}
    if not raising:
        columns = with_reasons(columns, "read_warc", why, len(why))
    return frame(columns)


def _rows(
    piece: Piece, wanted: Wanted, max_ratio: float, options: dict[str, Any]
) -> Iterator[tuple[dict[str, Any], BadRecord | None]]:
    file = piece.file
    at = piece.start
    try:
        with _opened(file, options) as opened:
            archive = Archive(opened, file.size, wanted.longest, max_ratio)
            for found in archive.records(piece.start, piece.stop):
                at = found.offset
                if holds_content(found.frame):
                    yield _row(file, found, wanted)
    except DataError:
        raise  # the file is another one now
    except BadRecord as bad:
        yield _lost(file, at, bad)
    except OSError as error:
        yield _lost(file, at, BadRecord("file.unreadable", str(error)))


def _opened(file: File, options: dict[str, Any]) -> Any:
    if file.local:
        return open_file(file, options)
    try:
        return Patient(lambda: open_file(file, options))
    except DataError:
        raise
    except Exception as error:  # whatever a file system raises
        raise BadRecord("file.unreadable", f"{type(error).__name__}: {error}") from error


def _row(file: File, found: Found, wanted: Wanted) -> tuple[dict[str, Any], BadRecord | None]:
    row, bad = page(found.frame, wanted)
    place = f"{found.offset}+{found.inner}" if found.inner else str(found.offset)
    row |= {
        "id": f"{file.name}:{place}",
        "path": readable(file.url),
        "offset": found.offset,
        "size": found.size,
        "place": f"{file.name}, byte {place}",
    }
    return row, bad


def _lost(file: File, at: int, bad: BadRecord) -> tuple[dict[str, Any], BadRecord]:
    row = {
        "id": f"{file.name}:{at}!",
        "path": readable(file.url),
        "place": f"{file.name}, byte {at}",
    }
    return row, bad
