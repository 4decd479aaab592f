"""From bytes to samples in this process, by the decoder that each format has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from tamis.audio import ffmpeg, pcm, sndfile
from tamis.audio.formats import DEMUXERS, Header
from tamis.audio.header import header as header_of
from tamis.media.reader import Reader

__all__ = ["header_of", "rechunked", "stream"]


def stream(
    file: Reader, header: Header, first: int = 0, stop: int | None = None, size: int = 1 << 18
) -> Iterator[np.ndarray]:
    """Frames from `first` to `stop` (None: all there are), float32 of [n, channels], -1 to 1.

    Each array has `size` frames but the last. Raises `BadRecord` where the data is damaged; that
    it ends early is for the caller to see, who counts.
    """
    if header.plain:
        return pcm.blocks(file, header, first, stop, size)
    read = ffmpeg.blocks if header.format in DEMUXERS else sndfile.blocks
    return rechunked(read(file, header, first, stop, size), size)


def rechunked(parts: Iterable[np.ndarray], size: int) -> Iterator[np.ndarray]:
    """The same numbers in arrays of `size` along the first axis, the last may have fewer.

    >>> [a.tolist() for a in rechunked([np.arange(3), np.arange(3, 5)], 2)]
    [[0, 1], [2, 3], [4]]
    """
    held: list[np.ndarray] = []
    count = 0
    for part in parts:
        while count + len(part) >= size:
            held.append(part[: size - count])
            part = part[size - count :]
            yield held[0] if len(held) == 1 else np.concatenate(held)
            held, count = [], 0
        if len(part):
            held.append(part)
            count += len(part)
    if held:
        yield held[0] if len(held) == 1 else np.concatenate(held)
