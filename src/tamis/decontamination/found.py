"""What of benchmarks stands in the texts of a partition: how much, where, of which."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from tamis.decontamination.known import Known
from tamis.frame import Texts, text_buffers

SHOWN = 10  # spans of a text that its evidence lists
EXCERPT = 200  # characters of a span that it quotes


class Span(NamedTuple):
    """Words that overlapping n-grams cover: characters of the text, and the n-grams in order."""

    start: int
    end: int
    ngrams: tuple[int, ...]


class Found:
    """The n-grams of benchmarks in a column of texts. Nothing is found in nulls."""

    def __init__(self, texts: pd.Series, known: Known) -> None:
        self.known, self.utf8 = known, text_buffers(texts)
        self.hits, self.figures = known.hits(self.utf8)
        self.firsts = np.searchsorted(self.hits[:, 0], np.arange(len(texts) + 1))

    @property
    def rows(self) -> np.ndarray:
        """The texts (positions) in which there is anything."""
        return np.flatnonzero(np.diff(self.firsts))

    def ratio(self) -> np.ndarray:
        """Share of each text's words that stand in an n-gram; NaN for null, 0 without words."""
        words, covered = self.figures.T
        found = np.divide(covered, words, out=np.zeros(len(words)), where=words > 0)
        found[~self.utf8.valid] = np.nan
        return found

    def text(self, row: int) -> str:
        """A text."""
        return str(_raw(self.utf8, row), "utf-8")

    def spans(self, row: int) -> list[Span]:
        """The spans of a text, in order."""
        hits = self.hits[self.firsts[row] : self.firsts[row + 1]]
        raw = np.frombuffer(_raw(self.utf8, row), np.uint8)
        before = np.concatenate([[0], np.cumsum(raw & 0xC0 != 0x80)])  # characters before a byte
        found: list[Span] = []
        until = -1  # the word that the span at hand ends before
        for _, word, words, begin, end, which in hits.tolist():
            if found and word < until:
                last = found[-1]
                stop = max(last.end, int(before[end]))
                found[-1] = Span(last.start, stop, (*last.ngrams, which))
            else:
                found.append(Span(int(before[begin]), int(before[end]), (which,)))
            until = max(until, word + words)
        return found

    def counts(self, row: int) -> Counter[str]:
        """How many places of a text have an n-gram of each benchmark."""
        which = self.hits[self.firsts[row] : self.firsts[row + 1], 5].tolist()
        return Counter(name for number in which for name in self.known.benchmarks(number))

    def evidence(self, row: int) -> str:
        """What `counts` and `spans` say, as JSON; the latter up to `SHOWN`."""
        spans, text = self.spans(row), self.text(row)
        told: dict[str, Any] = {"ngrams": dict(self.counts(row).most_common()), "spans": []}
        for span in spans[:SHOWN]:
            which = span.ngrams[0]
            told["spans"].append(
                {
                    "start": span.start,
                    "end": span.end,
                    "benchmark": self.known.benchmarks(which)[0],
                    "example": self.example(which),
                    "text": text[span.start : min(span.end, span.start + EXCERPT)],
                }
            )
        if len(spans) > SHOWN:
            told["more"] = len(spans) - SHOWN
        return json.dumps(told, ensure_ascii=False)

    def reason(self, row: int) -> str:
        """The same for a person, short."""
        first, text = self.spans(row)[0], self.text(row)
        which = first.ngrams[0]
        named = ", ".join(f"{name} ({count:,})" for name, count in self.counts(row).most_common(5))
        words, covered = self.figures[row].tolist()
        quoted = text[first.start : min(first.end, first.start + EXCERPT)]
        return (
            f"{covered:,} of {words:,} words stand in n-grams of {named}; first that of "
            f"{self.known.benchmarks(which)[0]}, {self.example(which)}, in characters "
            f"{first.start}-{first.end}: {quoted}"
        )

    def example(self, which: int) -> str:
        """The id of the example that an n-gram first stands in."""
        return str(self.known.example[int(self.known.text[which])].as_py())


def _raw(utf8: Texts, row: int) -> bytes:
    return utf8.data[utf8.offsets[row] : utf8.offsets[row + 1]].tobytes()
