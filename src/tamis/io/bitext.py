"""Read bitext: two files of which line n of one translates line n of the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pyarrow as pa

from tamis.codes import BadRecord, reason
from tamis.errors import DataError, SettingError
from tamis.io.arrow_rows import with_reasons
from tamis.io.compression import Stream, codec
from tamis.io.files import File, Paths, find_files, open_file
from tamis.io.frames import Types, Work, check_errors, dask_frame, frame, quarantine_types
from tamis.io.schema import TEXT
from tamis.io.sizes import ratio, size

_BUFFER = 4 << 20


@dataclass(frozen=True)
class Pair:
    """Lines of two files from byte to byte (None: to the end), the first being row `row`."""

    source: File
    target: File
    starts: tuple[int, int] = (0, 0)
    ends: tuple[int | None, int | None] = (None, None)
    row: int = 0


def read_bitext(
    source: Paths,
    target: Paths,
    *,
    block_size: int | str = "32MB",
    max_ratio: float = 200.0,
    storage_options: Mapping[str, Any] | None = None,
    errors: str = "quarantine",
) -> Any:
    """Read pairs of aligned files as a lazy frame of `id`, `source` and `target`, a row a line.

    As many files in `source` as in `target`, taken in order. `id` is the source file's name and the
    number of the line, from 0. Plain files are gone through once when the frame is made, and cut
    where lines end, about every `block_size` bytes of both; compressed ones are a partition each.
    Files whose numbers of lines differ are a `DataError`. A line that is not UTF-8 has no text, and
    its row `dropped_by="read_bitext"` and the reason in `dropped_why`; `errors="raise"` makes it a
    `DataError`, too. Tables of pairs in one file are read by `read_csv`.
    """
    check_errors(errors)
    sources, targets = (find_files(side, (), storage_options) for side in (source, target))
    if len(sources) != len(targets):
        raise SettingError(
            f"source names {len(sources)} file(s), target {len(targets)}; each needs its other side"
        )
    block, options = size("block_size", block_size), dict(storage_options or {})
    pairs = [
        pair for two in zip(sources, targets, strict=True) for pair in _cut(*two, block, options)
    ]
    types = quarantine_types({"id": TEXT, "source": TEXT, "target": TEXT}, errors)
    return dask_frame(
        read_pairs,
        [Work((pair,)) for pair in pairs],
        Types(tuple(types.items())),
        "read_bitext",
        max_ratio=ratio(max_ratio),
        raising=errors == "raise",
        storage_options=options,
    )


def read_pairs(
    work: Work, *, types: Types, max_ratio: float, raising: bool, storage_options: dict[str, Any]
) -> pd.DataFrame:
    """The partition of these lines."""
    if not work.pieces:
        return types.empty()
    (pair,) = work.pieces
    sides = [
        _lines(file, pair.starts[k], pair.ends[k], max_ratio, storage_options)
        for k, file in enumerate((pair.source, pair.target))
    ]
    if len(sides[0]) != len(sides[1]):
        raise _unequal(pair.source, len(sides[0]), pair.target, len(sides[1]))
    ids = [f"{pair.source.name}:{pair.row + k}" for k in range(len(sides[0]))]
    why: list[str | None] = [None] * len(ids)
    texts: list[list[str | None]] = []
    for file, lines in zip((pair.source, pair.target), sides, strict=True):
        texts.append([None] * len(ids))
        for row, line in enumerate(lines):
            try:
                texts[-1][row] = line.removesuffix(b"\r").decode()
            except UnicodeDecodeError as error:
                why[row] = reason("text.utf8", f"{file.name}:{pair.row + row}", str(error))
                if raising:
                    raise DataError(why[row]) from None
    columns = {
        "id": pa.array(ids, TEXT),
        "source": pa.array(texts[0], TEXT),
        "target": pa.array(texts[1], TEXT),
    }
    if not raising:
        columns = with_reasons(columns, "read_bitext", why, len(why))
    return frame(columns)


def _lines(
    file: File, start: int, end: int | None, max_ratio: float, options: dict[str, Any]
) -> list[bytes]:
    try:
        if end is not None:
            with open_file(file, options) as stream:
                stream.seek(start)
                content = stream.read(end - start)
        else:
            unpacked = Stream(lambda: open_file(file, options), codec(file.name), max_ratio)
            parts = []
            while part := unpacked.read(_BUFFER):
                parts.append(part)
            unpacked.close()
            content = b"".join(parts)
    except BadRecord as bad:
        raise DataError(f"{file.name} cannot be read: {bad.code}: {bad.detail}") from bad
    except OSError as error:
        raise DataError(f"{file.name} cannot be read: {error}") from error
    if not content:
        return []
    return content.removeprefix(b"\xef\xbb\xbf").removesuffix(b"\n").split(b"\n")


def _cut(source: File, target: File, block: int, options: dict[str, Any]) -> list[Pair]:
    """The pair in parts of whole lines; as it is where a file has to be unpacked."""
    if codec(source.name) or codec(target.name):
        return [Pair(source, target)]
    marks = [_marks(file, options) for file in (source, target)]
    if marks[0][-1][0] != marks[1][-1][0]:
        raise _unequal(source, marks[0][-1][0], target, marks[1][-1][0])
    total = marks[0][-1][0]
    weight = marks[0][-1][1] + marks[1][-1][1]
    step = max(1, total * block // max(1, weight))
    rows = [*range(0, total, step), total] if total else [0, 0]
    places = [
        _places(file, rows, side, options)
        for file, side in zip((source, target), marks, strict=True)
    ]
    return [
        Pair(
            source, target, (places[0][k], places[1][k]), (places[0][k + 1], places[1][k + 1]), row
        )
        for k, row in enumerate(rows[:-1])
    ]


def _marks(file: File, options: dict[str, Any]) -> list[tuple[int, int]]:
    """How many lines begin before each of some bytes of a file; last all lines, and its size."""
    found, lines, at, last = [(0, 0)], 0, 0, b"\n"
    with open_file(file, options) as stream:
        while part := stream.read(_BUFFER):
            lines += part.count(b"\n")
            at += len(part)
            last = part[-1:]
            found.append((lines, at))
    return [*found, (lines + (last != b"\n"), at)]


def _places(
    file: File, rows: list[int], marks: list[tuple[int, int]], options: dict[str, Any]
) -> list[int]:
    """The bytes where lines begin; of a line after the last, the end of the file."""
    found = []
    with open_file(file, options) as stream:
        k = 0
        for row in rows:
            while k + 1 < len(marks) and marks[k + 1][0] < row:
                k += 1
            if row == 0 or row >= marks[-1][0]:
                found.append(0 if row == 0 else marks[-1][1])
                continue
            stream.seek(marks[k][1])
            part, at = stream.read(_BUFFER), -1
            for _ in range(row - marks[k][0]):
                at = part.index(b"\n", at + 1)
            found.append(marks[k][1] + at + 1)
    return found


def _unequal(source: File, lines: int, target: File, others: int) -> DataError:
    return DataError(
        f"{source.name} has {lines} lines and {target.name} {others}; line n of one has to "
        "translate line n of the other"
    )
