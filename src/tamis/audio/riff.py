"""WAV files (RIFF, RF64, BW64): where the samples are, and how many there are."""

from __future__ import annotations

import struct
from typing import NamedTuple

from tamis.audio.formats import Header
from tamis.codes import BadRecord
from tamis.media.reader import Reader

_PCM, _FLOAT, _ALAW, _MULAW, _EXTENSIBLE = 1, 3, 6, 7, 0xFFFE
_PLAIN = {
    (_PCM, 1): "pcm_u8", (_PCM, 2): "pcm_s16", (_PCM, 3): "pcm_s24", (_PCM, 4): "pcm_s32",
    (_FLOAT, 4): "pcm_f32", (_FLOAT, 8): "pcm_f64", (_ALAW, 1): "alaw", (_MULAW, 1): "mulaw",
}  # fmt: skip
_MOST_CHUNKS = 1000
_GUID_TAIL = b"\x00\x00\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71"


class Chunks(NamedTuple):
    """The parts of a WAV file that say what its samples are."""

    tag: int
    channels: int
    rate: int
    block: int
    """Bytes of a frame, or of a block of a codec."""
    bits: int
    start: int
    """The first byte of the data."""
    said: int
    """Bytes that the header gives the data."""
    there: int
    """Bytes from there to the end of the file."""


def header(file: Reader) -> Header | None:
    """The header of a WAV file, None where its codec is not one of plain samples."""
    found = chunks(file)
    size, rest = divmod(found.block, found.channels)
    codec = None if rest else _PLAIN.get((found.tag, size))
    if codec is None:
        return None
    said, there = found.said // found.block, found.there // found.block
    bits = found.bits if 0 < found.bits <= 8 * size else 8 * size
    announced: int | None = said
    if unsaid(file, found):
        said, announced = there, None
    elif found.there - found.said >= 1 << 32:  # larger than its 32 bits can say
        said += ((found.there - found.said) >> 32 << 32) // found.block
    present = min(said, there)
    return Header(
        "wav", codec, found.rate, found.channels, said, bits, announced, present, 0, found.start
    )


def chunks(file: Reader) -> Chunks:
    """Walk over the chunks up to the samples; `BadRecord` where that cannot be done."""
    head = file.exactly(0, 12)
    if head.startswith(b"RIFX"):
        raise BadRecord("decode.format", "a WAV file of big-endian numbers (RIFX)")
    large, at, form = None, 12, b""
    for _ in range(_MOST_CHUNKS):
        start = file.exactly(at, at + 8)
        if len(start) < 8:
            raise BadRecord("decode.truncated", f"it ends at byte {len(file)}, before its samples")
        kind, size = start[:4], int.from_bytes(start[4:], "little")
        at += 8
        if kind == b"data":
            if not form:
                raise BadRecord("decode.corrupt", "the samples come before what says their form")
            if size == 0xFFFFFFFF and large is not None:
                size = large
            return _checked(form, at, size, len(file))
        if kind == b"fmt ":
            form = file.exactly(at, at + min(size, 40))
            if len(form) < 16:
                raise BadRecord("decode.truncated", "it ends within its `fmt ` chunk")
        elif kind == b"ds64":
            sizes = file.exactly(at, at + 16)
            large = int.from_bytes(sizes[8:16], "little") if len(sizes) == 16 else None
        at += size + (size & 1)
    raise BadRecord("decode.corrupt", f"{_MOST_CHUNKS} chunks and no samples")


def _checked(form: bytes, start: int, said: int, length: int) -> Chunks:
    tag, channels, rate, _, block, bits = struct.unpack("<HHIIHH", form[:16])
    if tag == _EXTENSIBLE and len(form) >= 40 and form[26:40] == _GUID_TAIL:
        valid, tag = struct.unpack("<H4xH", form[18:26])[0], int.from_bytes(form[24:26], "little")
        bits = valid or bits
    for name, value in (("channels", channels), ("Hz", rate), ("bytes a frame", block)):
        if not value:
            raise BadRecord("decode.corrupt", f"its header says 0 {name}")
    return Chunks(tag, channels, rate, block, bits, start, said, max(0, length - start))


def unsaid(file: Reader, found: Chunks) -> bool:
    """Whether who wrote the header did not know the length: it was written to a pipe.

    ffmpeg leaves 0xffffffff there, SoX 0x7ffff000 or 0x7fffffff, others 0.
    """
    if found.said == 0:
        if found.there < found.block:
            return False
        kind = file.exactly(found.start, found.start + 8)
        size = int.from_bytes(kind[4:], "little")
        named = kind[:4].isascii() and kind[:4].decode("ascii").isprintable()
        return not (named and size + 8 <= found.there)  # another chunk follows: it is empty
    large = found.said >= 0xFFFFFF00 or 0x7FFFF000 <= found.said <= 0x80000000
    return large and found.said > found.there
