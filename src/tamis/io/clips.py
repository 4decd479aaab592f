"""The rows that a run keeps as clips of video, within the run's accounting."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pandas as pd
import pyarrow as pa

from tamis.errors import SettingError
from tamis.io.clip_rows import ClipRows, check_clips
from tamis.io.sizes import size as parsed
from tamis.io.store import Store
from tamis.io.ustar import Archive
from tamis.io.write import FORMATS, WrittenFile
from tamis.io.writers import Put
from tamis.media.pieces import Content, Pieces

WRITER = "write_clips"
STORES = ("files", "tar")
_HOW = ("encode", "quality", "preset", "size", "sound", "snap", "preview", "preview_fps",
        "preview_height", "frames")  # fmt: skip


@dataclass(frozen=True)
class Clips:
    """Kept rows as clips: `pipeline.run(frame, out, format=tamis.Clips(encode="h264"))`.

    A row is the part of a video from `start` to `end` seconds, where it has these. `encode="copy"`
    copies packets, a thousand times as fast as encoding: the clip begins with the last keyframe at
    or before `start` (`snap="inside"`: the first at or after it, so that nothing of another shot is
    in it). "h264", "hevc", "vp9" and "av1", or an encoder by name ("h264_nvenc"), cut at the frame;
    `quality` is the encoder's constant quality (CRF), `preset` its effort, `size` brings the
    shorter side down. Sound is copied, `sound=False` leaves it out. `preview` ("webp", "gif") makes
    a small silent picture that moves, of at most 600 frames: of a long clip fewer a second, all of
    it. `frames` takes so many pictures a second out as JPEG.

    `store="files"` writes `<part>-<key>.mp4` and beside it `.webp`, `.0.jpg` …, `"tar"`
    WebDataset archives, with the row as JSON, of at most `samples` clips and about `target_size`
    bytes. Beside them stands a Parquet file of the rows: `path` (of archives `offset` and `size`,
    too), `source_start` and `source_end`, what was really cut out of the video, `duration`,
    `frame_count`, `width`, `height`, `codec`, `has_audio` of the clip. A row that cannot be cut
    goes to `dropped/` with `dropped_by` "write_clips". The container is that of the source where
    that is WebM, else MP4, or Matroska where MP4 has no place for the sound.

    >>> Clips(preview="webp").encode
    'copy'
    """

    on: str = "path"
    encode: str = "copy"
    quality: int | None = None
    preset: str | None = None
    size: int | None = None
    sound: bool = True
    snap: str = "before"
    preview: str | None = None
    preview_fps: float = 1.0
    preview_height: int = 240
    frames: float | None = None
    store: str = "files"
    key: str | None = None
    samples: int = 1000
    target_size: int | str = "1GB"
    source_options: Mapping[str, Any] = field(default_factory=dict)
    name: ClassVar[str] = WRITER
    format: ClassVar[str] = "clips"

    def __post_init__(self) -> None:
        if self.store not in STORES:
            raise SettingError(f"store must be one of {', '.join(STORES)}, found {self.store!r}")
        if type(self.samples) is not int or self.samples < 1:
            raise SettingError(f"samples={self.samples!r} is not a number of samples from 1 on")
        parsed("target_size", self.target_size)
        from tamis.video.clipping import cutting

        cutting(**self._how())

    @property
    def pointer(self) -> tuple[str, ...]:
        """The columns by which kept rows point into files of media."""
        return ("path", "offset", "size") if self.store == "tar" else ("path",)

    def check(self, meta: pd.DataFrame) -> None:
        """Raise `ColumnError` for columns that are not there, or cannot hold videos."""
        check_clips(meta, self.on, self.key)

    def put(self, frame: pd.DataFrame, stem: str, store: Store) -> Put:
        """Clips `<stem>-<key>.mp4`, or archives `<stem>-<n>.tar`, and their tables."""
        rows = ClipRows(frame, self.on, self.key, WRITER, False, self.source_options, self._how())
        limit = parsed("target_size", self.target_size)
        if self.store == "tar":
            files = list(put_archives(rows, stem, store, self.samples, limit))
        else:
            files = put_files(rows, stem, store)
        return Put(files, {row: why for row, why in rows.rows.dropped.items() if why is not None})

    def _how(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in _HOW}


def put_files(rows: ClipRows, stem: str, store: Store) -> list[WrittenFile]:
    """Each clip as a file, with what was made beside it, and a table of them."""
    written: list[WrittenFile] = []
    placed: list[tuple[int, dict[str, Any]]] = []
    paths: dict[str, list[str | None]] = {"path": [], "preview": []}
    base = os.path.basename(stem)
    for clip in rows.clips():
        key = rows.rows.key(clip.row)
        for end, data in clip.files:
            put = store.put(f"{stem}-{key}.{end}", copied(data), sync=False)
            written.append(WrittenFile(f"{stem}-{key}.{end}", 0, put.bytes, put.sha256))
        placed.append((clip.row, clip.facts))
        paths["path"].append(f"{base}-{key}.{clip.files[0][0]}")
        ends = [end for end, _ in clip.files[1:] if end == rows.how.preview]
        paths["preview"].append(f"{base}-{key}.{ends[0]}" if ends else None)
    if not placed:
        return []
    if rows.how.preview is None:
        del paths["preview"]
    own = {name: pa.array(values, pa.large_string()) for name, values in paths.items()}
    table = rows.table(placed, own)
    put = store.put(f"{stem}.parquet", FORMATS["parquet"](table, "zstd"))
    store.settle(os.path.dirname(stem))
    return [*written, WrittenFile(f"{stem}.parquet", len(placed), put.bytes, put.sha256)]


def copied(data: Content) -> bytes | memoryview | Callable[[Any], None]:
    """Bytes, or what writes them piece by piece into a file."""
    if not isinstance(data, Pieces):
        return data

    def write(file: Any) -> None:
        for piece in data:
            file.write(piece)

    return write


def put_archives(
    rows: ClipRows, stem: str, store: Store, samples: int, limit: int
) -> Iterator[WrittenFile]:
    """The clips in archives as WebDataset has them, each archive with its table."""
    part = os.path.basename(stem).partition(".")[0].removeprefix("part-")
    clips = rows.clips()
    held = next(clips, None)
    number = 0
    while held is not None:
        name = f"{stem}-{number}.tar"
        placed: list[tuple[int, dict[str, Any]]] = []
        places: list[tuple[int, int, str]] = []

        def fill(file: Any, placed: Any = placed, places: Any = places) -> None:
            nonlocal held
            archive = Archive(file)
            while held is not None and len(placed) < samples and archive.size < limit:
                facts = [(held.row, held.facts)]
                files = [*held.files, ("json", rows.lines(facts)[0])]
                key = rows.rows.key(held.row)
                if rows.rows.keys is None:  # names that no other partition has
                    key = f"{part}_{key}"
                names = [f"{key}.{end}".encode() for end, _ in files]
                offsets = archive.add(names, [data for _, data in files])
                placed.append(facts[0])
                places.append((offsets[0], len(files[0][1]), files[0][0]))
                held = next(clips, None)
            archive.close()

        put = store.put(name, fill)
        yield WrittenFile(name, len(placed), put.bytes, put.sha256)
        own = {
            "path": pa.array([os.path.basename(name)] * len(placed), pa.large_string()),
            "offset": pa.array([at for at, _, _ in places], pa.int64()),
            "size": pa.array([size for _, size, _ in places], pa.int64()),
            "ext": pa.array([end for _, _, end in places], pa.large_string()),
        }
        table = FORMATS["parquet"](rows.table(placed, own), "zstd")
        put = store.put(f"{stem}-{number}.parquet", table)
        yield WrittenFile(f"{stem}-{number}.parquet", len(placed), put.bytes, put.sha256)
        number += 1
