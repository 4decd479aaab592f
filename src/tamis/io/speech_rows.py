"""The recordings of a partition for writers of manifests: where each is, and what it holds."""

from __future__ import annotations

import math
import os
import zlib
from collections.abc import Callable
from typing import Any, NamedTuple

import pandas as pd

from tamis.codes import BadRecord
from tamis.errors import ColumnError, SettingError
from tamis.io.media_rows import MediaRows, check_column
from tamis.io.sounds import Facts, Sound, sound_settings
from tamis.io.store import Store
from tamis.io.write import WrittenFile
from tamis.media.columns import Pointer
from tamis.media.pieces import Content, pieces
from tamis.spelling import no_column

STATED = ("manifest_duration", "duration", "sampling_rate")  # what is looked at anew


class Placed(NamedTuple):
    """Where the recording of a row is: `path`, and of `whole` the frames from `first` on.

    `held` is what the row holds, `whole` the file.
    """

    path: str
    first: int
    held: Facts
    whole: Facts


class SpeechRows:
    """The rows of a partition; `pointed` and `stored` say where each is, or note why not."""

    def __init__(
        self, frame: pd.DataFrame, on: str, writer: str, raising: bool, options: dict[str, Any],
        sound: Sound,
    ) -> None:  # fmt: skip
        self.rows = MediaRows(frame, on, writer, raising, options, None, sound)
        assert self.rows.sounds is not None
        self.sounds = self.rows.sounds

    def pointed(self, row: int) -> Placed | None:
        """Where a row points to; None for one that points to no file of its own."""
        return self._tried(row, lambda: self._pointed(row))

    def stored(self, row: int, folder: str, store: Store) -> Placed | None:
        """The row as a file in a folder of the store; its path is relative to the store."""
        found = self.content(row)
        if found is None:
            return None
        content, end, held = found
        name = f"{folder}/{self.rows.key(row)}.{end}"
        try:
            store.put(name, _copied(content), sync=False, digest=False)
        except BadRecord as bad:  # it broke off half-way
            store.remove(name)
            self.rows.drop(row, bad)
            return None
        return Placed(name, 0, held, held)

    def content(self, row: int) -> tuple[Content, str, Facts] | None:
        """The bytes of a row as a file of its own, their extension, and what they hold."""
        found = self.rows.read(row, self.rows.media.content)
        if found is None:
            return None
        held = self._tried(row, lambda: self.sounds.facts.get(row) or self.sounds.look(row))
        return None if held is None else (*found, held)

    def _pointed(self, row: int) -> Placed:
        pointer = self.rows.media.pointers[row]
        if pointer is None:
            raise BadRecord("media.null", "the row points to no file and holds no bytes")
        if not isinstance(pointer, Pointer) or pointer.offset is not None:
            detail = "its bytes are within an archive or a row, where no manifest can point to"
            raise BadRecord("media.source", f"{detail}; write them with store='files'")
        if self.sounds.edits.wanted(row):
            detail = "its sound is edited (gain_db, remove_dc, sound_parts)"
            raise BadRecord("media.source", f"{detail}; write it with store='files'")
        one = self.sounds.recording(row)
        header = one.header
        if one.channels != header.channels:
            detail = "it is one channel of several; write it with store='files'"
            raise BadRecord("media.source", detail)
        path = pointer.path if "://" in pointer.path else os.path.abspath(pointer.path)
        held = self.sounds.look(row)
        whole = Facts(header.rate, header.channels, header.frames, True)
        return Placed(path, round(one.start * header.rate), held, whole)

    def _tried(self, row: int, function: Callable[[], Any]) -> Any:
        if self.rows.before[row]:
            self.rows.dropped[row] = None
            return None
        try:
            return function()
        except BadRecord as bad:
            self.rows.drop(row, bad)
            return None


def seconds(frames: int, rate: int) -> float:
    """Frames as seconds from which every tool gets the same frames back, also if it cuts off.

    >>> int(29 / 100 * 100), int(seconds(29, 100) * 100)
    (28, 29)
    """
    found = frames / rate
    return found if int(found * rate) >= frames else math.nextafter(found, math.inf)


def check(
    df: Any, on: str, store: str, known: tuple[str, ...], encode: str | None, rate: int | None,
    mono: bool,
) -> Sound:  # fmt: skip
    """A writer's settings; refuse what cannot be."""
    if store not in known:
        raise SettingError(f"store must be one of {', '.join(known)}, found {store!r}")
    if "id" not in df.columns:
        raise ColumnError(no_column("id", df.columns))
    check_column(df, on, on)
    if encode is not None or rate is not None or mono:
        if store == "pointers":
            raise SettingError(
                "encode, rate and mono change recordings; store='files' writes them anew"
            )
        from tamis.audio.encode import check as check_sound

        check_sound(encode, rate)
    return sound_settings({}, encode, True, rate, mono) or Sound()


def _copied(content: Content) -> Callable[[Any], None]:
    def write(file: Any) -> None:
        for piece in pieces(content):
            file.write(piece)

    return write


def one_list(
    name: str, folders: set[str], found: list[list[WrittenFile]], store: Store
) -> list[WrittenFile]:
    """The lists of all partitions as one of this name, compressed if it ends in `.gz`.

    `folders` is told the folders of recordings that go with them.
    """
    files = [file for files in found for file in files]
    lists = [file for file in files if file.name.endswith(".jsonl")]
    folders.update(file.name.removesuffix(".jsonl") for file in lists)

    def content(out: Any) -> None:
        # zlib writes a header without time or name: the same rows give the same bytes.
        packer = zlib.compressobj(6, zlib.DEFLATED, 31) if name.endswith(".gz") else None
        for file in lists:
            lines = store.read(file.name)
            out.write(lines if packer is None else packer.compress(lines))
        if packer is not None:
            out.write(packer.flush())

    put = store.put(name, content)
    for file in lists:
        store.remove(file.name)
    whole = WrittenFile(name, sum(file.rows for file in lists), put.bytes, put.sha256)
    return [whole, *(file for file in files if file not in lists)]
