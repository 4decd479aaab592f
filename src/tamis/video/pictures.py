"""Frames as arrays: reduced, turned as they are displayed, all of one size."""

from __future__ import annotations

from typing import Any

import numpy as np

from tamis.media.resizing import reduced, resize


class Pictures:
    """Frames as arrays, reduced and turned: all of one size, that of the first."""

    def __init__(
        self, short_side: int | None = 256, size: tuple[int, int] | None = None, grey: bool = False
    ) -> None:
        self.short_side, self.size, self.grey = short_side, size, grey

    def __call__(self, frame: Any) -> np.ndarray:
        """uint8 of [height, width, 3], or of [height, width] if grey; contiguous."""
        turns = turned(frame)
        if self.size is None:
            stored = reduced(frame.height, frame.width, self.short_side)
            self.size = stored if turns % 2 == 0 else stored[::-1]
        height, width = self.size if turns % 2 == 0 else self.size[::-1]
        wanted = "gray" if self.grey else "rgb24"
        if frame.height < height or frame.width < width:  # the video changed its size
            pixels = frame.reformat(width, height, wanted).to_ndarray()
        else:
            pixels = resize(luma(frame) if self.grey else frame.to_ndarray(format=wanted),
                            height, width)  # fmt: skip
        return np.ascontiguousarray(np.rot90(pixels, turns)) if turns else pixels


def turned(frame: Any) -> int:
    """How many quarters counter-clockwise a frame is to be turned."""
    return round(frame.rotation / 90) % 4 if frame.rotation else 0


def luma(frame: Any) -> np.ndarray:
    """The luma of a frame, uint8 of [height, width], full range; not turned."""
    found: np.ndarray = frame.to_ndarray(format="gray")
    return found
