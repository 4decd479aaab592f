"""Recordings as files: WAV and FLAC with the samples as they are, Opus for size."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np

from tamis.audio.formats import Header
from tamis.audio.needs import needed
from tamis.audio.recording import Recording
from tamis.audio.resampling import resampled
from tamis.audio.wave import WaveWriter
from tamis.codes import BadRecord
from tamis.errors import SettingError
from tamis.kernels.ogg import same_serial
from tamis.media.pieces import LARGE, Content, Pieces

ENCODINGS = ("wav", "flac", "opus")
_OPUS_RATES = (8_000, 12_000, 16_000, 24_000, 48_000)
_SERIAL = 0x7A6D6973  # of a stream in Ogg; libsndfile takes a number at random


class Encoded(NamedTuple):
    """A file of sound in memory, or on disk where it is large, and what it holds."""

    content: Content
    rate: int
    channels: int
    frames: int

    @property
    def duration(self) -> float:
        """Seconds."""
        return self.frames / self.rate


def check(format: str | None, rate: int | None) -> None:
    """Refuse settings that no file can have."""
    if format is not None and format not in ENCODINGS:
        raise SettingError(f"encode must be one of {', '.join(ENCODINGS)}, found {format!r}")
    if rate is not None and (type(rate) is not int or not 1000 <= rate <= 384_000):
        raise SettingError(f"rate={rate!r} is not a number of Hz from 1,000 to 384,000")
    if format == "opus" and rate is not None and rate not in _OPUS_RATES:
        told = ", ".join(map(str, _OPUS_RATES))
        raise SettingError(f"rate={rate!r}: Opus has {told} Hz")


def encoded(
    recording: Recording, format: str, *, rate: int | None = None, mono: bool = False
) -> Encoded:
    """A recording as a file of `format`, block by block; raises `BadRecord`.

    WAV and FLAC hold the samples that were decoded: 16 bits where the source has at most that or is
    lossy, 24 of 24, and of floats and 32 bits WAV floats and FLAC 24. `rate` (Hz) resamples by soxr
    at HQ, `mono` takes the mean of the channels. Opus (in Ogg, by libsndfile) is resampled to the
    next rate that it has. The same samples give the same bytes, of FLAC and Opus with the same
    release of libsndfile.
    """
    rate = rate or recording.rate
    if format == "opus":
        rate = min((r for r in _OPUS_RATES if r >= rate), default=_OPUS_RATES[-1])
    channels = 1 if mono else recording.channels
    if not recording.frames:
        raise BadRecord("audio.empty", f"{recording.place}: it has no samples")
    blocks = _blocks(recording, rate, mono)
    file = tempfile.SpooledTemporaryFile(max_size=2 * LARGE)  # noqa: SIM115  read by who copies it
    bits = _bits(recording.header, format)
    expected = int(recording.duration * rate) + 1
    frames = _FORMATS[format](file, blocks, rate, channels, bits, expected)
    if not frames:
        raise BadRecord("audio.empty", f"{recording.place}: it has no samples")
    size = file.seek(0, 2)
    content: Content = Pieces(size, lambda first, last: _range(file, first, last))
    if format == "opus":
        content = same_serial(_range(file, 0, size), _SERIAL)
    elif size <= LARGE:
        content = _range(file, 0, size)
    return Encoded(content, rate, channels, frames)


def _blocks(recording: Recording, rate: int, mono: bool) -> Iterator[np.ndarray]:
    """The samples at a rate, float32 of [n, channels]."""
    if mono or recording.channels == 1:
        return (block[:, None] for block in recording.mono(rate))
    if rate == recording.rate:
        return recording.blocks()
    return resampled(recording.blocks(), recording.rate, rate, recording.channels)


def _bits(header: Header, format: str) -> int:
    """Bits of a stored sample; 32 stands for floats."""
    if header.bits is None or header.bits <= 16:
        return 16
    if format == "flac" or (header.bits <= 24 and "f" not in header.subtype.rpartition("_")[2]):
        return 24
    return 32


def integers(block: np.ndarray, bits: int) -> np.ndarray:
    """Samples as whole numbers of `bits` (int16, or int32 of which the upper bits are used).

    It undoes the division by a power of two with which decoders made floats of them: exactly.

    >>> integers(np.array([0.5, -1, 1], "float32"), 16)
    array([ 16384, -32768,  32767], dtype=int16)
    """
    if not np.isfinite(block).all():
        raise BadRecord("encode.format", "samples that are no finite numbers have no place in it")
    full = 1 << (bits - 1)
    scaled = np.rint(block.astype(np.float64) * full).clip(-full, full - 1)
    return scaled.astype(np.int16) if bits == 16 else scaled.astype(np.int32) << (32 - bits)


def _wav(
    file: Any, blocks: Iterable[np.ndarray], rate: int, channels: int, bits: int, expected: int
) -> int:
    writer = WaveWriter(file, rate, channels, bits, expected)
    for block in blocks:
        writer.write(block if bits == 32 else integers(block, bits))
    return writer.close()


def _flac(
    file: Any, blocks: Iterable[np.ndarray], rate: int, channels: int, bits: int, expected: int
) -> int:
    found = (integers(block, bits) for block in blocks)
    return _by_sndfile(file, found, rate, channels, "FLAC", f"PCM_{bits}")


def _opus(
    file: Any, blocks: Iterable[np.ndarray], rate: int, channels: int, bits: int, expected: int
) -> int:
    return _by_sndfile(file, blocks, rate, channels, "OGG", "OPUS")


def _by_sndfile(
    file: Any, blocks: Iterable[np.ndarray], rate: int, channels: int, format: str, subtype: str
) -> int:
    soundfile, frames = needed("soundfile"), 0
    try:
        with soundfile.SoundFile(
            file, "w", rate, channels, format=format, subtype=subtype, closefd=False
        ) as out:
            for block in blocks:
                if not np.isfinite(block).all():
                    raise BadRecord("encode.format", "samples that are no finite numbers")
                out.write(block)
                frames += len(block)
    except soundfile.SoundFileError as error:
        what = f"{channels} channels at {rate} Hz as {format}: {str(error).rpartition(': ')[2]}"
        raise BadRecord("encode.format", what) from None
    return frames


def _range(file: Any, first: int, last: int) -> bytes:
    file.seek(first)
    return file.read(last - first)


_FORMATS = {"wav": _wav, "flac": _flac, "opus": _opus}
