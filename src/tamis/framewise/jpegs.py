"""Frames of clips as JPEG files: what endpoints are sent of a video."""

from __future__ import annotations

from tamis.image.jpegs import check_quality, jpegs
from tamis.image.views import NEEDS
from tamis.media.decoded import Decoded, behind
from tamis.media.pointers import ROWS
from tamis.op import view
from tamis.video.frames import Frames


@view(rows=ROWS, needs=NEEDS)
def frame_jpegs(clip_frames: Decoded[Frames], *, quality: int = 90) -> Decoded[list[bytes]]:
    """The frames of `clip_frames` in their order: `fps` a second, at most `max_frames`."""
    check_quality(quality)
    return Decoded(lambda row: jpegs(behind(clip_frames, row).pixels, quality), len(clip_frames))
