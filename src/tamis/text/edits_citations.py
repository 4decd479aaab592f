"""Citations in running text, and lists of references."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal

import numpy as np
import pandas as pd

from tamis.op import edit
from tamis.text.editing import holding, rewritten

_NUMBERS = re.compile(
    r"(?<!\[)\[(?:(?:note|n)[ \u00a0])?"
    r"\d{1,3}(?:[ ]?[,;–-][ ]?\d{1,3}){0,99}\](?![\](])"
    r"|\[citation needed\]",
    re.IGNORECASE,
)
_BRACKETS = re.compile(r"\(([^()\n]{6,400})\)")
_YEAR = r"(?:1[5-9]|20)\d\d[a-z]?"
_DATED = re.compile(rf"{_YEAR}|n\.d\.|in press|forthcoming", re.IGNORECASE)
_ONE_SOURCE = re.compile(
    r"\s*(?:(?:see|also|cf\.?|e\.g\.,?|i\.e\.,?|and|in)\s+)*"  # "see also"
    r"[^\W\d_][^\d,;]{1,80}(?:,[^\d,;]{1,80}){0,9},?\s+"  # names, "et al.", "& Roe"
    rf"(?:{_YEAR}|n\.d\.|in press|forthcoming)"
    rf"(?:\s*[,–-]\s*{_YEAR}){{0,9}}"  # more years of theirs
    r"(?:\s*[,:]\s*(?:(?:pp?\.|ch\.|chap\.|sec\.|fig\.|vol\.|§)\s*)?\d+(?:[–-]\d+)?)?\s*",
    re.IGNORECASE,
)
_NAME = re.compile(r"[^\W\d_]")
# months and the like that stand before a year and are nobody's name
_NO_NAME = re.compile(
    r"\b(?:january|february|march|april|may|june|july|august|september|october|november|december"
    r"|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec|since|until|from|before|after|during|about"
    r"|circa|spring|summer|autumn|fall|winter|copyright|©|born|died|founded|released?)\b",
    re.IGNORECASE,
)
_HEADINGS = (
    "references", "reference list", "bibliography", "works cited", "literature cited",
    "notes and references", "references and notes", "cited literature", "sources",
    "literatur", "literaturverzeichnis", "quellen", "einzelnachweise", "références",
    "bibliographie", "referencias", "bibliografía", "bibliografia", "referências", "riferimenti",
    "literatuur", "referenties", "referenser", "litteratur", "список литературы", "литература",
    "参考文献", "參考文獻", "참고문헌", "참고 문헌",
)  # fmt: skip
_HEADING = re.compile(
    r"[ \t]*(?:#{1,6}[ \t]+|={1,6}[ \t]*|\*\*|\d{1,2}\.?[ \t]+|[IVX]{1,4}\.[ \t]+)?"
    rf"(?:{'|'.join(map(re.escape, _HEADINGS))})"
    r"[ \t]*(?::|={1,6}|\*\*|#{1,6})?[ \t]*",
    re.IGNORECASE,
)
_NEXT_PART = re.compile(
    r"[ \t]*(?:#{1,6}[ \t]+\S|={2,6}[^=]+={2,6}[ \t]*$"
    r"|(?:[A-Z0-9]\.?[ \t]+)?(?:appendi(?:x|ces)|supplementa|acknowledg)\w*[^.,]{0,40}$)",
    re.IGNORECASE,
)
_ENTRY = re.compile(
    rf"^[ \t]*(?:\[\d{{1,3}}\]|\d{{1,3}}\.[ \t]|\^)|\b{_YEAR}\b|\bdoi\b|https?://|\barXiv\b"
)


@edit()
def remove_citations(
    text: pd.Series, *, kinds: tuple[Literal["number", "author"], ...] = ("number", "author")
) -> pd.Series:
    """Take citations out of running text, with the space before them.

    "number": `[1]`, `[2, 5–7]`, `[note 3]`, `[citation needed]`, unless it is a link of Markdown.
    "author": brackets that hold nothing but names and years, `(Smith et al., 2020; cf. Roe & Doe
    2019a, p. 5)`. Dates such as `(May 2020)` stay. Not for code, where `x[1]` is an index.

    >>> remove_citations("It works [1, 2]. It always did (Smith et al., 2020; Roe 2019).")
    'It works. It always did.'
    """

    def change(value: str) -> str:
        if "number" in kinds:
            value = _without(value, _NUMBERS, lambda match: True)
        if "author" in kinds:
            value = _without(value, _BRACKETS, lambda match: _cites(match[1]))
        return value

    marks = [mark for kind, mark in (("number", "["), ("author", "(")) if kind in kinds]
    return rewritten(text, holding(text, *marks), change)


@edit()
def remove_references(text: pd.Series, *, min_share: float = 0.3) -> pd.Series:
    """Take out sections of references: a heading such as "References" and the entries after it.

    The heading stands alone in its line, in one of a dozen languages, and may be marked up or
    numbered. Its section ends at the next heading of Markdown or MediaWiki, at an appendix or
    acknowledgements, else with the text. It goes if of its lines that are not blank at least
    `min_share` look like entries: they begin with a number, or have a year, a DOI or an address
    (entries may take several lines each). So a heading in a table of contents stays.

    >>> remove_references("It works.\\n\\nReferences\\n[1] A. Smith. Works. 2020.")
    'It works.'
    """

    def change(value: str) -> str:
        lines = value.split("\n")
        kept: list[str] = []
        at = 0
        while at < len(lines):
            stop = (
                _section(lines, at, min_share) if _HEADING.fullmatch(lines[at].rstrip("\r")) else at
            )
            if stop == at:
                kept.append(lines[at])
                at += 1
                continue
            while kept and not kept[-1].strip():
                kept.pop()
            if stop < len(lines) and kept:
                kept.append("")
            at = stop
        return "\n".join(kept) if len(kept) < len(lines) else value

    return rewritten(text, np.ones(len(text), bool), change)


def _without(value: str, pattern: re.Pattern[str], goes: Callable[[re.Match[str]], bool]) -> str:
    """The text without the matches that go, and the spaces before them."""
    kept, at = [], 0
    for match in pattern.finditer(value):
        if goes(match):
            kept.append(value[at : match.start()].rstrip(" \t\u00a0"))
            at = match.end()
    return "".join([*kept, value[at:]])


def _cites(inside: str) -> bool:
    """Whether all that stands in the brackets is names and years."""
    if not _DATED.search(inside) or _NO_NAME.search(inside):
        return False
    return all(
        _ONE_SOURCE.fullmatch(part) and any(word[0].isupper() for word in _words(part))
        for part in inside.split(";")
    )


def _words(part: str) -> list[str]:
    return [word for word in part.split() if _NAME.match(word)]


def _section(lines: list[str], at: int, min_share: float) -> int:
    """Where the section of references headed by line `at` ends; `at` if it is none."""
    stop = at + 1
    while stop < len(lines) and not _NEXT_PART.match(lines[stop]):
        stop += 1
    filled = [line for line in lines[at + 1 : stop] if line.strip()]
    entries = sum(_ENTRY.search(line) is not None for line in filled)
    return stop if filled and entries >= min_share * len(filled) else at
