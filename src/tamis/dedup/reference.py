"""What two texts share, in plain Python: the definition written once more, slowly.

Nothing here is shared with the search but the definition itself: no kernel, no hash. Whether a
removal was right is judged by this.
"""

from __future__ import annotations

import functools
import itertools
import unicodedata
from typing import Any

from tamis.dedup.normalisation import Normal
from tamis.kernels.letters import UNSPACED


def shingles(text: str, scheme: Any) -> frozenset[str]:
    """The set of shingles of a text, by the unit, length and normalisation of a `Family`.

    Words have one space between them. A text of fewer units than `ngram` is one shingle.
    """
    words = scheme.unit == "words"
    told = normalised(text, scheme.normal, words)
    if not told:
        return frozenset()
    if words:
        ends = [*itertools.accumulate([len(word) + 1 for word in told.split(" ")])]
        starts = [0, *ends]
    else:
        starts, ends = [*range(len(told))], [*range(2, len(told) + 2)]
    spans = zip(starts, ends[scheme.ngram - 1 :], strict=False)
    found = frozenset([told[start : end - 1] for start, end in spans])
    return found or frozenset([told])


def normalised(text: str, normal: Normal, words: bool) -> str:
    """A text as it is cut into shingles; words have one space between them."""
    if normal.form != "none":
        text = unicodedata.normalize(normal.form, text)  # type: ignore[arg-type]
    text = text.translate(_translation(normal, words))
    return " ".join(filter(None, text.split(" "))) if normal.whitespace == "collapse" else text


def similarity(left: frozenset[str], right: frozenset[str], measure: str) -> float:
    """Shared over all shingles of both, or, for "containment", over those of the smaller set."""
    shared = len(left & right)
    if measure == "containment":
        return shared / max(1, min(len(left), len(right)))
    return shared / max(1, len(left) + len(right) - shared)


class _Translation(dict[int, str]):
    """What stands in place of each code point, found out when it is met first."""

    def __init__(self, normal: Normal, words: bool) -> None:
        self.normal, self.words = normal, words

    def __missing__(self, code: int) -> str:
        self[code] = made = self._made(chr(code))
        return made

    def _made(self, character: str) -> str:
        normal, kind = self.normal, unicodedata.category(character)
        if character.isspace() or character == "\0":
            return {"collapse": " ", "keep": character, "drop": ""}[normal.whitespace]
        if kind == "Nd" and normal.digits != "keep":
            return "0" if normal.digits == "zero" else ""
        if normal.case == "lower":
            shown = character.lower()
        else:
            shown = character.casefold() if normal.case == "fold" else character
        if kind[0] in "LMN":
            code = ord(character)
            own = kind[0] != "N" and any(low <= code <= high for low, high in UNSPACED)
            return f" {shown} " if self.words and own else shown
        if normal.punctuation == "keep":
            return f" {shown} " if self.words else shown
        return " " if normal.punctuation == "separate" and normal.whitespace != "drop" else ""


@functools.cache
def _translation(normal: Normal, words: bool) -> _Translation:
    return _Translation(normal, words)
