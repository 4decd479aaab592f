"""What a cut makes of recordings: rows for spans of them, and what is said in each."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from tamis.audio.recording import Recording
from tamis.audio.spans import Span
from tamis.audio.word_times import Timed, listed, moved, places, timed
from tamis.codes import BadRecord
from tamis.op import view

COLUMNS = {"start": "float64", "end": "float64"}
TRANSCRIPTS = ("text", "transcript", "pred_text")
TIMES = ("transcript_words", "turns")
ALONG = {
    **dict.fromkeys(TRANSCRIPTS, "string"),
    **dict.fromkeys(TIMES),
    "duration": "float64",
}
_EXACT = 6  # digits of seconds: a sample at 48 kHz is 21 µs


class Spoken:
    """What is known of what is said in rows: columns of transcripts, and of items with times."""

    def __init__(self, columns: Mapping[str, pd.Series | None]) -> None:
        there = {name: column for name, column in columns.items() if column is not None}
        self.texts = {name: list(there[name]) for name in TRANSCRIPTS if name in there}
        self.times = {name: listed(there[name]) for name in TIMES if name in there}
        self.as_json = {
            name: [isinstance(value, str) for value in there[name]] for name in self.times
        }

    def row(self, row: int) -> SpokenRow:
        """One row's; `BadRecord` (`cut.times`) where its times make no sense."""
        texts = {name: values[row] for name, values in self.texts.items()}
        found: dict[str, list[Timed]] = {}
        for name, values in self.times.items():
            if values[row] is not None:
                try:
                    found[name] = timed(values[row], "speaker" if name == "turns" else "word")
                except BadRecord as bad:
                    raise BadRecord(bad.code, f"{name}: {bad.detail}") from None
        return SpokenRow(texts, found, {name: told[row] for name, told in self.as_json.items()})


def each_with(
    said: Spoken, name: str, begins: Sequence[float], ends: Sequence[float | None],
    problems: dict[int, str],
) -> Iterator[tuple[int, list[Timed], float]]:  # fmt: skip
    """Rows that have items in the column `name`: their number, the items, and their length.

    The length is in seconds, as far as the row or its last item goes. Why others have none is put
    into `problems`.
    """
    for row, begin in enumerate(begins):
        try:
            items = said.row(row).times.get(name)
        except BadRecord as bad:
            problems[row] = f"{bad.code}: {bad.detail}"
            continue
        if not items:
            problems[row] = f"cut.empty: {name} is {'null' if items is None else 'an empty list'}"
            continue
        last, stop = max(item.end for item in items), ends[row]
        yield row, items, last if stop is None else max(stop - begin, last)


class SpokenRow:
    """What is said in one row, to be cut: the columns of `along` but `duration`."""

    def __init__(
        self, texts: dict[str, Any], times: dict[str, list[Timed]], as_json: dict[str, bool]
    ) -> None:
        self.times, self.as_json = times, as_json
        words = times.get("transcript_words")
        self.texts = {name: text for name, text in texts.items() if isinstance(text, str)}
        self.places = {
            name: None if words is None else places(text, [word.label for word in words])
            for name, text in self.texts.items()
        }

    def part(self, span: Span) -> dict[str, Any]:
        """What is said in a span: words whose middle lies in it, and what of turns does."""
        words = self.times.get("transcript_words", [])
        inside = [k for k, w in enumerate(words) if span[0] <= (w.start + w.end) / 2 < span[1]]
        found: dict[str, Any] = {name: self._text(name, inside) for name in TRANSCRIPTS}
        turns = [t for t in self.times.get("turns", []) if t.start < span[1] and t.end > span[0]]
        for name, items in (("transcript_words", [words[k] for k in inside]), ("turns", turns)):
            here = [moved(one, -span[0], span[1] - span[0]) for one in items]
            written = json.dumps(here, ensure_ascii=False) if self.as_json.get(name) else here
            found[name] = written if name in self.times else None
        return found

    def _text(self, name: str, inside: list[int]) -> str | None:
        where = self.places.get(name)
        if where is None:
            return None
        if not inside:
            return ""
        return self.texts[name][int(where[inside[0]][0]) : int(where[inside[-1]][1])].strip()


@view
def said(
    text: pd.Series | None = None,
    transcript: pd.Series | None = None,
    pred_text: pd.Series | None = None,
    transcript_words: pd.Series | None = None,
    turns: pd.Series | None = None,
) -> Spoken:
    """Transcripts of recordings, the times of their words, and who speaks when.

    Items are lists of mappings, or JSON of that, with `word` or `speaker`, `start`, and `end` or
    `duration`, in seconds from the beginning of the row's sound.
    """
    return Spoken(
        {
            "text": text,
            "transcript": transcript,
            "pred_text": pred_text,
            "transcript_words": transcript_words,
            "turns": turns,
        }
    )


def begins(recording: Sequence[Recording | None]) -> list[float]:
    """Where the sound of each row begins in its file, in seconds."""
    return [0.0 if one is None else one.start for one in recording]


def pieces(
    spans: Sequence[Sequence[Span]],
    starts: Sequence[float],
    said: Spoken,
    problems: Mapping[int, str] | None = None,
    **more: Sequence[Sequence[Any]],
) -> dict[str, Any]:
    """The columns of a cut: for each row its spans (seconds of the row's sound).

    `starts`: where that sound begins in its file. `more` are columns with a value for each span.
    """
    wrong = dict(problems or {})
    made: dict[str, list[Any]] = {name: [] for name in (*COLUMNS, *ALONG, *more)}
    parent: list[int] = []
    for row, parts in enumerate(spans):
        if not parts or row in wrong:
            continue
        try:
            here = said.row(row)
        except BadRecord as bad:
            wrong[row] = f"{bad.code}: {bad.detail}"
            continue
        parent += [row] * len(parts)
        for name, values in more.items():
            made[name] += values[row]
        for span in parts:
            begin, end = (round(starts[row] + at, _EXACT) for at in span)
            length = round(end - begin, _EXACT)
            for name, value in (here.part(span) | {"start": begin, "end": end}).items():
                made[name].append(value)
            made["duration"].append(length)
    return {"parent": np.array(parent, np.int64), "problems": wrong, **made}
