"""Recordings to segments by what is said: words and the pauses between them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd

from tamis.audio.pieces import ALONG, COLUMNS, Spoken, each_with, pieces
from tamis.audio.spans import Span, widened
from tamis.audio.word_times import Timed
from tamis.errors import SettingError
from tamis.media.spans import seconds
from tamis.op import cut

SENTENCE_ENDS = ".?!…。！？؟।"


@cut(columns=COLUMNS, along=ALONG)
def word_segments(
    transcript_words: pd.Series,
    said: Spoken,
    start: pd.Series | None = None,
    end: pd.Series | None = None,
    *,
    max_pause: float = 2.0,
    min_duration: float = 5.0,
    max_duration: float = 20.0,
    pad: float = 0.0,
) -> dict[str, Any]:
    """A row for each stretch of words without a long pause; `start`, `end` in the file.

    `transcript_words` are lists of words with `start` and `end`, in seconds from the beginning of
    the row's sound, as `audio.transcript_words`, NeMo and lhotse have them. A pause of more than
    `max_pause` ends a segment. What is longer than `max_duration` is cut after the end of a
    sentence, of several the one with the longest pause; where there is none, at the longest pause;
    not before `min_duration` if that can be. Segments shorter than that are left out. Nothing is
    decoded. `pad` adds silence on both sides, at most half of the pause between two.

    Defaults are those of NeMo Curator's segments for TTS and ASR: 5 to 20 s, pauses up to 2 s.

    >>> import pandas as pd, tamis
    >>> words = [{"word": w, "start": t, "end": t + 1} for t, w in enumerate(["one", "two", "six"])]
    >>> calls = pd.DataFrame({"id": ["a"], "text": ["One two, six."], "transcript_words": [words]})
    >>> cut = tamis.Cut(tamis.audio.word_segments, min_duration=1, max_duration=2)
    >>> cut(calls)[["id", "start", "end", "text"]].values.tolist()
    [['a/1', 0.0, 2.0, 'One two,'], ['a/2', 2.0, 3.0, 'six.']]
    """
    if not 0 <= min_duration < max_duration or max_pause < 0 or pad < 0:
        raise SettingError(
            f"min_duration={min_duration}, max_duration={max_duration}, max_pause={max_pause}, "
            f"pad={pad}: seconds, the first less than the second"
        )
    rows = len(transcript_words)
    begins = [at or 0.0 for at in seconds(start, rows)]
    ends = seconds(end, rows)
    found: list[list[Span]] = [[] for _ in range(rows)]
    problems: dict[int, str] = {}
    for row, words, length in each_with(said, "transcript_words", begins, ends, problems):
        spans = word_spans(words, max_pause, min_duration, max_duration)
        found[row] = widened(spans, pad, 0.0, length) if pad else spans
        if not found[row]:
            problems[row] = f"cut.empty: no words from {min_duration:g} to {max_duration:g} s"
    return pieces(found, begins, said, problems)


def word_spans(
    words: Sequence[Timed], max_pause: float, shortest: float, longest: float
) -> list[Span]:
    """Spans of words that follow one another, from `shortest` to `longest` seconds."""
    found: list[Span] = []
    first, end = 0, -math.inf
    for number, word in enumerate(words):
        if number and word.start - end > max_pause:
            found += _divided(words[first:number], shortest, longest)
            first, end = number, -math.inf
        end = max(end, word.end)
    found += _divided(words[first:], shortest, longest)
    return [span for span in found if shortest <= span[1] - span[0] <= longest]


def _divided(words: Sequence[Timed], shortest: float, longest: float) -> list[Span]:
    """The words of a stretch in as long segments as may be, cut where that hurts least."""
    found: list[Span] = []
    first = 0
    while first < len(words):
        start, end, last, cuts = words[first].start, -math.inf, first - 1, []
        for number in range(first, len(words)):
            end = max(end, words[number].end)
            if end - start > longest:
                break
            last = number
            pause = words[number + 1].start - end if number + 1 < len(words) else math.inf
            ends = words[number].label.rstrip("\"'”’»)").endswith(tuple(SENTENCE_ENDS))
            cuts.append((end - start >= shortest, ends, pause, number, end))
        if last < first:  # one word alone is too long
            first += 1
            continue
        *_, number, stop = cuts[-1] if last == len(words) - 1 else max(cuts)
        found.append((start, stop))
        first = number + 1
    return found
