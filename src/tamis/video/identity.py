"""Which clips begin with the same picture."""

from __future__ import annotations

from collections.abc import Sequence

from tamis.media.identity import bytes_hash
from tamis.op import measure
from tamis.video.frames import Frames


@measure(dtype="string", heavy=True)
def first_frame_hash(first_frame: Sequence[Frames | None]) -> list[str | None]:
    """A hash of size and pixels of the first frame, 128 bits in hexadecimal.

    Equal for copies in other containers, and cheap: one frame is decoded. Copies that were coded
    anew have other pixels.
    """
    return [
        None
        if found is None
        else bytes_hash(repr(found.pixels.shape).encode(), found.pixels.tobytes())
        for found in first_frame
    ]
