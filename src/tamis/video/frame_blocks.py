"""Frames too many to be held at once, decoded block by block each time they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tamis.video.frames import Frames


class FrameBlocks:
    """The frames of one clip, some at a time; `BadRecord` where they cannot be decoded."""

    nbytes = 64

    def __init__(self, make: Callable[[], Iterator[Frames]]) -> None:
        self._make = make

    def __iter__(self) -> Iterator[Frames]:
        return self._make()


def blocks_of(frames: Frames | FrameBlocks) -> Iterator[Frames]:
    """The same frames, those that are held as one block."""
    if isinstance(frames, Frames):
        yield frames
    else:
        yield from frames
