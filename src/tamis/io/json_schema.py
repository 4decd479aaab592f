"""The columns of JSON Lines files, found in what stands at their beginning."""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, BinaryIO

import pyarrow as pa

from tamis.codes import BadRecord
from tamis.errors import DataError
from tamis.io.compression import Stream, codec
from tamis.io.files import File, open_file
from tamis.io.json_line import load_line
from tamis.io.json_piece import EXPANSION
from tamis.io.lines import Chunk, lines
from tamis.io.schema import reconcile

HEAD = 256 << 10
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_BUDGET = 64 << 20  # bytes read from all files together
_FAR = 64 << 20  # how far into a file the first readable line is looked for
_DEEPEST = 50  # levels of nesting that a type may have
_MEASURED, _RATIO = 8, 20  # files, and the expansion that would make a file worth cutting
_WINDOWS = 4  # places of a large plain file that are looked at, the beginning included


def infer(
    files: Sequence[File],
    *,
    id: str | None,
    as_json: Sequence[str] = (),
    sample_files: int,
    max_line: int,
    storage_options: Mapping[str, Any] | None = None,
) -> dict[str, pa.DataType]:
    """The columns of the files, from the heads of at most `sample_files` spread over them.

    Lines that cannot be read are passed over. Where a file's own lines disagree about a column the
    commonest type stands and the others are set aside when they are read; where files disagree it
    is a `DataError` that names both.
    """
    key = "id" if id is None else id
    filled = [file for file in files if file.size]
    step = max(1.0, len(filled) / max(sample_files, 1))
    chosen = [filled[int(k * step)] for k in range(min(len(filled), max(sample_files, 1)))]
    size = max(4096, min(HEAD, _BUDGET // max(len(chosen), 1)))

    def columns(file: File) -> tuple[str, dict[str, pa.DataType]]:
        found = _columns(_sample(file, size, max_line, as_json, storage_options))
        found |= {name: pa.string() for name in as_json if name in found}
        if pa.types.is_integer(found.get(key, pa.null())):  # ids become text whatever they are
            found[key] = pa.string()
        return file.name, found

    with ThreadPoolExecutor(min(16, max(len(chosen), 1))) as pool:
        types = list(pool.map(columns, chosen))
    try:
        return reconcile(types)
    except DataError as error:
        raise DataError(f"{error}; as_json=[…] keeps a column of any shape as text") from None


def head_rows(
    files: Sequence[File], storage_options: Mapping[str, Any] | None = None, most: int = 8
) -> list[dict[str, Any]]:
    """The rows at the beginning of some files, spread over them, as Python values."""
    filled = [file for file in files if file.size]
    step = max(1.0, len(filled) / max(most, 1))
    chosen = [filled[int(k * step)] for k in range(min(len(filled), most))]
    with ThreadPoolExecutor(min(8, max(len(chosen), 1))) as pool:
        found = pool.map(lambda file: _sample(file, HEAD, _FAR, (), storage_options), chosen)
    return [row for rows in found for row in rows]


def expansion(files: Sequence[File], most: int, storage_options: Mapping[str, Any] | None) -> float:
    """Text bytes per compressed byte, from the heads of some of the larger compressed files."""
    packed = [file for file in files if codec(file.name) is not None]
    large = sorted((f for f in packed if f.size > most / _RATIO), key=lambda f: -f.size)[:_MEASURED]
    ratios = [_ratio(file, storage_options) for file in large]
    return max(1.0, sum(ratios) / len(ratios)) if ratios else EXPANSION


def _ratio(file: File, storage_options: Mapping[str, Any] | None) -> float:
    try:
        stream = Stream(functools.partial(open_file, file, storage_options), codec(file.name), 1e9)
        text, taken = 0, 4 << 20
        while text < 32 * taken and stream.taken < taken and (data := stream.read(HEAD)):
            text += len(data)
        stream.close()
    except (OSError, BadRecord):
        return EXPANSION
    return text / max(stream.taken, 1)


def _sample(
    file: File,
    size: int,
    max_line: int,
    as_json: Sequence[str],
    storage_options: Mapping[str, Any] | None,
) -> list[dict[str, Any]]:
    """The rows of the head of a file, and of some places further in if it is large and plain.

    Where a place shows no row (its line is too long, or broken) the search goes on behind it.
    """
    kind = codec(file.name)
    places = [0]
    if kind is None and file.size > 4 * size:
        places = [file.size * k // _WINDOWS for k in range(_WINDOWS)]
    rows: list[dict[str, Any]] = []
    for place in places:
        share = size // len(places)
        try:
            stream = Stream(functools.partial(_at, file, place, storage_options), kind, 1e9)
        except OSError:  # told when the file is read
            return rows
        before = len(rows)
        for found in lines(
            stream, start=place, stop=place + _FAR, max_line=max_line, counted=False, chunk=share
        ):
            if isinstance(found, Chunk):
                rows.extend(_rows(found, as_json))
                if len(rows) > before and found.offset + found.end >= place + share:
                    break
        stream.close()
    return rows


def _at(file: File, place: int, storage_options: Mapping[str, Any] | None) -> BinaryIO:
    handle = open_file(file, storage_options)
    handle.seek(max(place - 1, 0))
    return handle


def _rows(chunk: Chunk, as_json: Sequence[str]) -> list[dict[str, Any]]:
    rows = []
    for raw in (
        chunk.data[chunk.first : chunk.end].tobytes().removeprefix(b"\xef\xbb\xbf").split(b"\n")
    ):
        if raw.strip(b" \t\r"):
            try:
                row = load_line(raw)
                row |= {name: None for name in as_json if name in row}
                if _depth(row) > _DEEPEST:  # no type is worth that
                    continue
                if _SURROGATE.search(raw):  # a name with half of a character is no column's
                    "".join(_names(row)).encode("utf-8")
                rows.append(row)
            except (BadRecord, UnicodeEncodeError):
                continue
    return rows


def _depth(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(_depth, inner), default=0)


def _names(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from value
    for item in value.values() if isinstance(value, dict) else value:
        if isinstance(item, dict | list):
            yield from _names(item)


def _columns(rows: list[dict[str, Any]]) -> dict[str, pa.DataType]:
    names = list(dict.fromkeys(name for row in rows for name in row))
    return {name: _agreed([row[name] for row in rows if name in row]) for name in names}


def _agreed(values: list[Any]) -> pa.DataType:
    """The type that holds most of the values of a column."""
    kinds = Counter(_kind(value) for value in values if value is not None)
    if not kinds:
        return pa.null()
    kind = kinds.most_common(1)[0][0]
    values = [value for value in values if value is not None and _kind(value) == kind]
    if kind == "text":
        return pa.string()
    if kind == "bool":
        return pa.bool_()
    if kind == "number":
        return _number(values)
    if kind == "list":
        return pa.list_(_agreed([item for value in values for item in value]))
    fields = _columns(values)
    return pa.struct(list(fields.items()))


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "text"
    return "list" if isinstance(value, list) else "struct"


def _number(values: list[Any]) -> pa.DataType:
    if any(isinstance(value, float) for value in values):
        return pa.float64()
    if max(values) >= 2**63 and min(values) >= 0:
        return pa.uint64()
    return pa.int64()


def types_of(rows: list[dict[str, Any]]) -> dict[str, pa.DataType]:
    """The columns of some objects, each of the type that holds most of its values."""
    return _columns(rows)


def columns_of(chunk: Chunk, as_json: Sequence[str] = ()) -> dict[str, pa.DataType]:
    """The columns of the lines of a chunk; lines that cannot be read are passed over."""
    found = _columns(_rows(chunk, as_json))
    return found | {name: pa.string() for name in as_json if name in found}
