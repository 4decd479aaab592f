"""The luma of a frame as the decoder has it, with nothing converted where that can be."""

from __future__ import annotations

import functools
import importlib
from typing import Any

import numpy as np

_PLANAR = ("yuv4", "yuvj4", "yuva4", "nv12", "nv21", "nv16", "gray", "p010", "p012", "p016")
_BYTE = np.dtype(np.uint8)


def plane(frame: Any) -> tuple[np.ndarray, int]:
    """The luma of a frame, [height, width], and by how many bits it is to be shifted to have 8.

    Not turned. It lies in the frame's own memory where its format has a plane for it.
    """
    found = _stored(frame.format.name)
    if found is None:
        frame, found = frame.reformat(format="gray"), (_BYTE, 0)
    kind, shift = found
    part = frame.planes[0]
    whole = np.frombuffer(part, kind).reshape(-1, part.line_size // kind.itemsize)
    return whole[: frame.height, : frame.width], shift


@functools.cache
def _stored(name: str) -> tuple[np.dtype[Any], int] | None:
    """How a format has its plane of luma, and by how many bits; None where it has none to read."""
    if not name.startswith(_PLANAR) or name.endswith("be"):
        return None
    bits = importlib.import_module("av").VideoFormat(name).components[0].bits
    kind = _BYTE if bits <= 8 else np.dtype("<u2")
    return kind, 8 if name.startswith("p01") else max(bits - 8, 0)  # those have zeros below


def eight_bits(luma: np.ndarray, shift: int) -> np.ndarray:
    """The same as uint8, contiguous."""
    return np.ascontiguousarray(luma if luma.dtype == np.uint8 else luma >> shift, np.uint8)
