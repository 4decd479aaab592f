"""Frames for models and measures of images, taken in the pass that looks at all frames.

Which are shown at the moments of a clip is known beforehand where the clip is. Behind a cut by
shots it is not: there each frame that is unlike the one before may be the first of a clip, so
frames at the moments of the latest few such clips are kept. Whoever asks for the frames of a clip
tells by the times of all frames which those are, and decodes the clip where one was not kept.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from tamis.media.spilled import Spilled
from tamis.video.decoding import EPSILON
from tamis.video.frames import Frames, stacked
from tamis.video.moments import shown_at
from tamis.video.pictures import Pictures

# Mean differences of hue, saturation and value to the frame before: from `CUT` on PySceneDetect
# cuts anyway; what is less may be a cut where it is twice the difference before, else is motion.
CUT, _UNLIKE, _TIMES = 27.0, 10.0, 2.0
_BLOCK = 32  # frames that are read at a time
_LATEST = 3  # clips that may have begun: cuts close to one another, flashes


class Asked(NamedTuple):
    """Which frames are kept: reduced to `short_side`; `clips` are (start, end, rate).

    Where clips may begin anywhere, `rates` are those of their frames, and `lags` the seconds from
    a frame unlike the one before to the start of the clip.
    """

    short_side: int | None
    clips: Sequence[tuple[float, float | None, float]]
    rates: Sequence[float] = ()
    lags: Sequence[float] = ()


class Stills(NamedTuple):
    """Some of n frames: `times` of all; `shown`, the times of those that were kept.

    `pixels` are theirs, as in `Frames`, or for each where it was put aside; `damaged` whether the
    decoder had to make some of it up. `even`: all frames have the same size. `lost` gave no frame.
    """

    times: np.ndarray
    shown: np.ndarray
    pixels: Any
    damaged: np.ndarray
    even: bool
    lost: int

    @property
    def nbytes(self) -> int:
        """Bytes in memory, where pixels were put aside."""
        return self.times.nbytes + 64 * len(self.shown)

    @property
    def sound(self) -> bool:
        """Whether nothing is missing, and all can be taken for one another's."""
        return self.even and not self.lost and not self.damaged.any()

    def of(self, start: float, end: float | None, fps: float, rate: float) -> list[int] | None:
        """The frames, of those kept, that are shown `fps` times a second of a clip.

        `rate` is that of the video. None where one was not kept.
        """
        inside = self.times >= start - EPSILON
        if end is not None:
            inside &= self.times < end - EPSILON
        every = ((time, None) for time in self.times[inside].tolist())
        kept = {time: k for k, time in enumerate(self.shown.tolist())}
        found = [kept.get(time) for time, _ in shown_at(every, start, end, fps, None, rate)]
        return None if not found or None in found else found  # type: ignore[return-value]


class StillLook:
    """A look at each frame of a clip: `at(time, frame, change)`, then `part(lost)`."""

    def __init__(self, asked: Asked) -> None:
        self._asked, self._picture = asked, Pictures(asked.short_side)
        self._clips = [_Moments(*clip) for clip in asked.clips]
        self._begun: deque[list[_Moments]] = deque(maxlen=_LATEST)
        self._before: tuple[float, Any] | None = None
        self._size: Any = None
        self._change = 0.0
        self._even = True
        self._fresh()

    def _fresh(self) -> None:
        self._times: list[float] = []
        self._kept: list[tuple[float, np.ndarray, bool]] = []
        self.nbytes = 0  # of what was kept since the last part

    def at(self, time: float, frame: Any, change: float = 0.0) -> None:
        """Look at the next frame; by its `change` a clip may begin with it."""
        self._pass(time)
        size = frame.width, frame.height, frame.rotation
        self._size = self._size or size
        self._even = self._even and size == self._size
        unlike, self._change = change > max(_UNLIKE, _TIMES * self._change), change
        if unlike or change >= CUT:
            self._begun.append([
                _Moments(time + lag, None, rate)
                for lag in self._asked.lags for rate in self._asked.rates
            ])  # fmt: skip
        self._times.append(time)
        self._before = time, frame

    def _pass(self, time: float) -> None:
        """Keep the frame before, where it is shown at some moment up to this one."""
        if self._before is None:
            return
        at, frame = self._before
        clips = [*self._clips, *(one for some in self._begun for one in some)]
        shown = [clip.pass_by(at, time) for clip in clips]  # each goes on
        if any(shown):
            pixels = self._picture(frame)
            self._kept.append((at, pixels, bool(frame.is_corrupt)))
            self.nbytes += pixels.nbytes

    def end(self, step: float) -> None:
        """Say that no frame comes any more; the last is shown for `step` seconds."""
        if self._before is not None:
            self._pass(self._before[0] + step)
            self._before = None

    def part(self, lost: int) -> Stills:
        """What was kept since the last part."""
        empty = Frames(np.zeros(0), np.zeros((0, 0, 0, 3), np.uint8), np.zeros(0, bool))
        kept = stacked(self._kept) if self._kept else empty
        found = Stills(
            np.array(self._times), kept.times, kept.pixels, kept.damaged, self._even, lost
        )
        self._fresh()
        return found


class _Moments:
    """The moments of a clip, as frames come."""

    def __init__(self, start: float, end: float | None, rate: float) -> None:
        self._start, self._end, self._rate = start, end, rate
        self._next = 0

    def pass_by(self, at: float, after: float) -> bool:
        """Whether the frame at `at` is shown at a moment before the one at `after`."""
        if at < self._start - EPSILON or (self._end is not None and at >= self._end - EPSILON):
            return False
        first = self._next
        while self._start + self._next / self._rate < after - EPSILON:
            self._next += 1
        return self._next > first


def joined(parts: Iterable[Stills]) -> Stills:
    """All parts as one, their pixels put aside."""
    found = list(parts)
    return Stills(
        np.concatenate([part.times for part in found]),
        np.concatenate([part.shown for part in found]),
        [one for part in found for one in part.pixels],
        np.concatenate([part.damaged for part in found]),
        all(part.even for part in found),
        sum(part.lost for part in found),
    )


def between(found: Stills, start: float, end: float) -> Stills:
    """Those of the frames from one time to before another."""
    inside, kept = (
        (times >= start - EPSILON) & (times < end - EPSILON) for times in (found.times, found.shown)
    )
    pixels = [one for one, good in zip(found.pixels, kept, strict=True) if good]
    return found._replace(
        times=found.times[inside], shown=found.shown[kept], pixels=pixels,
        damaged=found.damaged[kept],
    )  # fmt: skip


def put_aside(found: Stills, aside: Spilled) -> Stills:
    """The same with its pixels in a file; those for which there is no room are not kept."""
    places = [aside.put(one) for one in found.pixels]
    good = np.array([place is not None for place in places], bool)
    return found._replace(
        shown=found.shown[good], damaged=found.damaged[good],
        pixels=[place for place in places if place is not None],
    )  # fmt: skip


def taken_back(found: Stills, rows: Sequence[int], aside: Spilled) -> Iterator[Frames]:
    """Frames of those that were kept, their pixels put aside, some at a time."""
    for first in range(0, len(rows), _BLOCK):
        some = list(rows[first : first + _BLOCK])
        pixels = np.stack([aside.get(found.pixels[row]) for row in some])
        yield Frames(found.shown[some], pixels, found.damaged[some])
