"""What a deduplication can say of its own precision and recall: samples, intervals, canaries.

Plain arithmetic and plain texts; which records are sampled and where they lie is the business of
`tamis.certifying`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

SIZE = 200  # records in a sample
BANDS = 4  # equal parts between the threshold and 1 for which figures are given apart
ENOUGH = 20  # below so many no interval is given for a part
_WORDS = ("zurbel", "quontik", "mivrax", "plosket", "ydrume", "wexlo", "gnarbist", "flimkor")


def interval(hits: int, trials: int, level: float = 0.95) -> tuple[float, float]:
    """Clopper and Pearson's interval of a probability (1934): it holds at least at this level.

    >>> tuple(round(bound, 4) for bound in interval(200, 200))
    (0.9817, 1.0)
    """
    if not trials:
        return 0.0, 1.0
    tail = (1 - level) / 2
    low = 0.0 if hits == 0 else _solve(hits, trials, tail)
    high = 1.0 if hits == trials else 1.0 - _solve(trials - hits, trials, tail)
    return low, high


def share(hits: int, trials: int) -> dict[str, Any]:
    """Hits of trials with their share and its interval; None for both where there are no trials."""
    if not trials:
        return {"estimate": None, "interval": None}
    return {"estimate": hits / trials, "interval": list(interval(hits, trials))}


def edges(threshold: float) -> list[float]:
    """The bounds of the parts: the threshold, …, 1."""
    return [threshold + (1 - threshold) * k / BANDS for k in range(BANDS)] + [1.0]


def per_band(values: Iterable[tuple[float, bool]], threshold: float) -> list[dict[str, Any]]:
    """Hits and trials by similarity: parts from the threshold to below 1, and 1 alone."""
    bounds = edges(threshold)
    counts = np.zeros((len(bounds), 2), np.int64)
    for value, hit in values:
        counts[place(value, bounds)] += (hit, 1)
    rows = []
    for k, (hits, trials) in enumerate(counts.tolist()):
        row = {"from": bounds[k], "to": bounds[min(k + 1, BANDS)], "hits": hits, "trials": trials}
        rows.append(row | share(hits, trials) if trials >= ENOUGH else row | share(0, 0))
    return [row for row in rows if row["trials"]]


def place(value: float, bounds: Sequence[float]) -> int:
    """The part a similarity falls into; values below the threshold count with the lowest."""
    return int(places(np.array([value]), bounds)[0])


def places(values: np.ndarray, bounds: Sequence[float]) -> np.ndarray:
    """The part each similarity falls into."""
    return np.maximum(np.searchsorted(bounds, values, side="right") - 1, 0)


def recall(removed: float, kept: int, missed: int, asked: int, coverage: float) -> dict[str, Any]:
    """The share of all that should go that went, from a sample of what was kept.

    `missed` of `asked` kept records had to go; each was compared with the share `coverage` of the
    `kept` ones, so a record with one like it was seen to be missed in that share of cases. With
    several like it more often: then the recall is better than said.
    """
    if not asked or not coverage or not (removed or missed):
        return {"estimate": None, "interval": None}

    def of(rate: float) -> float:
        lost = min(float(kept), kept * rate / coverage)
        return removed / (removed + lost) if removed or lost else 1.0

    low, high = interval(missed, asked)
    return {"estimate": of(missed / asked), "interval": [of(high), of(low)]}


def edited(text: str, edits: int, draw: np.random.Generator) -> str:
    """A copy with so many words replaced, put in or left out, in turn, at places drawn.

    In a text of few words (a script without spaces) single characters.
    """
    pieces = re.split(r"(\s+)", text)
    step = 2  # every other piece is white space
    if len(pieces) < 4 * edits + 2:
        pieces, step = list(text), 1
    places = step * draw.permutation(len(pieces[::step]))[:edits]
    for turn, (place, word) in enumerate(
        zip(places.tolist(), draw.integers(len(_WORDS), size=edits).tolist(), strict=False)
    ):
        old, new = pieces[place], _WORDS[word]
        pieces[place] = (new, f"{old} {new}", "")[turn % 3]
    return "".join(pieces)


def edits_for(target: float, count: int, ngram: int) -> int:
    """About how many edits bring a text of `count` shingles to this Jaccard similarity."""
    return max(1, round(count * (1 - target) / ((1 + target) * ngram)))


def targets(number: int, threshold: float) -> float:
    """The similarity that canary `number` is made for: each part of `edges` in turn."""
    bounds = edges(threshold)
    part = number % BANDS
    return (bounds[part] + bounds[part + 1]) / 2


def _solve(hits: int, trials: int, tail: float) -> float:
    """The probability at which `hits` or more of `trials` come with probability `tail`."""
    counts = np.arange(hits, trials + 1)
    weights = np.array(
        [math.lgamma(trials + 1) - math.lgamma(k + 1) - math.lgamma(trials - k + 1)
         for k in counts.tolist()]
    )  # fmt: skip
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        with np.errstate(divide="ignore"):
            terms = weights + counts * np.log(middle) + (trials - counts) * np.log1p(-middle)
        if np.exp(terms).sum() < tail:
            low = middle
        else:
            high = middle
    return (low + high) / 2
