"""What libsndfile reads: FLAC, MP3, Vorbis, AIFF, and the rarer codecs of WAV."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from tamis.audio import lengths, ogg
from tamis.audio.formats import HEAD, Header, id3_size
from tamis.audio.needs import needed
from tamis.codes import BadRecord
from tamis.media.reader import Reader

_CODECS = {
    "PCM_S8": ("pcm_s8", 8), "PCM_U8": ("pcm_u8", 8), "PCM_16": ("pcm_s16", 16),
    "PCM_24": ("pcm_s24", 24), "PCM_32": ("pcm_s32", 32), "FLOAT": ("pcm_f32", 32),
    "DOUBLE": ("pcm_f64", 64), "ULAW": ("mulaw", 8), "ALAW": ("alaw", 8),
    "IMA_ADPCM": ("adpcm_ima", 4), "MS_ADPCM": ("adpcm_ms", 4), "GSM610": ("gsm", None),
    "VORBIS": ("vorbis", None), "OPUS": ("opus", None), "MPEG_LAYER_I": ("mp1", None),
    "MPEG_LAYER_II": ("mp2", None), "MPEG_LAYER_III": ("mp3", None),
    "ALAC_16": ("alac", 16), "ALAC_20": ("alac", 20), "ALAC_24": ("alac", 24),
    "ALAC_32": ("alac", 32), "G721_32": ("g721", 4), "G723_24": ("g723", 3),
    "G723_40": ("g723", 5), "NMS_ADPCM_16": ("adpcm_nms", 2), "VOX_ADPCM": ("adpcm_vox", 4),
    "DPCM_8": ("dpcm", 8), "DPCM_16": ("dpcm", 16), "DWVW_12": ("dwvw", 12),
    "DWVW_16": ("dwvw", 16), "DWVW_24": ("dwvw", 24),
}  # fmt: skip
_UNKNOWN = 1 << 62  # frames: what libsndfile says where the header says none
_PREROLL = {"mp3": 1152 * 12, "mp2": 1152 * 2, "mp1": 384 * 4}  # frames that a decoder settles in


def header(file: Reader, format: str) -> Header:
    """What libsndfile says of a file."""
    if format == "ogg":
        ogg.last_page(file)
    with _opened(file, format) as sound:
        codec, bits = _CODECS.get(sound.subtype, (sound.subtype.lower(), None))
        if format == "flac":
            codec = "flac"
        frames: int | None = sound.frames if sound.frames < _UNKNOWN else None
        if frames is None:
            frames = sum(len(part) for part in _parts(sound, file, 1 << 16))
        announced = sound.frames
        frames = round(frames * lengths.missing(file, format))
        slack: int | None = 0
        if codec in _PREROLL:
            slack = None if not _counted(file) else sound.samplerate // 4
        return Header(
            format, codec, sound.samplerate, sound.channels, frames, bits, announced, None, slack
        )


def blocks(
    file: Reader, header: Header, first: int, stop: int | None, size: int
) -> Iterator[np.ndarray]:
    """Frames from `first` to `stop`, float32 of [n, channels], `size` at a time."""
    with _opened(file, header.format) as sound:
        early = max(0, first - _PREROLL.get(header.subtype, 0))
        if early:
            with _told(file):
                sound.seek(early)
        skip, left = first - early, None if stop is None else stop - early
        for part in _parts(sound, file, size, left):
            if skip < len(part):
                yield part[skip:] if skip else part
            skip = max(0, skip - len(part))


def _parts(sound: Any, file: Reader, size: int, left: int | None = None) -> Iterator[np.ndarray]:
    while left is None or left > 0:
        with _told(file):
            wanted = size if left is None else min(size, left)
            part = sound.read(wanted, dtype="float32", always_2d=True)
        file.check()
        if len(part):
            yield part
        if len(part) < wanted:
            return
        if left is not None:
            left -= len(part)


@contextlib.contextmanager
def _opened(file: Reader, format: str) -> Iterator[Any]:
    soundfile = needed("soundfile")
    file.seek(0)
    with _told(file):
        sound = soundfile.SoundFile(file)
    with sound:
        yield sound


@contextlib.contextmanager
def _told(file: Reader) -> Iterator[None]:
    """What libsndfile says against a file, as `BadRecord`."""
    soundfile = needed("soundfile")
    try:
        yield
    except soundfile.LibsndfileError as error:
        file.check()
        raise BadRecord("decode.corrupt", str(error.error_string).rstrip(".")) from None


def _counted(file: Reader) -> bool:
    """Whether an MP3 says in its first frame how many frames it has."""
    start = id3_size(file.exactly(0, 10))
    head = file.exactly(start, start + HEAD)
    return any(mark in head for mark in (b"Xing", b"Info", b"VBRI"))
