"""Plain samples: numbers that stand in the file as they are."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import numpy as np

from tamis.audio.formats import Header
from tamis.codes import BadRecord
from tamis.media.reader import Reader

_STORED: dict[str, tuple[Any, float]] = {
    "pcm_s16": ("<i2", 2.0**-15), "pcm_s32": ("<i4", 2.0**-31), "pcm_f32": ("<f4", 1.0),
    "pcm_f64": ("<f8", 1.0),
}  # fmt: skip


def blocks(
    file: Reader, header: Header, first: int, stop: int | None, size: int
) -> Iterator[np.ndarray]:
    """Frames from `first` to `stop`, float32 of [n, channels], `size` at a time, -1 to 1."""
    there = header.frames if header.present is None else header.present
    end = header.frames if stop is None else stop
    width = _width(header.subtype) * header.channels
    for start in range(first, min(end, there), size):
        until = min(start + size, end, there)
        data = file.exactly(header.start + start * width, header.start + until * width)
        if len(data) < (until - start) * width:
            raise BadRecord("decode.truncated", f"the file ends within frame {start}")
        yield samples(data, header.subtype).reshape(-1, header.channels)
    if there < end:
        detail = f"{there} of {header.frames} frames that the header announces"
        raise BadRecord("decode.truncated", detail)


def samples(data: bytes, codec: str) -> np.ndarray:
    """The numbers as float32, full scale at 1."""
    if codec in _STORED:
        dtype, scale = _STORED[codec]
        found = np.frombuffer(data, dtype)
        if scale == 1.0:
            return found.astype(np.float32)
        numbers = found.astype(np.float32)  # twice as fast as one multiplication that converts
        numbers *= np.float32(scale)
        return numbers
    stored = np.frombuffer(data, np.uint8)
    if codec == "pcm_s24":
        wide = np.zeros((len(stored) // 3, 4), np.uint8)
        wide[:, 1:] = stored.reshape(-1, 3)
        return np.multiply(wide.view("<i4").ravel(), np.float32(2.0**-31), dtype=np.float32)
    return _table(codec)[stored]


def _width(codec: str) -> int:
    return {"pcm_u8": 1, "alaw": 1, "mulaw": 1, "pcm_s24": 3}.get(codec) or int(
        _STORED[codec][0][-1]
    )


@functools.cache
def _table(codec: str) -> np.ndarray:
    """What each byte stands for: ITU-T G.711, or unsigned numbers."""
    byte = np.arange(256)
    if codec == "pcm_u8":
        return ((byte - 128) / 128).astype(np.float32)
    turned = byte ^ (0xFF if codec == "mulaw" else 0x55)
    step, place = turned >> 4 & 7, turned & 15
    if codec == "mulaw":
        size = ((2 * place + 33) << step) - 33 << 2
    else:
        size = np.where(step == 0, 2 * place + 1, (2 * place + 33) << np.maximum(step - 1, 0)) << 3
    positive = turned & 128 if codec == "alaw" else ~turned & 128
    return (np.where(positive, size, -size) / 32768).astype(np.float32)
