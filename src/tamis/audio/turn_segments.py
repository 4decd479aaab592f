"""Recordings to segments by who speaks: turns of one speaker, windows of several."""

from __future__ import annotations

import bisect
import math
from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd

from tamis.audio.pieces import ALONG, COLUMNS, Spoken, each_with, pieces
from tamis.audio.spans import Span
from tamis.audio.word_times import Timed
from tamis.errors import SettingError
from tamis.media.spans import seconds
from tamis.op import cut

Turn = tuple[float, float, str]


@cut(columns=COLUMNS | {"speaker": "string"}, along=ALONG)
def speaker_turns(
    turns: pd.Series,
    said: Spoken,
    start: pd.Series | None = None,
    end: pd.Series | None = None,
    *,
    overlaps: bool = False,
    min_duration: float = 0.8,
    gap: float = 0.1,
    pad: float = 0.5,
) -> dict[str, Any]:
    """A row for each turn of a speaker; `start`, `end` in the file, and `speaker`.

    `turns` are lists of `speaker`, `start`, and `end` or `duration`, in seconds from the beginning
    of the row's sound, as diarisation gives them. Without `overlaps` only what one speaker says
    alone is taken. Turns of a speaker with at most `gap` seconds of silence between them are one;
    turns shorter than `min_duration` are left out. Each grows by `pad` seconds on both sides, into
    silence only, at most half of it. Nothing is decoded.

    Defaults are those of NeMo Curator's separation of speakers, which calls the padding a buffer.

    >>> import pandas as pd, tamis
    >>> said = [{"speaker": "A", "start": 0, "end": 4}, {"speaker": "B", "start": 3, "end": 6}]
    >>> calls = pd.DataFrame({"id": ["a"], "turns": [said]})
    >>> tamis.Cut(tamis.audio.speaker_turns)(calls)[["start", "end", "speaker"]].values.tolist()
    [[0.0, 3.0, 'A'], [4.0, 6.0, 'B']]
    """
    if min(min_duration, gap, pad) < 0:
        raise SettingError(f"min_duration={min_duration}, gap={gap}, pad={pad}: not below 0")

    def one(said: list[Timed], length: float) -> list[Turn]:
        given = [(turn.start, turn.end, turn.label) for turn in said if turn.end > turn.start]
        found = [
            turn
            for turn in (together(given, gap) if overlaps else alone(given, gap))
            if turn[1] - turn[0] >= min_duration
        ]
        return quietly_widened(found, given, pad, length)

    return _by_turns(turns, said, start, end, one, "speaker")


@cut(columns=COLUMNS | {"speakers": "Int64"}, along=ALONG)
def alm_windows(
    turns: pd.Series,
    said: Spoken,
    start: pd.Series | None = None,
    end: pd.Series | None = None,
    *,
    length: float = 120.0,
    tolerance: float = 0.1,
    min_speakers: int = 2,
    max_speakers: int = 5,
    min_bandwidth: float = 8000.0,
) -> dict[str, Any]:
    """A row for each window of whole turns of several speakers: data for audio language models.

    A window lasts `length` seconds, give or take the share `tolerance`, begins and ends with a
    turn, cuts none in two, and has `min_speakers` to `max_speakers`, whose number is the column
    `speakers`. Of those that begin with a turn the one nearest to `length` is taken; windows do
    not overlap. Turns that say that their `bandwidth` (Hz) is below `min_bandwidth` are in none.
    `turns` as in `speaker_turns`; each window has its own. Nothing is decoded.

    Defaults are those of NeMo Curator's builder, which also wants 16 kHz: filter by `sample_rate`.
    """
    if not 0 <= tolerance < 1 or not length > 0 or not 1 <= min_speakers <= max_speakers:
        raise SettingError(
            f"length={length}, tolerance={tolerance}, min_speakers={min_speakers}, "
            f"max_speakers={max_speakers}"
        )

    def one(said: list[Timed], _: float) -> list[Turn]:
        return windows_of(
            said, length, length * (1 - tolerance), length * (1 + tolerance),
            range(min_speakers, max_speakers + 1), min_bandwidth,
        )  # fmt: skip

    return _by_turns(turns, said, start, end, one, "speakers")


