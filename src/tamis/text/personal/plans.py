"""All patterns, and which of them are tried in which windows."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from tamis.kernels import candidates
from tamis.kernels.candidates import Words, tree
from tamis.kernels.personal import DIALLED, NUMBER
from tamis.text.personal import (
    patterns_europe,
    patterns_general,
    patterns_keys,
    patterns_us,
    patterns_words,
    patterns_world,
    phones,
)
from tamis.text.personal.pattern import Pattern

PATTERNS: tuple[Pattern, ...] = (
    *patterns_general.PATTERNS, *patterns_keys.PATTERNS, *patterns_us.PATTERNS,
    *patterns_europe.PATTERNS, *patterns_world.PATTERNS,
)  # fmt: skip
PHONE = "PHONE_NUMBER"
ENTITIES = tuple(
    dict.fromkeys(
        [*(p.entity for p in PATTERNS), *(w.entity for w in patterns_words.WORDED), PHONE]
    )
)
"""All that is told by its form."""
UNNAMED = Pattern(PHONE, "", phones.HOME, phones.SURE, None, phones.WORDS, DIALLED, 7)
NAMED = Pattern(PHONE, "", phones.PLAIN, phones.SURE, None, phones.WORDS, NUMBER, 7)
"""Telephone numbers, which `phones` finds: where no word says so, and where one may."""


class Wanted(NamedTuple):
    """What is looked for: `entities` (of `ENTITIES`) with at least `threshold`; `regions` whose
    telephone numbers are known without the prefix of their country."""

    entities: tuple[str, ...]
    threshold: float
    regions: tuple[str, ...]


class Plan(NamedTuple):
    """The patterns that may give what is wanted, and for `tamis.kernels.candidates` what each
    needs."""

    patterns: tuple[Pattern, ...]
    rows: np.ndarray
    words: Words

    def tried(self, some: int, others: int) -> Iterator[Pattern]:
        """The patterns whose bits are set, and of the two of telephones one."""
        bits = some | others << candidates.HALF
        last = len(self.patterns) - 1
        if bits >> last and self.patterns[last] is NAMED:
            bits &= ~(1 << (last - 1))
        while bits:
            lowest = bits & -bits
            yield self.patterns[lowest.bit_length() - 1]
            bits ^= lowest


@functools.lru_cache(maxsize=64)
def plan(wanted: Wanted) -> Plan:
    """What is tried for what is wanted: patterns that can score enough.

    One that scores enough only with a word of its context nearby needs such a word there.
    """
    able = tuple(
        p for p in (*PATTERNS, UNNAMED, NAMED)
        if p.entity in wanted.entities and p.best >= wanted.threshold
    )  # fmt: skip
    bits: dict[str, int] = {}
    rows = np.zeros((len(able), 6), np.int64)
    for row, p in zip(rows, able, strict=True):
        words = p.context if p.score < wanted.threshold and p is not UNNAMED else ""
        for listed in filter(None, (words, p.begins)):
            bits.setdefault(listed, 1 << len(bits) % candidates.LONGEST)
        row[candidates.MARKS], row[candidates.DIGITS] = p.marks, p.digits
        row[candidates.SIZES] = sum(1 << size for size in p.sizes)
        row[candidates.LETTERED] = sum(1 << size for size in p.lettered)
        row[candidates.NEAR], row[candidates.INSIDE] = bits.get(words, 0), bits.get(p.begins, 0)
    words_of = tree((word, bit) for listed, bit in bits.items() for word in listed.split("|"))
    return Plan(able, rows, words_of)
