"""What looks at all frames see of clips: learned in one pass, or known of the video they are of.

A step that looks at all frames of a video has other looks taken in the same pass that later steps
will ask for (`tamis.media.carried`), also those behind a cut: what is seen of a clip is then a
piece of what was seen of its video.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from tamis.codes import BadRecord
from tamis.media.carried import Carried, Span
from tamis.media.decoded import Decoded, behind
from tamis.video import sections
from tamis.video.clip import Clip
from tamis.video.frames import Frames
from tamis.video.looking import VECTORS
from tamis.video.moments import SPARSE
from tamis.video.stills import Asked, taken_back
from tamis.viewing import VIEWS

LOOKS = {
    "shot_scores": "shots", "video_scan": "scan", "flow_scan": "flow", "picture_words": "words",
}  # fmt: skip
"""The views that are made of looks at all frames."""
_FRAMES, _FRAME = "clip_frames", 1 << 20  # bytes, or more, of one of them
GAP = 2.0  # seconds between clips that are decoded rather than sought: about half of what lies
# between two keyframes, where a decoder would have to begin again


def seen_of(
    view: str, clips: Decoded[Clip], carried: Carried,
    alone: Callable[[Clip], Any] | None = None,
) -> Decoded[Any]:  # fmt: skip
    """What a view of `LOOKS` has of each clip.

    `alone` gives what it has for less than a look at all frames, where nobody else looks at them.
    """
    apart: set[int] = set()  # rows that were of no use to their neighbours

    def load(row: int) -> Any:
        one = behind(clips, row)
        known = _carried(view, one, carried)
        if known is not None:
            return known
        others = any(carried.wants(name) for name in LOOKS if name != view)
        if alone is not None and not others:
            return alone(one)
        if row not in apart and LOOKS[view] != "shots" and carried.wants(view):
            rows = _neighbours(view, row, clips, carried, found.asked)
            apart.update(rows)
            if len(rows) > 1 and _learned(view, [behind(clips, k) for k in rows], carried):
                known = _carried(view, one, carried)
        return _seen(view, one, carried) if known is None else known

    found: Decoded[Any] = Decoded(load, len(clips))
    return found


def _neighbours(
    view: str, row: int, clips: Decoded[Clip], carried: Carried, asked: np.ndarray | None
) -> list[int]:
    """A row and those behind it that will be asked for, of one file and near one another."""
    one = behind(clips, row)
    found, start, until = [row], one.start, one.end
    rows = range(len(clips)) if asked is None else asked.tolist()
    for other in (k for k in rows if k > row):
        clip = clips[other]
        if clip is None or clip.key != one.key or until is None:
            break
        if not start <= clip.start <= until + GAP or _carried(view, clip, carried) is not None:
            break
        found.append(other)
        start, until = clip.start, None if clip.end is None else max(until, clip.end)
    return found


def _learned(view: str, clips: list[Clip], carried: Carried) -> bool:
    """Look once at the part of a file that some clips cover; whether they are known now."""
    ends = [clip.end for clip in clips if clip.end is not None]
    end = max(ends) if len(ends) == len(clips) else None
    try:
        _seen(view, clips[0].part(clips[0].start, end), carried, pieces=clips)
    except BadRecord:  # each says for itself what is wrong with it
        return False
    return True


def _carried(view: str, one: Clip, carried: Carried) -> Any:
    """What is known of a clip already: by a pass over it, or over more of its video."""
    name = _look(view, one)
    for (start, end), known in carried.known(name, one.key):
        if (start, end) == (one.start, one.end):
            return known if name == "shots" else _piece(known, one)
        if name != "shots" and _covers((start, end), one):
            found = known.piece(one.start, one.end, one.told)
            if found is not None:
                return found
    return None


def _covers(span: Span, one: Clip) -> bool:
    start, end = span
    return start <= one.start and (end is None or (one.end is not None and one.end <= end))


def _seen(view: str, one: Clip, carried: Carried, *, pieces: Sequence[Clip] = ()) -> Any:
    """By a pass over the clip, in which looks that other views will ask for are taken, too.

    With `pieces`, clips that are parts of it, those whose parts tell what they are of these.
    """
    mine = _look(view, one)
    wanted = [view, *(name for name in LOOKS if carried.wants(name))]
    wanted = [name for name in wanted if not pieces or LOOKS[name] != "shots"]
    looks = dict.fromkeys(_look(name, one) for name in wanted)
    frames = _frames_asked(carried, pieces or [one], "shots" in looks)
    starts = tuple(sorted({clip.start for clip in pieces}))
    seen = sections.looked(one, tuple(looks), frames, carried.aside, starts)
    found: dict[str, Any] = {name: getattr(seen, name) for name in looks}
    if found[mine] is None:
        raise BadRecord("video.empty", f"{one.place}: no frame could be decoded")
    # A part of a damaged video may be whole, or be damaged otherwise when it is decoded alone.
    if all(found[name].sound for name in looks if name != "shots"):
        for name in looks:
            carried.keep(name, one.key, (one.start, one.end), found[name])
    if frames is not None and seen.sound and seen.stills is not None and seen.stills.sound:
        carried.keep(_stills(frames.short_side), one.key, (one.start, one.end), seen.stills)
    return found[mine] if mine == "shots" else _piece(found[mine], one)


def frames_of(
    one: Clip, fps: float, short_side: int | None, carried: Carried
) -> Iterator[Frames] | None:  # fmt: skip
    """The frames shown `fps` times a second of a clip, where a pass over all frames is or was made.

    Some at a time.
    None where they have to be decoded.
    """
    found = _frames_kept(one, fps, short_side, carried)
    asked = _frames_asked(carried, [one], False)
    if found is not None or asked is None or asked.short_side != short_side:
        return found
    for view in LOOKS:
        if carried.wants(view) and _carried(view, one, carried) is None:
            try:
                _seen(view, one, carried)
            except BadRecord:  # whoever decodes it says what is wrong
                return None
            return _frames_kept(one, fps, short_side, carried)
    return None


def _frames_kept(
    one: Clip, fps: float, short_side: int | None, carried: Carried
) -> Iterator[Frames] | None:  # fmt: skip
    for span, known in carried.known(_stills(short_side), one.key):
        rows = known.of(one.start, one.end, fps, one.header.fps) if _covers(span, one) else None
        places = [known.pixels[row] for row in rows or ()]
        if rows and len({place.shape for place in places}) == 1:
            return taken_back(known, rows, carried.aside)
    return None


def _frames_asked(carried: Carried, clips: Sequence[Clip], cut: bool) -> Asked | None:
    """The frames that steps will ask for, of these clips, and where there is a `cut` of its clips.

    Those of one size: of the first that is asked for.
    """
    if carried.aside.room < _FRAME or not carried.wanted:
        return None
    wishes = [wish.settings for wish in carried.wishes if _FRAMES in wish.views]
    known = [VIEWS[_FRAMES].settings | dict(given) for given in wishes]
    known = [
        one for one in known
        if one.get("of", _FRAMES) == _FRAMES and one["reader"] == "pyav" and one["hwaccel"] is None
    ]  # fmt: skip
    known = [one for one in known if one["short_side"] == known[0]["short_side"]]
    if not known:
        return None
    spans = [
        (clip.start, clip.end, min(one["fps"], one["max_frames"] / max(clip.duration, 1e-3)))
        for clip in clips for one in known
    ]  # fmt: skip
    rates = {float(one["fps"]): None for one in known} if cut else {}
    lags = {0.0: None} | {
        float(wish.settings["crop"]): None for wish in carried.wishes if "crop" in wish.settings
    }
    near = dict.fromkeys(span for span in spans if span[2] * SPARSE > 1)
    good = [rate for rate in rates if rate * SPARSE > 1]
    return Asked(known[0]["short_side"], tuple(near), tuple(good), tuple(lags))


def _stills(short_side: int | None) -> str:
    return f"stills of {short_side}"


def _piece(found: Any, one: Clip) -> Any:
    """What was seen of a clip, with what depends on where the clip begins."""
    piece = found.piece(one.start, one.end, one.told, itself=True)
    if piece is None:
        raise BadRecord("video.empty", f"{one.place}: no frame could be decoded")
    return piece


def _look(view: str, one: Clip) -> str:
    """The look that a view needs: of codecs that tell no vectors a scan has the flow anyway."""
    look = LOOKS[view]
    return "scan" if look == "flow" and one.header.codec not in VECTORS else look
