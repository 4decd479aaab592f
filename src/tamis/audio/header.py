"""What the first bytes of a recording say; nothing is decoded."""

from __future__ import annotations

from tamis.audio import ffmpeg, riff, sndfile
from tamis.audio.formats import DEMUXERS, HEAD, Header, id3_size, sniff
from tamis.codes import BadRecord
from tamis.media.reader import Reader

__all__ = ["Header", "header", "kind"]

MOST_CHANNELS = 1024
MOST_RATE = 1 << 22  # Hz; ultrasound is sampled at some 500 kHz
MOST_NUMBERS = 1 << 24  # of one second, all channels: 87 channels at 192 kHz
MOST_SECONDS = 1000 * 3600.0  # what is longer is a header that lies


def kind(file: Reader) -> str:
    """The format by its first bytes, those behind an ID3 tag included."""
    head = file.exactly(0, HEAD)
    tag = id3_size(head)
    if tag >= HEAD - 4:  # a picture of the cover
        head = b"ID3" + head[3:5] + b"\0\0\0\0\0" + file.exactly(tag, tag + 16)
    return sniff(head, len(file))


def header(file: Reader) -> Header:
    """Format, codec, rate, channels, length and bits of a recording.

    Raises `BadRecord`: `decode.format` for bytes of another kind, `audio.none` for a file without
    sound, `decode.corrupt` and `decode.truncated` where even the header cannot be read,
    `decode.bomb` for more than 1,000 hours, or 16 million samples a second.

    >>> from tamis.audio.header import header
    >>> from tamis.media.reader import Reader
    >>> form = b"fmt \\x10\\0\\0\\0\\1\\0\\1\\0\\x80>\\0\\0\\0}\\0\\0\\2\\0\\x10\\0"
    >>> found = header(Reader(b"RIFF(\\0\\0\\0WAVE" + form + b"data\\4\\0\\0\\0" + bytes(4)))
    >>> found.format, found.subtype, found.rate, found.channels, found.frames, found.bits
    ('wav', 'pcm_s16', 16000, 1, 2, 16)
    """
    format = kind(file)
    found = riff.header(file) if format == "wav" else None
    if found is None:
        read = ffmpeg.header if format in DEMUXERS else sndfile.header
        found = read(file, format)
    if not 0 < found.channels <= MOST_CHANNELS or not 0 < found.rate <= MOST_RATE:
        detail = f"its header says {found.channels} channels at {found.rate} Hz"
        raise BadRecord("decode.corrupt", detail)
    if found.channels * found.rate > MOST_NUMBERS or found.frames > MOST_SECONDS * found.rate:
        detail = f"{found.duration / 3600:,.0f} h of {found.channels} channels at {found.rate} Hz"
        raise BadRecord("decode.bomb", f"its header says {detail}")
    return found
