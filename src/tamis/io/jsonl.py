"""Read JSON Lines: one object a line, plain or compressed, every line accounted for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from tamis.errors import ColumnError, SettingError
from tamis.io.arrow_rows import chosen
from tamis.io.compression import EXTENSIONS, codec
from tamis.io.files import File, Paths, find_files
from tamis.io.frames import Types, Work, check_errors, dask_frame, quarantine_types
from tamis.io.json_line import Layout
from tamis.io.json_piece import Piece, read_work
from tamis.io.json_schema import expansion, infer
from tamis.io.packing import PER_FILE, pack
from tamis.io.schema import TEXT, declared, json_type
from tamis.io.sizes import ratio, size

SUFFIXES = tuple(stem + end for stem in (".jsonl", ".ndjson", ".json") for end in ("", *EXTENSIONS))
_LONGEST = 10**9  # positions within a chunk are 32 bits
_MOST_CUTS = 8  # pieces of a compressed file: more would decompress it more than 4.5 times over
_PARTS = 4  # blocks of text in a piece of a compressed file: each is decompressed from the start


def read_jsonl(
    paths: Paths,
    *,
    id: str | None = None,
    columns: Sequence[str] | None = None,
    schema: pa.Schema | Mapping[str, Any] | None = None,
    block_size: int | str = "64MB",
    files_per_partition: int | None = None,
    storage_options: Mapping[str, Any] | None = None,
    errors: str = "quarantine",
    unknown: str = "quarantine",
    as_json: Sequence[str] = (),
    max_line: int | str = "64MB",
    max_ratio: float = 200.0,
    sample_files: int = 1000,
) -> Any:
    """Read JSON Lines files (plain, .gz, .zst, .bz2, .xz, .lz4) as a lazy frame.

    Every line that is not blank becomes a row. One that cannot be read has nulls in the data
    columns, `dropped_by="read_jsonl"` and the code, file, line and cause in `dropped_why`
    (`tamis.codes.CODES`); with `errors="raise"` the first one is a `DataError` instead.

    `id` names the column of ids; without it a column named `id` is used, and rows without one are
    named `<file>:<byte offset of the line>`, in compressed files `<file>:<line>`. `schema` declares
    the columns; otherwise they are inferred from the heads of at most `sample_files` files, and
    files that disagree are a `DataError`. A key outside the schema sets its row aside unless
    `unknown="ignore"`. Columns in `as_json` hold whatever the rows hold there, objects of any shape
    included, as JSON text (compact, numbers as Python reads them).

    Plain files are cut every `block_size` bytes and small files share a partition; a compressed
    file whose text is longer than 4 × `block_size` is cut into such parts, at most eight, each of
    which decompresses it from the start. A line beyond `max_line`, or a file that expands more than
    `max_ratio` times, is set aside, so that memory stays bounded.
    """
    check_errors(errors)
    if unknown not in ("quarantine", "ignore"):
        raise SettingError(f"unknown must be 'quarantine' or 'ignore', found {unknown!r}")
    files = find_files(paths, SUFFIXES, storage_options)
    longest, block, times = (
        size("max_line", max_line),
        size("block_size", block_size),
        ratio(max_ratio),
    )
    if longest > _LONGEST:
        raise SettingError(f"max_line can be at most 1 GB, found {max_line!r}")
    loose = (as_json,) if isinstance(as_json, str) else tuple(as_json)
    if schema is not None:
        known = declared(schema, checked=json_type) | dict.fromkeys(loose, TEXT)
    else:
        known = infer(
            files,
            id=id,
            as_json=loose,
            sample_files=sample_files,
            max_line=longest,
            storage_options=storage_options,
        )
    for name in loose:
        if name not in known or name in (id, "id"):
            why = "is the id" if name in known else "is in no file"
            raise ColumnError(f"as_json: the column {name!r} {why} (have: {', '.join(known)})")
    layout = layout_of(known, id, columns, unknown == "ignore", longest, loose)
    return dask_frame(
        read_work,
        planned(files, block, files_per_partition, storage_options),
        Types(tuple(_columns(layout, errors).items())),
        "read_jsonl",
        layout=layout,
        raising=errors == "raise",
        max_ratio=times,
        storage_options=dict(storage_options or {}),
    )


def planned(
    files: Sequence[File],
    block: int,
    files_per_partition: int | None,
    storage_options: Mapping[str, Any] | None,
) -> list[Work]:
    """Which pieces of which files each partition reads; compressed ones are looked into."""
    return plan(
        files, block, expansion(files, _PARTS * block, storage_options), files_per_partition
    )


def plan(
    files: Sequence[File], block: int, expanded: float, files_per_partition: int | None
) -> list[Work]:
    """Which pieces of which files each partition reads; a compressed byte is `expanded` of text."""
    pieces: list[list[Piece]] = []
    sizes = []
    for file in files:
        packed = codec(file.name) is not None
        text, most = (int(file.size * expanded), _PARTS * block) if packed else (file.size, block)
        count = max(1, -(-text // most)) if text > 1.5 * most else 1
        if packed and count > _MOST_CUTS:
            count, most = _MOST_CUTS, -(-text // _MOST_CUTS)
        ends = [most * k for k in range(1, count)]
        spans = zip([0, *ends], [*ends, None], strict=True)
        pieces.append([Piece(file, start, stop) for start, stop in spans])
        sizes.append(text + PER_FILE)
    work: list[Work] = []
    for group in pack(sizes, block, files_per_partition):
        if len(group) == 1:
            work.extend(Work((piece,)) for piece in pieces[group[0]])
        else:
            work.append(Work(tuple(piece for k in group for piece in pieces[k])))
    return work


def layout_of(
    known: Mapping[str, pa.DataType],
    id: str | None,
    columns: Sequence[str] | None,
    ignore: bool,
    max_line: int,
    as_json: tuple[str, ...],
) -> Layout:
    """Which keys are read, and which of them is the id."""
    kept, key = chosen(known, id, columns)
    types = dict(known)
    if key is not None:
        types[key] = TEXT
    return Layout(tuple(types.items()), tuple(kept), key, ignore, max_line, as_json)


def _columns(layout: Layout, errors: str) -> dict[str, pa.DataType]:
    """The columns of the frame: id first, then those of the data, then the quarantine."""
    data = {name: type for name, type in layout.types.items() if name != layout.id_key}
    return quarantine_types({"id": TEXT, **data}, errors)
