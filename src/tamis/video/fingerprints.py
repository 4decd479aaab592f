"""What a video looks like over time, in words of 32 bits, for finding the same pictures again."""

from __future__ import annotations

import base64
from collections.abc import Sequence

import numpy as np

from tamis.media.decoded import Decoded
from tamis.media.pointers import ROWS
from tamis.op import measure, view
from tamis.video.clip import Clip
from tamis.video.views import of_each

FRAMES = 7.8125  # a second; with four words each a word stands for 32 ms, as one of sound does
_SIDE = 9  # cells of a side
_FLAT = 2.0  # standard deviation of the cells, of 255 levels: what has less says nothing
_LINES = [0, 1, 2, 3, 5, 6, 7, 8]  # of the nine: 8 × 8 differences each way


@view(rows=ROWS)
def picture_words(clip: Decoded[Clip]) -> Decoded[np.ndarray]:
    """Words of the pictures of a clip, uint32 of [words], four for each of 7.8 frames a second."""
    return of_each(clip, words_of)


@measure(dtype="string", heavy=True)
def fingerprint(picture_words: Sequence[np.ndarray | None]) -> list[str | None]:
    """A fingerprint of the pictures: much the same after encoding, scaling, another beginning.

    For `tamis.FingerprintDedup`, which lays two side by side at the offset in time at which most
    agrees: 128 bits for each of 7.8 frames a second (167 characters of base64 a second, the lowest
    byte first). A bit says whether a cell of 9 × 9 is brighter than its neighbour (the
    difference hash, both ways). Frames of nearly one level, such as black, say nothing. What is
    cropped, mirrored or lies under a banner looks like something else.

    Source of the bits: N. Krawetz, "Kind of Like That", 2013 (dHash); of the words over time:
    J. Haitsma and A. Kalker, "A Highly Robust Audio Fingerprinting System", 2002.
    """
    return [
        None if words is None else base64.b64encode(words.astype("<u4").tobytes()).decode()
        for words in picture_words
    ]


def words_of(clip: Clip) -> np.ndarray:
    """The words of a clip: of the frame that is shown at its start and every 0.128 s after that."""
    times, words = [], []
    for part in clip.frames(fps=FRAMES, size=(_SIDE, _SIDE), grey=True):
        times.append(part.times)
        words.append(frame_words(part.pixels))
    if not times:
        return np.empty(0, np.uint32)
    shown, whole = np.concatenate(times), np.concatenate(words)
    # a frame that is shown for long stands for all of that time
    last = float(shown[-1]) + 1 / max(clip.header.fps, FRAMES)
    stop = last if clip.end is None else min(clip.end, max(last, clip.start))
    count = max(1, int(np.ceil((stop - clip.start) * FRAMES - 1e-3)))
    slots = clip.start + np.arange(count) / FRAMES
    at = np.searchsorted(shown, slots + 1e-3, side="right") - 1
    return whole[np.maximum(at, 0)].reshape(-1)


def frame_words(grey: np.ndarray) -> np.ndarray:
    """The words of frames, uint8 of [n, 9, 9]: uint32 of [n, 4], all 0 where nothing is told.

    >>> frame_words(np.zeros((1, 9, 9), np.uint8)).tolist()
    [[0, 0, 0, 0]]
    """
    cells = grey.astype(np.int16)
    right = (cells[:, _LINES, 1:] > cells[:, _LINES, :-1]).reshape(len(cells), 64)
    down = (cells[:, 1:, _LINES] > cells[:, :-1, _LINES]).reshape(len(cells), 64)
    packed = np.packbits(np.concatenate([right, down], axis=1), axis=1, bitorder="little")
    words = packed.view("<u4").astype(np.uint32)
    words[grey.reshape(len(grey), -1).std(axis=1) < _FLAT] = 0
    return words
