"""Looks at sections of a clip, taken apart, made one: what one look at all of it would have seen.

A section is looked at from some frames before it on, so that what a frame is compared with is
known. These frames were seen by the section before it, too, and all that was seen of them must be
the same to the last bit: else nothing is joined, and all of the clip is looked at in one go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from tamis.video import stills
from tamis.video.decoding import EPSILON
from tamis.video.passes import Seen
from tamis.video.scan import FRAMES, LOOKS, Scan
from tamis.video.shot_scores import ShotScores
from tamis.video.stills import Stills
from tamis.video.words import Words, joined

SETTLED = 4  # frames after which what a look says of one does not depend on where it began
LEAST = 2 * SETTLED  # frames before a section

Again = Callable[[float], Iterator[ShotScores]]


class Section(NamedTuple):
    """What was seen from some frames before `start` on, up to the next section or beyond."""

    start: float
    seen: Seen


def sewn(sections: Sequence[Section], again: Again) -> Seen | None:
    """All sections as one, None where that cannot be shown to be what one look would have seen.

    `again(time)` gives the scores of shots of all frames from a time on, part by part.
    """
    found: dict[str, Any] = {}
    for name in ("shots", "scan", "flow", "words", "stills"):
        looks = [(one.start, getattr(one.seen, name)) for one in sections]
        if all(look is None for _, look in looks):
            continue
        if any(look is None or not np.all(np.diff(look.times) > 0) for _, look in looks):
            return None
        found[name] = _SEWN.get(name, _scans)(looks, again)
        if found[name] is None:
            return None
    return Seen(**found)


def _scans(looks: list[tuple[float, Scan]], again: Again) -> Scan | None:
    own: list[Scan] = []
    for number, (_, found) in enumerate(looks):
        rows = _own(looks, number)
        if number:
            lead = _lead(own[-1], found, rows.start)
            settled = found.times[SETTLED] if lead else 0.0
            if not lead or _whole(own[-1], settled) != _whole(_rows(found, 0, lead), settled):
                return None
            if own[0][FRAMES + LOOKS :] != found[FRAMES + LOOKS :]:
                return None
        own.append(_rows(found, rows.start, rows.stop))
    arrays = (np.concatenate([one[k] for one in own]) for k in range(FRAMES + LOOKS))
    return Scan._make([*arrays, *own[0][FRAMES + LOOKS :]])


def _words(looks: list[tuple[float, Words]], again: Again) -> Words | None:
    own: list[Words] = []
    for number, (_, found) in enumerate(looks):
        rows = _own(looks, number)
        if number and not _lead(own[-1], found, rows.start):
            return None
        own.append(Words(found.times[rows], found.words[rows], found.damaged[rows], lost=0))
    return joined(iter(own))


def _stills(looks: list[tuple[float, Stills]], again: Again) -> Stills:
    """Those kept of each section: of a clip that goes on over a seam some may not be there."""
    edges = [-np.inf, *(start for start, _ in looks[1:]), np.inf]
    return stills.joined(
        stills.between(found, start, stop)
        for (_, found), start, stop in zip(looks, edges[:-1], edges[1:], strict=True)
    )


def _shots(looks: list[tuple[float, ShotScores]], again: Again) -> ShotScores | None:
    own: list[ShotScores] = []
    stood = looks[0][1].times[0]  # when the picture was shown that stands since
    for number, (_, found) in enumerate(looks):
        rows = _own(looks, number)
        mine = _part(found, rows.start, rows.stop)
        if number:
            lead = _lead(own[-1], found, rows.start)
            if not lead:
                return None
            if not _agreed(own[-1].still[-lead:], found.still[:lead]):
                still = _resumed(again(float(stood)), float(stood), mine)
                if still is None:
                    return None
                mine = mine._replace(still=still)
        own.append(mine)
        moved = np.flatnonzero(~mine.still)
        stood = mine.times[moved[-1]] if len(moved) else stood
    return ShotScores._make(np.concatenate(columns) for columns in zip(*own, strict=True))


def _own(looks: Sequence[tuple[float, Any]], number: int) -> slice:
    """The frames of a section that are not of the one before it or behind it."""
    start, found = looks[number]
    times = found.times
    first = int(np.searchsorted(times, start - EPSILON)) if number else 0
    last = len(times)
    if number + 1 < len(looks):
        last = int(np.searchsorted(times, looks[number + 1][0] - EPSILON))
    return slice(first, max(first, last))


def _lead(before: Any, found: Any, lead: int) -> int:
    """How many frames come before a section, 0 where they are too few, or were seen otherwise.

    `still` is left out: it may refer to a frame long before.
    """
    if not LEAST <= lead <= len(before.times):
        return 0
    count = FRAMES if isinstance(found, Scan) else 3 if isinstance(found, Words) else len(found)
    for name, one, other in zip(found._fields[:count], before, found, strict=False):
        skipped = 0 if name == "times" else SETTLED
        if name != "still" and not _same(one[-lead:][skipped:], other[skipped:lead]):
            return 0
    return lead


def _agreed(before: np.ndarray, after: np.ndarray) -> bool:
    """Whether both looks had the same picture for the one that stands, at the end of these."""
    moved = np.flatnonzero(~before & ~after)
    return len(moved) > 0 and _same(before[moved[0] :], after[moved[0] :])


def _resumed(
    parts: Iterator[ShotScores], since: float, own: ShotScores
) -> np.ndarray | None:  # fmt: skip
    """`still` of a section by a look that began with the picture that stood before it.

    It goes on until both looks see another picture with the same frame; from there on they agree.
    """
    still, at, begun = own.still.copy(), 0, False
    for part in parts:
        if not begun and part.times[0] != since:
            return None
        begun = True
        first = int(np.searchsorted(part.times, own.times[0] - EPSILON))
        count = min(len(part.times) - first, len(own.times) - at)
        if not _same(part.times[first : first + count], own.times[at : at + count]):
            return None
        known = part.still[first : first + count]
        moved = np.flatnonzero(~known & ~own.still[at : at + count])
        stop = int(moved[0]) if len(moved) else count
        still[at : at + stop] = known[:stop]
        at += stop
        if len(moved) or at == len(own.times):
            return still
    return None


def _rows(found: Scan, first: int, last: int) -> Scan:
    """Some frames of a scan, and the whole looks at them, as they are."""
    times, whole = found.times[first:last], tuple[Any, ...](found)
    looks = np.zeros(len(found.looked), bool)
    if len(times):
        looks = (found.looked >= times[0]) & (found.looked <= times[-1])
    frames = (values[first:last] for values in whole[:FRAMES])
    wholes = (values[looks] for values in whole[FRAMES : FRAMES + LOOKS])
    return Scan._make([*frames, *wholes, *whole[FRAMES + LOOKS :]])


def _part(found: ShotScores, first: int, last: int) -> ShotScores:
    return ShotScores._make(values[first:last] for values in found)


def _whole(found: Scan, since: float) -> list[bytes]:
    """What was seen of whole frames from a time on."""
    late, looks = found.looked >= since, tuple[Any, ...](found)[FRAMES : FRAMES + LOOKS]
    return [np.ascontiguousarray(values[late]).tobytes() for values in looks]


def _same(one: np.ndarray, other: np.ndarray) -> bool:
    """To the last bit."""
    return one.shape == other.shape and one.tobytes() == other.tobytes()


_SEWN: dict[str, Callable[[Any, Again], Any]] = {
    "shots": _shots,
    "words": _words,
    "stills": _stills,
}
