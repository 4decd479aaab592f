"""What ffmpeg's libraries read: AAC, Opus, and the sound of containers for video.

The demuxer is the one that the first bytes ask for; no other is tried, no other file or address is
opened, and only decoders of sound are called.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from tamis.audio import ogg
from tamis.audio.formats import DEMUXERS, Header
from tamis.audio.needs import needed
from tamis.codes import BadRecord
from tamis.media import container as containers
from tamis.media.reader import Reader

_Found = Iterator[tuple[np.ndarray, int | None]]  # samples, and their time

_CODECS = (
    "aac", "aac_latm", "ac3", "eac3", "alac", "ape", "flac", "mp1float", "mp2float", "mp3float",
    "mp1", "mp2", "mp3", "opus", "libopus", "speex", "libspeex", "vorbis", "libvorbis", "wavpack",
    "tta", "wmav1", "wmav2", "wmapro", "wmavoice", "wmalossless", "amrnb", "amrwb",
    "libopencore_amrnb", "libopencore_amrwb", "pcm_*", "adpcm_*", "gsm", "gsm_ms", "dca",
)  # fmt: skip

# Formats whose headers do not say how long they are: the packets are counted.
_UNCOUNTED = {"aac", "amr", "ac3", "mpegts", "mpeg", "flv"}

_SETTLING = 0.25  # seconds decoded before a place in the middle, so that the decoder is settled
_SLACK = 0.25  # seconds that decoders may leave out at the ends
_STORED = {"u8": np.uint8, "s16": np.int16, "s32": np.int32, "flt": np.float32, "dbl": np.float64}
_SCALES = {"u8": 2.0**-7, "s16": 2.0**-15, "s32": 2.0**-31}
_SNAPPED = {"opus": 120, "aac": 1024}  # frames that every packet has a multiple of
_BITS = {"u8": 8, "s16": 16}  # of 20 to 32 it does not say which


def header(file: Reader, format: str) -> Header:
    """What the container says of its first stream of sound."""
    with _opened(file, format) as (container, stream):
        codec = stream.codec_context
        name = codec.codec.canonical_name if hasattr(codec.codec, "canonical_name") else codec.name
        rate, channels = int(codec.rate or 0), int(codec.channels or 0)
        if not rate or not channels:
            raise BadRecord("decode.corrupt", "its header does not say how its sound is stored")
        seconds = _seconds(container, stream, format)
        counted = seconds is None
        if seconds is None:
            seconds = _count(container, stream, file)
        frames = max(0, round(seconds * rate))
        opus = ogg.opus_frames(file) if format == "opus" else None
        if opus is not None and opus[1] == stream.start_time:
            frames = opus[0]
        stored = codec.format.name if codec.format is not None else ""
        lossless = name in ("alac", "flac", "wavpack", "tta", "ape") or name.startswith("pcm_")
        bits = _BITS.get(stored.removesuffix("p")) if lossless else None
        announced = None if counted else frames
        short = name.removesuffix("le").removesuffix("be") if name.startswith("pcm_") else name
        slack = int(_SLACK * rate)
        return Header(format, short, rate, channels, frames, bits, announced, None, slack)


def blocks(
    file: Reader, header: Header, first: int, stop: int | None, size: int
) -> Iterator[np.ndarray]:
    """Frames from `first` to `stop`, float32 of [n, channels], at least `size` at a time."""
    with _opened(file, header.format) as (container, stream):
        place = _seek(container, stream, header, first) if first else 0
        held: list[np.ndarray] = []
        count = 0
        found = _decoded(container, stream, file, header)
        if place is None:  # after a jump the time tells where this is
            found, place = _placed(found, stream, header)
        for part, _ in found:
            begin, place = place, place + len(part)
            if stop is not None and begin >= stop:
                break
            part = part[max(0, first - begin) : None if stop is None else stop - begin]
            if len(part):
                held.append(part)
                count += len(part)
            if count >= size:
                yield np.concatenate(held)
                held, count = [], 0
        if held:
            yield np.concatenate(held)


@contextlib.contextmanager
def _opened(file: Reader, format: str) -> Iterator[tuple[Any, Any]]:
    with containers.opened(file, DEMUXERS[format], _decoders(), "audio") as container:
        if not container.streams.audio:
            raise BadRecord("audio.none", f"{format}: no stream of sound in it")
        stream = container.streams.audio[0]
        containers.checked(stream, _decoders())
        stream.codec_context.thread_count = 1
        containers.only(container, stream)
        yield container, stream


def _decoders() -> list[str]:
    """Decoders of sound that this ffmpeg has, by name."""
    global _known
    if not _known:
        have = needed("av").codecs_available
        starts = tuple(name[:-1] for name in _CODECS if name.endswith("*"))
        _known = sorted(n for n in have if n in _CODECS or n.startswith(starts))
    return _known


_known: list[str] = []


def _told(file: Reader) -> contextlib.AbstractContextManager[None]:
    return containers.told(file, "audio")


def _seconds(container: Any, stream: Any, format: str) -> float | None:
    """How long the sound is by the header, None where it does not say."""
    if format in _UNCOUNTED:
        return None
    if stream.duration is not None and stream.time_base is not None:
        started = stream.start_time or 0 if DEMUXERS[format] == "ogg" else 0
        return float((stream.duration - started) * stream.time_base)
    if container.duration is not None:
        return (container.duration - (container.start_time or 0)) / 1e6
    return None


def _count(container: Any, stream: Any, file: Reader) -> float:
    """Seconds by the durations of all packets; none is decoded."""
    total, last, first = 0, None, None
    with _told(file):
        for packet in container.demux(stream):
            if packet.size and packet.duration:
                total += packet.duration
            if packet.pts is not None:
                first = packet.pts if first is None else first
                last = packet.pts + (packet.duration or 0)
    file.check()
    spanned = 0 if last is None or first is None else last - first
    return float(max(total, spanned) * stream.time_base)


def _seek(container: Any, stream: Any, header: Header, first: int) -> int | None:
    """Go before a place; 0 where it is decoded from the start, None where the time will tell."""
    early = first - int(_SETTLING * header.rate)
    known = header.subtype in _SNAPPED or header.format not in ("webm",)
    if early <= header.rate or not known or header.format in _UNCOUNTED:
        return 0
    start = stream.start_time or 0
    target = start + int(early / header.rate / stream.time_base)
    container.seek(target, stream=stream, backward=True)
    return None


def _placed(found: _Found, stream: Any, header: Header) -> tuple[_Found, int]:
    """The same frames, and where they begin in the recording.

    The second says it: of the first a part may be left out, as at the start of a file.
    """
    two = list(itertools.islice(found, 2))
    if len(two) < 2:
        return iter(two), _place(two[0][1], stream, header) if two else 0
    return itertools.chain(two, found), _place(two[1][1], stream, header) - len(two[0][0])


def _place(at: int | None, stream: Any, header: Header) -> int:
    """The frame that a time stands for, counted from the first one of the stream."""
    if at is None:
        raise BadRecord("decode.corrupt", "a packet does not say its time")
    place = float((at - (stream.start_time or 0)) * stream.time_base) * header.rate
    if header.format != "webm":
        return round(place)
    extra = stream.codec_context.extradata or b""  # Matroska counts milliseconds
    skipped = int.from_bytes(extra[10:12], "little") if header.subtype == "opus" else 0
    step = _SNAPPED[header.subtype]
    return round((place + skipped) / step) * step - skipped


def _decoded(container: Any, stream: Any, file: Reader, header: Header) -> _Found:
    """Frames as they come, and the time of each."""
    frames = container.decode(stream)
    for number in itertools.count():
        with _told(file):
            frame = next(frames, None)
        file.check()
        if frame is None:
            return
        if frame.sample_rate != header.rate or frame.layout.nb_channels != header.channels:
            raise BadRecord(
                "decode.corrupt", f"its sound changes to {frame.layout.nb_channels} channels "
                f"at {frame.sample_rate} Hz"
            )  # fmt: skip
        if frame.is_corrupt:
            raise BadRecord("decode.corrupt", f"damaged at packet {number}")
        yield _samples(frame), frame.pts


def _samples(frame: Any) -> np.ndarray:
    """A frame as float32 of [n, channels]."""
    name = frame.format.name
    base = name.removesuffix("p")
    if base not in _STORED:
        raise BadRecord("decode.format", f"its samples are of a kind that is not read: {name}")
    if name.endswith("p"):
        # PyAV's list of planes ends where a pointer is null, from eight channels on too late
        planes = itertools.islice(frame.planes, frame.layout.nb_channels)
        found = np.stack([np.frombuffer(p, _STORED[base], frame.samples) for p in planes], axis=1)
    else:
        found = frame.to_ndarray().reshape(frame.samples, -1)
    if base in ("flt", "dbl"):
        return found.astype(np.float32, copy=False)
    if base == "u8":
        found = found.astype(np.int16) - 128
    return np.multiply(found, np.float32(_SCALES[base]), dtype=np.float32)
