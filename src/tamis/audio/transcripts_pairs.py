"""Two transcripts of the same speech side by side: what all measures of their errors look at."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd

from tamis.audio.transcripts_normal import Normalise, normalised
from tamis.audio.transcripts_words import arrays, words_of
from tamis.frame import Texts, text_buffers
from tamis.kernels.transcripts import FIGURES, compare_characters, compare_words
from tamis.kernels.unicode import classes
from tamis.op import view

Unit = Literal["words", "characters"]
MOST = 1 << 32
"""Steps of 64 cells each that the comparison of a pair may take: some ten seconds. Any pair of up
to 500,000 symbols each is within, longer ones where they differ little."""
TOO_FAR, NOTHING = -1, -2
"""In place of a distance: the comparison would take too long; there is nothing to compare."""
_ROWS = 1 << 15


class Compared:
    """Pairs of a reference and a transcript, compared when a measure first asks.

    `problems` says, for pairs that have been asked for and have no value, why: position to reason.
    """

    def __init__(self, texts: tuple[Texts, Texts], names: tuple[str, str], normalise: str) -> None:
        self._texts, self._names, self._normalise = texts, names, normalise
        self._made: dict[Any, np.ndarray] = {}
        self.problems: dict[int, str] = {}
        for part, name in zip(texts, names, strict=True):
            null = f"text.null: {name} is null"
            self.problems = (
                dict.fromkeys(np.flatnonzero(~part.valid).tolist(), null) | self.problems
            )

    def __len__(self) -> int:
        return len(self._texts[0].valid)

    def figures(self, unit: Unit = "words", *, edge: int = 0, counted: bool = True) -> Figures:
        """What is found for each pair.

        `edge` compares the first so many characters only, or the last where it is negative. Without
        `counted` only distance and sizes of characters are found.
        """
        key = (unit, edge, counted or unit == "words")
        if key not in self._made:
            self._made[key] = self._found(*key)
        return Figures(self._made[key])

    def take(self, rows: np.ndarray) -> TakenPairs:
        """Those pairs; what is found of them is shared."""
        return TakenPairs(self, rows)

    def _found(self, unit: Unit, edge: int, counted: bool) -> np.ndarray:
        one, two = (normalised(part, self._normalise, unit == "words") for part in self._texts)
        found = np.zeros((len(self), len(FIGURES)), np.int64)
        if unit == "words":
            ours, theirs = words_of(one), words_of(two)
            compare_words(
                ours.hashes, ours.lengths, ours.offsets,
                theirs.hashes, theirs.lengths, theirs.offsets, MOST, found,
            )  # fmt: skip
        else:
            compare_characters(*arrays(one), *arrays(two), classes(), edge, MOST, counted, found)
        found[~(one.valid & two.valid), 0] = NOTHING
        self._note(found, unit)
        return found

    def _note(self, found: np.ndarray, unit: Unit) -> None:
        """Why pairs have no value."""
        figures = Figures(found)
        empty = figures["reference"] == 0
        for row in np.flatnonzero(empty).tolist():
            self.problems.setdefault(row, f"text.empty: {self._names[0]} is empty or blank")
        found[empty, 0] = NOTHING
        for row in np.flatnonzero(figures["distance"] == TOO_FAR).tolist():
            self.problems.setdefault(
                row,
                f"text.too_different: {self._names[0]} has {figures['reference'][row]:,} {unit}, "
                f"{self._names[1]} {figures['hypothesis'][row]:,}, and they differ too much",
            )


class TakenPairs:
    """Some pairs of a `Compared`."""

    def __init__(self, whole: Compared | TakenPairs, rows: np.ndarray) -> None:
        self._whole, self._rows = whole, np.asarray(rows)

    def __len__(self) -> int:
        return len(self._rows)

    def figures(self, unit: Unit = "words", *, edge: int = 0, counted: bool = True) -> Figures:
        """As of the whole."""
        whole = self._whole.figures(unit, edge=edge, counted=counted)
        return Figures(whole.found[self._rows])

    @property
    def problems(self) -> dict[int, str]:
        """As in the whole, by the positions here."""
        known = self._whole.problems
        return {k: known[row] for k, row in enumerate(self._rows.tolist()) if row in known}

    def take(self, rows: np.ndarray) -> TakenPairs:
        """Some pairs of these."""
        return TakenPairs(self, rows)


class Figures:
    """What was found for each pair, a column for each of `kernels.transcripts.FIGURES`."""

    def __init__(self, found: np.ndarray) -> None:
        self.found = found
        self.known, self.sized = found[:, 0] >= 0, found[:, 0] != NOTHING

    def __getitem__(self, name: str) -> np.ndarray:
        return self.found[:, FIGURES.index(name)]

    def rate(self, name: str) -> np.ndarray:
        """A column over the size of the reference; NaN where there is no value."""
        nothing = np.full(len(self.found), np.nan)
        there = self.sized if name == "hypothesis" else self.known
        return np.divide(self[name], self["reference"], out=nothing, where=there)

    def count(self, name: str) -> pd.Series:
        """A column, null where there is no value."""
        return pd.Series(self[name], dtype="Int64").mask(~self.known)


@view(rows=_ROWS)
def compared(text: pd.Series, pred_text: pd.Series, *, normalise: Normalise = "none") -> Compared:
    """References and what was recognised, side by side."""
    texts = (text_buffers(text), text_buffers(pred_text))
    return Compared(texts, (str(text.name), str(pred_text.name)), normalise)
