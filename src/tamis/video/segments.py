"""Videos to clips: windows of one length, scenes, keyframes, what is neither black nor frozen."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from tamis.codes import BadRecord
from tamis.errors import SettingError
from tamis.media.carried import Carried
from tamis.media.decoded import Decoded
from tamis.media.pointers import ROWS
from tamis.op import cut, view
from tamis.video.clip import Clip
from tamis.video.learned import seen_of
from tamis.video.packets import Packets
from tamis.video.shot_boundaries import (
    DETECTORS,
    WEIGHTS,
    adaptive_cuts,
    content_cuts,
    content_score,
    fade_cuts,
    histogram_cuts,
    runs,
)
from tamis.video.shot_scores import ShotScores
from tamis.video.spans import Span, between, check_limits, strided, within

COLUMNS = {"start": "float64", "end": "float64"}
ALONG = {"duration": "float64"}
_EXACT = 6  # digits of seconds
_FLASH = 0.25  # seconds
_NEAR = 2  # frames from a cut to those that are compared: the first ones may still be a blend


@view(rows=ROWS)
def shot_scores(clip: Decoded[Clip], carried: Carried) -> Decoded[ShotScores]:
    """How each frame differs from the one before (`tamis.video.shot_scores`), in one decode."""
    return seen_of("shot_scores", clip, carried)


@cut(columns=COLUMNS, along=ALONG)
def windows(
    clip: Decoded[Clip],
    *,
    length: float = 10.0,
    stride: float | None = None,
    minimum: float | None = None,
) -> dict[str, Any]:
    """A row for each window of `length` seconds; `start`, `end` in the file.

    Windows begin `stride` seconds apart (None: `length`). The last ends with the video; it goes if
    it is shorter than `minimum` (None: 2 s, or `length` where that is less). Only the header is
    read. Defaults: NeMo Curator's.

    >>> import pandas as pd, tamis
    >>> films = pd.DataFrame({"id": ["a"], "path": ["film.mp4"]})
    >>> tamis.Cut(tamis.video.windows, length=5)(films)  # doctest: +SKIP
    """
    step = length if stride is None else stride
    least = min(2.0, length) if minimum is None else minimum
    if not (0 < length < math.inf and 0.01 <= step < math.inf and 0 <= least <= length):
        raise SettingError(
            f"length={length}, stride={stride}, minimum={minimum}: seconds; windows begin at least "
            "0.01 s apart, `minimum` is no longer than they are"
        )

    def of_one(one: Clip) -> list[Span]:
        stop = one.start + one.duration
        found = strided(one.start, stop, length, step)
        return [span for span in found if span[1] - span[0] >= max(least, 1e-6) - 1e-6]

    return clips_of_spans(clip, clip, of_one, f"it is shorter than minimum={least:g}")


@cut(columns=COLUMNS, along=ALONG)
def scenes(
    shot_scores: Decoded[ShotScores],
    clip: Decoded[Clip],
    *,
    detector: str = "content",
    threshold: float | None = None,
    min_scene: float = 0.6,
    weights: tuple[float, ...] = WEIGHTS,
    window: int = 2,
    min_content: float = 15.0,
    fade_bias: float = 0.0,
    merge: float | None = None,
    min_duration: float = 0.0,
    max_duration: float | None = None,
    longer: str = "stride",
    part: float | None = None,
    crop: float = 0.0,
) -> dict[str, Any]:
    """A row for each shot, as a detector finds them; `start`, `end` in the file.

    `detector` is "content" (hue, saturation and value, weighed by `weights`, move by `threshold`
    levels on average; 27), "adaptive" (that by 3 times the mean of the `window` frames on each
    side, and by `min_content`), "histogram" (those of luma correlate by 1 - 0.2 or less),
    "threshold" (fades through black, below 12; cut at `fade_bias` between out and in). These are
    PySceneDetect's, with its defaults and, on the same frames, its values. Two cuts are at least
    `min_scene` seconds apart.

    `merge` joins neighbours whose layouts of colour at the cut differ by less than so many levels
    of 255, as after a flash. Then `crop` seconds go from both ends of each shot, one longer than
    `max_duration` becomes several (`longer="stride"`, of `part` seconds, None: `max_duration`;
    "divide": equal ones), its beginning ("truncate") or none ("drop"), and what is shorter than
    `min_duration` goes. All frames are decoded once, whatever the detector, and looked at 256
    pixels wide.

    NeMo Curator crops 0.5 s and keeps 2 to 10 s.
    """
    score = _detector(detector, threshold, min_scene, weights, window, min_content, fade_bias)
    check_limits(min_duration, max_duration, longer, part, crop)
    if merge is not None and not 0 <= merge < math.inf:
        raise SettingError(f"merge={merge}: 0 or more levels of 255, None joins none")

    def of_one(one: Clip, found: ShotScores) -> list[Span]:
        cuts = score(found)
        if merge is not None:
            cuts = _unlike(cuts, found, merge)
        edges = [one.start, *(float(found.times[at]) for at in cuts), stop_of(one, found.times)]
        return within(
            between(edges), min_duration=min_duration, max_duration=max_duration, longer=longer,
            part=part, crop=crop,
        )  # fmt: skip

    return clips_of_spans(clip, shot_scores, of_one, "no shot in it is long enough")


@cut(columns=COLUMNS, along=ALONG)
def keyframe_spans(
    video_packets: Decoded[Packets], clip: Decoded[Clip], *, length: float = 10.0,
    minimum: float = 2.0,
) -> dict[str, Any]:  # fmt: skip
    """A row for each stretch from one keyframe to another, `length` seconds long or a bit more.

    Such clips can be copied without encoding them anew and begin and end where they should. The
    last ends with the video; it goes if it is shorter than `minimum`. Nothing is decoded.
    """
    if not (0 < length < math.inf and 0 <= minimum < math.inf):
        raise SettingError(f"length={length}, minimum={minimum}: seconds")

    def of_one(one: Clip, found: Packets) -> list[Span]:
        keys = found.times[found.keyframes].tolist()
        edges = keys[:1]
        for at in keys[1:]:
            if at - edges[-1] >= length - 1e-3:
                edges.append(at)
        spans = between([*edges, found.ends])
        return [span for span in spans if span[1] - span[0] >= max(minimum, 1e-6)]

    return clips_of_spans(clip, video_packets, of_one, f"it is shorter than minimum={minimum:g}")


@cut(columns=COLUMNS, along=ALONG)
def content_spans(
    shot_scores: Decoded[ShotScores],
    clip: Decoded[Clip],
    *,
    black: float | None = 2.0,
    black_ratio: float = 0.98,
    frozen: float | None = 2.0,
    min_duration: float = 0.0,
    max_duration: float | None = None,
    longer: str = "stride",
    part: float | None = None,
    crop: float = 0.0,
) -> dict[str, Any]:
    """A row for each part that is neither black nor frozen; `start`, `end` in the file.

    Black is a frame of which the share `black_ratio` of pixels has at most 10 % luma, for `black`
    seconds or more; frozen a picture that differs by less than a thousandth of full luma from the
    one that stood, for `frozen` seconds or more. None: that is not looked for. Defaults:
    ffmpeg's blackdetect and freezedetect. All other settings as in `scenes`.
    """
    for name, value in (("black", black), ("frozen", frozen)):
        if value is not None and not value > 0:
            raise SettingError(f"{name}={value}: seconds above 0, or None")
    if not 0 < black_ratio <= 1:
        raise SettingError(f"black_ratio={black_ratio}: a share above 0, up to 1")
    check_limits(min_duration, max_duration, longer, part, crop)

    def of_one(one: Clip, found: ShotScores) -> list[Span]:
        stop = stop_of(one, found.times)
        edges = np.append(found.times, stop)
        gone: list[Span] = []
        if black is not None:
            dark = runs(found.dark >= black_ratio)
            gone += [(edges[a], edges[b]) for a, b in dark if edges[b] - edges[a] >= black]
        if frozen is not None:
            still = [(a - 1, b) for a, b in runs(found.still)]  # the picture that stood is one, too
            gone += [(edges[a], edges[b]) for a, b in still if edges[b] - edges[a] >= frozen]
        return within(
            _without((one.start, stop), gone), min_duration=min_duration,
            max_duration=max_duration, longer=longer, part=part, crop=crop,
        )  # fmt: skip

    return clips_of_spans(clip, shot_scores, of_one, "all of it is black, frozen or too short")


def _detector(
    detector: str, threshold: float | None, min_scene: float, weights: tuple[float, ...],
    window: int, min_content: float, fade_bias: float,
) -> Callable[[ShotScores], list[int]]:  # fmt: skip
    """What gives the cuts of the scores of a video."""
    if detector not in DETECTORS:
        raise SettingError(f"detector must be one of {', '.join(DETECTORS)}, found {detector!r}")
    limit = DETECTORS[detector] if threshold is None else threshold
    if not 0 < limit < math.inf or not 0 <= min_content < math.inf:
        raise SettingError(
            f"threshold={limit} (more than 0; of {detector!r} {DETECTORS[detector]:g}), "
            f"min_content={min_content} (0 or more levels)"
        )
    if len(weights) != 3 or not sum(map(abs, weights)) > 0:
        raise SettingError(f"weights={weights!r}: three, of hue, saturation and value")
    if window < 1 or not 0 <= min_scene < math.inf or not -1 <= fade_bias <= 1:
        raise SettingError(f"window={window} (1 or more), min_scene={min_scene} (seconds), "
                           f"fade_bias={fade_bias} (-1 to 1)")  # fmt: skip
    three = (weights[0], weights[1], weights[2])

    def content(s: ShotScores) -> np.ndarray:
        return content_score(s.hue, s.saturation, s.value, three)

    known: dict[str, Callable[[ShotScores], list[int]]] = {
        "content": lambda s: content_cuts(content(s), s.times, limit, min_scene),
        "adaptive": lambda s: adaptive_cuts(
            content(s), s.times, limit, min_scene, window, min_content
        ),
        "histogram": lambda s: histogram_cuts(s.correlation, s.times, limit, min_scene),
        "threshold": lambda s: fade_cuts(s.brightness, s.times, limit, min_scene, fade_bias),
    }
    return known[detector]


def _unlike(cuts: Sequence[int], found: ShotScores, least: float) -> list[int]:
    """The cuts on whose two sides the layouts of colour differ by `least` levels or more.

    What is as short as a flash is passed over where both its neighbours are alike.
    """
    last = len(found.times) - 1

    def alike(one: int, other: int) -> bool:
        before = found.layout[max(0, one - _NEAR)].astype(int)
        return bool(np.abs(before - found.layout[min(last, other + _NEAR)]).mean() < least)

    kept, k = list[int](), 0
    while k < len(cuts):
        at, behind = cuts[k], cuts[k + 1] if k + 1 < len(cuts) else None
        flash = behind is not None and found.times[behind] - found.times[at] < _FLASH
        if flash and behind is not None and alike(at, behind):
            k += 2
            continue
        if not alike(at, at):
            kept.append(at)
        k += 1
    return kept


def stop_of(one: Clip, times: np.ndarray) -> float:
    """Where the last frame ends: as long as those before it are shown."""
    steps = np.diff(times[-9:])
    usual = 1 / one.header.fps if one.header.fps else 0.04
    last = float(times[-1]) + (float(np.median(steps)) if len(steps) else usual)
    return last if one.end is None else min(one.end, last)


def _without(span: Span, others: Iterable[Span]) -> list[Span]:
    """What is left of a span without the others."""
    found, at = [], span[0]
    for start, end in sorted(others):
        if start > at:
            found.append((at, start))
        at = max(at, end)
    return [*found, (at, span[1])] if at < span[1] else found


def clips_of_spans(
    clip: Decoded[Clip], seen: Sequence[Any], of_one: Callable[..., list[Span]], barren: str
) -> dict[str, Any]:
    """The columns of a cut: for each row the spans that `of_one` gives, or why there are none."""
    parent: list[int] = []
    spans: list[Span] = []
    problems: dict[int, str] = {}
    for row in range(len(clip)):
        found = seen[row]
        one = clip[row]
        if found is None or one is None:
            continue
        try:
            here = of_one(one) if seen is clip else of_one(one, found)
        except BadRecord as bad:
            problems[row] = f"{bad.code}: {bad.detail}"
            continue
        if not here:
            problems[row] = f"cut.empty: {barren}"
        parent += [row] * len(here)
        spans += here
    start, end = (np.round([span[k] for span in spans], _EXACT) for k in (0, 1))
    return {
        "parent": np.array(parent, np.int64), "problems": problems, "start": start, "end": end,
        "duration": np.round(end - start, _EXACT),
    }  # fmt: skip
