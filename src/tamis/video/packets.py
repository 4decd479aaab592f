"""The packets of a video: when frames are shown, which of them are keyframes. None is decoded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from tamis.media import container as containers
from tamis.media.reader import Reader
from tamis.video.decoding import EPSILON, seek
from tamis.video.formats import Header
from tamis.video.header import EXTRA, opened

_MOST = 1 << 16  # packets of one part


class Packets(NamedTuple):
    """One entry for each frame, in the order in which they are shown.

    `times` are seconds from the first frame of the video, float64 of [n]; `keyframes` bool of [n];
    `sizes` int64 of [n], bytes; `ends` the second at which the last frame ends.
    """

    times: np.ndarray
    keyframes: np.ndarray
    sizes: np.ndarray
    ends: float

    @property
    def nbytes(self) -> int:
        """Bytes in memory."""
        return self.times.nbytes + self.keyframes.nbytes + self.sizes.nbytes

    def between(self, start: float, end: float | None) -> Packets:
        """Those with `start` ≤ time < `end`."""
        good = self.times >= start - EPSILON
        if end is not None:
            good &= self.times < end - EPSILON
        ends = self.ends if end is None else min(end, self.ends)
        return Packets(self.times[good], self.keyframes[good], self.sizes[good], ends)


def packets(
    file: Reader, header: Header, start: float = 0.0, end: float | None = None
) -> Iterator[Packets]:
    """All packets of the track of pictures, some 65,000 at a time, in the order of the file.

    Those from `start` to `end`, and some around them, where those are given: the rest is not read.
    """
    with opened(file, header.format, decoding=False) as (container, stream):
        if start > 0:
            seek(container, stream, header, start)
        found, times, keys, sizes = container.demux(stream), [], [], []
        base, latest, ends = float(stream.time_base), -1.0, 0.0
        step = 1 / header.fps if header.fps else 0.04
        while True:
            with containers.told(file, EXTRA):
                packet = next(found, None)
            file.check()
            if packet is not None and packet.size and not packet.is_discard:
                at = packet.pts if packet.pts is not None else packet.dts
                latest = latest + step if at is None else at * base - header.first
                latest = max(latest, 0.0) if at is None else latest
                lasts = packet.duration * base if packet.duration else step
                ends = max(ends, latest + lasts)
                times.append(latest)
                keys.append(bool(packet.is_keyframe))
                sizes.append(packet.size)
            if end is not None and packet is not None and packet.dts is not None:
                # no later one is shown before it is decoded
                packet = packet if packet.dts * base - header.first < end else None
            if packet is None or len(times) >= _MOST:
                yield Packets(np.array(times, float), np.array(keys, bool),
                              np.array(sizes, np.int64), ends)  # fmt: skip
                times, keys, sizes = [], [], []
            if packet is None:
                return


def joined(parts: Iterator[Packets]) -> Packets:
    """All parts as one, in the order in which frames are shown."""
    found = list(parts)
    times, keys, sizes = (np.concatenate([part[k] for part in found]) for k in range(3))
    order = np.argsort(times, kind="stable")
    return Packets(times[order], keys[order], sizes[order], found[-1].ends)
