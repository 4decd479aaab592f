"""Windows of frames of a clip, as captions are made of: so many frames each, some of them shown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from tamis.codes import BadRecord
from tamis.errors import SettingError
from tamis.media.decoded import Decoded
from tamis.media.pointers import ROWS
from tamis.op import view
from tamis.video.clip import Clip, together
from tamis.video.decoding import EPSILON
from tamis.video.frames import Frames
from tamis.video.hardware import check as check_device
from tamis.video.readers import check as check_reader
from tamis.video.views import of_each

_LATE = 1e-4  # seconds: a frame is shown from its time on


class Window(NamedTuple):
    """A window from second `start` to `end` of a file, of which the frames at `times` are shown."""

    start: float
    end: float
    times: np.ndarray

    def rate(self, frames: int) -> float:
        """About how many of its frames a second there are."""
        if frames < len(self.times) or frames < 2:
            return frames / max(self.end - self.start, 1e-3)
        return 1 / float(self.times[1] - self.times[0])


class FrameWindows:
    """The windows of one clip, decoded one after another each time that they are gone through."""

    def __init__(
        self, clip: Clip, windows: list[Window], short_side: int | None, reader: str,
        hwaccel: str | None,
    ) -> None:  # fmt: skip
        self.windows = windows
        self._clip, self._asked = clip, (short_side, reader, hwaccel)

    def __iter__(self) -> Iterator[tuple[Window, Frames]]:
        """Each window with its frames; `BadRecord` where the clip cannot be decoded."""
        short_side, reader, hwaccel = self._asked
        wanted = tuple(np.concatenate([one.times for one in self.windows]).tolist())
        blocks = self._clip.frames(
            times=wanted, short_side=short_side, reader=reader, hwaccel=hwaccel
        )
        held: list[Frames] = []
        for window in self.windows:
            while not held or held[-1].times[-1] < window.end - EPSILON:
                block = next(blocks, None)
                if block is None:
                    break
                held.append(block)
            found = together(iter(held))
            if found is None:
                break
            own = int(np.searchsorted(found.times, window.end - EPSILON))
            if own:
                yield window, Frames(*(column[:own] for column in found))
            held = [Frames(*(column[own:] for column in found))] if own < len(found.times) else []


@view(rows=ROWS)
def frame_windows(
    clip: Decoded[Clip],
    *,
    fps: float = 2.0,
    window: int = 256,
    remainder: int = 128,
    max_frames: int = 64,
    short_side: int | None = 448,
    reader: str = "pyav",
    hwaccel: str | None = None,
) -> Decoded[FrameWindows]:
    """Clips in windows of `window` frames, of which `fps` a second are decoded.

    What is left behind the last window is one if it has `remainder` frames or more; a clip of no
    more than `window` frames is one window. Of a window at most `max_frames` are shown, evenly
    spread. The other settings are those of `clip_frames`.
    """
    check_reader(reader)
    check_device(hwaccel)
    for name, value in (("window", window), ("remainder", remainder), ("max_frames", max_frames)):
        if value < 1:
            raise SettingError(f"{name}={value}: at least one frame")
    if short_side is not None and short_side < 1:
        raise SettingError(f"short_side={short_side}: a frame has at least one pixel")
    if not 0 < fps < np.inf:
        raise SettingError(f"fps={fps}: more than 0 frames a second")

    def cut(one: Clip) -> FrameWindows:
        packets = one.packets()
        if not len(packets.times):
            raise BadRecord("video.empty", f"{one.place}: there is no frame")
        ends = np.append(packets.times, packets.ends).tolist()
        shown = [
            Window(ends[a], ends[b], moments(ends[a], ends[b], fps, max_frames))
            for a, b in spans(len(packets.times), window, remainder)
        ]
        return FrameWindows(one, shown, short_side, reader, hwaccel)

    return of_each(clip, cut)


def spans(frames: int, window: int, remainder: int) -> list[tuple[int, int]]:
    """The first frame of each window, and the one behind its last.

    >>> spans(700, 256, 128)
    [(0, 256), (256, 512), (512, 700)]
    >>> spans(600, 256, 128), spans(90, 256, 128)
    ([(0, 256), (256, 512)], [(0, 90)])
    """
    if frames <= window:
        return [(0, frames)]
    full = frames - frames % window
    found = [(at, at + window) for at in range(0, full, window)]
    return [*found, (full, frames)] if frames - full >= remainder else found


def moments(start: float, end: float, fps: float, most: int) -> np.ndarray:
    """The seconds from `start` to before `end`, `fps` of them each second, at most `most`.

    >>> moments(1.0, 2.5, 2.0, 64).tolist()
    [1.0, 1.5, 2.0]
    """
    step = max(1 / fps, (end - start) / most)
    count = max(1, min(most, int(np.ceil((end - start) / step - _LATE))))
    return start + step * np.arange(count)
