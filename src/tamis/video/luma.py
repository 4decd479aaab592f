"""The luma of a frame as the decoder has it, with nothing converted where that can be."""

from __future__ import annotations

from typing import Any

import numpy as np

_PLANAR = ("yuv4", "yuvj4", "yuva4", "nv12", "nv21", "nv16", "gray", "p010", "p012", "p016")
_PACKED = ("yuyv", "uyvy", "yvyu")


def plane(frame: Any) -> tuple[np.ndarray, int]:
    """The luma of a frame, [height, width], and by how many bits it is to be shifted to have 8.

    Not turned. It lies in the frame's own memory where its format has a plane for it.
    """
    name = frame.format.name
    if not name.startswith(_PLANAR) or name.endswith("be"):
        frame, name = frame.reformat(format="gray"), "gray"
    part = frame.planes[0]
    bits = frame.format.components[0].bits
    kind = np.dtype(np.uint8 if bits <= 8 else "<u2")
    whole = np.frombuffer(part, kind).reshape(-1, part.line_size // kind.itemsize)
    shift = 8 if name.startswith("p01") else max(bits - 8, 0)  # those have their zeros below
    return whole[: frame.height, : frame.width], shift


def eight_bits(luma: np.ndarray, shift: int) -> np.ndarray:
    """The same as uint8, contiguous."""
    return np.ascontiguousarray(luma if luma.dtype == np.uint8 else luma >> shift, np.uint8)
