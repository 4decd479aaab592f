"""Which kind of recording bytes are, told by how they begin and never by a file's name."""

from __future__ import annotations

from typing import NamedTuple

from tamis.codes import BadRecord

HEAD = 1 << 12  # bytes that are enough to tell a format

# The demuxer of ffmpeg for each format that it reads here; the others are read by libsndfile.
DEMUXERS = {
    "mp4": "mov", "aac": "aac", "opus": "ogg", "speex": "ogg", "webm": "matroska",
    "amr": "amr", "wma": "asf", "ac3": "ac3", "wavpack": "wv", "ape": "ape", "tta": "tta",
    "avi": "avi", "flv": "flv", "mpegts": "mpegts", "mpeg": "mpeg",
}  # fmt: skip

FORMATS = ("wav", "flac", "mp3", "ogg", "aiff", "au", "caf", "w64", "nist", "voc", *DEMUXERS)

_STARTS = (
    (b"fLaC", "flac"), (b".snd", "au"), (b"caff", "caf"), (b"NIST_1A\n", "nist"),
    (b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\x00\x00", "w64"),
    (b"Creative Voice File\x1a", "voc"), (b"#!AMR", "amr"), (b"wvpk", "wavpack"),
    (b"MAC ", "ape"), (b"TTA1", "tta"), (b"FLV\x01", "flv"), (b"\x1aE\xdf\xa3", "webm"),
    (b"0&\xb2u\x8ef\xcf\x11", "wma"), (b"\0\0\1\xba", "mpeg"), (b"\x0bw", "ac3"),
)  # fmt: skip

# Boxes that an ISO or QuickTime file may begin with.
_BOXES = {b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"styp"}

_IN_OGG = (
    (b"OpusHead", "opus"),
    (b"\x01vorbis", "ogg"),
    (b"\x7fFLAC", "ogg"),
    (b"Speex ", "speex"),
)

# What comes instead of a recording, named in the reason.
_OTHERS = (
    (b"#EXTM3U", "a playlist, which is not opened: it may name other files"),
    (b"ffconcat", "a list of files for ffmpeg, which is not opened: it may name any file"),
    (b"[playlist]", "a playlist, which is not opened: it may name other files"),
    (b"MThd", "MIDI: notes, not sound"), (b"%PDF", "a PDF"), (b"PK\3\4", "a zip archive"),
    (b"\x1f\x8b", "gzip data"), (b"\xff\xd8\xff", "a JPEG"), (b"\x89PNG", "a PNG"),
)  # fmt: skip


class Header(NamedTuple):
    """What the first bytes of a recording say.

    `rate` is in Hz. `frames` are the moments at which each of the `channels` has a sample, so that
    `frames / rate` are seconds. `bits` are those of a stored sample, None where a lossy codec has
    none. `subtype` is the codec, in ffmpeg's words without the byte order: "pcm_s16", "pcm_f32",
    "mulaw", "flac", "mp3", "vorbis", "opus", "aac".

    `announced` is the number of frames that the header says where it says one, and `present` the
    one that its bytes hold where that can be told without decoding; they differ in a file that was
    cut or whose header lies. `slack` is how many frames the data may have less than `frames`
    before they count as cut; None where `frames` is an estimate.
    """

    format: str
    subtype: str
    rate: int
    channels: int
    frames: int
    bits: int | None = None
    announced: int | None = None
    present: int | None = None
    slack: int | None = 0
    start: int = 0
    """The byte at which plain samples begin; 0 where they are packed."""

    @property
    def duration(self) -> float:
        """Seconds."""
        return self.frames / self.rate

    @property
    def plain(self) -> bool:
        """Whether samples stand in the file as they are."""
        return self.start > 0


def sniff(head: bytes, size: int | None = None) -> str:
    """The format of a recording by its first bytes, one of `FORMATS`; `BadRecord` for others.

    `size` is how many bytes there are in all, for the reason.

    >>> sniff(b"RIFF\\x24\\x08\\0\\0WAVEfmt ")
    'wav'
    """
    if not len(head):
        raise BadRecord("media.empty", "0 bytes")
    if head.startswith((b"RIFF", b"RF64", b"BW64", b"RIFX")):
        kind = {b"WAVE": "wav", b"AVI ": "avi"}.get(head[8:12])
        if kind:
            return kind
    if head.startswith(b"FORM") and head[8:12] in (b"AIFF", b"AIFC"):
        return "aiff"
    if head.startswith(b"OggS"):
        return _in_ogg(head)
    for start, kind in _STARTS:
        if head.startswith(start):
            return kind
    if head[4:8] in _BOXES:
        return "mp4"
    if head.startswith(b"ID3"):
        return _frames(head[id3_size(head) :]) or "mp3"
    if len(head) > 188 * 2 and head[0] == head[188] == head[376] == 0x47:
        return "mpegts"
    kind = _frames(head)
    if kind:
        return kind
    raise BadRecord("decode.format", _what_else(head, len(head) if size is None else size))


def id3_size(head: bytes) -> int:
    """Bytes of the ID3v2 tag that a file begins with, 0 where there is none."""
    if not head.startswith(b"ID3") or len(head) < 10 or any(b > 127 for b in head[6:10]):
        return 0
    a, b, c, d = head[6:10]
    return 10 + (a << 21 | b << 14 | c << 7 | d) + (10 if head[5] & 16 else 0)


def _frames(head: bytes) -> str | None:
    """MPEG audio in frames: layer 0 is AAC (ADTS); reserved values are of no layer."""
    if head.startswith(b"fLaC"):
        return "flac"
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    if head[1] & 0xF6 == 0xF0:
        return "aac" if head[2] >> 2 & 15 < 13 else None
    usual = (
        head[1] >> 3 & 3 != 1 and head[1] >> 1 & 3 and head[2] >> 4 < 15 and head[2] >> 2 & 3 < 3
    )
    return "mp3" if usual else None


def _in_ogg(head: bytes) -> str:
    body = head[27 + head[26] :] if len(head) > 27 else b""
    for start, kind in _IN_OGG:
        if body.startswith(start):
            return kind
    raise BadRecord("audio.none", "an Ogg file that does not begin with sound")


def _what_else(head: bytes, size: int) -> str:
    for start, name in _OTHERS:
        if head.startswith(start):
            return f"{name}, not a recording of a format read here"
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"<!doctype", b"<html", b"<head", b"<?xml", b"<")):
        return "markup (HTML or XML), not a recording"
    if text and all(b >= 32 or b in b"\t\r\n" for b in head[:256]):
        return f"text, not a recording: {head[:40].decode('utf-8', 'replace')!r}"
    return f"{size:,} bytes that begin {head[:8].hex(' ')}: none of {', '.join(FORMATS)}"
