"""Which kind of video bytes are, told by how they begin and never by a file's name."""

from __future__ import annotations

from typing import NamedTuple

from tamis.codes import BadRecord

HEAD = 1 << 12  # bytes that are enough to tell a format

# The demuxer of ffmpeg that reads each format.
DEMUXERS = {
    "mp4": "mov", "matroska": "matroska", "avi": "avi", "mpegts": "mpegts", "mpeg": "mpeg",
    "flv": "flv", "wmv": "asf", "ogg": "ogg",
}  # fmt: skip

FORMATS = tuple(DEMUXERS)

INDEXED = ("mp4", "matroska", "avi")
"""Those that say where keyframes are, so that it can be gone to any place."""

DECODERS = (
    "h264", "hevc", "vp8", "vp9", "libvpx", "libvpx-vp9", "av1", "libdav1d", "libaom-av1",
    "mpeg1video", "mpeg2video", "mpegvideo", "mpeg4", "msmpeg4v1", "msmpeg4v2", "msmpeg4",
    "h261", "h263", "h263i", "h263p", "flv", "mjpeg", "mjpegb", "prores", "dnxhd", "vc1", "wmv1",
    "wmv2", "wmv3", "theora", "cinepak", "msvideo1", "rawvideo", "ffv1", "huffyuv", "ffvhuff",
    "utvideo", "dvvideo", "svq1", "svq3", "vp3", "vp6", "vp6a", "vp6f", "png", "qtrle", "rv10",
    "rv20", "rv30", "rv40", "indeo3", "indeo5",
)  # fmt: skip
"""Decoders of pictures that may be called, of those that this ffmpeg has."""

_STARTS = (
    (b"FLV\x01", "flv"), (b"\x1aE\xdf\xa3", "matroska"), (b"0&\xb2u\x8ef\xcf\x11", "wmv"),
    (b"\0\0\1\xba", "mpeg"), (b"OggS", "ogg"),
)  # fmt: skip

# Boxes that an ISO or QuickTime file may begin with.
_BOXES = {b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"styp"}
# Brands of ISO files that hold pictures.
_STILLS = {b"avif", b"avis", b"heic", b"heix", b"mif1", b"msf1", b"hevc"}

# What comes instead of a video, named in the reason.
_OTHERS = (
    (b"#EXTM3U", "a playlist, which is not opened: it may name other files"),
    (b"ffconcat", "a list of files for ffmpeg, which is not opened: it may name any file"),
    (b"[playlist]", "a playlist, which is not opened: it may name other files"),
    (b"%PDF", "a PDF"), (b"PK\3\4", "a zip archive"), (b"\x1f\x8b", "gzip data"),
    (b"\xff\xd8\xff", "a JPEG"), (b"\x89PNG", "a PNG"), (b"GIF8", "a GIF"),
    (b"fLaC", "sound (FLAC)"), (b"ID3", "sound (MP3)"), (b"\xff\xfb", "sound (MP3)"),
)  # fmt: skip


class Header(NamedTuple):
    """What a container says of its first track of pictures; nothing is decoded for it.

    `format` is one of `FORMATS`, `codec` in ffmpeg's words: "h264", "hevc", "vp9", "av1".
    `stored` are the pixels of a stored frame, width before height; `width` and `height` those of a
    frame as it is displayed, turned by `rotation` (degrees counter-clockwise, 0, 90, 180 or 270);
    `pixel_aspect` is how wide a pixel is then shown by how tall. `fps` is the mean of frames a
    second, 0 where it is not said; `duration` are seconds, None where only counting tells; `frames`
    as the header announces them, None where it does not. `bit_rate` is in kbit/s, of the track or,
    where it does not say, of the file. `first` is the time of the first frame on the container's
    clock, in seconds: tamis counts from it. `interlaced` is None where it is not said. `audio` is
    the codec of the first track of sound, "" where there is none.
    """

    format: str
    codec: str
    stored: tuple[int, int]
    width: int
    height: int
    rotation: int
    pixel_aspect: float
    fps: float
    duration: float | None
    frames: int | None
    bit_rate: float | None
    first: float
    size: int
    """Bytes of the file."""
    interlaced: bool | None
    profile: str
    audio: str


class Coding(NamedTuple):
    """How the pixels of a frame are coded.

    `pixels` in ffmpeg's words: "yuv420p", "yuv420p10le". `matrix` is that of its colours: "bt709",
    "bt601", "bt2020", "" where it is not said. `full_range`: luma from 0 to 255, not 16 to 235.
    """

    pixels: str
    matrix: str
    full_range: bool


def sniff(head: bytes, size: int | None = None) -> str:
    """The format of a video by its first bytes, one of `FORMATS`; `BadRecord` for others.

    `size` is how many bytes there are in all, for the reason.

    >>> sniff(b"\\0\\0\\0\\x18ftypmp42")
    'mp4'
    """
    if not len(head):
        raise BadRecord("media.empty", "0 bytes")
    if head.startswith(b"RIFF") and head[8:12] == b"AVI ":
        return "avi"
    for start, kind in _STARTS:
        if head.startswith(start):
            return kind
    if head[4:8] in _BOXES and not (head[4:8] == b"ftyp" and head[8:12] in _STILLS):
        return "mp4"
    for step, first in ((188, 0), (192, 4)):  # the second on discs and in cameras
        if len(head) > first + 2 * step and all(head[first + k * step] == 0x47 for k in (0, 1, 2)):
            return "mpegts"
    raise BadRecord("decode.format", _what_else(head, len(head) if size is None else size))


def _what_else(head: bytes, size: int) -> str:
    for start, name in _OTHERS:
        if head.startswith(start):
            return f"{name}, not a video of a format read here"
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"<!doctype", b"<html", b"<head", b"<?xml", b"<")):
        return "markup (HTML, XML, a DASH manifest), not a video"
    if text and all(b >= 32 or b in b"\t\r\n" for b in head[:256]):
        return f"text, not a video: {head[:40].decode('utf-8', 'replace')!r}"
    return f"{size:,} bytes that begin {head[:8].hex(' ')}: none of {', '.join(FORMATS)}"
