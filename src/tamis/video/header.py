"""What a container says of its pictures; nothing is decoded for it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from tamis.codes import BadRecord
from tamis.media import container as containers
from tamis.media.reader import Reader
from tamis.video import hardware, iso
from tamis.video.formats import DECODERS, DEMUXERS, HEAD, INDEXED, Coding, Header, sniff

__all__ = ["Header", "coding", "full_range", "header", "opened"]

MOST_PIXELS = 1 << 27  # of a frame: 16K, 15,360 × 8,640, has 133 million
MOST_SECONDS = 1000 * 3600.0  # what is longer is a header that lies
MOST_FPS = 1000.0  # a container that counts ticks as frames says 90,000
EXTRA = "video"

# https://ffmpeg.org/doxygen/trunk/pixfmt_8h.html, AVColorSpace
_MATRICES = {
    0: "rgb", 1: "bt709", 4: "fcc", 5: "bt601", 6: "bt601", 7: "smpte240m", 8: "ycgco",
    9: "bt2020", 10: "bt2020",
}  # fmt: skip
_LIMITED = ("yuv4", "yuva", "yuyv", "uyvy", "nv", "p01", "p21")  # luma is 16 to 235 by default
_ATTACHED = 0x400  # AV_DISPOSITION_ATTACHED_PIC: the cover of an album


def header(file: Reader) -> Header:
    """Format, codec, size, rate and length of a video.

    Raises `BadRecord`: `decode.format` for bytes of another kind, `video.none` for a file without
    pictures, `decode.corrupt` and `decode.truncated` where even the header cannot be read,
    `decode.bomb` for frames of more than 134 million pixels, or more than 1,000 hours.
    """
    format = sniff(file.exactly(0, HEAD), len(file))
    turned = iso.rotation(file) if format == "mp4" else 0
    with opened(file, format, decoding=False, fresh=True) as (container, stream):
        found = _header(container, stream, format, len(file), turned)
    if not all(found.stored) or not found.fps:  # only decoding some tells it
        with opened(file, format, fresh=True) as (container, stream):
            found = _header(container, stream, format, len(file), turned)
    width, height = found.stored
    if not width > 0 or not height > 0:
        raise BadRecord("decode.corrupt", "its header does not say how large its frames are")
    if width * height > MOST_PIXELS or (found.duration or 0) > MOST_SECONDS:
        told = f"frames of {width:,} × {height:,}, {(found.duration or 0) / 3600:,.0f} h"
        raise BadRecord("decode.bomb", f"its header says {told}")
    return found


@contextlib.contextmanager
def opened(
    file: Reader, format: str, *, decoding: bool = True, hwaccel: str | None = None,
    options: tuple[tuple[str, str], ...] = (), fresh: bool = False,
) -> Iterator[tuple[Any, Any]]:  # fmt: skip
    """The container and its first track of pictures, which one thread decodes, or a device.

    Without `decoding` it is only for reading packets: ffmpeg decodes the first frames to learn how
    they are stored and ordered, which takes fifty times as long as reading the header. `options`
    are those of the decoder. A file that keeps containers (`tamis.media.container.kept`) has the
    one that was opened in the same way before, at its start, unless it has to be `fresh`: what a
    decoder has seen may show in what it says of the stream.
    """
    how = None if fresh or format not in INDEXED else (decoding, hwaccel, options)
    given = (file, format, decoding, hwaccel, options)
    with containers.kept(file, how, EXTRA, lambda: _opened(*given)) as found:
        yield found


@contextlib.contextmanager
def _opened(
    file: Reader, format: str, decoding: bool, hwaccel: str | None,
    options: tuple[tuple[str, str], ...],
) -> Iterator[tuple[Any, Any]]:  # fmt: skip
    decoders = _decoders() if decoding else ["none"]
    how = {} if hwaccel is None else {"hwaccel": hardware.accelerator(hwaccel)}
    with containers.opened(file, DEMUXERS[format], decoders, EXTRA, **how) as container:
        stream = next((s for s in container.streams.video if not _cover(s)), None)
        if stream is None:
            raise BadRecord("video.none", f"{format}: no track of pictures in it")
        containers.checked(stream, _decoders())
        stream.codec_context.thread_count = 1
        if options:
            stream.codec_context.options = dict(options)
        containers.only(container, stream)
        yield container, stream


def coding(file: Reader, header: Header) -> Iterator[Coding]:
    """How pixels are coded, once."""
    with opened(file, header.format, fresh=True) as (_, stream):
        codec = stream.codec_context
        pixels = codec.pix_fmt or ""
        matrix = _MATRICES.get(int(codec.colorspace), "")
        yield Coding(pixels, matrix, full_range(int(codec.color_range), pixels))


def full_range(said: int, pixels: str) -> bool:
    """Whether luma goes from 0 to 255, not from 16 to 235; `said` is AVColorRange."""
    return said == 2 or not pixels.startswith(_LIMITED)


def _cover(stream: Any) -> bool:
    return bool(int(stream.disposition) & _ATTACHED)


def _header(container: Any, stream: Any, format: str, size: int, turned: int) -> Header:
    codec = stream.codec_context
    duration = _seconds(container, stream)
    aspect = float(stream.sample_aspect_ratio or 1) or 1.0
    rate = float(codec.bit_rate or 0) or (size * 8 / duration if duration else 0.0)
    fps = float(stream.average_rate or stream.guessed_rate or 0)
    stored = (int(codec.width or 0), int(codec.height or 0))
    width, height = stored if turned % 180 == 0 else stored[::-1]
    order = int(codec.field_order or 0)
    sound = container.streams.audio
    return Header(
        format=format,
        codec=codec.codec.canonical_name,
        stored=stored,
        width=width,
        height=height,
        rotation=turned,
        pixel_aspect=aspect if turned % 180 == 0 else 1 / aspect,
        fps=fps if fps <= MOST_FPS else 0.0,
        duration=duration,
        frames=int(stream.frames) or None,
        bit_rate=rate / 1000 or None,
        first=float((stream.start_time or 0) * stream.time_base),
        size=size,
        interlaced=None if order == 0 else order > 1,
        profile=codec.profile or "",
        audio=_codec(sound[0]) if sound else "",
    )


def _codec(stream: Any) -> str:
    codec = stream.codec_context
    return "unknown" if codec is None else str(codec.codec.canonical_name)


def _seconds(container: Any, stream: Any) -> float | None:
    """How long the pictures last by the header, None where it does not say."""
    if stream.duration is not None and stream.duration > 0:
        return float(stream.duration * stream.time_base)
    if container.duration is not None and container.duration > 0:
        return float(container.duration / 1e6)
    return None


def _decoders() -> list[str]:
    """Those of the decoders that this ffmpeg has, with those of sound, whose codecs it names."""
    global _known
    if not _known:
        have = containers.needed(EXTRA).codecs_available
        _known = sorted(name for name in DECODERS if name in have)
    return _known


_known: list[str] = []
