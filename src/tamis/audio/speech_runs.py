"""From probabilities of speech to where it begins and ends: the rules of Silero's package."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

PAUSE = 0.098  # seconds; shorter ones are no place to cut at (the package's default)


def speech_runs(
    chances: Sequence[float],
    length: int,
    *,
    rate: int,
    frame: int,
    threshold: float,
    exit_threshold: float,
    min_speech: float,
    max_speech: float,
    min_silence: float,
    pad: float,
) -> list[tuple[int, int]]:
    """Runs of speech in samples, in order and disjoint; those of `get_speech_timestamps`.

    `chances` is one for each `frame` samples of `length` in all, at `rate` Hz. A run begins at a
    frame of at least `threshold` and ends where `min_silence` seconds below `exit_threshold`
    begin; it counts if it is longer than `min_speech`. One that would become longer than
    `max_speech`, `pad` included, ends at its longest pause, or there if it has none. At the end
    each grows by `pad` seconds on both sides, into half of the silence where that is short.
    """
    least, padding, silence = rate * min_speech, rate * pad, rate * min_silence
    most = rate * max_speech - frame - 2 * padding
    runs: list[list[int]] = []
    pauses: list[tuple[int, int]] = []  # of the run so far: where, and how long
    start, quiet = -1, 0  # where the run, and the silence in it, began; -1 and 0: there is none
    for number, chance in enumerate(chances):
        at = number * frame
        if chance >= threshold:
            if quiet:
                if at - quiet > rate * PAUSE:
                    pauses.append((quiet, at - quiet))
                quiet = 0
            if start < 0:
                start = at
                continue
        if start < 0:
            continue
        if at - start > most:
            end, lasting = max(pauses, key=lambda pause: pause[1], default=(at, 0))
            runs.append([start, end])
            start, quiet = (end + lasting, 0) if pauses else (-1, 0)
            cut_short, pauses = not pauses, []
            if cut_short:
                continue
        if chance < exit_threshold:
            quiet = quiet or at
            if at - quiet >= silence:
                if quiet - start > least:
                    runs.append([start, quiet])
                start, quiet, pauses = -1, 0, []
    if start >= 0 and length - start > least:
        runs.append([start, length])
    return _padded(runs, length, padding)


def _padded(runs: list[list[int]], length: int, padding: float) -> list[tuple[int, int]]:
    if not runs:
        return []
    runs[0][0] = int(max(0, runs[0][0] - padding))
    for before, after in itertools.pairwise(runs):
        gap = after[0] - before[1]
        if gap < 2 * padding:
            before[1] += gap // 2
            after[0] = max(0, after[0] - gap // 2)
        else:
            before[1] = int(min(length, before[1] + padding))
            after[0] = int(max(0, after[0] - padding))
    runs[-1][1] = int(min(length, runs[-1][1] + padding))
    return [(start, end) for start, end in runs]


def exit_of(threshold: float) -> float:
    """Below which speech ends, unless one says: 0.15 less than where it begins, as in Silero.

    >>> exit_of(0.5)
    0.35
    """
    return max(threshold - 0.15, 0.01)
