"""Which JPEG files a decoder on a card may be given: those of which all decoders make one picture.

Everything else is left to libjpeg-turbo, which is strict: what it says against a file is told in
its words, wherever other files are decoded.
"""

from __future__ import annotations

import re

from tamis.image.jpeg import MOST_SCANS
from tamis.image.jpeg_segments import ALONE, Segments

_HUFFMAN = {0xC0, 0xC1, 0xC2}  # baseline, extended sequential, progressive
_SAMPLINGS = {(1, 1), (2, 1), (1, 2), (2, 2), (4, 1)}  # of luma, where the colours have (1, 1)
_MARKER = re.compile(rb"\xff+[^\x00\xff\xd0-\xd7]")  # no stuffed zero, no restart
_BETWEEN = {0xC4, 0xDA, 0xDB, 0xDD, 0xFE, *range(0xE0, 0xF0)}  # segments between two scans


def plain(data: bytes, found: Segments) -> bool:
    """Whether a file is whole, of 8 bits, grey or YCbCr in Huffman's code, of usual samplings.

    It must end with its end mark, and have nothing but segments between its scans.
    """
    return found.header.bits == 8 and _frame(data, found.scan) and _whole(data, found.scan)


def _frame(data: bytes, scan: int) -> bool:
    """By the frame header, and by Adobe's segment, which may say that colours are not YCbCr."""
    at, frame = 2, b""
    adobe = None
    while at < scan:
        if data[at] != 0xFF:
            return False  # stray bytes, which libjpeg passes over or not
        marker = data[at + 1]
        if marker == 0xFF or marker in ALONE:
            at += 1 if marker == 0xFF else 2
            continue
        length = data[at + 2] << 8 | data[at + 3]
        body = data[at + 4 : at + 2 + length]
        if marker in _HUFFMAN:
            if frame:
                return False
            frame = body
        elif marker == 0xEE and body[:5] == b"Adobe" and len(body) >= 12:
            adobe = body[11]
        elif 0xC3 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            return False  # lossless, hierarchical, arithmetic
        at += 2 + length
    if len(frame) < 6 or len(frame) < 6 + 3 * frame[5]:
        return False
    parts = [frame[6 + 3 * k : 9 + 3 * k] for k in range(frame[5])]
    if len(parts) == 1:
        return True
    if len(parts) != 3 or adobe not in (None, 1) or bytes(p[0] for p in parts) == b"RGB":
        return False
    luma, *colours = [(p[1] >> 4, p[1] & 15) for p in parts]
    return luma in _SAMPLINGS and all(one == (1, 1) for one in colours)


def _whole(data: bytes, scan: int) -> bool:
    """Whether the scans follow one another to the end mark, without stray bytes, not too many."""
    at = scan
    if data.count(b"\xff\xda") > MOST_SCANS:
        return False
    for _ in range(8 * MOST_SCANS):
        marker = data[at + 1]
        if at + 4 > len(data) or marker not in _BETWEEN:
            return False
        at += 2 + (data[at + 2] << 8 | data[at + 3])
        if marker == 0xDA:
            behind = _MARKER.search(data, at)
            if behind is None:
                return False
            at = behind.end() - 2
        elif at + 2 > len(data) or data[at] != 0xFF:
            return False
        if data[at + 1] == 0xD9:
            return True
    return False
