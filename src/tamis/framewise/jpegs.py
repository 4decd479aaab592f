"""Frames of clips as JPEG files: what endpoints are sent of a video."""

from __future__ import annotations

from tamis.image.jpegs import check_quality, jpegs
from tamis.image.views import NEEDS
from tamis.media.decoded import Decoded, behind
from tamis.media.pointers import ROWS
from tamis.op import view
from tamis.video.frame_blocks import FrameBlocks, blocks_of
from tamis.video.frames import Frames


@view(rows=ROWS, needs=NEEDS)
def frame_jpegs(
    clip_frames: Decoded[Frames | FrameBlocks], *, quality: int = 90
) -> Decoded[list[bytes]]:
    """The frames of `clip_frames` in their order: `fps` a second, at most `max_frames`."""
    check_quality(quality)

    def load(row: int) -> list[bytes]:
        blocks = blocks_of(behind(clip_frames, row))
        return [data for block in blocks for data in jpegs(block.pixels, quality)]

    return Decoded(load, len(clip_frames))
