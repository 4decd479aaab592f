"""What a video looks like over time, in words of 32 bits, for finding the same pictures again."""

from __future__ import annotations

import base64
from collections.abc import Sequence

import numpy as np

from tamis.media.carried import Carried
from tamis.media.decoded import Decoded, behind
from tamis.media.pointers import ROWS
from tamis.op import measure, view
from tamis.video.clip import Clip
from tamis.video.learned import seen_of
from tamis.video.moments import shown_at
from tamis.video.words import SIDE, Words, frame_words

FRAMES = 7.8125  # a second; with four words each a word stands for 32 ms, as one of sound does


@view(rows=ROWS)
def picture_words(clip: Decoded[Clip], carried: Carried) -> Decoded[np.ndarray]:
    """Words of the pictures of a clip, uint32 of [words], four for each of 7.8 frames a second."""
    seen = seen_of("picture_words", clip, carried, alone=words_of)

    def load(row: int) -> np.ndarray:
        found = behind(seen, row)
        return known_words(behind(clip, row), found) if isinstance(found, Words) else found

    return Decoded(load, len(clip))


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
    """The words of a clip, for which it is decoded."""
    times, words = [], []
    for part in clip.frames(fps=FRAMES, size=(SIDE, SIDE), grey=True):
        times.append(part.times)
        words.append(frame_words(part.pixels))
    if not times:
        return np.empty(0, np.uint32)
    return _each_slot(clip, np.concatenate(times), np.concatenate(words))


def known_words(clip: Clip, found: Words) -> np.ndarray:
    """The same of the words of all its frames."""
    rows = [row for _, row in shown_at(
        zip(found.times.tolist(), range(len(found.times)), strict=True), clip.start, clip.end,
        FRAMES, None, clip.header.fps,
    )]  # fmt: skip
    return _each_slot(clip, found.times[rows], found.words[rows])


def _each_slot(clip: Clip, shown: np.ndarray, words: np.ndarray) -> np.ndarray:
    """The words of the frame that is shown at the start of a clip and every 0.128 s after that."""
    # a frame that is shown for long stands for all of that time
    last = float(shown[-1]) + 1 / max(clip.header.fps, FRAMES)
    stop = last if clip.end is None else min(clip.end, max(last, clip.start))
    count = max(1, int(np.ceil((stop - clip.start) * FRAMES - 1e-3)))
    slots = clip.start + np.arange(count) / FRAMES
    at = np.searchsorted(shown, slots + 1e-3, side="right") - 1
    return words[np.maximum(at, 0)].reshape(-1)
