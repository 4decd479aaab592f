"""One pattern of something personal: what it looks like, what must hold, what is written nearby."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import NamedTuple

from tamis.kernels.personal import NUMBER

GAP = r"[ .\-\u00a0\u2009\u202f\u2010-\u2013]"
START, END = r"(?<![0-9A-Za-z])(?<![0-9]\.)", r"(?![0-9A-Za-z])(?!\.[0-9])"
_NOT_ALPHANUMERIC = re.compile(r"[^0-9A-Za-z]")
_SHAPE = {
    "d": "[0-9]",
    "A": "[A-Z]",
    "a": "[A-Za-z]",
    "x": "[0-9A-Z]",
    "-": f"{GAP}?",
    "_": GAP,
}


class Pattern(NamedTuple):
    """What finds one kind of entity.

    `expression` is tried in windows (`tamis.kernels.personal`) with one of the `marks` and at least
    `digits` digits; a match must pass `check`. Its score is `score`, or `near` where one of the
    words of `context` stands within 60 characters before it or 25 after it; 0 is no match.
    `compact`: the check is given letters in upper case and digits only. `inner`: what was found
    is the group of that number. `sizes`: how many digits a match without letters has, `lettered`:
    how many letters and digits one with letters has, if it is of whole runs of them with one
    character between (neither: any). `begins`: one of these words begins in it, where no letter is
    before.
    """

    entity: str
    expression: str
    score: float
    near: float = 0.0
    check: Callable[[str], bool] | None = None
    context: str = ""
    marks: int = NUMBER
    digits: int = 6
    compact: bool = True
    inner: int = 0
    ignore_case: bool = False
    sizes: tuple[int, ...] = ()
    lettered: tuple[int, ...] = ()
    begins: str = ""

    @property
    def best(self) -> float:
        """The highest score it can give."""
        return max(self.score, self.near)

    def holds(self, value: str) -> bool:
        """Whether what was found passes the check."""
        if self.check is None:
            return True
        return self.check(compacted(value) if self.compact else value)


def compacted(value: str) -> str:
    """Its letters, in upper case, and its digits.

    >>> compacted("DE89 3704-0044")
    'DE8937040044'
    """
    return _NOT_ALPHANUMERIC.sub("", value).upper()


def shaped(
    entity: str, written: str, score: float, near: float = 0.0,
    check: Callable[[str], bool] | None = None, context: str = "", marks: int = NUMBER,
    digits: int = 6,
) -> Pattern:  # fmt: skip
    """The pattern of an identifier that is written as `shape` tells, and so has known sizes."""
    sizes, lettered = set(), set()
    for one in written.split("|"):
        size, letters = sum(c.isalnum() for c in one), set(one) & {*"Aax"}
        if letters:
            lettered.add(size)
        if not letters & {*"Aa"}:
            sizes.add(size)
    return Pattern(
        entity, shape(written), score, near, check, context, marks, digits,
        sizes=tuple(sorted(sizes)), lettered=tuple(sorted(lettered)),
    )  # fmt: skip


def shape(written: str) -> str:
    """An expression for an identifier: `d` a digit, `A` an upper-case letter, `a` any, `x` either.

    `-` is a blank, a dot or a dash that may be there, `_` one that must; of several shapes with
    `|` between them one. Anything else stands for itself.

    >>> bool(re.search(shape("ddd-dd-dddd"), "no. 219 09 9999!"))
    True
    """
    parts = "|".join(
        "".join(_SHAPE.get(c) or re.escape(c) for c in one) for one in written.split("|")
    )
    return f"{START}(?:{parts}){END}"


@functools.cache
def expression(pattern: Pattern) -> re.Pattern[str]:
    """The compiled expression."""
    return re.compile(pattern.expression, re.IGNORECASE if pattern.ignore_case else 0)


@functools.cache
def context(pattern: Pattern) -> re.Pattern[str] | None:
    """What looks for its words: they begin where a word begins."""
    if not pattern.context:
        return None
    words = "|".join(re.escape(word) for word in pattern.context.split("|"))
    return re.compile(rf"(?<![a-z])(?:{words})", re.IGNORECASE)
