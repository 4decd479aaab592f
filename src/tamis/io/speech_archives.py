"""The recordings of a partition in tar archives, each with a list of the rows in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import pandas as pd
import pyarrow as pa

from tamis.codes import BadRecord
from tamis.errors import SettingError
from tamis.io.sample_names import safe_key, unique
from tamis.io.sizes import size as parsed
from tamis.io.sounds import Facts
from tamis.io.speech_rows import Placed, SpeechRows
from tamis.io.store import Store
from tamis.io.ustar import Archive
from tamis.io.write import WrittenFile
from tamis.media.pieces import Content
from tamis.spelling import no_column

Beside = Callable[[str, Facts], list[tuple[str, bytes]]]
Lines = Callable[[Mapping[int, Placed], str], WrittenFile]


class Limits(NamedTuple):
    """How much an archive holds: so many rows, about so many bytes."""

    samples: int
    target_size: int


def limits(samples: int, target_size: int | str) -> Limits:
    """The settings of a writer of archives; refuse what cannot be."""
    if type(samples) is not int or samples < 1:
        raise SettingError(f"samples={samples!r} is not a number of samples from 1 on")
    return Limits(samples, parsed("target_size", target_size))


def keys_of(frame: pd.DataFrame, key: str) -> list[str]:
    """The names of files by a column."""
    names = pa.array(frame[key], from_pandas=True).cast(pa.large_string()).to_pylist()
    return unique(safe_key(name or "") for name in names)


def check_key(df: Any, key: str | None) -> None:
    """Refuse a column of names that is not there."""
    if key is not None and key not in df.columns:
        raise SettingError(f"key: {no_column(key, df.columns)}")


def archives(
    speech: SpeechRows, stem: str, store: Store, most: Limits,
    name_of: Callable[[int], str], beside: Beside, lines: Lines,
) -> Iterator[WrittenFile]:  # fmt: skip
    """Put the rows of a partition into archives `<stem>-0.tar` …, each followed by its list.

    `name_of(row)` is the name of a member without its extension; `beside(name, held)` are more
    members that follow it. `lines(placed, name)` puts the list, `<stem>-0.jsonl` …
    """
    rows, count, row, number = speech.rows, len(speech.rows.frame), 0, 0
    while row < count:
        placed: dict[int, Placed] = {}
        first = row

        def fill(file: Any, placed: dict[int, Placed] = placed, first: int = first) -> None:
            nonlocal row
            placed.clear()
            archive, row = Archive(file), first
            while row < count and len(placed) < most.samples and archive.size < most.target_size:
                found = None if row in rows.dropped else speech.content(row)
                row += 1
                if found is None:
                    continue
                content, end, held = found
                stem_of = name_of(row - 1)
                more = beside(stem_of, held)
                names = [f"{stem_of}.{end}", *(name for name, _ in more)]
                contents: list[Content] = [content, *(data for _, data in more)]
                try:
                    archive.add([name.encode() for name in names], contents)
                except BadRecord as bad:
                    raise _Torn(row - 1, bad) from None
                placed[row - 1] = Placed(names[0], 0, held, held)
            archive.close()

        name = f"{stem}-{number}.tar"
        while True:
            try:
                put = store.put(name, fill, digest=False)
                break
            except _Torn as torn:
                rows.drop(torn.row, torn.bad)
        if not placed:
            store.remove(name)
            continue
        yield WrittenFile(name, len(placed), put.bytes, put.sha256)
        yield lines(placed, f"{stem}-{number}.jsonl")
        number += 1


class _Torn(Exception):
    """A recording that broke off while it was copied into an archive."""

    def __init__(self, row: int, bad: BadRecord) -> None:
        super().__init__(row)
        self.row, self.bad = row, bad
