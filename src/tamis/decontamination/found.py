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
    """Words that n-grams cover without a gap: characters of the text, and the n-grams in order."""

    start: int
    end: int
    ngrams: np.ndarray


class Found:
    """The n-grams of benchmarks in a column of texts. Nothing is found in nulls."""

    def __init__(self, texts: pd.Series, known: Known) -> None:
        self.known, self.utf8 = known, text_buffers(texts)
        self.hits, self.figures = known.hits(self.utf8)
        self._spans: dict[int, list[Span]] = {}
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
        if row in self._spans:
            return self._spans[row]
        hits = self.hits[self.firsts[row] : self.firsts[row + 1]]
        until = np.maximum.accumulate(hits[:, 1] + hits[:, 2])  # the word that they end before
        first = np.flatnonzero(np.append(True, hits[1:, 1] > until[:-1]))
        raw = np.frombuffer(_raw(self.utf8, row), np.uint8)
        before = np.concatenate([[0], np.cumsum(raw & 0xC0 != 0x80)])  # characters before a byte
        starts = before[hits[first, 3]].tolist()
        ends = before[np.maximum.reduceat(hits[:, 4], first)].tolist()
        ngrams = np.split(hits[:, 5], first[1:])
        self._spans[row] = list(map(Span, starts, ends, ngrams))
        return self._spans[row]

    def counts(self, row: int) -> Counter[str]:
        """How many places of a text have an n-gram of each benchmark."""
        known, which = self.known, self.hits[self.firsts[row] : self.firsts[row + 1], 5]
        first, many = known.owned[which], known.owned[which + 1] - known.owned[which]
        steps = np.arange(many.sum()) - np.repeat(np.cumsum(many) - many, many)
        counts = np.bincount(known.owners[np.repeat(first, many) + steps])
        return Counter({known.names[k]: int(counts[k]) for k in np.flatnonzero(counts).tolist()})

    def evidence(self, row: int) -> str:
        """What `counts` and `spans` say, as JSON; the latter up to `SHOWN`."""
        spans, text = self.spans(row), self.text(row)
        told: dict[str, Any] = {"ngrams": dict(self.counts(row).most_common()), "spans": []}
        for span in spans[:SHOWN]:
            which = int(span.ngrams[0])
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
        which = int(first.ngrams[0])
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
