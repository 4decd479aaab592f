"""Pages of Ogg files: how long the sound is, and whether the last one is all there."""

from __future__ import annotations

import struct

from tamis.codes import BadRecord
from tamis.media.reader import Reader

_TAIL = 1 << 17  # bytes: a page has at most 65,307


def opus_frames(file: Reader) -> tuple[int, int, int] | None:
    """Of an Opus file: frames at 48 kHz, frames to skip at the start, channels.

    None where it does not begin as RFC 7845 asks, or is a chain of several streams.
    """
    head = file.exactly(0, 64)
    body = head[27 + head[26] :] if len(head) > 27 else b""
    if not body.startswith(b"OpusHead") or len(body) < 19:
        return None
    channels, skip = body[9], int.from_bytes(body[10:12], "little")
    last = last_page(file)
    if last is None or last[1] != head[14:18]:
        return None
    return max(0, last[0] - skip), skip, channels


def last_page(file: Reader) -> tuple[int, bytes] | None:
    """Granule position and serial number of the last page; `BadRecord` where it is cut."""
    tail = file.exactly(max(0, len(file) - _TAIL), len(file))
    at = tail.rfind(b"OggS\0")
    if at < 0:
        return None
    page = tail[at : at + 27]
    size = 27 + page[26] if len(page) == 27 else 27
    table = tail[at + 27 : at + size]
    if len(page) < 27 or len(table) < page[26] or at + size + sum(table) > len(tail):
        raise BadRecord("decode.truncated", "its last page is cut")
    (granule,) = struct.unpack("<q", page[6:14])
    return granule, page[14:18]
