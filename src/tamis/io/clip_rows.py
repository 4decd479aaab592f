"""The clips of a partition for writers: what is made of each row, and what the table says of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import pandas as pd
import pyarrow as pa

from tamis.codes import BadRecord
from tamis.errors import ColumnError
from tamis.io.columns import arrow_column
from tamis.io.json_text import json_lines
from tamis.io.media_rows import MediaRows, check_column
from tamis.io.sample_names import safe_key, unique
from tamis.media.pieces import Content
from tamis.media.spans import seconds
from tamis.spelling import no_column

TIMES = ("start", "end")
FACTS = ("duration", "frame_count", "width", "height", "codec", "has_audio")
OWN = (*TIMES, *(f"source_{name}" for name in TIMES), *FACTS)


class Clipped(NamedTuple):
    """A row that became a clip: its files by extension, the clip first, and facts about it."""

    row: int
    files: list[tuple[str, Content]]
    facts: dict[str, Any]


class ClipRows:
    """The rows of a partition; `clips()` gives those that could be made, in their order."""

    def __init__(
        self, frame: pd.DataFrame, on: str, key: str | None, writer: str, raising: bool,
        options: Mapping[str, Any], how: Mapping[str, Any],
    ) -> None:  # fmt: skip
        from tamis.video.clipping import cutting

        self.frame, self.how = frame, cutting(**how)
        self.rows = MediaRows(frame, on, writer, raising, dict(options), None)
        if key is not None:
            names = pa.array(frame[key], from_pandas=True).cast(pa.large_string()).to_pylist()
            keys = (safe_key(name or "").replace("/", "_") for name in names)
            self.rows.keys = unique(keys)
        given = [seconds(frame.get(name), len(frame)) for name in TIMES]
        self.spans = list(zip(*given, strict=True))
        gone = (*OWN, "preview", "frame_seconds")
        self.others = [name for name in self.rows.others if name not in gone]

    def clips(self) -> Iterator[Clipped]:
        """Make them; why others could not be made is noted."""
        from tamis.video.clipping import clips_of

        rows = []
        for row, before in enumerate(self.rows.before):
            if before:
                self.rows.dropped[row] = None
            else:
                rows.append(row)
        spans = [self.spans[row] for row in rows]
        longest = max((b - (a or 0.0) for a, b in spans if b is not None), default=600.0)
        if any(b is None for _, b in spans):
            longest = max(longest, 3600.0)
        made = clips_of(self.rows.media, rows, spans, self.how, longest)
        for row, one in zip(rows, made, strict=True):
            if isinstance(one, BadRecord):
                self.rows.drop(row, self.rows.media.blame(row, one))
                continue
            files: list[tuple[str, Content]] = [(one.clip.ext, one.clip.data)]
            if not len(one.clip.data):  # a whole file: its bytes, piece by piece
                found = self.rows.read(row, self.rows.media.content)
                if found is None:
                    continue
                files = [(found[1], found[0])]
            if one.preview is not None:
                files.append((str(self.how.preview), one.preview))
            files += [(f"{k}.jpg", data) for k, (_, data) in enumerate(one.pictures)]
            yield Clipped(row, files, self._facts(one))

    def table(self, clipped: list[tuple[int, dict[str, Any]]], own: Mapping[str, Any]) -> pa.Table:
        """What is said of clips: `own` columns, those of the frame, what was cut, what it holds."""
        kept = [row for row, _ in clipped]
        columns: dict[str, Any] = dict(own)
        for name in self.others:
            if name not in columns:
                columns[str(name)] = arrow_column(self.frame[name].iloc[kept])
        types = {"codec": pa.large_string(), "has_audio": pa.bool_()}
        types |= dict.fromkeys(("frame_count", "width", "height"), pa.int64())
        for name in OWN:
            values = [facts[name] for _, facts in clipped]
            columns[name] = pa.array(values, types.get(name, pa.float64()))
        if self.how.frames is not None:
            times = [facts["frame_seconds"] for _, facts in clipped]
            columns["frame_seconds"] = pa.array(times, pa.list_(pa.float64()))
        return pa.table(columns)

    def lines(self, clipped: list[tuple[int, dict[str, Any]]]) -> list[bytes]:
        """The same of each clip as JSON."""
        table = self.table(clipped, {})
        rest = b"".join(json_lines(table.drop_columns(list(TIMES)))).split(b"\n")
        return rest[: len(clipped)]

    def _facts(self, made: Any) -> dict[str, Any]:
        clip = made.clip
        return {
            "start": None, "end": None, "source_start": round(clip.start, 6),
            "source_end": round(clip.end, 6), "duration": round(clip.end - clip.start, 6),
            "frame_count": clip.frames, "width": clip.width, "height": clip.height,
            "codec": clip.codec, "has_audio": clip.sound,
            "frame_seconds": [at for at, _ in made.pictures],
        }  # fmt: skip


def check_clips(frame: Any, on: str, key: str | None) -> None:
    """Raise `ColumnError` for columns that are not there, or cannot hold videos and their times."""
    check_column(frame, on, on)
    if key is not None and key not in frame.columns:
        raise ColumnError(f"key: {no_column(key, frame.columns)}")
    for name in TIMES:
        if name in frame.columns and isinstance(frame.dtypes[name], pd.StringDtype):
            raise ColumnError(f"column {name!r} holds text, not the seconds of a clip")
