"""One decode of a clip for several looks at its frames.

This is what runs in the process that decodes; `tamis.video.learned` is who asks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from tamis.media.reader import Reader
from tamis.video.decoding import Tally, decoded
from tamis.video.formats import Header
from tamis.video.looking import VECTORS, Look
from tamis.video.scan import Scan
from tamis.video.shot_scores import ShotLook, ShotScores

PART = 500  # frames of one part
HELD, ROOM = 8, 8 << 20  # frames looked at one after another, and bytes that they may take


class Seen(NamedTuple):
    """What the looks that were taken saw of some frames; None: not taken."""

    shots: ShotScores | None = None
    scan: Scan | None = None
    flow: Scan | None = None


def looked(
    file: Reader, header: Header, start: float = 0.0, end: float | None = None, *,
    looks: Sequence[str] = ("scan",), part: int = PART,
) -> Iterator[Seen]:  # fmt: skip
    """What some looks (fields of `Seen`) see of the frames from `start` to `end`, part by part."""
    tally, taken = Tally(), {}
    for name in looks:
        taken[name] = ShotLook() if name == "shots" else Look(header, start, flow=name == "flow")
    vectors = "scan" in taken and header.codec in VECTORS
    each = [look.at for look in taken.values()]
    held: list[tuple[float, Any]] = []
    at_once = max(1, min(HELD, ROOM // max(header.stored[0] * header.stored[1] * 3 // 2, 1)))
    # What decodes and what looks each push the other out of the processor's caches: so some frames
    # are decoded, then all of them looked at.
    frames = decoded(file, header, start, end, vectors=vectors, tally=tally)
    for count, (time, frame) in enumerate(frames, 1):
        held.append((time, frame))
        del frame  # the decoder takes its memory for a later one
        if len(held) == at_once or count % part == 0:
            _take(each, held)
        if count % part == 0:
            parts: dict[str, Any] = {name: look.part(0) for name, look in taken.items()}
            yield Seen(**parts)
    _take(each, held)
    last: dict[str, Any] = {name: look.part(tally.lost) for name, look in taken.items()}
    yield Seen(**last)


def _take(each: Sequence[Callable[[float, Any], None]], held: list[tuple[float, Any]]) -> None:
    """Each look at all frames that are held, which are then let go."""
    for at in each:
        for time, frame in held:
            at(time, frame)
    held.clear()
