"""WAV files, written sample by sample as they are, without a word of when or by whom."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np

from tamis.codes import BadRecord

_MOST = (1 << 32) - 1024  # bytes of a RIFF; longer ones are RF64
_ROOM = 28  # bytes of the lengths that RF64 has


class WaveWriter:
    """Writes int16, int32 (the upper 24 bits) or float32 of [n, channels] to a file that can seek.

    Plain WAV up to 4 GB, RF64 beyond (EBU Tech 3306) where `frames`, about how many there will be,
    says so.
    """

    def __init__(self, file: Any, rate: int, channels: int, bits: int, frames: int = 0) -> None:
        self._file, self._channels, self._bits = file, channels, bits
        self._size = 0
        width = channels * bits // 8
        code = 3 if bits == 32 else 1
        form = struct.pack("<HHIIHH", code, channels, rate, rate * width, width, bits)
        fact = b"fact" + struct.pack("<II", 4, 0) if code == 3 else b""
        if fact:
            form += b"\0\0"
        self._long = frames * width > _MOST - (_MOST >> 4)
        head = b"RIFF\0\0\0\0WAVE"
        if self._long:
            head += b"ds64" + struct.pack("<I", _ROOM) + bytes(_ROOM)
        head += b"fmt " + struct.pack("<I", len(form)) + form
        self._fact = len(head) + 8 if fact else 0
        self._head = head + fact + b"data\0\0\0\0"
        file.write(self._head)

    def write(self, block: np.ndarray) -> None:
        """Write samples."""
        if self._bits == 24:
            whole = np.ascontiguousarray(block, "<i4").view(np.uint8).reshape(-1, 4)
            data = whole[:, 1:].tobytes()
        else:
            data = np.ascontiguousarray(block, "<f4" if self._bits == 32 else "<i2").tobytes()
        self._file.write(data)
        self._size += len(data)

    def close(self) -> int:
        """Put the lengths in place; how many frames there are. The file stays open."""
        file, size = self._file, self._size
        frames = size // (self._channels * self._bits // 8)
        if size % 2:
            file.write(b"\0")
        whole = len(self._head) + size + size % 2 - 8
        long = self._long
        if whole > _MOST and not long:
            raise BadRecord("encode.format", f"{whole} bytes are too many for a WAV file")
        file.seek(0)
        file.write(b"RF64" if long else b"RIFF")
        file.write(struct.pack("<I", 0xFFFFFFFF if long else whole))
        if long:
            file.seek(20)
            file.write(struct.pack("<QQQI", whole, size, frames, 0))
        if self._fact:
            file.seek(self._fact)
            file.write(struct.pack("<I", min(frames, 0xFFFFFFFF)))
        file.seek(len(self._head) - 4)
        file.write(struct.pack("<I", 0xFFFFFFFF if long else size))
        file.seek(0, 2)
        return frames
