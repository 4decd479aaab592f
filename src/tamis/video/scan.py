"""What one pass over the frames of a clip sees, of which all measures of frames are made.

It is made of numbers of single frames, so what was seen of a video tells what would be seen of a
part of it (`Scan.piece`), to the last bit.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from tamis.video import ticks
from tamis.video.decoding import EPSILON

SECOND = 1.0  # moments a second at which a frame is looked at as a whole
FLOW_RATE = 2.0  # moments a second of whose frame the flow to the next one is taken
HALF_FPS = 2.0  # frames a second whose motion NeMo Curator's filter looks at
FRAMES, LOOKS = 10, 5  # fields of a scan with an entry for each frame; for each whole look


class Scan(NamedTuple):
    """What was seen of each frame of a clip, and of the clip as a whole.

    For each of n frames: `times` seconds; `damaged`; `light`, mean luma from 0 to 1; `dark`, the
    share of pixels with less luma than 0.1; `change`, the mean absolute difference of luma to the
    frame before, 0 to 1, NaN for the first; `shift` float32 of [n, 2], how far the whole picture
    moved since the frame before, by width plus height; `motion`, the mean length of its motion
    vectors by width plus height, NaN where it has none or was not asked; `on_time`, whether it was
    asked at a moment of the clock of the file; `patches` float32 of [n, patches], the motion in the
    middle of patches of 256 × 256 pixels; `fields` uint8 of [n, 9, 16], mean luma as it is stored.

    For each of m frames looked at as a whole, those at whole seconds of the file: `looked`, their
    times, and whether they were at such a second (`regular`); `sharpness`, variance of the
    Laplacian; `contrast`, standard deviation of luma; `edges` int32 of [m, 4]: the first row that
    is not black and the one behind the last, and so of the columns.

    `size` is height and width of a stored frame, `span` how many levels luma has, `step` how many
    frames NeMo Curator's filter goes on at a time, and `half` how many it looks at; `flow`, whether
    motion is optical flow. `lost` packets gave no frame.
    """

    times: np.ndarray
    damaged: np.ndarray
    light: np.ndarray
    dark: np.ndarray
    change: np.ndarray
    shift: np.ndarray
    motion: np.ndarray
    on_time: np.ndarray
    patches: np.ndarray
    fields: np.ndarray
    looked: np.ndarray
    regular: np.ndarray
    sharpness: np.ndarray
    contrast: np.ndarray
    edges: np.ndarray
    size: tuple[int, int]
    span: int
    step: int
    half: int
    flow: bool
    lost: int

    @property
    def nbytes(self) -> int:
        """Bytes in memory."""
        return sum(value.nbytes for value in self if isinstance(value, np.ndarray))

    @property
    def away(self) -> np.ndarray:
        """The mean absolute difference of the fields of each frame to the first, 0 to 1."""
        apart = np.abs(self.fields.astype(np.int16) - self.fields[0])
        found: np.ndarray = apart.mean(axis=(1, 2)) / self.span
        return found

    @property
    def published(self) -> np.ndarray:
        """The frames that NeMo Curator's filter looks at: two a second of the first half."""
        moving = ~np.isnan(self.motion)
        if not self.flow:
            moving[np.arange(len(moving)) % self.step > 0] = False
        return np.flatnonzero(moving)[: self.half]

    @property
    def sound(self) -> bool:
        """Whether nothing was damaged or missing."""
        return not self.lost and not self.damaged.any()

    def piece(
        self, start: float, end: float | None, duration: float, *, itself: bool = False
    ) -> Scan | None:
        """What would be seen of `start` to `end`, `duration` seconds; None where that is not known.

        Too little is known of pieces shorter than a second where no frame was looked at. `itself`:
        the piece is all that was decoded, and more is not to be learned of it.
        """
        inside = self.times >= start - EPSILON
        if end is not None:
            inside &= self.times < end - EPSILON
        rows = np.flatnonzero(inside)
        if not len(rows) or rows[-1] - rows[0] >= len(rows):
            return None
        part = slice(rows[0], rows[-1] + 1)
        looks = self._looks(start, part)
        on_time = self._on_time(start, part)
        motion = self._motion(part, on_time, itself)
        if not len(looks) or motion is None:
            return None
        own: tuple[Any, ...] = tuple(self)
        frames = [values[part] for values in own[:FRAMES]]
        wholes = [values[looks] for values in own[FRAMES : FRAMES + LOOKS]]
        found = Scan._make([*frames, *wholes, *own[FRAMES + LOOKS :]])
        change, shift = found.change.copy(), found.shift.copy()
        change[0], shift[0] = np.nan, 0.0
        half = max(10, round(int(duration or 30.0) * 0.5 * HALF_FPS))
        return found._replace(change=change, shift=shift, motion=motion, on_time=on_time, half=half)

    def _looks(self, start: float, part: slice) -> np.ndarray:
        """Those at whole seconds; where there is none, that at the first frame."""
        times = self.times[part]
        within = (self.looked >= times[0]) & (self.looked <= times[-1])
        seconds = np.floor((self.looked + EPSILON) * SECOND)
        found = np.flatnonzero(within & self.regular & (seconds >= ticks.first(SECOND, start)))
        return found if len(found) else np.flatnonzero(self.looked == times[0])[:1]

    def _on_time(self, start: float, part: slice) -> np.ndarray:
        """Whether each frame of the part was asked at a moment that belongs to the part."""
        moments = np.floor((self.times[part][:-1] + EPSILON) * FLOW_RATE)
        on_time = self.on_time[part].copy()
        on_time[0] = False
        on_time[1:] &= moments >= ticks.first(FLOW_RATE, start)
        return on_time

    def _motion(self, part: slice, on_time: np.ndarray, itself: bool) -> np.ndarray | None:
        """Motion of the frames; of flow that whose moments and both frames are in the part."""
        if not self.flow:
            return self.motion[part]
        motion = self.motion[part].copy()
        motion[0] = np.nan
        good = on_time[1:]
        if not good.any() and len(good):
            good = np.arange(len(good)) == 0
            if np.isnan(motion[1]) and not itself:
                return None
        motion[1:][~good] = np.nan
        return motion


def joined(parts: Iterator[Scan]) -> Scan | None:
    """All parts as one, None where there are none."""
    found = [part for part in parts if len(part.times) or part.lost]
    if not found:
        return None
    many = FRAMES + LOOKS
    arrays = (np.concatenate([part[k] for part in found]) for k in range(many))
    whole = Scan._make([*arrays, *found[0][many:]])
    return whole._replace(lost=sum(part.lost for part in found))
