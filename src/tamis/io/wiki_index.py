"""The index of a multistream dump: where in it each page is, `offset:number:title` a line."""

from __future__ import annotations

import bisect
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tamis.errors import DataError
from tamis.io.compression import Stream, codec
from tamis.io.files import File, find_files, open_file

_NAME = re.compile(r"multistream(\d*)\.xml(-p\d+p\d+)?\.bz2$")
IS_INDEX = re.compile(r"-index\d*\.txt(-p\d+p\d+)?(\.\w+)?$")
_LONGEST = 16 << 10  # bytes of a line: a title has 255


@dataclass
class Found:
    """The pages that were asked for: numbers, by the byte at which their stream begins."""

    streams: dict[int, list[str]] = field(default_factory=dict)
    ends: dict[int, int | None] = field(default_factory=dict)


def index_of(file: File) -> str | None:
    """Where the index of a dump is, by the names that Wikimedia gives.

    >>> from tamis.io.files import File
    >>> index_of(File("/d/enwiki-1-pages-articles-multistream3.xml-p1p9.bz2", "", 0, ""))
    '/d/enwiki-1-pages-articles-multistream-index3.txt-p1p9.bz2'
    """
    folder, slash, name = file.url.rpartition("/")
    made, count = _NAME.subn(r"multistream-index\1.txt\2.bz2", name)
    return folder + slash + made if count else None


def look_up(
    file: File, index: str | os.PathLike[str] | None, wanted: Iterable[str | int],
    options: Mapping[str, Any],
) -> tuple[Found, set[str | int]]:  # fmt: skip
    """Where pages are, by title or number, and which of them the index has not.

    The index is read once, in constant memory. `DataError` for one that is damaged or not there.
    """
    place = index if index is not None else index_of(file)
    if place is None:
        raise DataError(f"{file.url} has no index by its name; pass index=")
    try:
        (source,) = find_files(place, (".txt", ".bz2"), options)
    except DataError as error:
        raise DataError(f"pages= needs the index of the dump: {error}; pass index=") from None
    titles = {name: name for name in wanted if isinstance(name, str)}
    numbers = {str(n): n for n in wanted if isinstance(n, int)}
    missing = set(titles.values()) | set(numbers.values())
    found, offsets = Found(), []
    last = -1
    for row in _lines(source, options):
        offset, number, title = row
        if offset != last:
            if offset < last:
                raise DataError(f"{source.url}: the places of streams are not in order")
            offsets.append(offset)
            last = offset
        named = titles.get(title, numbers.get(number))
        if named is not None:
            missing.discard(named)
            missing.discard(numbers.get(number, named))
            found.streams.setdefault(offset, []).append(number)
    for offset in found.streams:
        after = bisect.bisect_right(offsets, offset)
        found.ends[offset] = offsets[after] if after < len(offsets) else None
    return found, missing


def _lines(source: File, options: Mapping[str, Any]) -> Iterable[tuple[int, str, str]]:
    from tamis.codes import BadRecord

    stream = Stream(lambda: open_file(source, options), codec(source.name), 1000.0)
    rest, count = b"", 0
    try:
        while data := stream.read(1 << 20):
            *lines, rest = (rest + data).split(b"\n")
            if len(rest) > _LONGEST:
                raise DataError(f"{source.url}: line {count + len(lines) + 1} has no end")
            for line in lines:
                count += 1
                yield _parsed(line, source, count)
        if rest:
            yield _parsed(rest, source, count + 1)
    except BadRecord as bad:
        raise DataError(f"{source.url}: {bad.code}: {bad.detail}") from None
    finally:
        stream.close()


def _parsed(line: bytes, source: File, count: int) -> tuple[int, str, str]:
    parts: Sequence[str] = line.decode("utf-8", "replace").rstrip("\r").split(":", 2)
    if len(parts) != 3 or not (parts[0].isdecimal() and parts[1].isdecimal()):
        raise DataError(f"{source.url}, line {count}: no offset:number:title, but {line[:80]!r}")
    return int(parts[0]), parts[1], parts[2]
