"""Recordings as exhibits: a spectrogram, and the same seconds to listen to."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from markupsafe import Markup

from tamis.codes import BadRecord
from tamis.exhibits.form import Exhibit, Form, Source
from tamis.exhibits.spectrogram import png, spectrogram

RATES = (8_000, 12_000, 16_000, 24_000, 48_000)  # Hz that Opus knows
RATE = 2_600  # bytes of a snippet's second: 20 kbit/s, speech and noise are heard as they are
QUALITY = 0.94  # libsndfile's compression level that gives that
LEAST = 0.5  # seconds: what is shorter is no use to the ear
LONGEST = 60.0  # seconds
_SOUND = frozenset(
    ["wav", "flac", "mp3", "ogg", "opus", "speex", "aiff", "au", "caf", "w64", "amr", "aac"]
)  # formats that hold nothing else


def make(source: Source, side: int, most: int) -> Exhibit:
    """The first seconds of a recording, as many as `most` bytes hold.

    Channels are mixed; above 48 kHz nothing is shown.
    """
    from tamis.audio.views import opened

    recording = opened(source.media, source.row, source.start, source.end)
    if not recording.frames:
        raise BadRecord("audio.empty", f"{recording.place}: it has no samples")
    rate = next((rate for rate in RATES if rate >= recording.rate), RATES[-1])
    width, height = side, max(24, side * 2 // 5)
    seconds = min(LONGEST, most / RATE)
    while True:
        samples = _beginning(recording, rate, seconds)
        picture = png(spectrogram(samples, rate, width, height))
        snippet = encoded(samples, rate)
        size = len(picture) + len(snippet)
        if size <= most:
            return Exhibit("audio", picture, "image/png", width, height, "", snippet, "audio/ogg")
        seconds = min(seconds, len(samples) / rate) * 0.9 * most / size
        if seconds < LEAST:
            return (
                Exhibit("audio", picture, "image/png", width, height)
                if len(picture) <= most
                else Exhibit("audio")
            )


def encoded(samples: np.ndarray, rate: int) -> bytes:
    """Mono samples as Ogg Opus, which all browsers play."""
    import soundfile

    packed = io.BytesIO()
    samples = np.clip(np.nan_to_num(samples, nan=0.0, posinf=1.0, neginf=-1.0), -1.0, 1.0)
    with soundfile.SoundFile(
        packed, "w", rate, 1, "OPUS", format="OGG", compression_level=QUALITY
    ) as file:
        file.write(samples)
    return packed.getvalue()


def _beginning(recording: Any, rate: int, seconds: float) -> np.ndarray:
    """The first seconds in mono; whatever there is, where the data ends early."""
    wanted, found, length = round(seconds * rate), [np.empty(0, np.float32)], 0
    for block in recording.mono(rate=rate, seconds=min(seconds, 10.0)):
        found.append(block)
        length += len(block)
        if length >= wanted:
            break
    return np.concatenate(found)[:wanted]


def html(exhibit: Exhibit, picture: str, snippet: str) -> Markup:
    """The spectrogram, and what plays it beneath."""
    shown = Markup('<img class="picture" src="{}" width="{}" height="{}" alt="">').format(
        picture, exhibit.width, exhibit.height
    )
    if not exhibit.plays:
        return shown
    return shown + Markup('<audio controls preload="none" src="{}"></audio>').format(snippet)


def begins(data: bytes) -> bool:
    """Whether bytes look like a recording of a format that is read here."""
    from tamis.audio.formats import sniff

    try:
        return sniff(data) in _SOUND
    except BadRecord:
        return False


FORM = Form(
    "audio", make, html, begins,
    frozenset(["wav", "flac", "mp3", "ogg", "oga", "opus", "m4a", "aac", "aif", "aiff", "amr"]),
    weight=3,
)  # fmt: skip
