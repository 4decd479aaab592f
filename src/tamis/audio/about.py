"""What the first bytes of a recording say: its length, form and coding. Nothing is decoded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from tamis.audio.formats import FORMATS, Header
from tamis.audio.recording import Recording
from tamis.media.decoded import each
from tamis.media.pointers import Media
from tamis.op import measure

_INFINITE = float("inf")

Headers = Sequence[Header | None]
Recordings = Sequence[Recording | None]


@measure(dtype="float64", range=(0, _INFINITE))
def duration(recording: Recordings) -> np.ndarray:
    """Seconds by the header, of the part from `start` to `end` where those are given.

    NeMo's and most manifests' `duration`. For an MP3 without a count of its frames it is an
    estimate by the bit rate.
    """
    return each(recording, lambda one: one.duration)


@measure(dtype="float64", range=(0, _INFINITE), heavy=True)
def decoded_duration(recording: Recordings) -> np.ndarray:
    """Seconds that there are when all is decoded, of the part from `start` to `end`.

    Null, with the decoder's reason, for what is damaged: MP3 and FLAC with garbled frames have
    sound headers, so `duration` and all that looks at headers alone lets them pass. It costs a
    decode, which is not shared with other measures: those of samples find damage, too.
    """
    return each(recording, _decoded)


def _decoded(one: Recording) -> float:
    return sum(map(len, one.blocks())) / one.rate


def _each(headers: Headers, field: Callable[[Header], Any], dtype: str = "Int64") -> pd.Series:
    values = [None if header is None else field(header) for header in headers]
    return pd.Series(values, dtype=dtype)


@measure(dtype="Int64", range=(1, 1 << 22))
def sample_rate(audio_header: Headers) -> pd.Series:
    """Samples a second, in Hz. That a file has 48,000 does not say that it holds high frequencies.

    Speech recognition takes 16,000; `bandwidth` tells what is there.
    """
    return _each(audio_header, lambda h: h.rate)


@measure(dtype="Int64", range=(1, 1024))
def channels(audio_header: Headers) -> pd.Series:
    """How many channels the file has."""
    return _each(audio_header, lambda h: h.channels)


@measure(dtype="Int64", range=(1, 64))
def bit_depth(audio_header: Headers) -> pd.Series:
    """Bits of a stored sample: 16 mostly; null for lossy codecs (MP3, AAC, Opus), which have none.

    8 for mu-law and A-law, 32 or 64 for floating-point samples.
    """
    return _each(audio_header, lambda h: h.bits)


@measure(dtype="string", values=FORMATS)
def format(audio_header: Headers) -> pd.Series:
    """What the bytes are: "wav", "flac", "mp3", "ogg" (Vorbis), "opus", "mp4" (M4A), "webm".

    The first bytes are asked, not the file's name (`tamis.audio.formats.FORMATS`).
    """
    return _each(audio_header, lambda h: h.format, "str")


@measure(dtype="string")
def codec(audio_header: Headers) -> pd.Series:
    """How samples are stored: "pcm_s16", "pcm_f32", "mulaw", "flac", "mp3", "vorbis", "aac".

    In ffmpeg's words, without the byte order.
    """
    return _each(audio_header, lambda h: h.subtype, "str")


@measure(dtype="float64", range=(0, _INFINITE))
def bit_rate(audio_header: Headers, media: Media) -> np.ndarray:
    """Bits a second of the whole file, in kbit/s: its bytes by its duration.

    128 and more for MP3 of music, 16 to 32 for speech in Opus, 256 for 16-bit WAV at 16 kHz. Null
    for a recording without samples.
    """
    found = np.full(len(audio_header), np.nan)
    for row in range(len(audio_header)):
        header = audio_header[row]
        if header is not None and header.frames:
            found[row] = len(media.open(row)) * 8 / header.duration / 1000
    return found


@measure(dtype="float64", range=(0, 1))
def missing_ratio(audio_header: Headers) -> np.ndarray:
    """Share of the samples that a WAV file's header announces which the file does not hold.

    0 for a sound file, 0.5 for one cut in the middle. Null where the header says no length, as in
    files written to a pipe, and for other formats: of those, decoding tells (`decode.truncated`).
    """
    return each(audio_header, _missing)


def _missing(header: Header) -> float:
    if header.present is None or header.announced is None:
        return float("nan")
    return max(0.0, 1 - header.present / header.announced) if header.announced else 0.0
