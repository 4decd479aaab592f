"""How many bytes of samples a header announces, where libsndfile takes those that are there."""

from __future__ import annotations

from tamis.audio import riff
from tamis.media.reader import Reader

_MOST = 1000  # chunks
_W64_DATA = b"data\xf3\xac\xd3\x11\x8c\xd1\x00\xc0\x4f\x8e\xdb\x8a"


def missing(file: Reader, format: str) -> float:
    """How many times more samples a header announces than the file holds: 1 where it does not lie.

    Of the formats whose headers say it: WAV, AIFF, W64, AU and NIST Sphere. The others are told by
    decoding.
    """
    read = {"wav": _wav, "aiff": _aiff, "w64": _w64, "au": _au, "nist": _nist}.get(format)
    said, there = (1, 1) if read is None else read(file)
    return said / max(there, 1) if said > there else 1.0


def _wav(file: Reader) -> tuple[int, int]:
    found = riff.chunks(file)
    return (1, 1) if riff.unsaid(file, found) else (found.said, found.there)


def _aiff(file: Reader) -> tuple[int, int]:
    at = 12
    for _ in range(_MOST):
        head = file.exactly(at, at + 8)
        if len(head) < 8:
            break
        size = int.from_bytes(head[4:], "big")
        if head[:4] == b"SSND":
            return size, len(file) - at - 8
        at += 8 + size + (size & 1)
    return 1, 1


def _w64(file: Reader) -> tuple[int, int]:
    at = 40
    for _ in range(_MOST):
        head = file.exactly(at, at + 24)
        size = int.from_bytes(head[16:], "little")
        if len(head) < 24 or size < 24:
            break
        if head[:16] == _W64_DATA:
            return size, len(file) - at
        at += -(-size // 8) * 8
    return 1, 1


def _au(file: Reader) -> tuple[int, int]:
    head = file.exactly(4, 12)
    start, size = int.from_bytes(head[:4], "big"), int.from_bytes(head[4:], "big")
    return (1, 1) if size == 0xFFFFFFFF else (size, len(file) - start)


def _nist(file: Reader) -> tuple[int, int]:
    head = file.exactly(0, 1024).split(b"end_head")[0].split(b"\n")
    words = {part[0]: part[2] for line in head if len(part := line.split()) == 3}
    try:
        frames, channels = int(words[b"sample_count"]), int(words[b"channel_count"])
        return frames * channels * int(words[b"sample_n_bytes"]), len(file) - int(head[1])
    except (KeyError, ValueError, IndexError):
        return 1, 1
