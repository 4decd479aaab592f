"""The file that a clip is written into: which container its codecs ask for, and its sound."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from tamis.codes import BadRecord
from tamis.media.pieces import Content
from tamis.video.clip_file import Sink

# What containers hold so that browsers, ffmpeg and the decoders of training play it.
_MP4 = (
    {"h264", "hevc", "av1", "mpeg4", "vp9", "mpeg2video", "mpeg1video", "mjpeg"},
    {"aac", "mp3", "ac3", "eac3", "alac", "opus", "flac", "mp2", "vorbis"},
)
_WEBM = ({"vp8", "vp9", "av1"}, {"opus", "vorbis"})
SLACK = 1e-4  # seconds: times of frames are rounded in tables, and in Matroska to milliseconds


class Clip(NamedTuple):
    """A clip as a file: its bytes, its extension, and what of the video is in it.

    `start` and `end` are seconds of the video, of the first frame and behind the last; `frames` how
    many pictures it has; `sound` whether it has a track of sound.
    """

    data: Content
    ext: str
    start: float
    end: float
    frames: int
    width: int
    height: int
    codec: str
    sound: bool


def container_for(codec: str, sound: str | None, source: str) -> str:
    """The format of a file for these codecs: that of the source if it can be, else MP4, else MKV.

    >>> container_for("h264", "aac", "mov"), container_for("vp9", "opus", "webm")
    ('mp4', 'webm')
    >>> container_for("h264", "pcm_s16le", "mov")
    'matroska'
    """
    fits = [
        name
        for name, (pictures, sounds) in (("webm", _WEBM), ("mp4", _MP4))
        if codec in pictures and (sound is None or sound in sounds)
    ]
    if "webm" in fits and source in ("webm", "matroska"):
        return "webm"
    return "mp4" if "mp4" in fits else "matroska"


EXTENSIONS = {"mp4": "mp4", "webm": "webm", "matroska": "mkv"}
_TAKEN, _LEFT = 0, 48  # of what a demuxer may leave out: AVDISCARD_DEFAULT, AVDISCARD_ALL


class Out:
    """A file that is written packet by packet; the same packets give the same bytes."""

    def __init__(self, av: Any, format: str) -> None:
        self.file, self.format = Sink(), format
        self.container = av.open(
            self.file, "w", format=format, options={"fflags": "+bitexact"},
        )  # fmt: skip

    def close(self) -> bytes:
        """The bytes; none where they were handed over in parts, being many."""
        self.container.close()
        return self.file.getvalue()


def tracks(container: Any, sound: bool) -> tuple[Any, Any]:
    """The first stream of pictures, and the first of sound if there is one and it is wanted."""
    pictures = next((s for s in container.streams.video if not attached(s)), None)
    if pictures is None:
        raise BadRecord("video.none", "there are no pictures in the file")
    if pictures.codec_context is None:
        raise BadRecord("decode.format", "its pictures are stored by a codec not read here")
    heard = next(iter(container.streams.audio), None) if sound else None
    if heard is not None and heard.codec_context is None:
        heard = None
    for stream in container.streams:
        stream.discard = _TAKEN if stream is pictures or stream is heard else _LEFT
    return pictures, heard


def attached(stream: Any) -> bool:
    """Whether a stream of pictures is a cover, one picture for the whole file."""
    return bool(stream.disposition & stream.disposition.attached_pic)


def zero(pictures: Any) -> int:
    """The time of the first frame, in the units of the stream: where seconds are counted from."""
    return int(pictures.start_time or 0)


def seek(container: Any, pictures: Any, seconds: float) -> None:
    """Go to the last keyframe at or before a time of the video, as far as the file has an index."""
    at = zero(pictures) + int((seconds + SLACK) / pictures.time_base)
    container.seek(at, stream=pictures, backward=True, any_frame=False)


def from_keyframe(container: Any, streams: list[Any], seconds: float) -> Iterator[Any]:
    """The packets of streams from the last keyframe of the first one at or before a time on.

    Packets of other streams that come before it in the file are among them. Where the index leads
    behind the time, as damaged ones do, the file is read from its start.
    """
    pictures = streams[0]
    for early in (0.0, 2.0, None):
        if early is None or seconds - early <= 0:
            container.seek(0)
        else:
            seek(container, pictures, seconds - early)
        last: float | None = None  # the last keyframe that fits
        held: list[Any] = []  # the packets from it on
        found = container.demux(streams)
        for packet in found:
            if packet.dts is None and packet.pts is None:
                continue
            mine = packet.stream is pictures
            time = seconds_of(packet, pictures)
            if mine and packet.is_keyframe and time <= seconds + SLACK:
                last = time
                held = [p for p in held if p.stream is not pictures and _near(p, pictures, time)]
            held.append(packet)
            if mine and time > seconds + SLACK:
                break
        if last is not None:
            yield from held
            yield from (p for p in found if p.dts is not None or p.pts is not None)
            return
        if early is None or seconds - early <= 0:
            break
    raise BadRecord("decode.corrupt", f"there is no keyframe at or before {seconds:g} s")


def _near(packet: Any, pictures: Any, time: float) -> bool:
    return seconds_of(packet, pictures) > time - 1.0


def seconds_of(packet: Any, pictures: Any) -> float:
    """When a packet is shown or heard, in seconds of the video."""
    at = packet.dts if packet.pts is None else packet.pts
    return float(at * packet.time_base - zero(pictures) * pictures.time_base)
