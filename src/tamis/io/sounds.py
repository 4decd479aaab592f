"""Recordings as they are written: whole files byte by byte, parts of them cut out and encoded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from tamis.codes import BadRecord
from tamis.errors import SettingError
from tamis.io.extensions import IMAGES, VIDEO
from tamis.media.pieces import Content
from tamis.media.pointers import Media

if TYPE_CHECKING:
    from tamis.audio.recording import Recording

ENCODINGS = ("wav", "flac", "opus")  # as in tamis.audio.encode, which is not imported for pictures
TIMES = ("start", "end", "audio_channel")  # what says which part of a recording a row is
EDITS = ("gain_db", "remove_dc", "sound_parts")  # what is done to it, as tamis.audio.edited says
WAS = {name: f"source_{name.removeprefix('audio_')}" for name in (*TIMES, *EDITS)}


@dataclass(frozen=True)
class Sound:
    """What a writer makes of recordings. `format` None: that of the source where it is lossless."""

    format: str | None = None
    rate: int | None = None
    mono: bool = False


def timed(dtypes: Mapping[Any, Any]) -> list[str]:
    """The columns that say what of a recording a row is; `start` and `end` may be other texts."""
    known = [name for name in WAS if name in dtypes]
    return [name for name in known if name == "sound_parts" or not _is_text(dtypes[name])]


def _is_text(dtype: Any) -> bool:
    return isinstance(dtype, pd.StringDtype)


def sound_settings(
    dtypes: Mapping[Any, Any], encode: str | None, cut: bool, rate: int | None, mono: bool
) -> Sound | None:
    """A writer's settings for recordings; None where bytes are copied whatever they are."""
    format = encode if encode in ENCODINGS else None
    wanted = format is not None or rate is not None or mono
    if wanted and encode is not None and format is None:
        raise SettingError(f"rate and mono are for recordings; encode={encode!r} is for pictures")
    if not cut:
        if wanted:
            raise SettingError("cut=False copies whole files; encode, rate and mono change them")
        return None
    if not wanted and not timed(dtypes):
        return None
    if wanted:
        from tamis.audio.encode import check

        check(format, rate)
    return Sound(format, rate, bool(mono))


class Facts:
    """What a recording that is written holds."""

    __slots__ = ("channels", "frames", "rate", "whole")

    def __init__(self, rate: int, channels: int, frames: int, whole: bool) -> None:
        self.rate, self.channels, self.frames, self.whole = rate, channels, frames, whole

    @property
    def duration(self) -> float:
        """Seconds."""
        return self.frames / self.rate


class Sounds:
    """The recordings of a partition; `made(row)` gives what is not copied as it is.

    Row `k` of the frame is row `k * stride` of `media`. `facts` says what the rows read so far
    hold, where it was looked at.
    """

    def __init__(self, frame: pd.DataFrame, media: Media, sound: Sound, stride: int = 1) -> None:
        from tamis.audio.edited import Edits
        from tamis.audio.views import audio_header

        self.media, self.sound, self.stride = media, sound, stride
        self.headers = audio_header(media)
        rows = len(frame)
        known = timed(dict(frame.dtypes))
        given: dict[str, pd.Series] = {name: frame[name] for name in known}
        self.start, self.end, self.channel = (_numbers(given, name, rows) for name in TIMES)
        self.edits = Edits(rows, *(given.get(name) for name in EDITS))
        self.facts: dict[int, Facts] = {}

    def asked(self, row: int) -> bool:
        """Whether anything but the bytes as they are is wanted of a row."""
        sound = self.sound
        if sound.format is not None or sound.rate is not None or sound.mono:
            return True
        if self.edits.wanted(row):
            return True
        whole = not self.start[row] and self.end[row] is None  # None, or from the beginning
        return not whole or self.channel[row] is not None

    def recording(self, row: int) -> Recording:
        """The part of a recording that a row is, opened."""
        from tamis.audio.recording import Recording
        from tamis.audio.views import away

        place = row * self.stride
        header = self.headers[place]
        if header is None:
            code, _, detail = self.headers.problems[place].partition(": ")
            raise BadRecord(code, detail)
        channel = self.channel[row]
        one = Recording(
            self.media, place, header, self.start[row], self.end[row],
            None if channel is None else int(channel), away("risky", header.format),
        )  # fmt: skip
        return self.edits.of(row, one)

    def look(self, row: int) -> Facts:
        """What a row holds, as its header says."""
        one = self.recording(row)
        header = one.header
        whole = not one.start and one.frames >= header.frames and one.channels == header.channels
        whole = whole and not self.edits.wanted(row)
        self.facts[row] = Facts(one.rate, one.channels, one.frames, whole)
        return self.facts[row]

    def made(self, row: int, told: str | None = None) -> tuple[Content, str] | None:
        """A file made of a row, and its extension; None where its bytes are copied as they are.

        `told` is the extension that the row has a column for. Raises `BadRecord`.
        """
        place, sound = row * self.stride, self.sound
        if not self.asked(row):
            return None
        ending = (told or self.media.name(place).rpartition(".")[2]).lower()
        if sound.format is None and ending in IMAGES:  # a frame of a video, or a page of a book
            return None
        if sound.format is None and ending in VIDEO:
            detail = f"a part of a video ({ending}): tamis.Clips and write_clips cut it out; "
            detail += "cut=False copies it whole"
            raise BadRecord("encode.format", detail)
        one = self.recording(row)
        if self._as_it_is(self.look(row), one):
            return None
        from tamis.audio.encode import encoded

        lossless = one.header.format if one.header.format in ENCODINGS else "flac"
        format = sound.format or lossless
        file = encoded(one, format, rate=sound.rate, mono=sound.mono)
        self.facts[row] = Facts(file.rate, file.channels, file.frames, True)
        return file.content, format

    def _as_it_is(self, facts: Facts, one: Recording) -> bool:
        sound, header = self.sound, one.header
        return (
            facts.whole
            and sound.format in (None, header.format)
            and sound.rate in (None, header.rate)
            and not (sound.mono and header.channels > 1)
        )


def materialised(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame of rows that are whole files now; which parts they were, in columns `source_…`."""
    there = {name: WAS[name] for name in timed(dict(frame.dtypes))}
    return frame.rename(columns={k: v for k, v in there.items() if v not in frame})


def _numbers(frame: Mapping[Any, Any], name: str, rows: int) -> list[float | None]:
    if name not in frame:
        return [None] * rows
    from tamis.media.spans import seconds

    return seconds(frame[name], rows)
