"""What a text must have for an expression to match in it, told from the expression itself.

Most texts of numbers have no dash, or no six digits in a row: a set of characters and a length are
compared in a tenth of the time in which an expression finds that out.
"""

from __future__ import annotations

import functools
import re
import re._constants as kinds
import re._parser as parser
from collections.abc import Iterable
from typing import Any, NamedTuple

from tamis.text.personal.pattern import Pattern, expression

_DIGITS = frozenset("0123456789")
_EITHER = re.IGNORECASE.value
_MOST = 40  # characters of a set that is worth a look
_RUNS = re.compile(r"\d+")


class Needs(NamedTuple):
    """`run`: so many digits in a row; `sets`: of each a character."""

    run: int
    sets: tuple[frozenset[str], ...]

    def met(self, seen: Seen) -> bool:
        """Whether a text of which so much is seen may have a match."""
        if self.sets and any(map(seen.characters().isdisjoint, self.sets)):
            return False
        return self.run < 2 or seen.run() >= self.run


class Seen:
    """What is asked of a text, found out when it is.

    >>> Seen("12 345-6").run()
    3
    """

    __slots__ = ("_characters", "_run", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._characters: frozenset[str] | None = None
        self._run: int | None = None

    def characters(self) -> frozenset[str]:
        """Its characters."""
        if self._characters is None:
            self._characters = frozenset(self.text)
        return self._characters

    def run(self) -> int:
        """The most digits in a row."""
        if self._run is None:
            self._run = max(map(len, _RUNS.findall(self.text)), default=0)
        return self._run


@functools.cache
def needs(pattern: Pattern) -> Needs:
    """What a text must have for the expression of a pattern to match."""
    compiled = expression(pattern)
    found = _Found(bool(compiled.flags & re.IGNORECASE))
    found.all(parser.parse(compiled.pattern, compiled.flags))
    return Needs(found.longest, tuple(sorted(set(found.sets), key=lambda s: (len(s), sorted(s)))))


class _Found:
    """What is met on a walk through an expression, one item after another."""

    def __init__(self, either_case: bool) -> None:
        self.either_case = either_case
        self.sets: list[frozenset[str]] = []
        self.run = self.longest = 0

    def all(self, items: Iterable[Any]) -> None:
        for kind, given in items:
            self.one(kind, given)

    def one(self, kind: Any, given: Any) -> None:
        if kind in (kinds.ASSERT, kinds.ASSERT_NOT, kinds.AT):
            return  # they take nothing; what is looked at may stand outside
        if kind is kinds.SUBPATTERN:
            outer, self.either_case = self.either_case, self.either_case or bool(given[1] & _EITHER)
            self.all(given[-1])
            self.either_case = outer
            return
        if kind in (kinds.MAX_REPEAT, kinds.MIN_REPEAT, kinds.POSSESSIVE_REPEAT):
            least, most, inner = given
            for _ in range(min(least, 64)):
                self.all(inner)
            if most != least:
                self.run = 0  # what follows may not be beside what was before
            return
        if kind is kinds.BRANCH:
            self._branch(given[1])
            return
        one = _characters(kind, given)
        if one is not None and one <= _DIGITS:
            self.run += 1
            self.longest = max(self.longest, self.run)
            return
        self.run = 0
        if one and not one & _DIGITS and len(one) <= _MOST:
            cases = [c for o in one for c in (o.lower(), o.upper())] if self.either_case else one
            self.sets.append(frozenset(cases))

    def _branch(self, ways: Iterable[Any]) -> None:
        """What all ways have in common."""
        each = []
        for way in ways:
            one = _Found(self.either_case)
            one.all(way)
            each.append(one)
        self.run = 0
        self.longest = max(self.longest, min(one.longest for one in each))
        self.sets += set.intersection(*(set(one.sets) for one in each))


def _characters(kind: Any, given: Any) -> frozenset[str] | None:
    """The characters that an item may be; None where they are not told here."""
    if kind is kinds.LITERAL:
        return frozenset(chr(given))
    if kind is not kinds.IN:
        return None
    found: set[str] = set()
    for what, value in given:
        if what is kinds.LITERAL:
            found.add(chr(value))
        elif what is kinds.RANGE and value[1] - value[0] < 64:
            found |= set(map(chr, range(value[0], value[1] + 1)))
        elif what is kinds.CATEGORY and value is kinds.CATEGORY_DIGIT:
            found |= _DIGITS  # and those of other scripts, which `longest_run` counts, too
        else:
            return None
    return frozenset(found)
