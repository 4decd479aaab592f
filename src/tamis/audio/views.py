"""Recordings as measures see them: header, open recording, and samples of short ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from tamis.audio import apart
from tamis.audio.edited import Edits
from tamis.audio.formats import DEMUXERS, Header
from tamis.audio.header import header as read_header
from tamis.audio.header import kind
from tamis.audio.recording import Recording, checked_channel, whole
from tamis.codes import BadRecord
from tamis.errors import SettingError
from tamis.media import sandbox
from tamis.media.decoded import Decoded, behind
from tamis.media.pointers import ROWS, Media
from tamis.media.spans import seconds
from tamis.op import view

Isolate = bool | str | tuple[str, ...]

RATE = 16_000  # Hz of `speech`: what models of speech are trained on
LONGEST = 3600.0  # seconds of a recording that is held whole


class Waveform(NamedTuple):
    """The samples of a whole recording, float32 of [n, channels], at `rate` Hz."""

    samples: np.ndarray
    rate: int

    @property
    def nbytes(self) -> int:
        """Bytes in memory."""
        return self.samples.nbytes


@view(rows=ROWS)
def audio_header(media: Media, *, isolate: Isolate = "risky") -> Decoded[Header]:
    """What the first bytes say: `tamis.audio.formats.Header`, nothing decoded.

    `isolate` says for which formats a process of its own is asked, so that a file that kills its
    decoder costs that file: "risky" (what ffmpeg reads: AAC, Opus, containers), True, False, or
    several formats (`tamis.media.sandbox`).
    """
    sandbox.wanted(isolate, "wav")  # says what is wrong with the setting

    def load(row: int) -> Header:
        file = media.told(row, lambda: media.open(row))
        if away(isolate, media.told(row, lambda: kind(file))):
            return media.told(row, lambda: apart.header(media, row))
        return media.told(row, lambda: read_header(file))

    return Decoded(load, len(media))


@view(rows=ROWS, needs={"audio": ("soundfile", "av", "soxr")})
def recording(
    media: Media,
    audio_header: Decoded[Header],
    start: pd.Series | None = None,
    end: pd.Series | None = None,
    audio_channel: pd.Series | None = None,
    gain_db: pd.Series | None = None,
    remove_dc: pd.Series | None = None,
    sound_parts: pd.Series | None = None,
    *,
    channel: int | None = None,
    isolate: Isolate = "risky",
) -> Decoded[Recording]:
    """Open recordings, `start` to `end` seconds of them where those columns are there and not null.

    `channel` is one of a recording's channels, counted from 0; None: that of the column
    `audio_channel` where there is one and it is not null, else all, of which `mono` takes the mean.
    `gain_db`, `remove_dc` and `sound_parts` are edits (`tamis.audio.edited`) that all who read the
    samples see, where those columns are there and not null.
    """
    checked_channel(channel)
    starts, ends = seconds(start, len(media)), seconds(end, len(media))
    of_row = seconds(audio_channel, len(media))
    edits = Edits(len(media), gain_db, remove_dc, sound_parts)

    def load(row: int) -> Recording:
        header, span = behind(audio_header, row), (starts[row], ends[row])
        own = of_row[row] if channel is None else channel
        one = None if own is None else int(own)
        made = _opened(media, row, header, span, one, isolate)
        edited: Recording = media.told(row, lambda: edits.of(row, made))
        return edited

    return Decoded(load, len(media))


def opened(
    media: Media, row: int, start: float | None = None, end: float | None = None,
    isolate: Isolate = "risky",
) -> Recording:  # fmt: skip
    """The recording of one row; `BadRecord` where it cannot be opened."""
    header = behind(audio_header(media, isolate=isolate), row)
    return _opened(media, row, header, (start, end), None, isolate)


def _opened(
    media: Media, row: int, header: Header, span: tuple[float | None, float | None],
    channel: int | None, isolate: Isolate,
) -> Recording:  # fmt: skip
    make = (media, row, header, *span, channel, away(isolate, header.format))
    made: Recording = media.told(row, lambda: Recording(*make))
    return made


@view(rows=ROWS)
def speech(recording: Decoded[Recording], *, max_seconds: float = LONGEST) -> Decoded[np.ndarray]:
    """Whole recordings as models of speech take them: float32 of [n], one channel at 16 kHz.

    Longer ones than `max_seconds` are refused (`audio.too_long`): cut them first.
    """
    return _held(recording, max_seconds, lambda one: whole(one.mono(RATE)))


@view(rows=ROWS)
def waveform(recording: Decoded[Recording], *, max_seconds: float = LONGEST) -> Decoded[Waveform]:
    """Whole recordings at their own rate: `samples`, float32 of [n, channels], and `rate` in Hz."""
    return _held(recording, max_seconds, lambda one: Waveform(whole(one.blocks()), one.rate))


def away(isolate: Isolate, format: str) -> bool:
    """Whether a format is decoded in another process.

    >>> away("risky", "mp4"), away("risky", "wav"), away(("wav",), "wav")
    (True, False, True)
    """
    if isolate == "risky":
        return format in DEMUXERS
    return sandbox.wanted(isolate, format)


def _held(
    recording: Decoded[Recording], most: float, samples: Callable[[Recording], Any]
) -> Decoded[Any]:
    if not most > 0:
        raise SettingError(f"max_seconds={most}: a recording lasts longer than 0 s")

    def load(row: int) -> Any:
        one = behind(recording, row)
        if one.duration > most:
            detail = f"{one.place}: {one.duration:.1f} s; at most {most:g} s are held at once"
            raise BadRecord("audio.too_long", detail)
        if not one.frames:
            raise BadRecord("audio.empty", f"{one.place}: it has no samples")
        return samples(one)

    return Decoded(load, len(recording))