def alone(turns: Sequence[Turn], gap: float) -> list[Turn]:
    """What each speaker says while nobody else speaks; over silence of up to `gap` seconds as one.

    >>> alone([(0, 4, "A"), (3, 6, "B"), (6, 7, "B")], 0)
    [(0, 3, 'A'), (4, 7, 'B')]
    """
    events = sorted(
        [(end, 0, who) for _, end, who in turns] + [(start, 1, who) for start, _, who in turns]
    )
    speaking: dict[str, int] = {}
    found: list[Turn] = []
    at, crossed = -math.inf, False  # whether several spoke since the last turn found
    for when, begins, who in events:
        if when > at and speaking:
            if len(speaking) > 1:
                crossed = True
            else:
                (only,) = speaking
                if found and not crossed and found[-1][2] == only and at - found[-1][1] <= gap:
                    found[-1] = (found[-1][0], when, only)
                else:
                    found.append((at, when, only))
                crossed = False
        at = when
        speaking[who] = speaking.get(who, 0) + (1 if begins else -1)
        if not speaking[who]:
            del speaking[who]
    return found


def together(turns: Sequence[Turn], gap: float) -> list[Turn]:
    """Turns of each speaker, pauses of up to `gap` seconds left in, in order of their starts."""
    found: list[Turn] = []
    for speaker in sorted({who for *_, who in turns}):
        own = _union([(start, end) for start, end, who in turns if who == speaker], gap)
        found += [(start, end, speaker) for start, end in own]
    return sorted(found)


def quietly_widened(
    found: Sequence[Turn], turns: Sequence[Turn], pad: float, length: float
) -> list[Turn]:
    """Each longer by `pad` seconds where nobody speaks, at most half of that silence."""
    speech = _union([(start, end) for start, end, _ in turns], 0.0)
    starts, ends = [a for a, _ in speech], [b for _, b in speech]
    widened = []
    for start, end, who in found:
        here, after = bisect.bisect_left(starts, start), bisect.bisect_left(ends, end)
        if here < len(starts) and starts[here] == start:
            room = (start - ends[here - 1]) / 2 if here else start
            start -= min(pad, room)
        if after < len(ends) and ends[after] == end:
            more = after + 1 < len(starts)
            room = (starts[after + 1] - end) / 2 if more else max(0.0, length - end)
            end += min(pad, room)
        widened.append((start, end, who))
    return widened


def windows_of(
    turns: Sequence[Timed], length: float, shortest: float, longest: float,
    speakers: range, min_bandwidth: float,
) -> list[Turn]:  # fmt: skip
    """Windows of whole turns, disjoint, and how many speak in each."""
    found: list[Turn] = []
    first, reach = 0, 0.0  # how far turns before `first` last
    while first < len(turns):
        begin, end, seen = turns[first].start, 0.0, set[str]()
        fits: list[tuple[float, int, float, int]] = []
        for number in range(first, len(turns) if reach <= begin else first):
            turn = turns[number]
            end, seen = max(end, turn.end), seen | {turn.label}
            narrow = _bandwidth(turn) < min_bandwidth
            if narrow or end - begin > longest or len(seen) >= speakers.stop:
                break
            whole = number + 1 == len(turns) or turns[number + 1].start >= end
            if whole and end - begin >= shortest and len(seen) in speakers:
                fits.append((abs(end - begin - length), number, end, len(seen)))
        last = first
        if fits:
            _, last, end, count = min(fits)
            found.append((begin, end, str(count)))
        reach = max(reach, *(turn.end for turn in turns[first : last + 1]))
        first = last + 1
    return found


def _by_turns(
    turns: pd.Series, said: Spoken, start: pd.Series | None, end: pd.Series | None,
    one: Callable[[list[Timed], float], list[Turn]], column: str,
) -> dict[str, Any]:  # fmt: skip
    """The cut that a function of a row's turns and its length (seconds) makes."""
    rows = len(turns)
    begins, ends = [at or 0.0 for at in seconds(start, rows)], seconds(end, rows)
    found: list[list[Span]] = [[] for _ in range(rows)]
    told: list[list[str]] = [[] for _ in range(rows)]
    problems: dict[int, str] = {}
    for row, own, length in each_with(said, "turns", begins, ends, problems):
        made = one(own, length)
        found[row] = [(a, b) for a, b, _ in made]
        told[row] = [what for *_, what in made]
    return pieces(found, begins, said, problems, **{column: told})


def _union(spans: Sequence[Span], gap: float) -> list[Span]:
    """Spans that may overlap as disjoint ones, over gaps of up to `gap` seconds as one."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start - found[-1][1] <= gap:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def _bandwidth(turn: Timed) -> float:
    """Of a turn in Hz; one that does not say it has any."""
    told = turn.item.get("bandwidth") if isinstance(turn.item, dict) else None
    return math.inf if told is None else float(told)
