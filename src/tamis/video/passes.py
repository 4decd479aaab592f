"""One decode of a clip for several looks at its frames.

This is what runs in the process that decodes; `tamis.video.learned` is who asks.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from tamis.media.reader import Reader
from tamis.video.decoding import Tally, decoded
from tamis.video.formats import Header
from tamis.video.looking import VECTORS, Look
from tamis.video.scan import Scan
from tamis.video.shot_scores import ShotLook, ShotScores
from tamis.video.stills import CUT, Asked, StillLook, Stills
from tamis.video.words import WordLook, Words

PART, PIXELS = 500, 16 << 20  # frames of one part, and bytes of the frames kept in it
BURST, ROOM = 8, 8 << 20  # frames decoded one after another, and bytes that they may take


def _bursts(frames: Iterator[tuple[float, Any]], count: int) -> Iterator[tuple[float, Any]]:
    """The same frames, so many of them decoded before the first of those is given.

    What decodes and what looks push each other out of the processor's caches: taking turns frame by
    frame each costs half as much again, or more.
    """
    while some := list(itertools.islice(frames, count)):
        some.reverse()
        while some:
            yield some.pop()


def _look(
    name: str, header: Header, start: float, starts: Sequence[float]
) -> ShotLook | WordLook | Look:
    if name == "shots":
        return ShotLook()
    if name == "words":
        return WordLook()
    return Look(header, start, flow=name == "flow", starts=starts)


class Seen(NamedTuple):
    """What the looks that were taken saw of some frames; None: not taken.

    `sound` says that nothing was damaged or missing until then.
    """

    shots: ShotScores | None = None
    scan: Scan | None = None
    flow: Scan | None = None
    words: Words | None = None
    stills: Stills | None = None
    sound: bool = True


def looked(
    file: Reader, header: Header, start: float = 0.0, end: float | None = None, *,
    looks: Sequence[str] = ("scan",), stills: Sequence[Any] | None = None,
    starts: Sequence[float] = (), part: int = PART,
) -> Iterator[Seen]:  # fmt: skip
    """What some looks (fields of `Seen`) see of the frames from `start` to `end`, part by part.

    `stills` are the fields of `tamis.video.stills.Asked`: frames that are kept beside.
    `starts` are seconds at which clips begin, of which pieces will be made.
    """
    tally = Tally()
    taken: dict[str, Any] = {name: _look(name, header, start, starts) for name in looks}
    vectors = "scan" in taken and header.codec in VECTORS
    each = [look.at for look in taken.values()]
    shots: ShotLook | None = taken.get("shots")
    kept = StillLook(Asked(*stills)) if stills else None
    if kept is not None:
        taken["stills"] = kept
    frames = _bursts(
        decoded(file, header, start, end, vectors=vectors, tally=tally),
        max(1, min(BURST, ROOM // max(header.stored[0] * header.stored[1] * 3 // 2, 1))),
    )
    since = 0
    for count, (time, frame) in enumerate(frames, 1):
        for at in each:
            at(time, frame)
        if kept is not None:
            kept.at(time, frame, 0.0 if shots is None else CUT if count == 1 else shots.changed)
        del frame  # the decoder takes its memory for the next one
        since += 1
        if since >= part or (kept is not None and kept.nbytes >= PIXELS):
            since = 0
            parts: dict[str, Any] = {name: look.part(0) for name, look in taken.items()}
            yield Seen(**parts, sound=not (tally.lost or tally.damaged))
    if kept is not None:
        kept.end(1 / header.fps if header.fps else 0.04)
    last: dict[str, Any] = {name: look.part(tally.lost) for name, look in taken.items()}
    yield Seen(**last, sound=not (tally.lost or tally.damaged))
