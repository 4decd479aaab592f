"""Speech and voices to turns: each frame of speech goes to the speaker of the nearest window."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from tamis.audio.clustering import clusters
from tamis.audio.computed import Streams
from tamis.audio.voices import Voices

GAP = 0.3  # seconds of silence that do not end a turn
SHARE = 0.5  # of a window that must be speech, or its voice does not count


class Turn(NamedTuple):
    """From `start` to `end` (seconds) this speaker speaks."""

    start: float
    end: float
    speaker: int


def diarised_by_voices(
    voices: Callable[[int], Voices | None], threshold: float, speakers: int | None, speech: float
) -> Callable[[Any, Streams, list[int]], Iterator[tuple[int, list[Turn]]]]:
    """A function for `Computed`, whose model is Silero's."""

    def run(model: Any, streams: Streams, rows: list[int]) -> Iterator[tuple[int, list[Turn]]]:
        from tamis.audio.vad import listen
        from tamis.audio.vad_model import FRAME, RATE

        heard = listen((streams.blocks(row, RATE) for row in rows), model)
        for row, one in zip(rows, heard, strict=True):
            if one.problem is not None:
                streams.problems[row] = f"{one.problem.code}: {one.problem.detail}"
                continue
            seen = voices(row)
            spoken = one.probabilities >= speech
            found: list[Turn] = []
            if seen is not None:
                found = turns_of(spoken, FRAME / RATE, seen, threshold, speakers)
            whole = one.length / RATE
            yield row, [turn._replace(end=min(turn.end, whole)) for turn in found]

    return run


def turns_of(
    spoken: Sequence[bool] | np.ndarray, frame: float, voices: Voices, threshold: float,
    speakers: int | None,
) -> list[Turn]:  # fmt: skip
    """The turns in frames of `frame` seconds, of which some are `spoken`."""
    speech = np.asarray(spoken, bool)
    where = np.flatnonzero(speech)
    if not where.size:
        return []
    window = np.diff(voices.middles).min() if len(voices.middles) > 1 else 1.0
    sums = np.concatenate([[0], np.cumsum(speech)])
    low = np.clip(((voices.middles - window) / frame).astype(int), 0, len(speech) - 1)
    high = np.clip(((voices.middles + window) / frame).astype(int) + 1, 1, len(speech))
    share = (sums[high] - sums[low]) / np.maximum(high - low, 1)
    good = np.flatnonzero(share >= min(SHARE, float(share.max())))
    labels = clusters(voices.vectors[good], threshold, speakers)
    middles = voices.middles[good]
    at = (where + 0.5) * frame
    right = np.clip(np.searchsorted(middles, at), 0, len(middles) - 1)
    left = np.maximum(right - 1, 0)
    nearest = np.where(np.abs(middles[left] - at) <= np.abs(middles[right] - at), left, right)
    found: list[Turn] = []
    for place, speaker in zip(where.tolist(), labels[nearest].tolist(), strict=True):
        start, end = place * frame, (place + 1) * frame
        if found and found[-1].speaker == speaker and start - found[-1].end <= GAP:
            found[-1] = found[-1]._replace(end=end)
        else:
            found.append(Turn(start, end, speaker))
    return found
